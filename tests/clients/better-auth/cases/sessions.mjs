// One session on both sides: begun, listed, made longer, ended.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bearer } from "../../support/server.mjs";
import { ok } from "../../support/better-auth/browser.mjs";

const SESSIONS = "{ viewer { sessions { id current } } }";

export function sessions(world) {
  const endsAt = async (token) => {
    const rows = await world.database.rows(`SELECT "expiresAt", extract(microseconds FROM "expiresAt")::int % 1000 AS beyond
      FROM "session" WHERE "token" = $1`, [token]);
    assert.equal(rows[0].beyond, 0, "a JavaScript Date holds milliseconds");
    return rows[0].expiresAt.getTime();
  };
  const moveBack = (token, by) =>
    world.database.rows(`UPDATE "session" SET "expiresAt" = "expiresAt" - $2::interval WHERE "token" = $1`, [token, by]);
  const ended = async (token) => {
    assert.equal(await world.here.refusal(bearer(token)), "401 UNAUTHENTICATED");
    assert.equal(await world.sessionThere(token), null);
  };
  const again = async (person) => (await world.here.done("signIn", { email: person.email, password: person.password }, "token")).token;

  describe("a session", () => {
    test("begun here is one there, by its cookie and by its token", async () => {
      const ada = await world.signUpHere();
      const { user, session } = await ok(ada.client.getSession());
      assert.deepEqual([user.id, session.token], [ada.id, ada.token]);
      assert.equal(await world.sessionThere(ada.token), ada.id);
    });

    test("is in the lists of both sides", async () => {
      const ada = await world.signUpThere();
      await again(ada);
      const there = await ok(ada.client.listSessions());
      const { viewer } = await world.here.ask(SESSIONS, {}, ada.browser);
      assert.equal(viewer.sessions.length, 2);
      assert.deepEqual(viewer.sessions.map(({ id }) => id).sort(), there.map(({ id }) => id).sort());
      const current = there.find(({ token }) => token === ada.token);
      assert.deepEqual(viewer.sessions.filter((one) => one.current).map(({ id }) => id), [current.id]);
    });

    test("signed out there ends here", async () => {
      const ada = await world.signUpHere();
      await world.here.viewer(ada.bearer);
      await ok(ada.client.signOut());
      await ended(ada.token);
      assert.equal(await world.here.viewer(ada.browser), null);
    });

    test("signed out ends the JSON Web Tokens that name it; others live on until they expire, as better-auth has it", async () => {
      const ada = await world.signUpThere();
      const { token } = await ok(ada.client.$fetch("/token"));
      const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
      assert.equal(claims.sessionId !== undefined, world.namesSessions === true);
      assert.equal((await world.here.viewer(bearer(token))).authMethod, "JWT");
      await ok(ada.client.signOut());
      if (world.namesSessions) assert.equal(await world.here.refusal(bearer(token)), "401 UNAUTHENTICATED");
      else assert.equal((await world.here.viewer(bearer(token))).user.id, ada.id);
    });

    test("signed out here ends there", async () => {
      const ada = await world.signUpThere();
      await world.here.done("signOut", null, "", ada.browser);
      await ended(ada.token);
      assert.equal(ada.browser.session, undefined);
      assert.equal(await ok(ada.client.getSession()), null);
    });

    test("revoked here ends there", async () => {
      const ada = await world.signUpThere();
      const other = await again(ada);
      const { viewer } = await world.here.ask(SESSIONS, {}, bearer(other));
      const { id } = viewer.sessions.find(({ current }) => current);
      await world.here.done("revokeSession", { id }, "", ada.browser);
      await ended(other);
      assert.equal(await world.sessionThere(ada.token), ada.id);
    });

    test("revoked there ends here", async () => {
      const ada = await world.signUpHere();
      const other = await again(ada);
      await ok(ada.client.revokeSession({ token: other }));
      await ended(other);
      assert.equal((await world.here.viewer(ada.bearer)).user.id, ada.id);
    });

    test("stays when all others are revoked, on either side", async () => {
      const ada = await world.signUpThere();
      const [first, second] = [await again(ada), await again(ada)];
      await world.here.done("revokeOtherSessions", null, "", bearer(first));
      await ended(second);
      await ended(ada.token);
      const bob = await world.signUpHere();
      const other = await again(bob);
      await ok(bob.client.revokeOtherSessions());
      await ended(other);
      assert.equal((await world.here.viewer(bob.browser)).user.id, bob.id);
    });

    test("used here is made longer for both, to the millisecond", async () => {
      const ada = await world.signUpThere();
      const whole = await endsAt(ada.token);
      await moveBack(ada.token, "2 days");
      await world.here.viewer(ada.browser);
      assert.ok((await endsAt(ada.token)) >= whole);
      const { session } = await ok(ada.client.getSession());
      assert.equal(new Date(session.expiresAt).getTime(), await endsAt(ada.token));
    });

    test("made longer there is longer here", async () => {
      const ada = await world.signUpHere();
      const whole = await endsAt(ada.token);
      await moveBack(ada.token, "2 days");
      await ok(ada.client.getSession());
      assert.ok((await endsAt(ada.token)) >= whole);
      assert.equal((await world.here.viewer(ada.browser)).user.id, ada.id);
    });

    test("not to be remembered is left alone on both sides, whichever began it", async () => {
      const ada = await world.signUpHere();
      const [here, there] = [world.browser(), world.browser()];
      const { email, password } = ada;
      await world.here.done("signIn", { email, password, rememberMe: false }, "token", here);
      await ok(there.client.signIn.email({ email, password, rememberMe: false }));
      for (const browser of [here, there]) {
        const token = browser.session.split(".")[0];
        const end = await endsAt(token);
        assert.ok(end < Date.now() + 25 * 3600 * 1000);
        await ok(browser.client.getSession());
        await world.here.viewer(browser);
        assert.equal(await endsAt(token), end);
      }
    });

    test("that has run out is good on neither side", async () => {
      const ada = await world.signUpThere();
      await moveBack(ada.token, "8 days");
      await ended(ada.token);
    });
  });
}
