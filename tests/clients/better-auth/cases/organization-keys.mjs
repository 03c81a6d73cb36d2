// API keys that an organisation owns: made on one side, good on the other.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ok } from "../../support/better-auth/browser.mjs";

export function organizationKeys(world) {
  const withKey = (key) => ({ "x-api-key": key });
  const seen = async (key) => {
    const { organization, role, authMethod } = await world.here.viewer(withKey(key));
    return [organization.id, role, authMethod];
  };

  describe("an API key of an organisation", () => {
    if (world.teamKeys)
      test("made there acts here as a member, in that organisation alone", async () => {
        const [team, other] = [await world.teamThere(), await world.teamThere()];
        const made = { configId: "team", organizationId: team.id, name: "Robot" };
        const { key } = await ok(team.owner.client.apiKey.create(made));
        assert.deepEqual(await seen(key), [team.id, "MEMBER", "API_KEY"]);
        assert.equal(await world.here.refusal(withKey(key), other.id), "403 FORBIDDEN");
        const { id } = await world.there.api.createApiKey({ body: { ...made, userId: team.owner.id } });
        const query = "{ apiKeys(owner: ORGANIZATION) { id } }";
        const { apiKeys } = await world.here.ask(query, {}, team.owner.bearer, { "x-organization-id": team.id });
        assert.equal(apiKeys.length, 2);
        assert.ok(apiKeys.some((one) => one.id === id));
      });

    test("made here is good there, until it is deleted", async () => {
      const { id: organization, owner } = await world.teamHere();
      const input = { name: "Robot", owner: "ORGANIZATION", role: "ADMIN" };
      const { key, apiKey } = await world.here.done("createApiKey", input, "key apiKey { id }", owner.bearer, organization);
      assert.deepEqual(await seen(key), [organization, "ADMIN", "API_KEY"]);
      const there = await world.there.api.verifyApiKey({ body: { key } });
      assert.deepEqual([there.valid, there.key?.id], [true, apiKey.id]);
      if (world.teamKeys) assert.equal(there.key.referenceId, organization);
      await world.here.done("deleteApiKey", { id: apiKey.id }, "", owner.bearer, organization);
      assert.equal((await world.there.api.verifyApiKey({ body: { key } })).valid, false);
    });
  });
}
