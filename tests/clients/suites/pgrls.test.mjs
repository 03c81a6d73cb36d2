// pgrls on the migrated database: its rules find nothing, and Z3 proves each policy isolates.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { folder } from "../support/schema.mjs";

const IDENTITY = ["app_current_org", "app_current_user", "app_current_org_role"];
const LOOSE = `${folder}pgrls/loose.sql`;
const CONNECT = "import psycopg, sys; psycopg.connect(sys.argv[1], autocommit=True).execute(sys.argv[2])";

const url = () => process.env.AGENTRY_OWNER_URL ?? assert.fail("AGENTRY_OWNER_URL is not set; run scripts/test-clients.sh");

/** Runs a program of the Python environment; answers its exit code and what it printed. */
function python(program, args) {
  return new Promise((resolve) => {
    execFile(`${folder}.venv/bin/${program}`, args, { cwd: folder, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

/** One proof; answers the verdict of each policy, by `table.policy`, and of each table. */
async function verify(mode, axis, functions, ...more) {
  const { stdout, stderr } = await python("pgrls", [
    ...["verify", "--strict", "--format", "json", "--mode", mode, "--database-url", url()],
    ...["--config", `pgrls/${axis}.toml`],
    ...functions.flatMap((name) => ["--auth-function", name]),
    ...more,
  ]);
  assert.match(stdout, /^\{/, stderr);
  return JSON.parse(stdout);
}

/**
 * The policies that neither proof covers. Two proofs, since a policy of ours names either the
 * organisation or, on better-auth's tables, the user, and pgrls takes one tenant column at a time. The other
 * identity functions are unknowns to it then: it holds whatever they answer.
 */
async function unproven(mode, ...more) {
  const [byOrganization, byUser] = await Promise.all([
    verify(mode, "organization", ["app_current_org"], ...more),
    verify(mode, "user", ["app_current_user"], ...more),
  ]);
  const proven = ({ tables }) =>
    new Set(
      tables.flatMap(({ table, policies }) =>
        policies.filter(({ verdict }) => verdict === "isolated").map(({ policy }) => `${table}.${policy}`),
      ),
    );
  const covered = new Set([...proven(byOrganization), ...proven(byUser)]);
  return byOrganization.tables.flatMap(({ table, verdict, policies }) => {
    const open = policies.map(({ policy }) => `${table}.${policy}`).filter((policy) => !covered.has(policy));
    // A table without a policy for the mode's commands has nothing to prove: it is closed.
    return policies.length === 0 && verdict !== "isolated" ? [table] : open;
  });
}

describe("pgrls", { timeout: 300_000 }, () => {
  test("its rules find nothing that was not looked at", async () => {
    const options = ["--config", "pgrls/lint.toml", "--min-severity", "warning", "--database-url", url()];
    const { code, stdout, stderr } = await python("pgrls", ["lint", ...options]);
    assert.equal(code, 0, stdout + stderr);
  });

  test("nobody without an identity reads a row", async () => {
    const { summary } = await verify("anon", "organization", IDENTITY);
    assert.ok(summary.tables >= 18, `only ${summary.tables} tables`);
    assert.equal(summary.isolated, summary.tables);
  });

  test("no row of another tenant is read", async () => {
    assert.deepEqual(await unproven("cross-tenant"), []);
  });

  test("no row is written into another tenant, or out of it", async () => {
    assert.deepEqual(await unproven("write"), []);
  });

  for (const mode of ["escalation", "reachability"]) {
    test(`there is no way around, by ${mode}`, async () => {
      const { summary } = await verify(mode, "organization", IDENTITY);
      assert.deepEqual([summary.leak, summary.unverified], [0, 0]);
    });
  }

  describe("on policies that forget the organisation", () => {
    const psycopg = (text) => python("python", ["-c", CONNECT, url(), text]);
    before(async () => {
      const { code, stderr } = await psycopg(await readFile(LOOSE, "utf8"));
      assert.equal(code, 0, stderr);
    });
    after(() => psycopg("DROP SCHEMA IF EXISTS pgrls_bites CASCADE"));

    test("it sees the reading one", async () => {
      assert.deepEqual(await unproven("cross-tenant", "--schemas", "pgrls_bites"), ["pgrls_bites.things.things_select"]);
    });

    test("it sees the writing one", async () => {
      assert.deepEqual(await unproven("write", "--schemas", "pgrls_bites"), ["pgrls_bites.things.things_update"]);
    });
  });
});
