// Drives the GraphiQL page as a person would, and writes down what the browser did meanwhile.
import { origin } from "./server.mjs";

const COMMAND = process.platform === "darwin" ? "Meta" : "Control";

/** Opens the page in a fresh profile; answers the page and a log of what went wrong or elsewhere. */
export async function open(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const log = { foreign: [], failed: [], violations: [] };
  const isOurs = (url) => [origin(), origin().replace(/^http/, "ws")].includes(new URL(url).origin);
  context.on("request", (request) => {
    const url = request.url();
    // `data:` images of the style sheet never leave the browser.
    if (!url.startsWith("data:") && !isOurs(url)) log.foreign.push(url);
  });
  page.on("websocket", (socket) => {
    if (!isOurs(socket.url())) log.foreign.push(socket.url());
  });
  page.on("requestfailed", (request) => log.failed.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on("console", (message) => {
    if (message.type() === "error") log.violations.push(message.text());
  });
  page.on("pageerror", (error) => log.violations.push(String(error)));
  await page.addInitScript(() => {
    globalThis.refused = [];
    document.addEventListener("securitypolicyviolation", (event) => {
      globalThis.refused.push(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  await page.goto(origin());
  await editor(page, "Operation Editor").waitFor();
  return { page, log, close: () => context.close() };
}

/** The editor of that label: `Operation Editor`, `Headers`, `Variables` or `Response`. */
function editor(page, label) {
  const places = {
    "Operation Editor": ".graphiql-query-editor .monaco-editor",
    Headers: ".graphiql-editor-tool .graphiql-editor:not(.hidden) .monaco-editor",
    Response: ".graphiql-response .monaco-editor",
  };
  return page.locator(places[label]).first();
}

/** Replaces an editor's text by pasting: what is typed would be completed, closed and indented. */
export async function write(page, label, text) {
  await editor(page, label).locator(".view-lines").first().click();
  await page.keyboard.press(`${COMMAND}+A`);
  await page.keyboard.press("Delete");
  await page.evaluate((pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", pasted);
    document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}

/** Types key by key into the operation editor, as a person would. */
export async function type(page, text) {
  await editor(page, "Operation Editor").locator(".view-lines").first().click();
  await page.keyboard.press(`${COMMAND}+A`);
  await page.keyboard.press("Delete");
  await page.keyboard.type(text);
}

/** Shows the headers pane and puts a token there. */
export async function authorize(page, token) {
  await page.getByRole("button", { name: "Headers" }).click();
  await write(page, "Headers", JSON.stringify({ authorization: `Bearer ${token}` }));
}

/** Runs the operation; answers the response pane's text once it holds `expected`. */
export async function execute(page, expected) {
  await page.getByRole("button", { name: /^Execute query/ }).click();
  return responseWith(page, expected);
}

/** Waits for the response pane to hold that text, and answers all of it that is visible. */
export async function responseWith(page, expected) {
  const pane = editor(page, "Response").locator(".view-lines").first();
  // The editor writes spaces as non-breaking ones.
  const matching = pane.filter({ hasText: expected });
  await matching.waitFor({ timeout: 15_000 }).catch(async (error) => {
    const seen = await pane.textContent().catch(() => "(no response pane)");
    throw new Error(`the response pane holds ${JSON.stringify(seen)}, not ${expected}`, { cause: error });
  });
  return (await pane.innerText()).replaceAll("\u00a0", " ");
}

/** What the content security policy refused on this page. */
export const refused = (page) => page.evaluate(() => globalThis.refused);
