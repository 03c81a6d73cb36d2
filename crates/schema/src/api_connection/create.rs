//! Making connections, and giving them to agents at once.

use agentry_db::api_connection::{self, NewApiConnection};
use agentry_db::entity::api_connection::View;
use agentry_db::ids::{AgentId, ApiConnectionId};
use agentry_db::{agent, new_id};
use async_graphql::{ID, InputObject, SimpleObject};
use serde::Serialize;
use serde_json::Value;

use super::ApiConnection;
use super::input::{self, ApiKey};
use super::link::join;
use super::mutation::{MAX_NAME, note, seal};
use crate::agent::Agent;
use crate::check::{Checks, id_of};
use crate::failure::{Failure, mutation_result};
use crate::idempotency::Idempotency;
use crate::secret::Secret;
use crate::visibility::Visibility;
use crate::{Action, Doing, RequestContext};

/// How many agents a connection can be given to as it is made.
const MOST_AGENTS: usize = 50;

/// What a new connection is made of.
#[derive(Debug, Clone, InputObject, Serialize)]
pub struct CreateApiConnectionInput {
    /// Its name, 1 to 200 characters.
    name: String,
    /// What it connects to, as `openai`: 1 to 64 of a-z, 0-9, _ and -, the first a letter or a digit. Upper case is made lower.
    service: String,
    /// The provider's key: 1 to 8,192 bytes without white space inside. It is sealed, and never shown again.
    #[serde(skip)]
    api_key: Secret,
    /// Where the service is reached, when not at its usual place: an https address without a user name or password that is public,
    /// at most 2,000 characters. The server's operator may allow others, and http.
    base_url: Option<String>,
    /// Your own notes: a JSON object of at most 16,384 bytes, nested at most 16 deep. No place for secrets: it can be read back.
    metadata: Option<Value>,
    /// Who in the organisation may see and use it; `PRIVATE` when left out.
    visibility: Option<Visibility>,
    /// The agents that may use it from the start, at most 50: as `linkApiConnection` for each, and nothing is made when one of them
    /// cannot be linked.
    #[graphql(default)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    agent_ids: Vec<ID>,
    /// A key of yours, 1 to 255 characters: the same key with the same input makes one connection however often it is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// The input as it is compared with an earlier one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Compared<'a> {
    #[serde(flatten)]
    input: &'a CreateApiConnectionInput,
    key_fingerprint: String,
}

/// The connection was made.
#[derive(Debug, SimpleObject)]
pub struct CreateApiConnectionSuccess {
    /// The new connection.
    api_connection: ApiConnection,
    /// The agents of `agentIds`, in that order, as far as you may see them.
    agents: Vec<Agent>,
}

mutation_result! {
    /// How making a connection ended.
    CreateApiConnectionResult = CreateApiConnectionSuccess | ValidationFailed | NotFound | Forbidden | LimitReached | Conflict
}

impl CreateApiConnectionResult {
    /// Makes a connection, and links it.
    pub(super) async fn of(
        context: &RequestContext,
        input: CreateApiConnectionInput,
    ) -> async_graphql::Result<Self> {
        Self::from_outcome(create(context, input).await)
    }
}

async fn create(
    context: &RequestContext,
    input: CreateApiConnectionInput,
) -> Result<CreateApiConnectionSuccess, Failure> {
    context.may(Action::CreateApiConnection)?;
    if !input.agent_ids.is_empty() {
        context.may(Action::LinkApiConnection)?;
    }
    let mut checks = Checks::default();
    let key = input.idempotency_key.clone();
    let compared = Compared {
        key_fingerprint: input.api_key.fingerprint(&context.services().keys),
        input: &input,
    };
    let idempotency = Idempotency::new(key, "createApiConnection", &compared, &mut checks)?;
    let name = checks.name("name", &input.name, MAX_NAME);
    let service = input::service(&mut checks, &input.service);
    let api_key = ApiKey::check(&mut checks, &input.api_key);
    let providers = &context.services().providers;
    let base_url = input::base_url(&mut checks, providers, input.base_url);
    let metadata = checks.metadata("metadata", input.metadata);
    if input.agent_ids.len() > MOST_AGENTS {
        let message = format!("It must name at most {MOST_AGENTS} agents.");
        checks.refuse("agentIds", message);
    }
    checks.finish()?;
    let agents: Vec<AgentId> = input.agent_ids.into_iter().map(id_of).collect();
    let id: ApiConnectionId = new_id();
    let new = NewApiConnection {
        name,
        service,
        api_key: seal(context, &id, &api_key.secret)?,
        key_hint: api_key.hint,
        base_url,
        metadata,
        visibility: input.visibility.map(Into::into),
    };
    let (id, new, agents, idempotency) = (&id, &new, &agents, &idempotency);
    context
        .write(Action::CreateApiConnection, |scope| async move {
            let made = idempotency.claim(&scope, id.as_str()).await?;
            if let Some(earlier) = made {
                let view = api_connection::find(&scope, &earlier.into()).await?;
                let gone = || Failure::conflict("What this key made is gone by now.");
                return told(&scope, view.ok_or_else(gone)?, agents).await;
            }
            let limit = context.services().limits.connections_per_organization;
            if !api_connection::has_room(&scope, limit).await? {
                let what = "API connections in an organisation";
                return Err(Failure::limit_reached(what, limit));
            }
            let view = api_connection::insert(&scope, id, new.clone()).await?;
            note(&scope, &view).await?;
            let scope = link(context, scope, agents, id).await?;
            told(&scope, view, agents).await
        })
        .await
}

/// Gives the connection to each of these agents, named once or more.
async fn link(
    context: &RequestContext,
    scope: Doing,
    agents: &[AgentId],
    connection: &ApiConnectionId,
) -> Result<Doing, Failure> {
    if agents.is_empty() {
        return Ok(scope);
    }
    let scope = scope.turn_to(Action::LinkApiConnection)?;
    let limit = context.services().limits.connections_per_agent;
    // Each is locked: in one order for all, so that nobody waits for somebody who waits for them.
    let mut ordered: Vec<_> = agents.iter().collect();
    ordered.sort_unstable_by_key(|id| id.as_str());
    ordered.dedup();
    for agent in ordered {
        join(&scope, agent, connection, limit).await?;
    }
    Ok(scope)
}

async fn told(
    scope: &Doing,
    view: View,
    agents: &[AgentId],
) -> Result<CreateApiConnectionSuccess, Failure> {
    let mut found = match agents {
        [] => Vec::new(),
        agents => agent::find_many(scope, agents).await?,
    };
    let place = |id: &AgentId| agents.iter().position(|one| one == id);
    found.sort_by_key(|agent| place(&agent.id));
    Ok(CreateApiConnectionSuccess {
        api_connection: view.into(),
        agents: found.into_iter().map(Agent::from).collect(),
    })
}
