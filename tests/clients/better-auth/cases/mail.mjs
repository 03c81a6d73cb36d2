// What is begun by a message of one side and finished on the other: new passwords, verified and changed addresses.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { newcomer } from "../../support/server.mjs";
import { ok, refusal } from "../../support/better-auth/browser.mjs";

export function mail(world) {
  const signInThere = ({ email, password }) => world.browser().client.signIn.email({ email, password });
  const signInHere = ({ email, password }) => world.here.change("signIn", { email, password }, "userId");
  const verifyHere = (token) => world.here.change("verifyEmail", { token }, "email changed");
  const verifyThere = (token) => world.browser().client.verifyEmail({ query: { token } });
  const resetHere = (token, newPassword) => world.here.change("resetPassword", { token, newPassword }, "revokedSessions");
  const resetThere = (token, newPassword) => world.browser().client.resetPassword({ token, newPassword });
  /** As each side tells it to the account, here first. */
  const seen = async (person) => {
    const { user: here } = await world.here.viewer(person.bearer);
    const { user: there } = await ok(person.client.getSession());
    return [here, there].map(({ email, emailVerified }) => [email, emailVerified]);
  };
  const both = (email, verified) => [
    [email, verified],
    [email, verified],
  ];
  const hasPassword = async (person, password) => {
    await ok(signInThere({ ...person, password }));
    assert.ok((await signInHere({ ...person, password })).done);
    assert.equal(await refusal(signInThere(person)), 401);
    assert.equal((await signInHere(person)).__typename, "Forbidden");
  };

  describe("a new password", () => {
    test("asked for here is chosen there, once", async () => {
      const ada = await world.signUpThere();
      await world.here.done("requestPasswordReset", { email: ada.email });
      const token = await world.outbox.token("password-reset", ada.email);
      await ok(resetThere(token, "chosen on that side"));
      await hasPassword(ada, "chosen on that side");
      assert.equal(await refusal(resetThere(token, "chosen once more")), 400);
      assert.equal((await resetHere(token, "chosen once more")).__typename, "NotFound");
    });

    test("asked for there is chosen here, once, and ends all sessions", async () => {
      const ada = await world.signUpHere();
      await ok(world.browser().client.requestPasswordReset({ email: ada.email }));
      const token = world.there.sent.token("password-reset", ada.email);
      const { done, revokedSessions } = await resetHere(token, "chosen on this side");
      assert.deepEqual([done, revokedSessions], [true, 1]);
      assert.equal(await world.sessionThere(ada.token), null);
      await hasPassword(ada, "chosen on this side");
      assert.equal((await resetHere(token, "chosen once more")).__typename, "NotFound");
      assert.equal(await refusal(resetThere(token, "chosen once more")), 400);
    });

    test("asked for on both sides is chosen with either link, and the other is void", async () => {
      const ada = await world.signUpHere();
      await world.here.done("requestPasswordReset", { email: ada.email });
      const mine = await world.outbox.token("password-reset", ada.email);
      await ok(world.browser().client.requestPasswordReset({ email: ada.email }));
      const theirs = world.there.sent.token("password-reset", ada.email);
      assert.ok((await resetHere(mine, "chosen on this side")).done);
      assert.equal(await refusal(resetThere(theirs, "chosen on that side")), 400);
      await hasPassword(ada, "chosen on this side");
    });

    test("is not chosen with a link that has expired", async () => {
      const ada = await world.signUpThere();
      await world.here.done("requestPasswordReset", { email: ada.email });
      const mine = await world.outbox.token("password-reset", ada.email);
      await ok(world.browser().client.requestPasswordReset({ email: ada.email }));
      const theirs = world.there.sent.token("password-reset", ada.email);
      const { length } = await world.database.rows(
        `UPDATE "verification" SET "expiresAt" = now() - interval '1 second' WHERE "value" = $1 RETURNING "id"`,
        [ada.id],
      );
      assert.equal(length, 2);
      assert.equal(await refusal(resetThere(mine, "chosen too late")), 400);
      assert.equal((await resetHere(theirs, "chosen too late")).__typename, "NotFound");
      await ok(signInThere(ada));
    });
  });

  describe("an address", () => {
    test("is verified there with the link that was sent at sign-up here", async () => {
      const ada = await world.signUpHere();
      const token = await world.outbox.token("verification", ada.email);
      assert.deepEqual(await seen(ada), both(ada.email, false));
      await ok(verifyThere(token));
      assert.deepEqual(await seen(ada), both(ada.email, true));
    });

    test("is verified there with a link that was asked for here", async () => {
      const ada = await world.signUpThere();
      await world.here.done("sendVerificationEmail", { email: ada.email });
      await ok(verifyThere(await world.outbox.token("verification", ada.email)));
      assert.deepEqual(await seen(ada), both(ada.email, true));
    });

    test("is verified here with a link that was asked for there", async () => {
      for (const ada of [await world.signUpHere(), await world.signUpThere()]) {
        await ok(ada.client.sendVerificationEmail({ email: ada.email }));
        const token = world.there.sent.token("verification", ada.email);
        const { done, email, changed } = await verifyHere(token);
        assert.deepEqual([done, email, changed], [true, ada.email, false]);
        assert.deepEqual(await seen(ada), both(ada.email, true));
      }
    });

    test("is verified on neither side with a link that was tampered with", async () => {
      const ada = await world.signUpHere();
      const mine = await world.outbox.token("verification", ada.email);
      await ok(ada.client.sendVerificationEmail({ email: ada.email }));
      const theirs = world.there.sent.token("verification", ada.email);
      // Not the last letter, some bits of which are nobody's.
      const forged = (token) => token.slice(0, -10) + (token.at(-10) === "A" ? "B" : "A") + token.slice(-9);
      assert.equal(await refusal(verifyThere(forged(mine))), 401);
      assert.equal((await verifyHere(forged(theirs))).__typename, "NotFound");
      assert.deepEqual(await seen(ada), both(ada.email, false));
    });

    test("that was asked to change here changes there", async () => {
      const ada = await world.signUpThere();
      const { email } = newcomer();
      await world.here.done("changeEmail", { currentPassword: ada.password, newEmail: email }, "", ada.bearer);
      await ok(verifyThere(await world.outbox.token("email-change", email)));
      const [here, there] = await seen(ada);
      assert.deepEqual([here[0], there], [email, here]);
    });

    test(`that was asked to change there ${world.namesAccounts ? "changes" : "does not change"} here`, async () => {
      const ada = await world.signUpHere();
      const { email } = newcomer();
      await ok(verifyThere(await world.outbox.token("verification", ada.email)));
      await ok(ada.client.changeEmail({ newEmail: email }));
      const { __typename, changed } = await verifyHere(world.there.sent.token("verification", email));
      if (world.namesAccounts) {
        assert.deepEqual([__typename, changed], ["VerifyEmailSuccess", true]);
        assert.deepEqual(await seen(ada), both(email, true));
      } else {
        assert.equal(__typename, "NotFound");
        assert.deepEqual(await seen(ada), both(ada.email, true));
      }
    });
  });
}
