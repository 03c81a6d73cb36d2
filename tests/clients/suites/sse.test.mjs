// graphql-sse, unchanged, in "distinct connections" mode against /graphql.
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { createClient } from "graphql-sse";
import { appendUntil, bearer, graphqlUrl, signUp, startConversation } from "../support/server.mjs";

describe("graphql-sse", { timeout: 60_000 }, () => {
  const open = [];
  afterEach(() => open.splice(0).forEach((client) => client.dispose()));

  function connect(headers = {}) {
    const client = createClient({ url: graphqlUrl(), headers, retryAttempts: 0 });
    open.push(client);
    return client;
  }

  test("a query answers once and completes", async () => {
    const answers = [];
    for await (const answer of connect().iterate({ query: "{ __typename }" })) answers.push(answer);
    assert.equal(answers.length, 1);
    assert.match(answers[0].data.__typename, /^Query/);
  });

  test("an appended message reaches its subscriber", async () => {
    const token = await signUp();
    const id = await startConversation(token);
    const messages = connect(bearer(token)).iterate({
      query: "subscription ($id: ID!) { messageAdded(conversationId: $id) { content } }",
      variables: { id },
    });
    const { value } = await appendUntil(messages.next(), token, id, "hello");
    assert.equal(value.data.messageAdded.content, "hello");
    await messages.return();
  });

  test("a bad token is refused with 401", async () => {
    await assert.rejects(connect(bearer("no-such-token")).iterate({ query: "{ __typename }" }).next(), (error) => {
      assert.equal(error.response?.status, 401, String(error));
      return true;
    });
  });
});
