//! The end of an account: what goes with it, what stands in its way, and doing it. The database decides under its own locks.

use sea_orm::FromQueryResult;

use crate::ids::OrganizationId;
use crate::{DbError, Scope, WriteScope, sql};

/// What becomes of an organisation when the acting user goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nobody else is in it: it goes too, with everything in it.
    Goes,
    /// Others go on in it.
    Stays,
    /// The acting user owns it, and none of the others in it does.
    Blocks,
}

/// One organisation of the acting user, and what of it goes with them.
#[derive(Debug, Clone)]
pub struct Affected {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Its slug.
    pub slug: String,
    /// Whether it is their personal one.
    pub personal: bool,
    /// What becomes of it.
    pub fate: Fate,
    /// How many rows go.
    pub rows: Rows,
}

/// How many rows of an organisation go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rows {
    /// Agents.
    pub agents: i64,
    /// Those of them that colleagues can use.
    pub shared_agents: i64,
    /// API connections.
    pub connections: i64,
    /// Conversations.
    pub conversations: i64,
    /// Those of them that others have with these agents.
    pub foreign_conversations: i64,
    /// Messages.
    pub messages: i64,
}

/// What goes of the account itself.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Account {
    /// Whether it has a password, which is then asked for.
    pub has_password: bool,
    /// Live sessions.
    pub sessions: i64,
    /// API keys.
    pub api_keys: i64,
    /// Invitations by them that wait for an answer.
    pub invitations: i64,
}

/// How deleting an account ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone.
    Done {
        /// The organisations that went with it.
        gone: Vec<OrganizationId>,
        /// The organisations its user was in and that others go on in.
        kept: Vec<OrganizationId>,
    },
    /// Somebody deleted it a moment ago.
    Gone,
    /// The account's password is not the one that was compared with, or it has one by now.
    PasswordChanged,
    /// It has no password, and the session is a day old or more, or the credential is no session.
    NotFresh,
    /// Some organisation would have no owner: see [`organizations`].
    Blocked,
    /// Others have installed a template of an organisation that would go.
    InUse,
}

#[derive(FromQueryResult)]
struct AffectedRow {
    id: String,
    name: String,
    slug: String,
    personal: bool,
    fate: String,
    agents: i64,
    shared_agents: i64,
    connections: i64,
    conversations: i64,
    foreign_conversations: i64,
    messages: i64,
}

#[derive(FromQueryResult)]
struct Outcome {
    status: String,
    gone: Option<Vec<String>>,
    kept: Option<Vec<String>>,
}

/// Every organisation of the acting user, oldest first, and what of it goes with them. Rows they left behind where they are no
/// member any more go too, and are not counted.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn organizations(scope: &Scope) -> Result<Vec<Affected>, DbError> {
    let rows: Vec<AffectedRow> = sql::all(
        scope,
        "SELECT o.id, o.name, o.slug, o.personal, o.fate,
                r.agents, r.shared_agents, r.connections, r.conversations, r.foreign_conversations, r.messages
         FROM my_deletion_organizations() WITH ORDINALITY AS o (id, name, slug, personal, fate, place)
         JOIN my_deletion_rows() AS r ON r.organization_id = o.id ORDER BY o.place",
        [],
    )
    .await?;
    rows.into_iter().map(affected).collect()
}

/// What goes of the acting user's account itself.
///
/// # Errors
/// As [`organizations`].
pub async fn account(scope: &Scope) -> Result<Account, DbError> {
    let statement =
        "SELECT has_password, sessions, api_keys, invitations FROM my_deletion_account()";
    let found = sql::first(scope, statement, []).await?;
    found.ok_or_else(|| DbError::Unexpected("my_deletion_account answered nothing".to_owned()))
}

/// Deletes the acting user. `password_hash` is what their word was compared with, `None` when they have no password.
///
/// # Errors
/// As [`organizations`].
pub async fn delete(
    scope: &WriteScope,
    password_hash: Option<&str>,
    session_id: Option<&str>,
) -> Result<Deleted, DbError> {
    let statement = "SELECT status, gone, kept FROM my_account_delete($1, $2)";
    let values = [password_hash.into(), session_id.into()];
    let outcome: Option<Outcome> = match sql::first(scope, statement, values).await {
        Err(error) if error.is_template_in_use() => return Ok(Deleted::InUse),
        outcome => outcome?,
    };
    let unexpected =
        |what: &str| DbError::Unexpected(format!("my_account_delete answered {what:?}"));
    let Outcome { status, gone, kept } = outcome.ok_or_else(|| unexpected("nothing"))?;
    let ids = |ids: Option<Vec<String>>| {
        ids.into_iter()
            .flatten()
            .map(OrganizationId::from)
            .collect()
    };
    Ok(match status.as_str() {
        "ok" => Deleted::Done {
            gone: ids(gone),
            kept: ids(kept),
        },
        "gone" => Deleted::Gone,
        "password_changed" => Deleted::PasswordChanged,
        "not_fresh" => Deleted::NotFresh,
        "blocked" => Deleted::Blocked,
        other => return Err(unexpected(other)),
    })
}

fn affected(row: AffectedRow) -> Result<Affected, DbError> {
    let fate = match row.fate.as_str() {
        "goes" => Fate::Goes,
        "stays" => Fate::Stays,
        "blocks" => Fate::Blocks,
        other => {
            let unknown = format!("my_deletion_organizations answered {other:?}");
            return Err(DbError::Unexpected(unknown));
        }
    };
    Ok(Affected {
        id: row.id.into(),
        name: row.name,
        slug: row.slug,
        personal: row.personal,
        fate,
        rows: Rows {
            agents: row.agents,
            shared_agents: row.shared_agents,
            connections: row.connections,
            conversations: row.conversations,
            foreign_conversations: row.foreign_conversations,
            messages: row.messages,
        },
    })
}
