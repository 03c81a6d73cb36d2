// Takes the README's picture: GraphiQL with the running server's own answer.
import assert from "node:assert/strict";
import { launch } from "./support/chromium.mjs";
import { authorize, execute, open, write } from "./support/graphiql.mjs";
import { run, signUp } from "./support/server.mjs";

const QUERY = `query Agents {
  agents(first: 2) {
    totalCount
    nodes {
      name
      model
      apiConnections {
        service
        keyHint
      }
      messages(last: 1) {
        nodes {
          role
          content
        }
      }
    }
  }
}`;

// What a mutation selects when only its success matters here.
const FAILURE = "... on UserError { message }";

const [target] = process.argv.slice(2);
assert.ok(target, "usage: node picture.mjs FILE.png");

const token = await signUp();

/** One mutation; answers its payload, and fails on what it did not expect. */
async function change(name, type, selection, input) {
  const document = `mutation ($input: ${type}Input!) {
    result: ${name}(input: $input) { ... on ${type}Success { ${selection} } ${FAILURE} } }`;
  const { result } = await run(document, { input }, token);
  assert.equal(result.message, undefined, result.message);
  return result;
}

const { apiConnection } = await change("createApiConnection", "CreateApiConnection", "apiConnection { id }", {
  name: "Work",
  service: "openai",
  apiKey: "sk-example-0123456789-wxyz",
});
for (const [name, systemPrompt, question, answer] of [
  ["Librarian", "You find books.", "A book on bees, please.", "The Life of the Bee, by Maurice Maeterlinck."],
  ["Translator", "You translate.", "What is bee in Finnish?", "Mehiläinen."],
]) {
  const { agent } = await change("createAgent", "CreateAgent", "agent { id }", { name, systemPrompt });
  await change("linkApiConnection", "LinkApiConnection", "agent { id }", {
    agentId: agent.id,
    apiConnectionId: apiConnection.id,
  });
  const { conversation } = await change("createConversation", "CreateConversation", "conversation { id }", {
    agentId: agent.id,
  });
  const append = (role, content) =>
    change("appendMessage", "AppendMessage", "appendedMessage { id }", { conversationId: conversation.id, role, content });
  await append("USER", question);
  await append("ASSISTANT", answer);
}

const browser = await launch();
const { page, close } = await open(browser, { viewport: { width: 1280, height: 1020 }, deviceScaleFactor: 2 });
await authorize(page, token);
await write(page, "Operation Editor", QUERY);
await execute(page, "Librarian");
// The token works only here, but a picture of one teaches the wrong habit.
await page.getByRole("button", { name: "Hide editor tools" }).click();
// The editor fills the place that has become free a moment later, and may stay blank until its cursor moves.
await page.waitForFunction(() => {
  const editor = document.querySelector(".graphiql-query-editor .monaco-editor");
  return Math.abs(editor.clientHeight - editor.closest(".graphiql-editor").clientHeight) < 2;
});
await page.locator(".graphiql-query-editor .view-line").first().click();
await page.keyboard.press("Home");
await page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted))));
await page.screenshot({ path: target });
await close();
await browser.close();
