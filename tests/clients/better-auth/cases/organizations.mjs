// Teams: made, joined, led and left on either side.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { newcomer } from "../../support/server.mjs";
import { ok, refusal } from "../../support/better-auth/browser.mjs";

const MINE = "{ viewer { organizations { id role personal } } }";

export function organizations(world) {
  const mine = async (person) => (await world.here.ask(MINE, {}, person.bearer)).viewer.organizations;
  const listedThere = async (person) => (await ok(person.client.organization.list())).map(({ id }) => id);
  const roleHere = async (person, team) => (await world.here.viewer(person.bearer, team.id)).role;
  const roleThere = async (person, team) => {
    const { members } = await ok(person.client.organization.getFullOrganization({ query: { organizationId: team.id } }));
    return members.find(({ userId }) => userId === person.id)?.role;
  };

  describe("an organisation", () => {
    test("made there is here, with everyone's role", async () => {
      const team = await world.teamThere("admin");
      assert.equal(await roleHere(team.owner, team), "OWNER");
      assert.equal(await roleHere(team.member, team), "ADMIN");
      assert.deepEqual((await mine(team.member)).find(({ id }) => id === team.id), { id: team.id, role: "ADMIN", personal: false });
      const stranger = await world.strangerThere();
      assert.equal(await world.here.refusal(stranger.bearer, team.id), "403 FORBIDDEN");
    });

    test("made here is there, with everyone's role", async () => {
      const team = await world.teamHere("ADMIN");
      assert.ok((await listedThere(team.owner)).includes(team.id));
      assert.deepEqual([await roleThere(team.owner, team), await roleThere(team.member, team)], ["owner", "admin"]);
      const stranger = await world.strangerHere();
      assert.ok([400, 403].includes(await refusal(stranger.client.organization.getFullOrganization({ query: { organizationId: team.id } }))));
    });

    test("has a slug that is taken on both sides", async () => {
      const team = await world.teamHere();
      assert.equal(await refusal(team.owner.client.organization.create({ name: "Again", slug: team.slug })), 400);
      const taken = world.slug("taken");
      await ok(team.owner.client.organization.create({ name: "Taken", slug: taken }));
      assert.equal((await world.here.change("createOrganization", { name: "Again", slug: taken }, "", team.owner.bearer)).__typename, "Conflict");
    });

    test("whose member's role changed there is another's here, on the next request", async () => {
      const { owner, member, memberId, ...team } = await world.teamThere("admin");
      const change = (role) =>
        ok(owner.client.organization.updateMemberRole({ memberId, role, organizationId: team.id }));
      const invite = () =>
        world.here.change("inviteMember", { email: newcomer().email, resend: true }, "", member.bearer, team.id);
      assert.ok((await invite()).done);
      await change("member");
      assert.equal(await roleHere(member, team), "MEMBER");
      assert.equal((await invite()).__typename, "Forbidden");
      // Several roles in one text are its way: the strongest counts.
      await change(["member", "admin"]);
      assert.equal(await roleHere(member, team), "ADMIN");
      assert.ok((await invite()).done);
    });

    test("whose member's role changed here is another's there", async () => {
      const { owner, member, ...team } = await world.teamHere("ADMIN");
      const email = newcomer().email;
      const invite = () => member.client.organization.inviteMember({ email, role: "member", organizationId: team.id, resend: true });
      await ok(invite());
      await world.here.done("updateMemberRole", { userId: member.id, role: "MEMBER" }, "", owner.bearer, team.id);
      assert.equal(await roleThere(member, team), "member");
      assert.equal(await refusal(invite()), 403);
    });

    test("a member was removed from there is closed to them here", async () => {
      const { owner, member, memberId, ...team } = await world.teamThere();
      assert.equal(await roleHere(member, team), "MEMBER");
      // Its session still says that it is the active one.
      assert.equal((await world.here.viewer(member.bearer)).organization.id, team.id);
      await ok(owner.client.organization.removeMember({ memberIdOrEmail: memberId, organizationId: team.id }));
      assert.equal(await world.here.refusal(member.bearer, team.id), "403 FORBIDDEN");
      assert.equal((await world.here.viewer(member.bearer)).organization.personal, true);
    });

    test("a member was removed from here is closed to them there", async () => {
      const { owner, member, ...team } = await world.teamHere();
      await world.here.done("removeMember", { userId: member.id }, "", owner.bearer, team.id);
      assert.ok(!(await listedThere(member)).includes(team.id));
      assert.ok(await refusal(member.client.organization.getFullOrganization({ query: { organizationId: team.id } })));
    });

    test("keeps its last owner on both sides", async () => {
      const { owner, ...team } = await world.teamThere();
      assert.equal((await world.here.change("leaveOrganization", null, "", owner.bearer, team.id)).__typename, "Conflict");
      assert.equal(await refusal(owner.client.organization.leave({ organizationId: team.id })), 400);
      assert.equal(await roleHere(owner, team), "OWNER");
    });

    test("deleted there is gone here, for sessions too in which it is active", async () => {
      const { owner, member, ...team } = await world.teamThere();
      await ok(owner.client.organization.delete({ organizationId: team.id }));
      for (const person of [owner, member]) {
        assert.equal(await world.here.refusal(person.bearer, team.id), "403 FORBIDDEN");
        assert.equal((await world.here.viewer(person.bearer)).organization.personal, true);
      }
    });

    test("deleted here is gone there", async () => {
      const { owner, member, ...team } = await world.teamHere();
      await world.here.done("deleteOrganization", { id: team.id }, "", owner.bearer, team.id);
      for (const person of [owner, member]) assert.ok(!(await listedThere(person)).includes(team.id));
    });
  });
}
