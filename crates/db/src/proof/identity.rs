//! What the connection's role is, and what it could become.

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{FromRow, Row as _};

use super::{Fact, SERVICE, fact};
use crate::DbError;

struct Server {
    current: String,
    session: String,
    version: i32,
    serves: Option<bool>,
}

impl FromRow<'_, PgRow> for Server {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            current: row.try_get("current")?,
            session: row.try_get("session")?,
            version: row.try_get("version")?,
            serves: row.try_get("serves")?,
        })
    }
}

/// A role that the service is, or may enter.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of the catalog on its own"
)]
struct Reach {
    name: String,
    own: bool,
    superuser: bool,
    bypasses: bool,
    creates_roles: bool,
    keeper: bool,
    /// One of PostgreSQL's own roles that read or write past grants or in the server's files.
    predefined: bool,
    owned: Vec<String>,
}

impl FromRow<'_, PgRow> for Reach {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            name: row.try_get("name")?,
            own: row.try_get("own")?,
            superuser: row.try_get("superuser")?,
            bypasses: row.try_get("bypasses")?,
            creates_roles: row.try_get("creates_roles")?,
            keeper: row.try_get("keeper")?,
            predefined: row.try_get("predefined")?,
            owned: row.try_get("owned")?,
        })
    }
}

// The session's user, not the current one: whoever connects as the owner and switches down may switch back.
const SERVER: &str = "
SELECT current_user::text AS current, session_user::text AS session,
       current_setting('server_version_num')::integer AS version,
       (SELECT pg_has_role(session_user, oid, 'USAGE') FROM pg_roles WHERE rolname = 'agentry_app') AS serves";

const REACH: &str = "
SELECT r.rolname::text AS name, r.rolname = session_user AS own, r.rolsuper AS superuser, r.rolbypassrls AS bypasses,
       r.rolcreaterole AS creates_roles, r.rolname = 'agentry_keeper' AS keeper,
       r.rolname IN ('pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files', 'pg_write_server_files',
                     'pg_execute_server_program') AS predefined,
       ARRAY(SELECT o.name FROM owned o WHERE o.owner = r.oid ORDER BY o.name LIMIT 5) AS owned
FROM pg_roles r
WHERE pg_has_role(session_user, r.oid, 'MEMBER')
ORDER BY r.rolname";

const OWNED: &str = "
WITH ours AS MATERIALIZED (
  SELECT oid, nspname, nspowner FROM pg_namespace
  WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname NOT LIKE 'pg\\_toast%' AND nspname NOT LIKE 'pg\\_temp\\_%'
), owned AS MATERIALIZED (
  SELECT c.relowner AS owner, 'relation ' || c.relname AS name FROM pg_class c JOIN ours n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  UNION ALL SELECT p.proowner, 'function ' || p.proname FROM pg_proc p JOIN ours n ON n.oid = p.pronamespace
  UNION ALL SELECT nspowner, 'schema ' || nspname FROM ours
  UNION ALL SELECT datdba, 'the database' FROM pg_database WHERE datname = current_database()
)";

/// The facts, and the role whose grants are to be looked at: the connection's own, or the service's when that one is
/// granted everything anyway and every table would repeat it.
pub(super) async fn facts(connection: &mut PgConnection) -> Result<(Vec<Fact>, String), DbError> {
    let server: Server = sqlx::query_as(SERVER).fetch_one(&mut *connection).await?;
    let reach: Vec<Reach> = sqlx::query_as(sqlx::AssertSqlSafe([OWNED, REACH].concat()))
        .fetch_all(&mut *connection)
        .await?;
    let mut facts = vec![version(&server)];
    facts.extend(own_facts(&server, &reach));
    facts.push(others(&server, &reach));
    let role = if is_all_powerful(&reach) && server.serves.is_some() {
        SERVICE.to_owned()
    } else {
        server.session
    };
    Ok((facts, role))
}

fn version(server: &Server) -> Fact {
    fact(
        "server",
        "PostgreSQL is version 15 or newer",
        server.version >= 150_000,
        "Upgrade PostgreSQL.",
    )
}

fn own_facts(server: &Server, reach: &[Reach]) -> Vec<Fact> {
    let me = &server.session;
    let subject = format!("role {me}");
    let own = reach.iter().find(|role| role.own);
    let is = |what: fn(&Reach) -> bool| own.is_none_or(what);
    let owned = own.map(|role| role.owned.join(", ")).unwrap_or_default();
    vec![
        fact(
            &subject,
            "is the connection's current role too",
            server.current == *me,
            "Connect as the service itself; do not set `role` for it.",
        ),
        fact(
            &subject,
            "is not a superuser",
            !is(|role| role.superuser),
            format!(
                "Connect as another role, or: ALTER ROLE \"{me}\" NOSUPERUSER; row security never binds a superuser."
            ),
        ),
        fact(
            &subject,
            "has no BYPASSRLS",
            !is(|role| role.bypasses),
            format!("ALTER ROLE \"{me}\" NOBYPASSRLS;"),
        ),
        fact(
            &subject,
            "has no CREATEROLE",
            !is(|role| role.creates_roles),
            format!(
                "ALTER ROLE \"{me}\" NOCREATEROLE; it could make itself a member of other roles."
            ),
        ),
        fact(
            &subject,
            "owns nothing of this database",
            owned.is_empty(),
            format!("Connect as a role that is not the owner; this one owns {owned}."),
        ),
        fact(
            &subject,
            format!("is a member of {SERVICE}"),
            server.serves == Some(true),
            format!("As the owner: GRANT {SERVICE} TO \"{me}\"; after `agentry migrate`."),
        ),
    ]
}

fn is_all_powerful(reach: &[Reach]) -> bool {
    reach
        .iter()
        .any(|role| role.own && (role.superuser || !role.owned.is_empty()))
}

fn others(server: &Server, reach: &[Reach]) -> Fact {
    let me = &server.session;
    let all_powerful = is_all_powerful(reach);
    let beyond: Vec<&str> = reach
        .iter()
        .filter(|role| !role.own)
        .filter(|role| {
            role.superuser
                || role.bypasses
                || role.creates_roles
                || role.keeper
                || role.predefined
                || !role.owned.is_empty()
        })
        .map(|role| role.name.as_str())
        .collect();
    let remedy = if all_powerful {
        "A superuser or an owner always can; see above.".to_owned()
    } else {
        format!(
            "REVOKE {} FROM \"{me}\"; (or from the role between them.)",
            beyond.join(", ")
        )
    };
    fact(
        &format!("role {me}"),
        "can enter no role that owns our tables, keeps them or passes row security",
        beyond.is_empty(),
        remedy,
    )
}
