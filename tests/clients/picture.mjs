// Takes the README's picture: GraphiQL with the running server's own answer.
import assert from "node:assert/strict";
import { launch } from "./support/chromium.mjs";
import { authorize, execute, open, write } from "./support/graphiql.mjs";
import { run, signUp } from "./support/server.mjs";

const QUERY = `query Viewer {
  viewer {
    user {
      name
    }
    agents(first: 3) {
      totalCount
      nodes {
        name
        model
        temperature
        visibility
      }
    }
  }
}`;

const [target] = process.argv.slice(2);
assert.ok(target, "usage: node picture.mjs FILE.png");

const token = await signUp();
for (const [name, systemPrompt] of [
  ["Librarian", "You find books."],
  ["Translator", "You translate."],
]) {
  await run(
    `mutation ($input: CreateAgentInput!) { createAgent(input: $input) { __typename } }`,
    { input: { name, systemPrompt } },
    token,
  );
}

const browser = await launch();
const { page, close } = await open(browser, { viewport: { width: 1280, height: 760 }, deviceScaleFactor: 2 });
await authorize(page, token);
await write(page, "Operation Editor", QUERY);
await execute(page, "Translator");
// The token works only here, but a picture of one teaches the wrong habit.
await page.getByRole("button", { name: "Hide editor tools" }).click();
await page.screenshot({ path: target });
await close();
await browser.close();
