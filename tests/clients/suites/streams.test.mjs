// replyStream under graphql-ws and graphql-sse, unchanged, whose connections break again and again, and as a browser's
// EventSource asks for it. The agent is served by `echo`, which needs no key.
import assert from "node:assert/strict";
import { connect as dial, createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { createClient as createEventsClient } from "graphql-sse";
import { createClient as createSocketClient } from "graphql-ws";
import WebSocket from "ws";
import { bearer, graphqlUrl, origin, run as execute, signUp } from "../support/server.mjs";

const REPLY = `subscription ($run: ID!, $after: Int) { replyStream(runId: $run, after: $after) {
  __typename ... on ReplyDelta { sequence text } ... on ReplyEnd { sequence run { status } message { content } } } }`;

/** Words of one to four bytes; longer than what arrives at once. */
const SAID = Array.from({ length: 300 }, (_, n) => `${["a", "ß", "世", "👍🏽"][n % 4]}${n}`).join(" ");

/** Stands before the server and breaks each connection after so many bytes of answers. */
async function breaker(bytes) {
  const { hostname, port } = new URL(origin());
  let broken = 0;
  const server = createServer((near) => {
    const far = dial(Number(port), hostname);
    let left = bytes;
    far.on("data", (chunk) => {
      near.write(chunk);
      left -= chunk.length;
      if (left < 0 && !near.destroyed) {
        broken += 1;
        near.destroy();
        far.destroy();
      }
    });
    near.pipe(far);
    for (const socket of [near, far]) {
      socket.on("error", () => {});
      socket.on("close", () => (near.destroy(), far.destroy()));
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/graphql`,
    broken: () => broken,
    close: () => server.close(),
  };
}

/** Says something to a new agent served by `echo`; answers the run's id. */
async function ask(token, content) {
  const { createAgent } = await execute(
    `mutation { createAgent(input: { name: "Echo", systemPrompt: "Say it again.", model: "echo" }) {
      ... on CreateAgentSuccess { agent { id } } ... on UserError { message } } }`,
    {},
    token,
  );
  const { sendMessage } = await execute(
    `mutation ($input: SendMessageInput!) { sendMessage(input: $input) {
      ... on SendMessageSuccess { run { id } } ... on UserError { message } } }`,
    { input: { agentId: createAgent.agent.id, content } },
    token,
  );
  assert.ok(sendMessage.run, sendMessage.message);
  return sendMessage.run.id;
}

/** What was heard, put together; every piece must follow upon the one before it. */
class Heard {
  text = "";
  sequence = 0;
  end = null;

  note({ data, errors }) {
    assert.equal(errors, undefined, JSON.stringify(errors));
    const event = data.replyStream;
    if (event.__typename === "ReplyEnd") {
      assert.equal(event.sequence, this.sequence);
      this.end = event;
      return;
    }
    assert.equal(event.sequence, this.sequence + [...event.text].length);
    this.text += event.text;
    this.sequence = event.sequence;
  }

  whole() {
    assert.equal(this.end?.run.status, "COMPLETED");
    assert.equal(this.text, this.end.message.content);
    assert.ok(this.text.includes(SAID.slice(-100)), this.text.slice(-200));
  }
}

/** Listens to the end. */
function listen(client, request, heard, note = () => {}) {
  return new Promise((resolve, reject) => {
    client.subscribe(request, {
      next: (answer) => {
        heard.note(answer);
        note();
      },
      error: reject,
      complete: resolve,
    });
  });
}

describe("replyStream over connections that break", { timeout: 120_000 }, () => {
  let token;
  before(async () => {
    token = await signUp();
  });
  const retry = { retryAttempts: 1_000, retryWait: async () => {}, retry: async () => {}, shouldRetry: () => true };

  test("graphql-ws goes on with `after`", async (t) => {
    const proxy = await breaker(6_000);
    after(proxy.close);
    const client = createSocketClient({
      url: proxy.url.replace(/^http/, "ws"),
      webSocketImpl: WebSocket,
      connectionParams: bearer(token),
      ...retry,
    });
    const variables = { run: await ask(token, SAID), after: 0 };
    const heard = new Heard();
    await listen(client, { query: REPLY, variables }, heard, () => (variables.after = heard.sequence));
    await client.dispose();
    heard.whole();
    t.diagnostic(`${proxy.broken()} connections broke`);
    assert.ok(proxy.broken() > 0);
  });

  for (const [how, headers, keep] of [
    ["`after`", () => bearer(token), (variables, { sequence }) => (variables.after = sequence)],
    ["`Last-Event-ID`", (heard) => ({ ...bearer(token), "last-event-id": String(heard.sequence) }), () => {}],
  ]) {
    test(`graphql-sse goes on with ${how}`, async () => {
      const proxy = await breaker(6_000);
      after(proxy.close);
      const heard = new Heard();
      const client = createEventsClient({ url: proxy.url, headers: () => headers(heard), ...retry });
      const variables = { run: await ask(token, SAID), after: 0 };
      await listen(client, { query: REPLY, variables }, heard, () => keep(variables, heard));
      client.dispose();
      heard.whole();
      assert.ok(proxy.broken() > 0);
    });
  }

  test("a browser's EventSource is given ids, and goes on behind the last it has", async () => {
    const run = await ask(token, "Over and out.");
    const url = new URL(graphqlUrl());
    // Without `sequence`: the id is what such a client keeps.
    url.searchParams.set("query", "subscription ($run: ID!) { replyStream(runId: $run) { __typename ... on ReplyDelta { text } } }");
    url.searchParams.set("variables", JSON.stringify({ run }));
    const get = async (last) => {
      const headers = { ...bearer(token), accept: "text/event-stream", ...(last && { "last-event-id": last }) };
      const text = await (await fetch(url, { headers })).text();
      const events = text.split("\n\n").filter((event) => event.startsWith("event: next"));
      return events.map((event) => ({
        id: /^id: (\d+)$/m.exec(event)[1],
        ...JSON.parse(/^data: (.*)$/m.exec(event)[1]).data.replyStream,
      }));
    };
    const all = await get();
    assert.equal(all.at(-1).__typename, "ReplyEnd");
    const text = all.map((event) => event.text ?? "").join("");
    assert.equal(all.at(-1).id, String([...text].length));
    const rest = (await get("3")).map((event) => event.text ?? "").join("");
    assert.equal(rest, [...text].slice(3).join(""));
  });
});
