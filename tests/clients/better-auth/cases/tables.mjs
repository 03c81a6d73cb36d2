// The tables themselves, whichever program made them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ok } from "../../support/better-auth/browser.mjs";

export function tables(world) {
  describe("the auth tables", () => {
    if (world.migrates)
      test("lack nothing that better-auth's own migration would add", async () => {
        const { toBeCreated, toBeAdded } = await world.there.migrations();
        assert.deepEqual({ toBeCreated, toBeAdded }, { toBeCreated: [], toBeAdded: [] });
      });

    test("belong to someone who is no superuser, and are not forced upon them", async () => {
      const [{ owners, forced }] = await world.database.rows(
        `SELECT count(*) FILTER (WHERE r.rolname = 'front_end' AND NOT r.rolsuper AND NOT r.rolbypassrls)::int AS owners,
                count(*) FILTER (WHERE c.relforcerowsecurity)::int AS forced
         FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname = ANY ($1)`,
        [["user", "session", "account", "verification", "organization", "member", "invitation", "jwks", "apikey"]],
      );
      assert.deepEqual({ owners, forced }, { owners: 9, forced: 0 });
    });

    if (world.first === "better-auth")
      test("kept who was there before Agentry came", async () => {
        const { id, bearer, key, team, email, password } = world.settler;
        assert.equal((await world.here.viewer(bearer, team)).role, "OWNER");
        const members = await world.database.rows(`SELECT "role" FROM "member" WHERE "organizationId" = $1`, [team]);
        assert.deepEqual(members, [{ role: "owner" }]);
        assert.equal((await world.here.viewer({ "x-api-key": key })).user.id, id);
        assert.equal((await world.here.viewer({ "x-api-key": key })).organization.personal, true);
        assert.equal((await world.here.done("signIn", { email, password }, "userId")).userId, id);
        await ok(world.browser().client.signIn.email({ email, password }));
      });
  });
}
