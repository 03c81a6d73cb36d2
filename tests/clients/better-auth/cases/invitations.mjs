// Invitations: made on one side, answered on the other.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { newcomer } from "../../support/server.mjs";
import { ok, refusal } from "../../support/better-auth/browser.mjs";

const PENDING = "{ viewer { organization { invitations { id email role } } } }";

export function invitations(world) {
  const inviteThere = ({ id, owner }, email, more = {}) =>
    ok(owner.client.organization.inviteMember({ email, role: "member", organizationId: id, ...more }));
  const inviteHere = async ({ id, owner }, email) =>
    (await world.here.done("inviteMember", { email, role: "ADMIN" }, "invitation { id }", owner.bearer, id)).invitation;
  const acceptHere = (person, id) => world.here.change("acceptInvitation", { id }, "organizationId role", person.bearer);
  const acceptThere = (person, invitationId) => person.client.organization.acceptInvitation({ invitationId });
  const stateOf = async (id) => (await world.database.rows(`SELECT "status" FROM "invitation" WHERE "id" = $1`, [id]))[0].status;

  describe("an invitation", () => {
    let there, here;

    test("made there is accepted here, once", async () => {
      there = await world.teamThere();
      const guest = await world.signUpHere();
      const { id } = await inviteThere(there, guest.email);
      const listed = (await world.here.ask(PENDING, {}, there.owner.bearer, { "x-organization-id": there.id })).viewer.organization.invitations;
      assert.deepEqual(listed, [{ id, email: guest.email, role: "MEMBER" }]);
      const accepted = await acceptHere(guest, id);
      assert.deepEqual([accepted.done, accepted.organizationId, accepted.role], [true, there.id, "MEMBER"]);
      assert.ok((await ok(guest.client.organization.list())).some((team) => team.id === there.id));
      assert.equal(await refusal(acceptThere(guest, id)), 400);
    });

    test("made here is accepted there, once", async () => {
      here = await world.teamHere();
      const guest = await world.signUpThere();
      const { id } = await inviteHere(here, guest.email);
      const listed = await ok(here.owner.client.organization.listInvitations({ query: { organizationId: here.id } }));
      assert.equal(listed.find((one) => one.id === id)?.status, "pending");
      await ok(acceptThere(guest, id));
      assert.equal((await world.here.viewer(guest.bearer, here.id)).role, "ADMIN");
      assert.equal((await acceptHere(guest, id)).__typename, "Conflict");
    });

    test("for another address is accepted on neither side", async () => {
      const stranger = await world.strangerThere();
      const { id } = await inviteThere(there, "someone-else@example.test");
      assert.equal((await acceptHere(stranger, id)).done, false);
      assert.equal(await refusal(acceptThere(stranger, id)), 403);
      assert.equal(await stateOf(id), "pending");
    });

    test("taken back on one side is refused on the other", async () => {
      const guest = await world.strangerHere();
      const fromThere = await inviteThere(there, guest.email);
      await ok(there.owner.client.organization.cancelInvitation({ invitationId: fromThere.id }));
      assert.equal((await acceptHere(guest, fromThere.id)).done, false);
      const fromHere = await inviteHere(here, guest.email);
      await world.here.done("cancelInvitation", { id: fromHere.id }, "", here.owner.bearer, here.id);
      assert.equal(await refusal(acceptThere(guest, fromHere.id)), 400);
      assert.deepEqual([await stateOf(fromThere.id), await stateOf(fromHere.id)], ["canceled", "canceled"]);
    });

    test("declined on one side is refused on the other", async () => {
      const guest = await world.strangerThere();
      const fromThere = await inviteThere(there, guest.email);
      await world.here.done("rejectInvitation", { id: fromThere.id }, "", guest.bearer);
      assert.equal(await refusal(acceptThere(guest, fromThere.id)), 400);
      const fromHere = await inviteHere(here, guest.email);
      await ok(guest.client.organization.rejectInvitation({ invitationId: fromHere.id }));
      assert.equal((await acceptHere(guest, fromHere.id)).done, false);
      assert.deepEqual([await stateOf(fromThere.id), await stateOf(fromHere.id)], ["rejected", "rejected"]);
    });

    test("that has run out is refused on both sides", async () => {
      const guest = await world.strangerThere();
      for (const { id } of [await inviteThere(there, guest.email), await inviteHere(here, guest.email)]) {
        await world.database.rows(`UPDATE "invitation" SET "expiresAt" = "expiresAt" - interval '3 days' WHERE "id" = $1`, [id]);
        assert.equal((await acceptHere(guest, id)).done, false);
        assert.equal(await refusal(acceptThere(guest, id)), 400);
      }
    });

    test("live there is in the way of a second one here, and the other way round", async () => {
      const email = newcomer().email;
      await inviteThere(there, email);
      const again = await world.here.change("inviteMember", { email }, "", there.owner.bearer, there.id);
      assert.equal(again.__typename, "Conflict");
      await inviteHere(here, email);
      const invite = here.owner.client.organization.inviteMember({ email, role: "member", organizationId: here.id });
      assert.equal(await refusal(invite), 400);
    });

    test("accepted on both sides at once makes one member", async () => {
      const guest = await world.signUpThere();
      const { id } = await inviteHere(here, guest.email);
      await Promise.all([acceptHere(guest, id), acceptThere(guest, id)]);
      assert.equal(await stateOf(id), "accepted");
      const members = await world.database.rows(
        `SELECT FROM "member" WHERE "organizationId" = $1 AND "userId" = $2`,
        [here.id, guest.id],
      );
      assert.equal(members.length, 1);
    });
  });
}
