// The pages on which templates are installed, in a real browser: with and without a script, on a phone and a desk, by day and night.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch } from "../support/chromium.mjs";
import { check, fill, go, newcomer, profile, publish, screens, signUp } from "../support/pages.mjs";

const PHONE = screens[0];
const AGENT = /\/agents\/[a-z0-9]+$/;

describe("Pages", () => {
  let browser;
  let publisher;
  let slug;
  let echo;
  before(async () => {
    browser = await launch();
    publisher = await signUp();
    slug = await publish(publisher);
    echo = await publish(publisher, {
      agent: { systemPrompt: "Say it again.", model: "echo" },
      capabilities: { services: [], tools: [], domains: [] },
    });
  });
  after(() => browser?.close());

  /** Lets the test use a fresh profile, and then holds it to what every visit must keep. */
  async function visit(screen, use, options) {
    const { page, log, close } = await profile(browser, screen, options);
    try {
      await use(page);
      assert.deepEqual(log, []);
    } finally {
      await close();
    }
  }

  /** Installs an agent that answers by itself, as somebody new. */
  async function meet(page) {
    await go(page, `/install/${echo}`);
    await fill(page, newcomer(), "Sign up and install");
    await page.waitForURL(AGENT);
  }

  /** Sends a message. The page it leads to comes in by and by. */
  async function say(page, text) {
    await page.getByLabel("Your message").fill(text);
    await page.getByRole("button", { name: "Send" }).click({ noWaitAfter: true });
  }

  /** Whether the beginning of an element is in sight. */
  const seen = (element) =>
    element.evaluate((found) => {
      const { top } = found.getBoundingClientRect();
      return top >= 0 && top < globalThis.innerHeight;
    });

  for (const screen of screens) {
    test(`every page is accessible on ${screen.name}`, () =>
      visit(screen, async (page) => {
        assert.equal(await go(page, `/install/${slug}`), 200);
        await check(page, "the page of a template");
        await page.getByRole("link", { name: "Sign in" }).click();
        await check(page, "signing in on it");
        await fill(page, { ...newcomer(), password: "not the password" }, "Sign in and install");
        await page.getByRole("alert").waitFor();
        await check(page, "what is wrong with it");
        await go(page, `/install/${slug}?with=sign-up`);
        await fill(page, newcomer(), "Sign up and install");
        await page.waitForURL(AGENT);
        await check(page, "the page of an agent");
        await page.getByText("What it is told").click();
        await check(page, "its prompt");
        const agent = new URL(page.url()).pathname;
        await go(page, `/install/${slug}`);
        await check(page, "the page of what is installed");
        await go(page, `/install/${await publish(publisher)}`);
        await check(page, "the page of another template");
        await page.getByRole("button", { name: "Sign out" }).click();
        assert.equal(await go(page, agent), 401);
        await check(page, "the way in");
        assert.equal(await go(page, "/install/nothing-of-the-kind"), 404);
        await check(page, "what is not there");
      }));
  }

  for (const screen of screens) {
    test(`an agent is talked to on ${screen.name}`, () =>
      visit(screen, async (page) => {
        await meet(page);
        await check(page, "an agent nobody talked to");
        await say(page, "/count 400");
        const growing = page.locator(".growing .text");
        await growing.filter({ hasText: "1 2 3" }).waitFor();
        // All of this before the page has come to its end.
        assert.equal(await page.evaluate(() => document.readyState), "loading");
        assert.equal(await page.locator("footer").count(), 0);
        assert.ok(await seen(growing), "the reply is in sight as it begins");
        await check(page, "a reply that is being written");
        await page.getByRole("button", { name: "Stop" }).click();
        await page.getByText("It was stopped.").waitFor();
        await page.locator("footer").waitFor();
        await check(page, "a reply that was stopped");
        await say(page, "a".repeat(300) + "\n\n<b>no markup</b>");
        await page.getByText("<b>no markup</b>").last().waitFor();
        await page.locator("footer").waitFor();
        assert.equal(await page.getByRole("button", { name: "Stop" }).count(), 0);
        assert.ok(await seen(page.locator("#newest")), "what was said last is in sight");
        await check(page, "a reply that has ended");
        await page.getByLabel("Your message").evaluate((field) => field.removeAttribute("required"));
        await page.getByRole("button", { name: "Send" }).click();
        await page.getByRole("alert").waitFor();
        await check(page, "nothing that was said");
        await page.getByRole("link", { name: "New conversation" }).click();
        await page.getByText("Nothing has been said yet").waitFor();
      }));
  }

  for (const screen of screens) {
    test(`a number on WhatsApp is linked on ${screen.name}`, () =>
      visit(
        screen,
        async (page) => {
          await meet(page);
          const number = page.getByLabel("Your number on WhatsApp");
          await number.fill("07700 nine");
          await page.getByRole("button", { name: "Get a code" }).click();
          await page.getByRole("alert").waitFor();
          assert.equal(await number.inputValue(), "07700 nine");
          assert.ok(await seen(page.getByRole("heading", { name: "WhatsApp" })), "what is wrong is in sight");
          await number.fill("07700 900123");
          await page.getByRole("button", { name: "Get a code" }).click();
          const open = page.getByRole("link", { name: "Open WhatsApp with it" });
          const message = await page.locator(".message").innerText();
          assert.equal(new URL(await open.getAttribute("href")).searchParams.get("text"), message);
          assert.ok(await seen(open), "the way to WhatsApp is in sight");
          await page.getByRole("link", { name: "I have sent it" }).click();
          await page.getByText("is not linked yet").waitFor();
          assert.equal(await number.inputValue(), "+447700900123");
          assert.ok(!(await page.content()).includes(message));
        },
        { javaScriptEnabled: false },
      ));

    test(`linking a number is accessible on ${screen.name}`, () =>
      visit(screen, async (page) => {
        await meet(page);
        await check(page, "the form for a number");
        await page.getByLabel("Your number on WhatsApp").fill("nine");
        await page.getByRole("button", { name: "Get a code" }).click();
        await check(page, "a number that is none");
        await page.getByLabel("Your number on WhatsApp").fill("07700 900124");
        await page.getByRole("button", { name: "Get a code" }).click();
        await page.locator(".message").waitFor();
        await check(page, "a code");
        await go(page, `/install/${echo}`);
        await check(page, "the way to the form");
        await page.getByRole("link", { name: "Link your number on WhatsApp" }).click();
        await page.getByText("is not linked yet").waitFor();
      }));
  }

  test("without a script an agent is talked to, and stopped", () =>
    visit(
      PHONE,
      async (page) => {
        await meet(page);
        await say(page, "A book on bees, please.");
        await page.getByText("You said: A book on bees, please.").waitFor();
        await say(page, "/count 400");
        await page.getByText(/^1 2 3/).waitFor();
        await page.getByRole("button", { name: "Stop" }).click();
        await page.getByRole("button", { name: "Try again" }).click();
        await page.getByRole("button", { name: "Stop" }).click();
        await page.getByText("It was stopped.").waitFor();
      },
      { javaScriptEnabled: false },
    ));

  test("a password that was forgotten is asked for on an accessible page", () =>
    visit(PHONE, async (page) => {
      await go(page, `/install/${slug}?with=sign-in`);
      await page.getByRole("link", { name: "Forgot your password?" }).click();
      await check(page, "asking for a message");
      await fill(page, { email: newcomer().email }, "Send it");
      await page.getByRole("heading", { name: "Look into your mail" }).waitFor();
      await check(page, "the word that it is on its way");
      await go(page, "/reset-password?token=nothing");
      await check(page, "choosing another");
      await fill(page, { password: "long enough" }, "Change it");
      await page.getByRole("alert").waitFor();
      await check(page, "a link that is none");
    }));

  test("without a script somebody signs up, installs, leaves and comes back", () =>
    visit(
      PHONE,
      async (page) => {
        const person = newcomer();
        await go(page, `/install/${slug}`);
        await fill(page, person, "Sign up and install");
        await page.waitForURL(AGENT);
        const agent = page.url();
        assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), "Personal finance");
        await page.getByText("What it is told").click();
        await page.getByText("Be exact with amounts.").waitFor();
        await page.getByRole("button", { name: "Sign out" }).click();
        await page.getByRole("heading", { name: "Sign in to see this agent" }).waitFor();
        await fill(page, person, "Sign in");
        await page.getByRole("heading", { name: "Where it comes from" }).waitFor();
        assert.equal(page.url(), agent);
        await page.getByLabel("Your key for openai").fill("sk-example-0123456789");
        await page.getByRole("button", { name: "Connect" }).click();
        await page.getByRole("heading", { name: "It has what it needs" }).waitFor();
        await page.getByRole("link", { name: "Personal finance" }).click();
        await page.getByRole("link", { name: /^Open it in/ }).click();
        assert.equal(page.url(), agent);
      },
      { javaScriptEnabled: false },
    ));

  test("the keyboard alone is enough, and shows where it is", () =>
    visit(PHONE, async (page) => {
      const person = newcomer();
      await go(page, `/install/${slug}`);
      const focused = () =>
        page.evaluate(() => {
          const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
          return { name: document.activeElement.name ?? "", seen: outlineStyle !== "none" && outlineWidth !== "0px" };
        });
      const typed = { name: person.name, email: person.email, password: person.password };
      for (let steps = 0; steps < 20; steps += 1) {
        await page.keyboard.press("Tab");
        const { name, seen } = await focused();
        assert.ok(seen, `nothing shows that ${name} has the focus`);
        if (typed[name]) await page.keyboard.type(typed[name]);
        if (name === "consent") await page.keyboard.press("Space");
        if (name === "as") break;
      }
      await page.keyboard.press("Enter");
      await page.waitForURL(AGENT);
    }));

  test("the browser asks for consent before anything is sent", () =>
    visit(PHONE, async (page) => {
      const person = newcomer();
      await go(page, `/install/${slug}`);
      await page.getByLabel("Name").fill(person.name);
      await page.getByLabel("E-mail address").fill(person.email);
      await page.getByLabel("Password").fill(person.password);
      await page.getByRole("button", { name: "Sign up and install" }).click();
      assert.equal(await page.getByLabel("I agree to this").evaluate((box) => box.validity.valueMissing), true);
      assert.match(page.url(), /\/install\//);
    }));

  test("what is typed stays when something is wrong, but for the password", () =>
    visit(PHONE, async (page) => {
      const person = newcomer();
      await go(page, `/install/${slug}?with=sign-in`);
      await fill(page, { ...person, password: "not the password" }, "Sign in and install");
      await page.getByRole("alert").waitFor();
      assert.equal(await page.getByLabel("E-mail address").inputValue(), person.email);
      assert.equal(await page.getByLabel("Password").inputValue(), "");
      assert.equal(await page.getByLabel("I agree to this").isChecked(), true);
    }));

  test("pages follow the system's light and dark", async () => {
    for (const [screen, dark] of [
      [screens[0], false],
      [screens[1], true],
    ]) {
      await visit(screen, async (page) => {
        await go(page, `/install/${slug}`);
        const red = await page.evaluate(() => Number(getComputedStyle(document.body).backgroundColor.match(/\d+/)[0]));
        assert.equal(red < 80, dark);
      });
    }
  });

  test("text twice as large still fits the phone", () =>
    visit({ ...PHONE, viewport: { width: 320, height: 640 } }, async (page) => {
      await go(page, `/install/${slug}`);
      await page.evaluate(() => document.documentElement.style.setProperty("font-size", "200%"));
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(wide, 0);
    }));
});
