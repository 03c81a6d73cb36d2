// Signed up there, known here: by each credential that better-auth hands out.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bearer } from "../../support/server.mjs";
import { ok } from "../../support/better-auth/browser.mjs";

const HOUR = 3600;

export function credentials(world) {
  describe("someone who signed up with better-auth", () => {
    let ada;
    const known = async (as, method) => {
      const viewer = await world.here.viewer(as);
      assert.deepEqual([viewer.user.id, viewer.user.email, viewer.authMethod], [ada.id, ada.email, method]);
      assert.deepEqual([viewer.organization.personal, viewer.role], [true, "OWNER"]);
    };
    const token = async (person) => (await ok(person.client.$fetch("/token"))).token;
    const minted = async (payload) => (await world.there.api.signJWT({ body: { payload } })).token;

    test("is known by their cookie", async () => {
      ada = await world.signUpThere();
      await known(ada.browser, "COOKIE");
    });

    test("is known by a bearer token: raw, and signed as the set-auth-token header has it", async () => {
      await known(ada.bearer, "BEARER");
      assert.ok(ada.signed.startsWith(`${ada.token}.`), ada.signed);
      for (const signed of [ada.signed, encodeURIComponent(decodeURIComponent(ada.signed)), decodeURIComponent(ada.signed)])
        await known(bearer(signed), "BEARER");
    });

    test("is known by an API key, in each of its headers", async () => {
      const { key } = await ok(ada.client.apiKey.create({ name: "Script" }));
      await known({ "x-api-key": key }, "API_KEY");
      await known({ "x-agentuity-auth-api-key": key }, "API_KEY");
      await known({ authorization: `ApiKey ${key}` }, "API_KEY");
    });

    test("is known by a JSON Web Token", async () => {
      await known(bearer(await token(ada)), "JWT");
    });

    test("is known by their cookie when the JSON Web Token beside it has expired", async () => {
      const now = Math.floor(Date.now() / 1000);
      const expired = bearer(await minted({ sub: ada.id, iat: now - 2 * HOUR, exp: now - HOUR }));
      assert.equal(await world.here.refusal(expired), "401 UNAUTHENTICATED");
      await known({ ...expired, cookie: ada.browser.cookie }, "COOKIE");
    });

    test("is not known by a JSON Web Token for somebody else's service", async () => {
      const foreign = await minted({ sub: ada.id, aud: "https://elsewhere.example" });
      assert.equal(await world.here.refusal(bearer(foreign)), "401 UNAUTHENTICATED");
    });

    test("is not known by a cookie that was tampered with", async () => {
      const [name, value] = ["better-auth.session_token", ada.browser.session];
      const other = await world.strangerThere();
      const signature = value.slice(ada.token.length);
      assert.equal((await world.here.ask("{ viewer { role } }", {}, { cookie: `${name}=${other.token}${signature}` })).viewer, null);
      assert.equal((await world.here.ask("{ viewer { role } }", {}, { cookie: `${name}=${value}` })).viewer.role, "OWNER");
    });

    test("is refused with the cookie of one account and the key of another", async () => {
      const other = await world.strangerThere();
      const { key } = await ok(other.client.apiKey.create({ name: "Other" }));
      assert.equal(await world.here.refusal({ cookie: ada.browser.cookie, "x-api-key": key }), "401 UNAUTHENTICATED");
    });

    test("acts in the organisation they made active there", async () => {
      const eve = await world.signUpThere();
      const team = await ok(eve.client.organization.create({ name: "Active", slug: world.slug("active") }));
      assert.equal((await world.here.viewer(eve.browser)).organization.id, team.id);
      await ok(eve.client.organization.setActive({ organizationId: null }));
      assert.equal((await world.here.viewer(eve.browser)).organization.personal, true);
    });
  });
}
