// A database of a suite's own, in the cluster of the server under test, owned by someone who is no superuser.
import pg from "pg";

/** Owns the tables of both programs, as the owner of a managed database does. */
const OWNER = "front_end";

function rootUrl() {
  const value = process.env.AGENTRY_OWNER_URL;
  if (!value) throw new Error("AGENTRY_OWNER_URL is not set; run scripts/test-clients.sh");
  return new URL(value);
}

function urlOf(database, login) {
  const url = rootUrl();
  url.pathname = `/${database}`;
  if (login) url.username = login;
  return url.href;
}

async function asRoot(database, work) {
  const client = new pg.Client({ connectionString: urlOf(database) });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Makes an empty database; `name` is also what its service's login begins with. */
export async function createDatabase(name) {
  const service = `${name}_service`;
  await asRoot("postgres", async (root) => {
    // Roles are the cluster's; until this connection ends, no other suite makes or grants them.
    await root.query("SELECT pg_advisory_lock(hashtext('agentry client tests'))");
    const { rowCount } = await root.query("SELECT FROM pg_roles WHERE rolname = $1", [OWNER]);
    if (rowCount === 0) await root.query(`CREATE ROLE ${OWNER} LOGIN NOSUPERUSER NOBYPASSRLS CREATEROLE`);
    // Agentry's roles are the cluster's and there already: another database of it is Agentry's too.
    await root.query(`GRANT agentry_app, agentry_keeper TO ${OWNER} WITH ADMIN OPTION`);
    await root.query(`CREATE DATABASE ${name} OWNER ${OWNER}`);
  });
  // What better-auth is given.
  const pool = new pg.Pool({ connectionString: urlOf(name, OWNER), max: 10 });
  // The end of an idle connection is nobody's failure.
  pool.on("error", () => {});
  return {
    pool,
    ownerUrl: urlOf(name, OWNER),
    serviceUrl: urlOf(name, service),
    /** Rows, as the superuser sees them: past row security. */
    rows: (sql, values) => asRoot(name, async (root) => (await root.query(sql, values)).rows),
    async drop() {
      await pool.end();
      await asRoot("postgres", async (root) => {
        await root.query(`DROP DATABASE ${name} WITH (FORCE)`);
        await root.query(`DROP ROLE IF EXISTS ${service}`);
      });
    },
  };
}
