// graphql-ws, unchanged, against /graphql (protocol `graphql-transport-ws`).
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { appendUntil, bearer, signUp, startConversation, webSocketUrl } from "../support/server.mjs";

const MESSAGES = "subscription ($id: ID!) { messageAdded(conversationId: $id) { content role } }";

describe("graphql-ws", { timeout: 60_000 }, () => {
  const open = [];
  afterEach(() => Promise.all(open.splice(0).map((client) => client.dispose())));

  function connect(options = {}) {
    const client = createClient({ url: webSocketUrl(), webSocketImpl: WebSocket, retryAttempts: 0, ...options });
    open.push(client);
    return client;
  }

  /** A socket of our own, to say what the client never would; answers the close code. */
  function closeCodeAfter(...messages) {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(webSocketUrl(), "graphql-transport-ws");
      socket.on("open", () => messages.forEach((message) => socket.send(message)));
      socket.on("close", resolve);
      socket.on("error", reject);
    });
  }

  const init = (payload) => JSON.stringify({ type: "connection_init", payload });
  const subscribe = (id) => JSON.stringify({ id, type: "subscribe", payload: { query: "{ __typename }" } });

  test("a query over the socket answers once and completes", async () => {
    const answers = [];
    for await (const answer of connect().iterate({ query: "{ __typename }" })) answers.push(answer);
    assert.equal(answers.length, 1);
    assert.match(answers[0].data.__typename, /^Query/);
  });

  test("the credential of connection_init says who asks", async () => {
    const client = connect({ connectionParams: bearer(await signUp()) });
    for await (const { data, errors } of client.iterate({ query: "{ viewer { user { name } } }" })) {
      assert.equal(errors, undefined);
      assert.equal(data.viewer.user.name, "Ada");
    }
  });

  test("an appended message reaches its subscriber", async () => {
    const token = await signUp();
    const id = await startConversation(token);
    const client = connect({ connectionParams: bearer(token) });
    const messages = client.iterate({ query: MESSAGES, variables: { id } });
    const { value } = await appendUntil(messages.next(), token, id, "hello");
    assert.deepEqual(value.data.messageAdded, { content: "hello", role: "USER" });
    await messages.return();
  });

  test("another's conversation is not found", { timeout: 10_000 }, async () => {
    const id = await startConversation(await signUp());
    const client = connect({ connectionParams: bearer(await signUp()) });
    const outcome = await client
      .iterate({ query: MESSAGES, variables: { id } })
      .next()
      .then(({ value }) => value.errors, (errors) => errors);
    assert.equal(outcome[0].extensions.code, "NOT_FOUND");
  });

  test("an invalid document is an error, not a result", async () => {
    // graphql-ws rejects on `error` and yields on `next`: the protocol wants the former here.
    await assert.rejects(connect().iterate({ query: "{ noSuchField }" }).next(), (errors) => Array.isArray(errors));
  });

  test("a bad token closes with 4403", async () => {
    assert.equal(await closeCodeAfter(init(bearer("no-such-token"))), 4403);
  });

  test("a malformed message closes with 4400", async () => {
    assert.equal(await closeCodeAfter("{"), 4400);
    assert.equal(await closeCodeAfter(init(), JSON.stringify({ type: "no_such_type" })), 4400);
  });

  test("subscribing before connection_init closes with 4401", async () => {
    assert.equal(await closeCodeAfter(subscribe("1")), 4401);
  });

  test("a second connection_init closes with 4429", async () => {
    assert.equal(await closeCodeAfter(init(), init()), 4429);
  });

  test("two live subscriptions of one id close with 4409", async () => {
    const token = await signUp();
    const id = await startConversation(token);
    const again = JSON.stringify({ id: "1", type: "subscribe", payload: { query: MESSAGES, variables: { id } } });
    const code = await new Promise((resolve, reject) => {
      const socket = new WebSocket(webSocketUrl(), "graphql-transport-ws");
      socket.on("open", () => socket.send(init(bearer(token))));
      socket.on("message", (text) => {
        if (JSON.parse(text).type === "connection_ack") [again, again].forEach((message) => socket.send(message));
      });
      socket.on("close", resolve);
      socket.on("error", reject);
    });
    assert.equal(code, 4409);
  });

  test("a ping is answered", async () => {
    const answer = await new Promise((resolve, reject) => {
      const socket = new WebSocket(webSocketUrl(), "graphql-transport-ws");
      open.push({ dispose: () => socket.terminate() });
      socket.on("open", () => socket.send(init()));
      socket.on("message", (text) => {
        const { type } = JSON.parse(text);
        if (type === "connection_ack") socket.send(JSON.stringify({ type: "ping" }));
        if (type === "pong") resolve(type);
      });
      socket.on("error", reject);
    });
    assert.equal(answer, "pong");
  });
});
