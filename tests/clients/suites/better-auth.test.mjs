// Agentry and the real better-auth on one database: three generations of it, each with the tables made by either program; and
// Agentuity Auth, which is the second of them with settings and a schema of its own. `PEER=1.7` runs one of them.
import { after, before, describe } from "node:test";
import { accounts } from "../better-auth/cases/accounts.mjs";
import { credentials } from "../better-auth/cases/credentials.mjs";
import { invitations } from "../better-auth/cases/invitations.mjs";
import { keys } from "../better-auth/cases/keys.mjs";
import { mail } from "../better-auth/cases/mail.mjs";
import { organizationKeys } from "../better-auth/cases/organization-keys.mjs";
import { organizations } from "../better-auth/cases/organizations.mjs";
import { sessions } from "../better-auth/cases/sessions.mjs";
import { sockets } from "../better-auth/cases/sockets.mjs";
import { tables } from "../better-auth/cases/tables.mjs";
import { World } from "../support/better-auth/world.mjs";

const CASES = [tables, credentials, accounts, mail, sessions, organizations, invitations, keys, organizationKeys, sockets];

// `migrates`: it brings a migration of its own. `guards`: it counts the uses of a key in guarded statements. `namesSessions`:
// its JSON Web Tokens say which session they were made from. `teamKeys`: it is set to make keys of organisations, as none before 1.5
// can. `namesAccounts`: its links to change an address say whose.
const PEERS = [
  { name: "better-auth 1.4", module: "1.4/library.mjs", migrates: true },
  { name: "better-auth 1.5", module: "1.5/library.mjs", migrates: true, teamKeys: true },
  { name: "better-auth 1.7", module: "1.7/library.mjs", migrates: true, teamKeys: true, guards: true, namesAccounts: true },
  { name: "Agentuity Auth 2.0", module: "1.5/agentuity.mjs", namesSessions: true },
];

const asked = PEERS.filter(({ name }) => name.endsWith(process.env.PEER ?? ""));
if (asked.length === 0) throw new Error(`PEER is none of ${PEERS.map(({ name }) => name).join(", ")}`);

// Two at a time: one side often waits for the other's password hash.
describe("better-auth", { concurrency: 2 }, () => {
  for (const peer of asked)
    for (const first of peer.migrates ? ["agentry", "better-auth"] : ["agentry"])
      describe(`${peer.name} on tables that ${first} made`, { concurrency: 1, timeout: 240_000 }, () => {
        const world = new World(peer, first);
        before(() => world.open());
        after(() => world.close());
        for (const cases of CASES) cases(world);
      });
});
