use std::collections::BTreeSet;

use sea_orm::{FromQueryResult, Value};
use serde_json::Value as Json;

use super::organization;
use crate::ids::{AgentId, TemplateInstallId};
use crate::{DbError, Scope, sql};

/// Where an install stands.
#[derive(Debug, Clone, FromQueryResult)]
pub struct State {
    /// The install.
    pub id: TemplateInstallId,
    /// The version that it shows.
    pub version: i32,
    /// The model that answers; `None` where neither the version nor an override names one.
    pub model: Option<String>,
    /// What that version asks for.
    pub capabilities: Json,
    /// How much of each kind that brings.
    pub provides: Json,
    /// The newest version that is not yanked.
    pub latest: Option<i32>,
    /// What the newest asks for.
    pub latest_capabilities: Option<Json>,
}

/// Where these installs stand.
///
/// # Errors
/// As [`super::find_many`].
pub async fn states(scope: &Scope, ids: &[TemplateInstallId]) -> Result<Vec<State>, DbError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    sql::all(
        scope,
        "SELECT * FROM template_install_states($1)",
        [ids.into()],
    )
    .await
}

/// The definition of an install's version, with these overrides merged in; `None` is what the install has itself.
///
/// # Errors
/// As [`super::find_many`].
pub async fn definition(
    scope: &Scope,
    id: &TemplateInstallId,
    version: Option<i32>,
    overrides: Option<&Json>,
) -> Result<Option<Json>, DbError> {
    let values: [Value; 3] = [
        id.as_str().into(),
        version.into(),
        overrides.cloned().into(),
    ];
    let statement = "SELECT template_install_definition($1, $2, $3)";
    sql::scalar(scope, statement, values).await
}

/// The whole definition of an install as it is now.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Definition {
    /// The install.
    pub id: TemplateInstallId,
    /// The definition of its version, with its overrides.
    pub definition: Json,
}

/// The whole definitions of these installs.
///
/// # Errors
/// As [`super::find_many`].
pub async fn definitions(
    scope: &Scope,
    ids: &[TemplateInstallId],
) -> Result<Vec<Definition>, DbError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let statement = "SELECT id, definition FROM template_install_definitions($1)";
    sql::all(scope, statement, [ids.into()]).await
}

/// The watchers and classifiers of an install as they are now.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Parts {
    /// The install.
    pub id: TemplateInstallId,
    /// Its watchers by key.
    pub watchers: Option<Json>,
    /// Its classifiers by key.
    pub classifiers: Option<Json>,
    /// The ids that slugs of entity types mean in them.
    pub types: Json,
}

/// The watchers and classifiers of these installs.
///
/// # Errors
/// As [`super::find_many`].
pub async fn parts(scope: &Scope, ids: &[TemplateInstallId]) -> Result<Vec<Parts>, DbError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let statement = "SELECT id, watchers, classifiers, types FROM template_install_parts($1)";
    sql::all(scope, statement, [ids.into()]).await
}

#[derive(FromQueryResult)]
struct Picked {
    version: i32,
    capabilities: Json,
}

/// The version that an install can go to, with what it asks for; `None` asks for the newest. A yanked one is none.
///
/// # Errors
/// As [`super::find_many`].
pub async fn version(
    scope: &Scope,
    id: &TemplateInstallId,
    version: Option<i32>,
) -> Result<Option<(i32, Json)>, DbError> {
    let statement = "SELECT version, capabilities FROM template_install_version($1, $2)";
    let values = [id.as_str().into(), version.into()];
    let picked: Option<Picked> = sql::first(scope, statement, values).await?;
    Ok(picked.map(|picked| (picked.version, picked.capabilities)))
}

#[derive(FromQueryResult)]
struct Linked {
    id: AgentId,
    model: String,
    services: Vec<String>,
}

/// What an agent has by itself.
#[derive(Debug, Clone, Default)]
pub struct Equipment {
    /// The model of its row, for where its template names none.
    pub model: String,
    /// The services of the connections that it is linked to, as far as the caller may see them.
    pub services: BTreeSet<String>,
}

/// What these agents have by themselves.
///
/// # Errors
/// As [`super::find_many`].
pub async fn equipment(
    scope: &Scope,
    agents: &[AgentId],
) -> Result<Vec<(AgentId, Equipment)>, DbError> {
    let ids: Vec<String> = agents.iter().map(ToString::to_string).collect();
    let rows: Vec<Linked> = sql::all(
        scope,
        "SELECT a.id, a.model, ARRAY(
           SELECT DISTINCT c.service FROM agent_api_connections l
           JOIN api_connections c ON c.organization_id = l.organization_id AND c.id = l.api_connection_id
           WHERE l.organization_id = $1 AND l.agent_id = a.id) AS services
         FROM agents a WHERE a.organization_id = $1 AND a.id = ANY ($2)",
        [organization(scope), ids.into()],
    )
    .await?;
    let equipment = |row: Linked| {
        let services = row.services.into_iter().collect();
        let model = row.model;
        (row.id, Equipment { model, services })
    };
    Ok(rows.into_iter().map(equipment).collect())
}
