// Drives the pages as a person would, and holds them to what every page must keep.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { newcomer, origin, run, signUp } from "./server.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** WCAG 2.2 at levels A and AA, and what axe holds to be good practice besides. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** A phone and a desk, by day and by night. */
export const screens = [
  { name: "a phone by day", viewport: { width: 360, height: 740 }, colorScheme: "light", hasTouch: true, isMobile: true },
  { name: "a phone by night", viewport: { width: 390, height: 844 }, colorScheme: "dark", hasTouch: true, isMobile: true },
  { name: "a desk by day", viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  { name: "a desk by night", viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
];

let templates = 0;

/** Publishes a template that brings something of everything and asks for consent; answers its slug. */
export async function publish(token, changes = {}) {
  templates += 1;
  const slug = `finance-${process.pid}-${Date.now()}-${templates}`;
  const types = ["Account", "Budget", "Invoice", "Merchant", "Portfolio", "Receipt", "Transaction"];
  const definition = {
    name: "Personal finance",
    description: "Keeps an eye on your money: sorts what comes in and goes out, and sums up each month in plain words.",
    agent: { systemPrompt: "You help one person with their money.\n\nBe exact with amounts.", model: "gpt-4o", temperature: 0.3 },
    capabilities: { services: ["openai"], tools: ["search"], domains: ["*.bank.example"] },
    entityTypes: Object.fromEntries(types.map((name) => [name.toLowerCase(), { name }])),
    relationshipTypes: { "booked-on": { name: "Booked on", from: ["transaction"], to: ["account"] } },
    watchers: { monthly: { name: "Monthly summary", prompt: "Sum up the month.", schedule: "0 8 1 * *", types: ["transaction"] } },
    classifiers: { category: { name: "Category", attribute: "category", values: { food: "What is eaten" }, fallback: "other" } },
    ...changes,
  };
  const input = { slug, definition, category: "money", botPhone: "+447123456789", notes: "First edition.\nSorts by category." };
  const { publishTemplateVersion: done } = await run(
    `mutation ($input: PublishTemplateVersionInput!) { publishTemplateVersion(input: $input) {
      ... on PublishTemplateVersionSuccess { template { id } } ... on UserError { message } } }`,
    { input },
    token,
  );
  assert.ok(done.template, done.message);
  await run(
    `mutation ($input: SetTemplateStatusInput!) { setTemplateStatus(input: $input) {
      ... on SetTemplateStatusSuccess { template { id } } ... on UserError { message } } }`,
    { input: { id: done.template.id, status: "PUBLISHED" } },
    token,
  );
  return slug;
}

export { newcomer, signUp };

/** A fresh profile on such a screen, and a log of what went wrong or elsewhere in it. */
export async function profile(browser, screen, options = {}) {
  const { name: _, ...settings } = screen;
  const context = await browser.newContext({ ...settings, ...options });
  const page = await context.newPage();
  const log = [];
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== origin()) log.push(`left the origin: ${request.url()}`);
  });
  page.on("pageerror", (error) => log.push(String(error)));
  page.on("console", (message) => {
    // A page with a status of 4xx is one that was asked for here; the browser notes each.
    const expected = /status of 4\d\d/.test(message.text());
    if (message.type() === "error" && !expected) log.push(message.text());
  });
  return { page, log, close: () => context.close() };
}

/** Opens an address of the server; answers the status. */
export async function go(page, path) {
  const response = await page.goto(`${origin()}${path}`);
  return response.status();
}

/** Types what a form asks for, and presses its button. */
export async function fill(page, person, button) {
  for (const [label, text] of [
    ["Name", person.name],
    ["E-mail address", person.email],
    ["Password", person.password],
  ]) {
    const field = page.getByLabel(label);
    if (text !== undefined && (await field.count())) await field.fill(text);
  }
  const consent = page.getByLabel("I agree to this");
  if (await consent.count()) await consent.check();
  await page.getByRole("button", { name: button }).click();
}

/** Nothing of axe's rules is broken, nothing is wider than the screen, and nothing to press is too small for a thumb. */
export async function check(page, what) {
  await page.evaluate(AXE);
  const { passes, violations } = await page.evaluate((values) => globalThis.axe.run({ runOnly: { type: "tag", values } }), RULES);
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join("; ")}`);
  assert.deepEqual(told, [], what);
  assert.ok(passes.some(({ id }) => id === "color-contrast"), `${what}: contrast was looked at`);
  const { wide, small } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    small: [...document.querySelectorAll("button, .button, .ways a, summary, select, input:not([type=hidden], [type=checkbox])")]
      .filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < 44)
      .map((element) => element.outerHTML),
  }));
  assert.equal(wide, 0, `${what}: wider than the screen`);
  assert.deepEqual(small, [], `${what}: too small for a thumb`);
}
