//! One attempt of one actor at one row, undone at once.

use sqlx::postgres::{PgConnection, PgQueryResult};
use sqlx::{AssertSqlSafe, Executor as _};

use super::schema::Table;
use super::seed::{Row, insertion, json};

/// Somebody, acting in an organisation as something.
pub(super) struct Actor {
    pub(super) name: &'static str,
    user: &'static str,
    organization: &'static str,
    role: &'static str,
}

const fn actor(
    name: &'static str,
    user: &'static str,
    organization: &'static str,
    role: &'static str,
) -> Actor {
    Actor {
        name,
        user,
        organization,
        role,
    }
}

/// The rows lie `here`. Empty settings are no identity.
pub(super) const ACTORS: [Actor; 6] = [
    actor("alice", "alice", "here", "member"),
    actor("bob", "bob", "here", "member"),
    actor("carol", "carol", "here", "admin"),
    actor("alice-there", "alice", "there", "member"),
    actor("dave-there", "dave", "there", "owner"),
    actor("nobody", "", "", ""),
];

impl Actor {
    /// Whether they act in the organisation of the rows.
    pub(super) fn is_here(&self) -> bool {
        self.organization == "here"
    }

    /// What makes the transaction theirs, as the service's.
    pub(super) fn enter(&self, service: &str) -> String {
        format!(
            "SET LOCAL ROLE \"{service}\"; SET LOCAL app.current_user_id = '{}'; \
             SET LOCAL app.current_org_id = '{}'; SET LOCAL app.org_role = '{}'",
            self.user, self.organization, self.role
        )
    }
}

/// What is attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    /// To see the row.
    Select,
    /// To write the row as it stands: forged, unless it is the actor's own.
    Insert,
    /// To write it in the actor's own name and organisation, on what others own.
    Attach,
    /// To change whatever can be changed; did the row change?
    Update,
    /// To hand whatever can be changed to somebody elsewhere. No service may change whose a row is; it is granted for this
    /// attempt, so that the policies are seen to refuse by themselves.
    Give,
    /// To delete whatever can be deleted; did the row go?
    Delete,
}

pub(super) const VERBS: [Verb; 6] = [
    Verb::Select,
    Verb::Insert,
    Verb::Attach,
    Verb::Update,
    Verb::Give,
    Verb::Delete,
];

impl Verb {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Select => "select",
            Self::Insert => "insert",
            Self::Attach => "attach",
            Self::Update => "update",
            Self::Give => "give",
            Self::Delete => "delete",
        }
    }
}

/// A row in its table, and one that could be there.
pub(super) struct Target<'a> {
    pub(super) table: &'a Table,
    pub(super) stored: Row,
    pub(super) possible: Row,
}

/// `yes`, `no` (not seen, not reached), `refused` (by a policy), `denied` (for want of a grant), `broken` (a reference says no),
/// or the SQLSTATE of whatever else happened.
pub(super) async fn attempt(
    connection: &mut PgConnection,
    service: &str,
    actor: &Actor,
    verb: Verb,
    target: &Target<'_>,
) -> String {
    let granted = match (verb, target.table.person()) {
        (Verb::Give, Some(person)) => format!(
            "GRANT UPDATE (\"{person}\") ON {} TO \"{service}\"; ",
            target.table.name
        ),
        _ => String::new(),
    };
    let enter = format!("SAVEPOINT attempt; {granted}{}", actor.enter(service));
    connection.execute(AssertSqlSafe(enter)).await.unwrap();
    let outcome = match verb {
        Verb::Select => select(connection, target).await,
        Verb::Insert => insert(connection, target, target.possible.clone()).await,
        Verb::Attach => {
            let mut row = target.possible.clone();
            if let Some(person) = target.table.person() {
                row.insert(person.to_owned(), actor.user.to_owned());
            }
            row.insert("organization_id".to_owned(), actor.organization.to_owned());
            insert(connection, target, row).await
        }
        Verb::Update => update(connection, target).await,
        Verb::Give => give(connection, target).await,
        Verb::Delete => delete(connection, target).await,
    };
    connection
        .execute("ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt")
        .await
        .unwrap();
    match outcome {
        Ok(true) => "yes".to_owned(),
        Ok(false) => "no".to_owned(),
        Err(error) => refusal(&error),
    }
}

fn refusal(error: &sqlx::Error) -> String {
    let database = error
        .as_database_error()
        .unwrap_or_else(|| panic!("the attempt did not reach the database: {error}"));
    match database.code().as_deref() {
        Some("42501") if database.message().starts_with("permission denied") => "denied".to_owned(),
        // By a policy's WITH CHECK, or by a trigger that speaks in its place.
        Some("42501") => "refused".to_owned(),
        Some("23503") => "broken".to_owned(),
        code => code.unwrap_or("?").to_owned(),
    }
}

async fn run(
    connection: &mut PgConnection,
    sql: String,
    value: String,
) -> Result<PgQueryResult, sqlx::Error> {
    sqlx::query(AssertSqlSafe(sql))
        .bind(value)
        .persistent(false)
        .execute(connection)
        .await
}

/// Where the row is: elsewhere, once it was changed.
const PLACE: &str = "t.ctid::text";

/// `what` of the row `t`; nothing when it is not to be seen.
async fn look(
    connection: &mut PgConnection,
    target: &Target<'_>,
    what: &str,
) -> Result<Option<String>, sqlx::Error> {
    let name = &target.table.name;
    let same = |column: &String| format!("t.\"{column}\" = w.\"{column}\"");
    let key: Vec<String> = target.table.key.iter().map(same).collect();
    let sql = format!(
        "SELECT {what} FROM {name} t, jsonb_populate_record(NULL::{name}, $1::text::jsonb) w WHERE {}",
        key.join(" AND ")
    );
    sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(json(&target.stored))
        .persistent(false)
        .fetch_optional(connection)
        .await
}

async fn select(connection: &mut PgConnection, target: &Target<'_>) -> Result<bool, sqlx::Error> {
    Ok(look(connection, target, "'seen'").await?.is_some())
}

async fn insert(
    connection: &mut PgConnection,
    target: &Target<'_>,
    row: Row,
) -> Result<bool, sqlx::Error> {
    let done = run(connection, insertion(target.table, &row), json(&row)).await?;
    Ok(done.rows_affected() > 0)
}

/// Without WHERE: with one, the SELECT policies would stand before the UPDATE policies and hide what those let through.
async fn update(connection: &mut PgConnection, target: &Target<'_>) -> Result<bool, sqlx::Error> {
    let table = target.table;
    let name = &table.name;
    let column = table
        .columns
        .iter()
        .filter(|column| !column.unique)
        .max_by_key(|column| column.updatable)
        .unwrap_or_else(|| panic!("{name} has no column outside its keys"));
    let column = &column.name;
    let row = as_owner(connection, target, "to_jsonb(t)::text").await;
    let before = as_owner(connection, target, PLACE).await;
    let sql = format!(
        "UPDATE {name} SET \"{column}\" = (SELECT \"{column}\" FROM jsonb_populate_record(NULL::{name}, $1::text::jsonb))"
    );
    run(connection, sql, row.unwrap()).await?;
    Ok(as_owner(connection, target, PLACE).await != before)
}

async fn give(connection: &mut PgConnection, target: &Target<'_>) -> Result<bool, sqlx::Error> {
    let Some(person) = target.table.person() else {
        return Ok(false);
    };
    let before = as_owner(connection, target, PLACE).await;
    let sql = format!("UPDATE {} SET \"{person}\" = $1", target.table.name);
    run(connection, sql, "dave".to_owned()).await?;
    Ok(as_owner(connection, target, PLACE).await != before)
}

async fn delete(connection: &mut PgConnection, target: &Target<'_>) -> Result<bool, sqlx::Error> {
    let sql = format!("DELETE FROM {} WHERE $1 <> ''", target.table.name);
    run(connection, sql, "all".to_owned()).await?;
    Ok(as_owner(connection, target, PLACE).await.is_none())
}

/// What the row is like, seen past row security.
async fn as_owner(
    connection: &mut PgConnection,
    target: &Target<'_>,
    what: &str,
) -> Option<String> {
    connection
        .execute("SAVEPOINT look; RESET ROLE")
        .await
        .unwrap();
    let seen = look(connection, target, what).await.unwrap();
    connection
        .execute("ROLLBACK TO SAVEPOINT look")
        .await
        .unwrap();
    seen
}
