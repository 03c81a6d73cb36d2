// Where the server under test is, and the few calls every suite needs.
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run scripts/test-clients.sh`);
  return value;
}

/** The server's origin, such as `http://127.0.0.1:4000`. */
export const origin = () => new URL(required("AGENTRY_URL")).origin;

/** Where queries and mutations are posted. */
export const graphqlUrl = () => `${origin()}/graphql`;

/** The same path, for `graphql-transport-ws`. */
export const webSocketUrl = () => graphqlUrl().replace(/^http/, "ws");

export const bearer = (token) => ({ authorization: `Bearer ${token}` });

/** Posts one operation; answers its data, and fails on any error. */
export async function run(query, variables, token) {
  const response = await fetch(graphqlUrl(), {
    method: "POST",
    headers: { "content-type": "application/json", ...(token && bearer(token)) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}

let people = 0;

/** An address and a password nobody else has. */
export function newcomer() {
  people += 1;
  const unique = `${process.pid}-${Date.now()}-${people}`;
  return { name: "Ada", email: `ada-${unique}@example.test`, password: `long enough ${unique}` };
}

/** Signs a newcomer up; answers the session token. */
export async function signUp() {
  const data = await run(
    `mutation ($input: SignUpInput!) {
      signUp(input: $input) { ... on SignedIn { token } ... on UserError { message } }
    }`,
    { input: newcomer() },
  );
  assert.ok(data.signUp.token, data.signUp.message);
  return data.signUp.token;
}

/** A conversation with a new agent of the token's owner; answers its id. */
export async function startConversation(token) {
  const { createAgent } = await run(
    `mutation { createAgent(input: { name: "Librarian", systemPrompt: "You find books." }) {
      ... on CreateAgentSuccess { agent { id } } ... on UserError { message } } }`,
    {},
    token,
  );
  const { createConversation } = await run(
    `mutation ($agentId: ID!) { createConversation(input: { agentId: $agentId }) {
      ... on CreateConversationSuccess { conversation { id } } ... on UserError { message } } }`,
    { agentId: createAgent.agent.id },
    token,
  );
  return createConversation.conversation.id;
}

/** Stores a message as given. */
export async function appendMessage(token, conversationId, content) {
  const { appendMessage } = await run(
    `mutation ($input: AppendMessageInput!) { appendMessage(input: $input) {
      __typename ... on AppendMessageSuccess { appendedMessage { id } } ... on UserError { message } } }`,
    { input: { conversationId, role: "USER", content } },
    token,
  );
  assert.equal(appendMessage.__typename, "AppendMessageSuccess", appendMessage.message);
}

/**
 * Appends a message again and again until `heard` settles (nothing tells a client when the server
 * has begun to listen for it), and answers what was heard.
 */
export async function appendUntil(heard, token, conversationId, content) {
  const deadline = Date.now() + 15_000;
  let settled = false;
  const done = heard.finally(() => {
    settled = true;
  });
  while (!settled) {
    assert.ok(Date.now() < deadline, "nothing was heard for 15 s");
    await appendMessage(token, conversationId, content);
    await Promise.race([done, delay(100)]);
  }
  return done;
}
