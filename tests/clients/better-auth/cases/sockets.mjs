// WebSockets: opened with what better-auth handed out, closed when better-auth takes it back.
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { bearer } from "../../support/server.mjs";
import { ok } from "../../support/better-auth/browser.mjs";

const WHO = "{ viewer { authMethod user { id } } }";
const CONVERSATION = `mutation ($agentId: ID!) { createConversation(input: { agentId: $agentId }) {
  ... on CreateConversationSuccess { conversation { id } } } }`;

export function sockets(world) {
  describe("a WebSocket", () => {
    const open = [];
    afterEach(() => Promise.all(open.splice(0).map((client) => client.dispose())));

    const url = () => world.here.url.replace(/^http/, "ws");

    /** graphql-ws with a payload of `connection_init`, and the headers of the handshake. */
    function connect(connectionParams, headers) {
      class Socket extends WebSocket {
        constructor(address, protocols) {
          super(address, protocols, { headers });
        }
      }
      const client = createClient({ url: url(), webSocketImpl: Socket, retryAttempts: 0, connectionParams });
      open.push(client);
      return client;
    }

    /** Resolves with the code of the close, once a subscription of theirs is open. */
    function closed(client, id) {
      return new Promise((resolve, reject) => {
        client.on("closed", ({ code }) => resolve(code));
        const query = "subscription ($id: ID!) { messageAdded(conversationId: $id) { content } }";
        // What is no answer of GraphQL is the close itself.
        const error = (cause) => Array.isArray(cause) && reject(new Error(JSON.stringify(cause)));
        client.subscribe({ query, variables: { id } }, { next() {}, error, complete() {} });
      });
    }

    async function conversation(person, organization) {
      const input = { name: "Librarian", systemPrompt: "You find books." };
      const { agent } = await world.here.done("createAgent", input, "agent { id }", person.bearer, organization);
      const more = organization ? { "x-organization-id": organization } : {};
      const { createConversation } = await world.here.ask(CONVERSATION, { agentId: agent.id }, person.bearer, more);
      return createConversation.conversation.id;
    }

    /** Resolves once the server has said that the connection is open. */
    const acknowledged = (client) => new Promise((resolve) => client.on("connected", resolve));

    test("takes each credential that better-auth hands out", async () => {
      const ada = await world.strangerThere();
      const { key } = await ok(ada.client.apiKey.create({ name: "Socket" }));
      const { token } = await ok(ada.client.$fetch("/token"));
      const { cookie, origin } = ada.browser;
      for (const [method, payload, headers] of [
        ["BEARER", ada.bearer],
        ["BEARER", bearer(ada.signed)],
        ["API_KEY", { "x-api-key": key }],
        ["JWT", bearer(token)],
        ["COOKIE", undefined, { cookie, origin }],
      ])
        for await (const { data, errors } of connect(payload, headers).iterate({ query: WHO })) {
          assert.equal(errors, undefined, JSON.stringify(errors));
          assert.deepEqual(data.viewer, { authMethod: method, user: { id: ada.id } });
        }
    });

    test("is closed when its session is signed out there", { timeout: 30_000 }, async () => {
      const ada = await world.signUpThere();
      const id = await conversation(ada);
      const client = connect(ada.bearer);
      const connected = acknowledged(client);
      const end = closed(client, id);
      await connected;
      await ok(ada.client.signOut());
      assert.equal(await end, 4403);
    });

    test("is closed to a member who was removed there", { timeout: 30_000 }, async () => {
      const { owner, member, memberId, id: team } = await world.teamThere();
      const id = await conversation(member, team);
      const client = connect({ ...member.bearer, "x-organization-id": team });
      const connected = acknowledged(client);
      const end = closed(client, id);
      await connected;
      await ok(owner.client.organization.removeMember({ memberIdOrEmail: memberId, organizationId: team }));
      assert.equal(await end, 4403);
    });

    test("is closed when its API key is disabled there", { timeout: 30_000 }, async () => {
      const ada = await world.strangerThere();
      const id = await conversation(ada);
      const { key, id: keyId } = await ok(ada.client.apiKey.create({ name: "Open" }));
      const client = connect({ "x-api-key": key });
      const connected = acknowledged(client);
      const end = closed(client, id);
      await connected;
      await world.there.api.updateApiKey({ body: { keyId, userId: ada.id, enabled: false } });
      assert.equal(await end, 4403);
    });
  });
}
