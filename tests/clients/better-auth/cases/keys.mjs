// API keys: one account of their uses, kept by both sides.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ok, refusal } from "../../support/better-auth/browser.mjs";

const DAY = 24 * 3600 * 1000;

export function keys(world) {
  const withKey = (key) => ({ "x-api-key": key });
  const useHere = (key) => world.here.post("{ viewer { apiKey { id } } }", {}, withKey(key));
  const useThere = (key, permissions) => world.there.api.verifyApiKey({ body: { key, permissions } });
  // Only a front end's server may set what guards a key.
  const makeThere = (person, more) =>
    world.there.api.createApiKey({ body: { userId: person.id, name: "Script", rateLimitEnabled: false, ...more } });
  const makeHere = (person, more) =>
    world.here.done("createApiKey", { name: "Script", ...more }, "key apiKey { id }", person.bearer);
  const row = async (id) => (await world.database.rows(`SELECT * FROM "apikey" WHERE "id" = $1`, [id]))[0];
  const isRefusedThere = async (key, code) => {
    const { valid, error } = await useThere(key);
    assert.deepEqual([valid, error?.code], [false, code]);
  };

  describe("an API key", () => {
    let ada;

    test("made there is counted by both sides together, and is RATE_LIMITED here when they used it up", async () => {
      ada = await world.signUpThere();
      const { key, id } = await makeThere(ada, { rateLimitEnabled: true, rateLimitMax: 3, rateLimitTimeWindow: DAY });
      assert.equal((await useHere(key)).data.viewer.apiKey.id, id);
      assert.equal((await row(id)).requestCount, 1);
      assert.equal((await useThere(key)).valid, true);
      assert.equal((await row(id)).requestCount, 2);
      assert.equal((await useThere(key)).valid, true);
      const { status, errors } = await useHere(key);
      assert.deepEqual([status, errors[0].extensions.code], [429, "RATE_LIMITED"]);
      const { retryAfter } = errors[0].extensions;
      assert.ok(retryAfter > (DAY - 60_000) / 1000 && retryAfter <= DAY / 1000, `retryAfter ${retryAfter}`);
      assert.equal((await row(id)).requestCount, 3);
    });

    test("made there by the page has better-auth's own ten uses a day, here too", async () => {
      const { key, id } = await ok(ada.client.apiKey.create({ name: "Page" }));
      const all = await Promise.all(Array.from({ length: 12 }, () => useHere(key)));
      assert.deepEqual(all.map(({ status }) => status).sort(), [...Array(10).fill(200), 429, 429]);
      assert.equal((await row(id)).requestCount, 10);
      await isRefusedThere(key, "RATE_LIMITED");
    });

    // Earlier generations read, think and write, and may let more through on their side.
    if (world.guards)
      test("used on both sides at once is let through as often as it may be, not once more", async () => {
        const { key, id } = await makeThere(ada, { rateLimitEnabled: true, rateLimitMax: 5, rateLimitTimeWindow: DAY });
        const here = Array.from({ length: 10 }, async () => (await useHere(key)).status === 200);
        const there = Array.from({ length: 10 }, async () => (await useThere(key)).valid);
        const all = await Promise.all([...here, ...there]);
        assert.equal(all.filter((accepted) => accepted).length, 5);
        assert.equal((await row(id)).requestCount, 5);
      });

    test("made here is good there, and its limit is one for both", async () => {
      const ada = await world.strangerHere();
      const { key, apiKey } = await makeHere(ada, { rateLimit: { max: 2, windowSeconds: 3600 } });
      const { valid, key: seen } = await useThere(key);
      assert.deepEqual([valid, seen.id, seen.referenceId ?? seen.userId], [true, apiKey.id, ada.id]);
      assert.equal((await useHere(key)).status, 200);
      await isRefusedThere(key, "RATE_LIMITED");
      assert.equal((await useHere(key)).status, 429);
    });

    test("is listed on both sides, whichever made it", async () => {
      const ada = await world.signUpHere();
      const made = [(await makeThere(ada)).id, (await makeHere(ada)).apiKey.id].sort();
      const there = await ok(ada.client.apiKey.list());
      // A page of them from 1.5 on.
      assert.deepEqual((there.apiKeys ?? there).map(({ id }) => id).sort(), made);
      const { apiKeys } = await world.here.ask("{ apiKeys { id } }", {}, ada.bearer);
      assert.deepEqual(apiKeys.map(({ id }) => id).sort(), made);
    });

    test("disabled on one side is refused on both", async () => {
      const { key: mine, apiKey } = await makeHere(ada);
      await world.here.done("updateApiKey", { id: apiKey.id, enabled: false }, "", ada.bearer);
      await isRefusedThere(mine, "KEY_DISABLED");
      const { key: theirs, id } = await makeThere(ada);
      assert.equal((await useHere(theirs)).status, 200);
      await world.there.api.updateApiKey({ body: { keyId: id, userId: ada.id, enabled: false } });
      for (const key of [mine, theirs]) assert.equal(await world.here.refusal(withKey(key)), "401 UNAUTHENTICATED");
    });

    test("deleted on one side is refused on both", async () => {
      const [mine, theirs] = [await makeHere(ada), await makeThere(ada)];
      await ok(ada.client.apiKey.delete({ keyId: mine.apiKey.id }));
      await world.here.done("deleteApiKey", { id: theirs.id }, "", ada.bearer);
      for (const { key } of [mine, theirs]) {
        assert.equal(await world.here.refusal(withKey(key)), "401 UNAUTHENTICATED");
        assert.equal((await useThere(key)).valid, false);
      }
    });

    test("replaced here is good there as the new one, and as the old one while both are", async () => {
      const { key: old, apiKey } = await makeHere(ada);
      const input = { id: apiKey.id, overlapSeconds: 600 };
      const { key } = await world.here.done("rotateApiKey", input, "key", ada.bearer);
      assert.equal((await useThere(key)).valid, true);
      assert.equal((await useThere(old)).valid, true);
    });

    test("with permissions made there grants those alone here", async () => {
      const { key } = await makeThere(ada, { permissions: { agents: ["read"] } });
      const allowed = await world.here.post("{ agents { totalCount } }", {}, withKey(key));
      assert.equal(allowed.errors, undefined);
      const create = `mutation { createAgent(input: { name: "Librarian", systemPrompt: "You find books." }) { __typename } }`;
      assert.equal((await world.here.post(create, {}, withKey(key))).code, "FORBIDDEN");
    });

    test("with permissions made here grants those alone there", async () => {
      const { key } = await makeHere(ada, { permissions: { agents: ["read"] } });
      assert.equal((await useThere(key, { agents: ["read"] })).valid, true);
      assert.equal((await useThere(key, { agents: ["write"] })).valid, false);
    });

    test("made there acts where its user is a member, and is refused elsewhere", async () => {
      const { id, owner, member } = await world.teamThere();
      const [own, other] = [await makeThere(member), await makeThere(await world.strangerThere())];
      assert.equal((await world.here.viewer(withKey(own.key), id)).role, "MEMBER");
      assert.equal(await world.here.refusal(withKey(other.key), id), "403 FORBIDDEN");
      assert.notEqual(owner.id, member.id);
    });

    test("used up on both sides is refilled by either", async () => {
      const quota = { remaining: 2, refillAmount: 2, refillInterval: 3_600_000 };
      const { key, id } = await makeThere(ada, quota);
      const later = () =>
        world.database.rows(
          `UPDATE "apikey" SET "createdAt" = "createdAt" - interval '2 hours', "lastRefillAt" = "lastRefillAt" - interval '2 hours'
           WHERE "id" = $1`,
          [id],
        );
      assert.equal((await useHere(key)).status, 200);
      assert.equal((await useThere(key)).valid, true);
      assert.equal((await useHere(key)).status, 429);
      await later();
      // Refilled here. Only a whole millisecond is found again by better-auth, which compares with a Date.
      assert.equal((await useHere(key)).status, 200);
      assert.equal((await row(id)).remaining, 1);
      assert.equal((await useThere(key)).valid, true);
      await isRefusedThere(key, "USAGE_EXCEEDED");
      await later();
      assert.equal((await useThere(key)).valid, true);
      assert.equal((await row(id)).remaining, 1);
      assert.equal((await useHere(key)).status, 200);
      assert.equal((await useHere(key)).status, 429);
    });

    test("with an end made there has it here", async () => {
      const { key, id } = await makeThere(ada, { expiresIn: 2 * 24 * 3600 });
      assert.equal((await useHere(key)).status, 200);
      await world.database.rows(`UPDATE "apikey" SET "expiresAt" = now() - interval '1 second' WHERE "id" = $1`, [id]);
      assert.equal(await world.here.refusal(withKey(key)), "401 UNAUTHENTICATED");
    });

    test("from here with an end has it there", async () => {
      const { key, apiKey } = await makeHere(ada, { expiresIn: 3600 });
      assert.equal((await useThere(key)).valid, true);
      await world.database.rows(`UPDATE "apikey" SET "expiresAt" = now() - interval '1 second' WHERE "id" = $1`, [apiKey.id]);
      await isRefusedThere(key, "KEY_EXPIRED");
    });

    test("of one account is out of another's hands on both sides", async () => {
      const eve = await world.strangerHere();
      const [mine, theirs] = [await makeHere(ada), await makeThere(ada)];
      assert.ok(await refusal(eve.client.apiKey.delete({ keyId: mine.apiKey.id })));
      for (const id of [mine.apiKey.id, theirs.id])
        assert.equal((await world.here.change("deleteApiKey", { id }, "", eve.bearer)).__typename, "NotFound");
      for (const { key } of [mine, theirs]) assert.equal((await useThere(key)).valid, true);
    });
  });
}
