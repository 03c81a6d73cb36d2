// GraphiQL in a real browser, with no network but the server.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { launch } from "../support/chromium.mjs";
import { authorize, execute, open, refused, responseWith, type, write } from "../support/graphiql.mjs";
import { appendUntil, newcomer, signUp, startConversation } from "../support/server.mjs";

const TOUR = new URL("../../../crates/server/graphiql/src/tour/1-sign-up.graphql", import.meta.url);

describe("GraphiQL", () => {
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser?.close());

  /** Opens the page, lets the test use it, and then holds it to what every visit must keep. */
  async function visit(use, options) {
    const { page, log, close } = await open(browser, options);
    try {
      await use(page, log);
      assert.deepEqual(log.foreign, [], "requests that left the origin");
      assert.deepEqual(log.failed, [], "requests that failed");
      assert.deepEqual(log.violations, [], "errors on the console");
      assert.deepEqual(await refused(page), [], "refused by the content security policy");
    } finally {
      await close();
    }
  }

  test("a typed query shows its result", () =>
    visit(async (page) => {
      await type(page, "{ __typename ");
      await page.keyboard.press("Escape");
      const text = await execute(page, "__typename");
      assert.match(text, /"__typename": "Query\w*"/);
    }));

  test("a token in the headers pane says who asks", () =>
    visit(async (page) => {
      await write(page, "Operation Editor", "{ viewer { user { name } } }");
      await authorize(page, await signUp());
      assert.match(await execute(page, "Ada"), /"name": "Ada"/);
    }));

  test("the tour signs up, creates an agent and shows it", () =>
    visit(async (page) => {
      const tabs = page.getByRole("tab");
      assert.equal(await tabs.count(), 3);
      const tour = await readFile(TOUR, "utf8");
      await write(page, "Operation Editor", tour.replace("ada@example.test", newcomer().email));
      await execute(page, "token");
      // From here on the browser's cookie says who asks.
      await tabs.filter({ hasText: "CreateAgent" }).click();
      await execute(page, "Librarian");
      await tabs.filter({ hasText: "Viewer" }).click();
      assert.match(await execute(page, "Librarian"), /"totalCount": 1/);
    }));

  test("the schema is read, and its documentation shown", () =>
    visit(async (page) => {
      await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
      await page.getByRole("link", { name: "Query" }).first().waitFor();
    }));

  test("an error in a query is underlined by the worker", () =>
    visit(async (page) => {
      await write(page, "Operation Editor", "{ noSuchFieldAnywhere }");
      await page.locator(".graphiql-query-editor .squiggly-error").first().waitFor();
    }));

  test("a subscription shows messages as they come", () =>
    visit(async (page) => {
      const token = await signUp();
      const conversation = await startConversation(token);
      await authorize(page, token);
      await write(
        page,
        "Operation Editor",
        `subscription { messageAdded(conversationId: "${conversation}") { content } }`,
      );
      await page.getByRole("button", { name: /^Execute query/ }).click();
      await appendUntil(responseWith(page, "over the socket"), token, conversation, "over the socket");
      await page.getByRole("button", { name: /^Stop/ }).click();
    }));

  test("tabs outlive a reload, the token does not", () =>
    visit(async (page) => {
      await write(page, "Operation Editor", "query Kept { __typename }");
      await authorize(page, "not-to-be-kept");
      const kept = () => Object.values(globalThis.localStorage).join("\n");
      await page.waitForFunction(() => Object.values(globalThis.localStorage).join("\n").includes("query Kept"));
      assert.doesNotMatch(await page.evaluate(kept), /not-to-be-kept/);
      await page.reload();
      await page.getByRole("tab").filter({ hasText: "Kept" }).waitFor();
    }));

  test("it follows the system's dark mode", () =>
    visit(
      async (page) => {
        await page.waitForFunction(() => {
          const [, red] = getComputedStyle(document.querySelector(".graphiql-container")).backgroundColor.match(/(\d+)/);
          return Number(red) < 80;
        });
      },
      { colorScheme: "dark" },
    ));
});
