// One account on both sides: its password, its address, its name, its end.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bearer, newcomer } from "../../support/server.mjs";
import { ok, refusal } from "../../support/better-auth/browser.mjs";

export function accounts(world) {
  const signInThere = ({ email, password }) => world.browser().client.signIn.email({ email, password });
  const signInHere = ({ email, password }) => world.here.change("signIn", { email, password }, "userId token");

  describe("an account", () => {
    test("made here signs in there", async () => {
      const ada = await world.signUpHere();
      const { user } = await ok(signInThere(ada));
      assert.deepEqual([user.id, user.name, user.emailVerified], [ada.id, ada.name, false]);
      assert.equal(await refusal(signInThere({ ...ada, password: "some other one" })), 401);
    });

    test("made there signs in here", async () => {
      const ada = await world.signUpThere();
      assert.equal((await signInHere(ada)).userId, ada.id);
      assert.equal((await signInHere({ ...ada, password: "some other one" })).__typename, "Forbidden");
    });

    test("has one password, however its letters are composed", async () => {
      const [composed, decomposed] = ["P\u00e4ssw\u00f6rd-\u2460\ufb01", "Pa\u0308sswo\u0308rd-1fi"];
      const here = await world.signUpHere({ ...newcomer(), password: composed });
      await ok(signInThere({ ...here, password: decomposed }));
      const there = await world.signUpThere({ ...newcomer(), password: decomposed });
      assert.ok((await signInHere({ ...there, password: composed })).done);
    });

    test("has one address, in whatever case it is written", async () => {
      const loud = (person) => ({ ...person, email: person.email.toUpperCase() });
      const here = await world.signUpHere(loud(newcomer()));
      assert.equal((await ok(signInThere(here))).user.email, here.email.toLowerCase());
      const there = await world.signUpThere(loud(newcomer()));
      assert.equal((await signInHere(there)).userId, there.id);
      assert.equal((await world.here.change("signUp", { ...newcomer(), email: there.email })).__typename, "Conflict");
      assert.equal(await refusal(world.browser().client.signUp.email({ ...newcomer(), email: here.email })), 422);
    });

    test("whose password was changed here has the new one there", async () => {
      const ada = await world.signUpThere();
      const changed = { ...ada, password: "changed on this side" };
      const input = { currentPassword: ada.password, newPassword: changed.password };
      await world.here.done("changePassword", input, "", ada.bearer);
      await ok(signInThere(changed));
      assert.equal(await refusal(signInThere(ada)), 401);
    });

    test("whose password was changed there has the new one here", async () => {
      const ada = await world.signUpHere();
      const changed = { ...ada, password: "changed on that side" };
      await ok(ada.client.changePassword({ currentPassword: ada.password, newPassword: changed.password }));
      assert.ok((await signInHere(changed)).done);
      assert.ok(!(await signInHere(ada)).done);
    });

    test("goes by the name it was last given on either side", async () => {
      const ada = await world.signUpThere();
      await ok(ada.client.updateUser({ name: "Countess" }));
      assert.equal((await world.here.viewer(ada.bearer)).user.name, "Countess");
      await world.here.done("updateProfile", { name: "Augusta" }, "", ada.bearer);
      assert.equal((await ok(ada.client.getSession())).user.name, "Augusta");
    });

    test("deleted there is nobody's here, by any credential, and nothing of it stays", async () => {
      const ada = await world.signUpThere();
      const { token } = await ok(ada.client.$fetch("/token"));
      const { key } = await ok(ada.client.apiKey.create({ name: "Script" }));
      const { cookie } = ada.browser;
      const input = { name: "Librarian", systemPrompt: "You find books." };
      const { agent } = await world.here.done("createAgent", input, "agent { id }", ada.bearer);
      const left = () => world.database.rows("SELECT FROM agents WHERE id = $1", [agent.id]);
      assert.equal((await left()).length, 1);
      for (const as of [bearer(token), { "x-api-key": key }, { cookie }])
        assert.equal((await world.here.viewer(as)).user.id, ada.id);

      await ok(ada.client.deleteUser({ password: ada.password }));
      for (const as of [ada.bearer, bearer(token), { "x-api-key": key }])
        assert.equal(await world.here.refusal(as), "401 UNAUTHENTICATED");
      assert.equal(await world.here.viewer({ cookie }), null);
      assert.equal((await left()).length, 0);
      assert.ok((await world.here.change("signUp", newcomer())).done);
    });
  });
}
