use agentry_db::agent::{self, AgentChanges, NewAgent};
use agentry_db::entity::agent::Model;
use agentry_db::ids::AgentId;
use agentry_db::{DbError, WriteScope, new_id};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Value, json};

use super::Agent;
use crate::check::{Checks, id_of};
use crate::context::{audited, changes as audit_changes};
use crate::failure::{Failure, mutation_result};
use crate::idempotency::Idempotency;
use crate::tool::{self, ToolInput};
use crate::visibility::{Visibility, word};
use crate::{Action, Doing, RequestContext};

const MAX_NAME: usize = 200;
const MAX_DESCRIPTION: usize = 2_000;
const MAX_PROMPT: usize = 100_000;
const MAX_MODEL: usize = 200;

/// What a new agent is made of. Only a name and a prompt are asked for.
#[derive(Debug, Clone, InputObject, Serialize)]
pub struct CreateAgentInput {
    /// Its name, 1 to 200 characters.
    name: String,
    /// What it is for, at most 2,000 characters.
    description: Option<String>,
    /// The prompt that every conversation begins with, 1 to 100,000 characters.
    system_prompt: String,
    /// The provider's name of the model that answers; `gpt-3.5-turbo` when left out.
    model: Option<String>,
    /// How freely it answers, 0 to 2, kept to four decimals; 0.7 when left out.
    temperature: Option<f64>,
    /// The longest answer, in tokens, at least 1; left to the provider when left out.
    max_tokens: Option<i32>,
    /// Who in the organisation may see and use it; `PRIVATE` when left out.
    visibility: Option<Visibility>,
    /// What its model may ask the client to do: at most 64 tools, of 131,072 bytes together as JSON.
    tools: Option<Vec<ToolInput>>,
    /// A key of yours, 1 to 255 characters: the same key with the same input makes one agent however often it is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// What changes of an agent. What is left out stays; null takes an optional value away.
#[derive(Debug, Clone, InputObject)]
pub struct UpdateAgentInput {
    /// The agent.
    id: ID,
    /// Its name, 1 to 200 characters.
    name: MaybeUndefined<String>,
    /// What it is for, at most 2,000 characters.
    description: MaybeUndefined<String>,
    /// The prompt that every conversation begins with, 1 to 100,000 characters.
    system_prompt: MaybeUndefined<String>,
    /// The provider's name of the model that answers.
    model: MaybeUndefined<String>,
    /// How freely it answers, 0 to 2.
    temperature: MaybeUndefined<f64>,
    /// The longest answer, in tokens, at least 1.
    max_tokens: MaybeUndefined<i32>,
    /// Who in the organisation may see and use it.
    visibility: MaybeUndefined<Visibility>,
    /// What its model may ask the client to do, in place of all tools that it has: at most 64, of 131,072 bytes together as JSON.
    tools: MaybeUndefined<Vec<ToolInput>>,
}

/// Which agent to copy.
#[derive(Debug, Clone, InputObject, Serialize)]
pub struct DuplicateAgentInput {
    /// The agent to copy: any that you may see. The copy is yours, private, and linked to no connection.
    id: ID,
    /// The copy's name; the original's with ` (copy)` behind it when left out.
    name: Option<String>,
    /// A key of yours, 1 to 255 characters: the same key with the same input makes one copy however often it is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// Which agent to delete.
#[derive(Debug, Clone, InputObject)]
pub struct DeleteAgentInput {
    /// The agent.
    id: ID,
}

/// The agent was made.
#[derive(Debug, SimpleObject)]
pub struct CreateAgentSuccess {
    /// The new agent.
    agent: Agent,
}

/// The agent was changed.
#[derive(Debug, SimpleObject)]
pub struct UpdateAgentSuccess {
    /// The agent as it is now.
    agent: Agent,
}

/// The agent was copied.
#[derive(Debug, SimpleObject)]
pub struct DuplicateAgentSuccess {
    /// The copy.
    agent: Agent,
}

/// The agent is gone, with its conversations, messages, feedback and links.
#[derive(Debug, SimpleObject)]
pub struct DeleteAgentSuccess {
    /// The id it had.
    deleted_agent_id: ID,
}

mutation_result! {
    /// How making an agent ended.
    CreateAgentResult = CreateAgentSuccess | ValidationFailed | LimitReached | Conflict
}
mutation_result! {
    /// How changing an agent ended.
    UpdateAgentResult = UpdateAgentSuccess | ValidationFailed | NotFound | Forbidden
}
mutation_result! {
    /// How copying an agent ended.
    DuplicateAgentResult = DuplicateAgentSuccess | ValidationFailed | NotFound | LimitReached | Conflict
}
mutation_result! {
    /// How deleting an agent ended.
    DeleteAgentResult = DeleteAgentSuccess | NotFound | Forbidden
}

/// Mutations of agents.
#[derive(Debug, Default)]
pub struct AgentMutation;

#[Object]
impl AgentMutation {
    /// Makes an agent of yours.
    async fn create_agent(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What the agent is made of.")] input: CreateAgentInput,
    ) -> async_graphql::Result<CreateAgentResult> {
        let outcome = create(RequestContext::of(context)?, input).await;
        CreateAgentResult::from_outcome(outcome.map(|agent| CreateAgentSuccess { agent }))
    }

    /// Changes an agent of yours or, as an owner or admin, of your organisation.
    async fn update_agent(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The agent, and what changes.")] input: UpdateAgentInput,
    ) -> async_graphql::Result<UpdateAgentResult> {
        let outcome = update(RequestContext::of(context)?, input).await;
        UpdateAgentResult::from_outcome(outcome.map(|agent| UpdateAgentSuccess { agent }))
    }

    /// Makes a copy, yours and private, of an agent that you may see.
    async fn duplicate_agent(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The agent, and the copy's name.")] input: DuplicateAgentInput,
    ) -> async_graphql::Result<DuplicateAgentResult> {
        let outcome = duplicate(RequestContext::of(context)?, input).await;
        DuplicateAgentResult::from_outcome(outcome.map(|agent| DuplicateAgentSuccess { agent }))
    }

    /// Deletes an agent of yours or, as an owner or admin, of your organisation, with its conversations, messages, feedback
    /// and links.
    async fn delete_agent(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The agent.")] input: DeleteAgentInput,
    ) -> async_graphql::Result<DeleteAgentResult> {
        DeleteAgentResult::from_outcome(delete(RequestContext::of(context)?, input).await)
    }
}

async fn create(context: &RequestContext, input: CreateAgentInput) -> Result<Agent, Failure> {
    context.may(Action::CreateAgent)?;
    let mut checks = Checks::default();
    let key = input.idempotency_key.clone();
    let idempotency = Idempotency::new(key, "createAgent", &input, &mut checks)?;
    let new = NewAgent {
        name: checks.name("name", &input.name, MAX_NAME),
        description: checks.optional_text("description", input.description, MAX_DESCRIPTION),
        model: input
            .model
            .as_deref()
            .map(|model| checks.name("model", model, MAX_MODEL)),
        temperature: input
            .temperature
            .and_then(|value| temperature(&mut checks, value)),
        max_tokens: input
            .max_tokens
            .inspect(|&value| max_tokens(&mut checks, value)),
        visibility: input.visibility.map(Into::into),
        tools: tool::checked(&mut checks, input.tools.unwrap_or_default()).await?,
        system_prompt: {
            checks.text("systemPrompt", &input.system_prompt, MAX_PROMPT);
            input.system_prompt
        },
    };
    checks.finish()?;
    let (new, idempotency) = (&new, &idempotency);
    context
        .write(Action::CreateAgent, |scope| async move {
            let id = new_id();
            if let Some(earlier) = earlier(&scope, idempotency, &id).await? {
                return Ok(earlier);
            }
            insert(context, &scope, &id, new).await
        })
        .await
}

/// What an earlier call with the same idempotency key made. With none, the key now stands for the agent `id`.
async fn earlier(
    scope: &WriteScope,
    idempotency: &Idempotency,
    id: &AgentId,
) -> Result<Option<Agent>, Failure> {
    let Some(earlier) = idempotency.claim(scope, id.as_str()).await? else {
        return Ok(None);
    };
    let earlier = agent::find(scope, &AgentId::from(earlier)).await?;
    earlier
        .map(|agent| Some(agent.into()))
        .ok_or_else(|| Failure::conflict("What this key made is gone by now."))
}

/// Stores a new agent if there is room.
async fn insert(
    context: &RequestContext,
    scope: &Doing,
    id: &AgentId,
    new: &NewAgent,
) -> Result<Agent, Failure> {
    let limit = context.services().limits.agents_per_organization;
    if !agent::has_room(scope, limit).await? {
        return Err(Failure::limit_reached("agents in an organisation", limit));
    }
    let agent = agent::insert(scope, id, new).await?;
    audited(scope, "Agent", id.as_str(), json!({ "name": agent.name })).await?;
    Ok(agent.into())
}

async fn update(context: &RequestContext, input: UpdateAgentInput) -> Result<Agent, Failure> {
    context.may(Action::UpdateAgent)?;
    let mut checks = Checks::default();
    let changes = AgentChanges {
        name: checks
            .required("name", input.name)
            .map(|name| checks.name("name", &name, MAX_NAME)),
        description: match input.description {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(text) => {
                Some(checks.optional_text("description", Some(text), MAX_DESCRIPTION))
            }
        },
        system_prompt: checks
            .required("systemPrompt", input.system_prompt)
            .inspect(|prompt| checks.text("systemPrompt", prompt, MAX_PROMPT)),
        model: checks
            .required("model", input.model)
            .map(|model| checks.name("model", &model, MAX_MODEL)),
        temperature: checks
            .required("temperature", input.temperature)
            .and_then(|t| temperature(&mut checks, t)),
        max_tokens: match input.max_tokens {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(value) => {
                max_tokens(&mut checks, value);
                Some(Some(value))
            }
        },
        visibility: checks
            .required("visibility", input.visibility)
            .map(Into::into),
        tools: match input.tools {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(tools) => Some(tool::checked(&mut checks, tools).await?),
        },
    };
    checks.finish()?;
    let (id, changes) = (&id_of(input.id), &changes);
    context
        .write(Action::UpdateAgent, |scope| async move {
            let before = agent::lock(&scope, id).await?;
            let changed = agent::update(&scope, id, changes.clone()).await?;
            let (Some(before), Some(agent)) = (before, changed) else {
                return Err(not_written(&scope, id).await?);
            };
            let metadata = audit_changes(&told(&before), &told(&agent));
            audited(&scope, "Agent", id.as_str(), metadata).await?;
            Ok(agent.into())
        })
        .await
}

async fn duplicate(context: &RequestContext, input: DuplicateAgentInput) -> Result<Agent, Failure> {
    context.may(Action::DuplicateAgent)?;
    let mut checks = Checks::default();
    let key = input.idempotency_key.clone();
    let idempotency = Idempotency::new(key, "duplicateAgent", &input, &mut checks)?;
    let name = input
        .name
        .as_deref()
        .map(|name| checks.name("name", name, MAX_NAME));
    checks.finish()?;
    let (id, name, idempotency) = (&id_of(input.id), &name, &idempotency);
    context
        .write(Action::DuplicateAgent, |scope| async move {
            // Before the original is looked for: it may be gone when the same call comes again.
            let copy = new_id();
            if let Some(earlier) = earlier(&scope, idempotency, &copy).await? {
                return Ok(earlier);
            }
            let original = agent::find(&scope, id)
                .await?
                .ok_or_else(|| Failure::not_found("agent"))?;
            let new = NewAgent {
                name: name.clone().unwrap_or_else(|| copied_name(&original.name)),
                description: original.description,
                system_prompt: original.system_prompt,
                model: Some(original.model),
                temperature: Some(original.temperature),
                max_tokens: original.max_tokens,
                visibility: None,
                tools: original.tools,
            };
            insert(context, &scope, &copy, &new).await
        })
        .await
}

async fn delete(
    context: &RequestContext,
    input: DeleteAgentInput,
) -> Result<DeleteAgentSuccess, Failure> {
    let id = &id_of(input.id);
    context
        .write(Action::DeleteAgent, |scope| async move {
            let before = agent::lock(&scope, id).await?;
            let deleted = agent::delete(&scope, id).await?;
            let Some(before) = before.filter(|_| deleted) else {
                return Err(not_written(&scope, id).await?);
            };
            let metadata = audit_changes(&told(&before), &json!({}));
            audited(&scope, "Agent", id.as_str(), metadata).await
        })
        .await?;
    Ok(DeleteAgentSuccess {
        deleted_agent_id: ID(id.to_string()),
    })
}

/// Why nothing was written to this agent.
pub(crate) async fn not_written(scope: &WriteScope, id: &AgentId) -> Result<Failure, DbError> {
    let visible = agent::find(scope, id).await?.is_some();
    Ok(Failure::not_written("agent", visible))
}

fn copied_name(name: &str) -> String {
    const SUFFIX: &str = " (copy)";
    let kept: String = name.chars().take(MAX_NAME - SUFFIX.len()).collect();
    kept + SUFFIX
}

fn temperature(checks: &mut Checks, value: f64) -> Option<Decimal> {
    let decimal = Decimal::try_from(value)
        .ok()
        .filter(|_| (0.0..=2.0).contains(&value));
    if decimal.is_none() {
        checks.refuse("temperature", "It must be a number from 0 to 2.");
    }
    decimal.map(|decimal| decimal.round_dp(4))
}

fn max_tokens(checks: &mut Checks, value: i32) {
    if value < 1 {
        checks.refuse("maxTokens", "It must be at least 1.");
    }
}

/// What the audit trail tells of an agent.
pub(crate) fn told(agent: &Model) -> Value {
    json!({
        "name": agent.name,
        "description": agent.description,
        "systemPrompt": agent.system_prompt,
        "model": agent.model,
        "temperature": agent.temperature.normalize().to_string(),
        "maxTokens": agent.max_tokens,
        "visibility": word(agent.visibility),
        "tools": agent.tools,
        "ownerId": agent.user_id.as_str(),
    })
}
