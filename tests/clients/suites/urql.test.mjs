// urql's core client, unchanged, against the running server: what a front end would send.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Client, fetchExchange, gql } from "@urql/core";
import { bearer, graphqlUrl, newcomer, signUp } from "../support/server.mjs";

const SIGN_UP = gql`
  mutation SignUp($input: SignUpInput!) {
    signUp(input: $input) {
      __typename
      ... on SignedIn {
        token
      }
      ... on UserError {
        message
      }
    }
  }
`;

const CREATE_AGENT = gql`
  mutation CreateAgent($input: CreateAgentInput!) {
    createAgent(input: $input) {
      __typename
      ... on CreateAgentSuccess {
        agent {
          id
          model
          temperature
        }
      }
      ... on UserError {
        message
      }
    }
  }
`;

const VIEWER = gql`
  query Viewer {
    viewer {
      user {
        name
      }
      agents(first: 2) {
        totalCount
        nodes {
          name
        }
      }
    }
  }
`;

function client(token) {
  return new Client({
    url: graphqlUrl(),
    exchanges: [fetchExchange],
    preferGetMethod: false,
    fetchOptions: { headers: token ? bearer(token) : {} },
  });
}

async function answer(operation) {
  const { data, error } = await operation.toPromise();
  assert.equal(error, undefined, error?.message);
  return data;
}

describe("urql", () => {
  test("signing up answers a token that works", async () => {
    const { signUp: result } = await answer(client().mutation(SIGN_UP, { input: newcomer() }));
    assert.equal(result.__typename, "SignedIn", result.message);
    const { viewer } = await answer(client(result.token).query(VIEWER, {}));
    assert.equal(viewer.user.name, "Ada");
    assert.equal(viewer.agents.totalCount, 0);
  });

  test("an agent of a name and a prompt has the documented defaults", async () => {
    const input = { name: "Librarian", systemPrompt: "You find books." };
    const { createAgent } = await answer(client(await signUp()).mutation(CREATE_AGENT, { input }));
    assert.equal(createAgent.agent.model, "gpt-3.5-turbo");
    assert.equal(createAgent.agent.temperature, 0.7);
  });

  test("an expected failure is data with a message, whatever its type", async () => {
    const input = { ...newcomer(), password: "short" };
    const { signUp: result } = await answer(client().mutation(SIGN_UP, { input }));
    assert.notEqual(result.__typename, "SignedIn");
    assert.ok(result.message.length > 0);
  });

  test("a query may go by GET, as urql likes to", async () => {
    const token = await signUp();
    const { viewer } = await answer(client(token).query(VIEWER, {}, { preferGetMethod: "force" }));
    assert.equal(viewer.user.name, "Ada");
  });

  test("a bad token is UNAUTHENTICATED", async () => {
    const { error } = await client("no-such-token").query(VIEWER, {}).toPromise();
    assert.equal(error.response.status, 401);
    assert.equal(error.graphQLErrors[0]?.extensions.code, "UNAUTHENTICATED");
  });
});
