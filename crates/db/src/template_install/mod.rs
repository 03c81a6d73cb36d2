//! Installs of templates: one row beside the agent's own, that points at a version and holds what the user changed of it.

use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, Value};
use serde_json::Value as Json;

use crate::ids::{AgentId, TemplateId, TemplateInstallId, UserId};
use crate::keyset::{Page, PageRequest};
use crate::{DbError, Scope, WriteScope, sql};

mod collisions;
mod state;

pub use collisions::*;
pub use state::*;

/// An install.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Install {
    /// Its id.
    pub id: TemplateInstallId,
    /// Of which template.
    pub template_id: TemplateId,
    /// The agent that it made.
    pub agent_id: AgentId,
    /// Who installed it.
    pub installed_by_user_id: UserId,
    /// The version it stays at; `None` follows the newest that asks for no more than was granted.
    pub pinned_version: Option<i32>,
    /// What its user agreed to.
    pub granted_capabilities: Json,
    /// What its user changed of the definition: a JSON Merge Patch (RFC 7396).
    pub overrides: Json,
    /// When it ended.
    pub uninstalled_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

const COLUMNS: &str =
    "id, template_id, agent_id, installed_by_user_id, pinned_version, granted_capabilities, overrides,
    uninstalled_at, created_at, updated_at";

/// The installs of these ids that the caller may see, in no order.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn find_many(scope: &Scope, ids: &[TemplateInstallId]) -> Result<Vec<Install>, DbError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let statement = format!(
        "SELECT {COLUMNS} FROM template_installs WHERE organization_id = $1 AND id = ANY ($2)"
    );
    sql::all(scope, statement, [organization(scope), ids.into()]).await
}

/// One install that the caller may see.
///
/// # Errors
/// As [`find_many`].
pub async fn find(scope: &Scope, id: &TemplateInstallId) -> Result<Option<Install>, DbError> {
    let found = find_many(scope, std::slice::from_ref(id)).await?;
    Ok(found.into_iter().next())
}

/// The install as it is, held until the transaction ends; `None` when the caller may not change it.
///
/// # Errors
/// As [`find_many`].
pub async fn lock(scope: &WriteScope, id: &TemplateInstallId) -> Result<Option<Install>, DbError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM template_installs WHERE organization_id = $1 AND id = $2 FOR NO KEY UPDATE"
    );
    sql::first(scope, statement, [organization(scope), id.as_str().into()]).await
}

/// One window on the live installs that the caller may see, oldest first.
///
/// # Errors
/// As [`find_many`].
pub async fn list(scope: &Scope, request: &PageRequest) -> Result<Page<Install>, DbError> {
    let mut values: Vec<Value> = vec![organization(scope)];
    let window = request.window("created_at", "id", &mut values);
    let (condition, order, limit) = (window.condition, window.order, window.limit);
    let statement = format!(
        "SELECT {COLUMNS} FROM template_installs
         WHERE organization_id = $1 AND uninstalled_at IS NULL{condition}
         ORDER BY created_at {order}, id {order} LIMIT {limit}"
    );
    Ok(request.page(sql::all(scope, statement, values).await?))
}

/// How many live installs the caller may see.
///
/// # Errors
/// As [`find_many`].
pub async fn count(scope: &Scope) -> Result<u64, DbError> {
    let statement = "SELECT count(*) FROM template_installs WHERE organization_id = $1 AND uninstalled_at IS NULL";
    let count: i64 = sql::scalar(scope, statement, [organization(scope)]).await?;
    Ok(count.unsigned_abs())
}

/// The live install of a template in the acting organisation. Others who ask the same wait until this transaction ends, so that
/// of many who install at once one does, and the rest find what it made.
///
/// # Errors
/// As [`find_many`].
pub async fn claim(scope: &WriteScope, template: &TemplateId) -> Result<Option<Install>, DbError> {
    let key = format!("install:{}:{template}", scope.tenant().organization());
    let wait = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
    sql::run(scope, wait, [key.into()]).await?;
    // A statement of its own, so that its snapshot holds what was waited for.
    find_live(scope, template).await
}

/// The live install of a template in the acting organisation, if the caller may see it.
///
/// # Errors
/// As [`find_many`].
pub async fn find_live(scope: &Scope, template: &TemplateId) -> Result<Option<Install>, DbError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM template_installs
         WHERE organization_id = $1 AND template_id = $2 AND uninstalled_at IS NULL"
    );
    sql::first(
        scope,
        statement,
        [organization(scope), template.as_str().into()],
    )
    .await
}

/// The install of a template that ended last in the acting organisation.
///
/// # Errors
/// As [`find_many`].
pub async fn last_ended(scope: &Scope, template: &TemplateId) -> Result<Option<Install>, DbError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM template_installs
         WHERE organization_id = $1 AND template_id = $2 AND uninstalled_at IS NOT NULL
         ORDER BY uninstalled_at DESC, id DESC LIMIT 1"
    );
    sql::first(
        scope,
        statement,
        [organization(scope), template.as_str().into()],
    )
    .await
}

/// What an install is made of.
#[derive(Debug, Clone)]
pub struct NewInstall<'a> {
    /// Its id.
    pub id: &'a TemplateInstallId,
    /// Of which template.
    pub template: &'a TemplateId,
    /// The id of its agent.
    pub agent: &'a AgentId,
    /// What its agent is called.
    pub name: &'a str,
    /// Whether everyone in the organisation may see and use its agent.
    pub shared: bool,
    /// The version it stays at.
    pub pinned_version: Option<i32>,
    /// What its user agrees to.
    pub granted_capabilities: &'a Json,
    /// What its user changed of an earlier install.
    pub overrides: &'a Json,
}

/// Stores an install and its agent, which is the caller's: two rows, whatever the template's size.
///
/// # Errors
/// As [`find_many`]; [`DbError::Constraint`] when the template has gone meanwhile.
pub async fn insert(scope: &WriteScope, new: &NewInstall<'_>) -> Result<Install, DbError> {
    // The prompt of the row is never shown: an installed agent's is its template's.
    let statement = format!(
        "WITH made AS (
           INSERT INTO agents (organization_id, id, user_id, name, system_prompt, visibility, install_id)
           VALUES ($1, $2, $3, $4, 'As its template says.', $5, $6)
           RETURNING organization_id, id, user_id, visibility)
         INSERT INTO template_installs (organization_id, id, template_id, agent_id, agent_user_id, agent_visibility, installed_by_user_id,
           pinned_version, granted_capabilities, overrides)
         SELECT organization_id, $6, $7, id, user_id, visibility, user_id, $8, $9, $10 FROM made RETURNING {COLUMNS}"
    );
    let visibility = if new.shared {
        "organization"
    } else {
        "private"
    };
    let values: [Value; 10] = [
        organization(scope),
        new.agent.as_str().into(),
        scope.tenant().user().as_str().into(),
        new.name.into(),
        visibility.into(),
        new.id.as_str().into(),
        new.template.as_str().into(),
        new.pinned_version.into(),
        new.granted_capabilities.clone().into(),
        new.overrides.clone().into(),
    ];
    let made: Option<Install> = sql::first(scope, statement, values).await?;
    made.ok_or_else(|| DbError::Unexpected("an install was not returned".to_owned()))
}

/// Puts these overrides in place of what is there. Whether the caller may change the install.
///
/// # Errors
/// As [`find_many`].
pub async fn set_overrides(
    scope: &WriteScope,
    id: &TemplateInstallId,
    overrides: &Json,
) -> Result<(), DbError> {
    let values = [
        organization(scope),
        id.as_str().into(),
        overrides.clone().into(),
    ];
    let statement =
        "UPDATE template_installs SET overrides = $3 WHERE organization_id = $1 AND id = $2";
    sql::run(scope, statement, values).await
}

/// Adds to the overrides, of an install that the caller may change; whether there is such a one. A null in `more` stands: it takes
/// away what the template says.
///
/// # Errors
/// As [`find_many`].
pub async fn add_overrides(
    scope: &WriteScope,
    id: &TemplateInstallId,
    more: Json,
) -> Result<bool, DbError> {
    let Some(install) = lock(scope, id).await? else {
        return Ok(false);
    };
    let mut overrides = install.overrides;
    compose(&mut overrides, more);
    set_overrides(scope, id, &overrides).await?;
    Ok(true)
}

/// One merge patch after another, as one. Unlike merging into a document, a null stays, for it still has to take something away.
pub fn compose(overrides: &mut Json, more: Json) {
    match (overrides, more) {
        (Json::Object(old), Json::Object(new)) => {
            for (name, value) in new {
                compose(old.entry(name).or_insert(Json::Null), value);
            }
        }
        (old, new) => *old = new,
    }
}

/// Says at which version an install stays, and what its user agrees to.
///
/// # Errors
/// As [`find_many`].
pub async fn set_version(
    scope: &WriteScope,
    id: &TemplateInstallId,
    pinned_version: Option<i32>,
    granted_capabilities: &Json,
) -> Result<(), DbError> {
    let values = [
        organization(scope),
        id.as_str().into(),
        pinned_version.into(),
        granted_capabilities.clone().into(),
    ];
    let statement = "UPDATE template_installs SET pinned_version = $3, granted_capabilities = $4
        WHERE organization_id = $1 AND id = $2";
    sql::run(scope, statement, values).await
}

/// Ends an install and archives its agent, which stays what it was at that moment, whatever becomes of the template. Everything
/// stored with the agent stays.
///
/// # Errors
/// As [`find_many`].
pub async fn end(scope: &WriteScope, install: &Install) -> Result<(), DbError> {
    let values = |id: &str| [organization(scope), id.into()];
    let statement = "UPDATE template_installs SET uninstalled_at = now_ms()
        WHERE organization_id = $1 AND id = $2 AND uninstalled_at IS NULL";
    sql::run(scope, statement, values(install.id.as_str())).await?;
    let statement = "UPDATE agents SET archived_at = now_ms(), description = e.agent ->> 'description',
          system_prompt = coalesce(e.agent ->> 'systemPrompt', system_prompt), model = coalesce(e.agent ->> 'model', model),
          temperature = coalesce((e.agent ->> 'temperature')::numeric, temperature), max_tokens = (e.agent ->> 'maxTokens')::integer,
          tools = CASE WHEN jsonb_array_length(coalesce(e.agent -> 'tools', '[]')) > 0 THEN e.agent -> 'tools' END
        FROM (SELECT agent_effective($2) -> 'agent' AS agent) e
        WHERE organization_id = $1 AND id = $2 AND archived_at IS NULL";
    sql::run(scope, statement, values(install.agent_id.as_str())).await
}

fn organization(scope: &Scope) -> Value {
    scope.tenant().organization().as_str().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::compose;

    #[test]
    fn a_null_in_a_later_patch_stays_and_siblings_survive() {
        let mut overrides = json!({ "agent": { "model": "a", "maxTokens": 5 } });
        compose(
            &mut overrides,
            json!({ "agent": { "maxTokens": null, "temperature": 1 } }),
        );
        assert_eq!(
            overrides,
            json!({ "agent": { "model": "a", "maxTokens": null, "temperature": 1 } })
        );
    }
}
