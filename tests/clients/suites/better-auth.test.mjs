// Agentry and the real better-auth on one database: three generations of it, each with the tables made by either program.
// `BETTER_AUTH=1.7` runs one generation.
import { after, before, describe } from "node:test";
import { accounts } from "../better-auth/cases/accounts.mjs";
import { credentials } from "../better-auth/cases/credentials.mjs";
import { invitations } from "../better-auth/cases/invitations.mjs";
import { keys } from "../better-auth/cases/keys.mjs";
import { organizations } from "../better-auth/cases/organizations.mjs";
import { sessions } from "../better-auth/cases/sessions.mjs";
import { tables } from "../better-auth/cases/tables.mjs";
import { World } from "../support/better-auth/world.mjs";

const CASES = [tables, credentials, accounts, sessions, organizations, invitations, keys];

const GENERATIONS = process.env.BETTER_AUTH ? [process.env.BETTER_AUTH] : ["1.4", "1.5", "1.7"];

// Two at a time: one side often waits for the other's password hash.
describe("better-auth", { concurrency: 2 }, () => {
  for (const generation of GENERATIONS)
    for (const first of ["agentry", "better-auth"])
      describe(`${generation} on tables that ${first} made`, { concurrency: 1, timeout: 240_000 }, () => {
        const world = new World(generation, first);
        before(() => world.open());
        after(() => world.close());
        for (const cases of CASES) cases(world);
      });
});
