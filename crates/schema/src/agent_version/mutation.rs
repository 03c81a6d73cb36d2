use agentry_db::ids::AgentId;
use agentry_db::{agent, agent_version};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use serde::Serialize;
use serde_json::json;

use super::AgentVersion;
use crate::agent::{Agent, not_written, told};
use crate::check::{Checks, id_of};
use crate::context::{audited, changes};
use crate::failure::{Failure, mutation_result};
use crate::idempotency::Idempotency;
use crate::{Action, ApiError, Doing, RequestContext};

/// Which version to go back to.
#[derive(Debug, Clone, InputObject, Serialize)]
pub struct RestoreAgentVersionInput {
    /// The agent.
    agent_id: ID,
    /// The number of the version that it is to be like.
    version: i32,
    /// A key of yours, 1 to 255 characters: the same key with the same input makes one version however often it is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// The agent is as it was.
#[derive(Debug, SimpleObject)]
pub struct RestoreAgentVersionSuccess {
    /// The agent as it is now.
    agent: Agent,
    /// The version that was made: a new one, unless the agent was like that already.
    agent_version: AgentVersion,
}

mutation_result! {
    /// How going back to a version ended.
    RestoreAgentVersionResult = RestoreAgentVersionSuccess | ValidationFailed | NotFound | Forbidden | Conflict
}

/// Mutations of versions of agents.
#[derive(Debug, Default)]
pub struct AgentVersionMutation;

#[Object]
impl AgentVersionMutation {
    /// Makes an agent of yours or, as an owner or admin, of your organisation what it was at a version: its prompt, model and settings,
    /// not its name, description or visibility. That is a new version; those between stay. Where nothing differs, nothing changes.
    async fn restore_agent_version(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The agent, and the version.")] input: RestoreAgentVersionInput,
    ) -> async_graphql::Result<RestoreAgentVersionResult> {
        RestoreAgentVersionResult::from_outcome(restore(RequestContext::of(context)?, input).await)
    }
}

async fn restore(
    context: &RequestContext,
    input: RestoreAgentVersionInput,
) -> Result<RestoreAgentVersionSuccess, Failure> {
    context.may(Action::RestoreAgentVersion)?;
    let mut checks = Checks::default();
    let key = input.idempotency_key.clone();
    let idempotency = Idempotency::new(key, "restoreAgentVersion", &input, &mut checks)?;
    checks.finish()?;
    let (id, wanted, idempotency) = (&id_of(input.agent_id), input.version, &idempotency);
    context
        .write(Action::RestoreAgentVersion, |scope| async move {
            let Some(before) = agent::lock(&scope, id).await? else {
                return Err(not_written(&scope, id).await?);
            };
            let Some(old) = agent_version::find(&scope, id, wanted).await? else {
                return Err(Failure::not_found("version of the agent"));
            };
            // The agent is locked: what it is now, and which number comes next, stays so.
            let now = agent_version::ensure(&scope, &before).await?;
            let now = now.ok_or_else(|| Failure::not_found("agent"))?;
            let number = if read(&scope, id, now).await?.checksum == old.checksum {
                now
            } else {
                now + 1
            };
            if let Some(earlier) = idempotency.claim(&scope, &number.to_string()).await? {
                let earlier = earlier.parse().map_err(ApiError::internal)?;
                return outcome(&scope, id, earlier).await;
            }
            let changed = agent::update(&scope, id, agent_version::restoring(&old)).await?;
            let changed = changed.ok_or_else(|| Failure::not_found("agent"))?;
            agent_version::ensure(&scope, &changed).await?;
            let mut metadata = changes(&told(&before), &told(&changed));
            metadata["restoredVersion"] = json!(wanted);
            metadata["version"] = json!(number);
            audited(&scope, "Agent", id.as_str(), metadata).await?;
            outcome(&scope, id, number).await
        })
        .await
}

async fn outcome(
    scope: &Doing,
    id: &AgentId,
    version: i32,
) -> Result<RestoreAgentVersionSuccess, Failure> {
    let agent = agent::find(scope, id).await?;
    let agent = agent.ok_or_else(|| Failure::not_found("agent"))?.into();
    let agent_version = read(scope, id, version).await?;
    Ok(RestoreAgentVersionSuccess {
        agent,
        agent_version,
    })
}

async fn read(scope: &Doing, id: &AgentId, version: i32) -> Result<AgentVersion, Failure> {
    let found = agent_version::find(scope, id, version).await?;
    found
        .map(AgentVersion::from)
        .ok_or_else(|| ApiError::internal("an agent without the version it is at").into())
}
