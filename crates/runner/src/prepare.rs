//! Everything before the provider is asked: one transaction, as the run's user.

use std::sync::Arc;

use agentry_db::entity::{MessageRole, RunStatus, ToolOutcome, agent, run as row};
use agentry_db::ids::ApiConnectionId;
use agentry_db::run::{
    self, Asking, Claimed, Ending, Folded, HistoryLimits, RunConnection, Served,
};
use agentry_db::sealed::api_key_place;
use agentry_db::{DbError, Statements, WriteScope, agent_version, conversation, usage};
use agentry_provider::{
    ChatMessage, ChatRequest, Endpoint, EndpointOptions, Role, Service, budget,
};
use agentry_template::Tool;
use url::Url;

use crate::shared::Shared;
use crate::{cost, fault, tools};

/// How often a run is taken up before it is given up: one that brings its worker down each time must not do so for ever.
const ATTEMPTS: i32 = 10;
/// The most messages of a conversation that are read.
const MESSAGES: u32 = 2_000;
/// The most bytes that a token is worth by the estimate: three quarters of one for a character of up to four bytes.
const BYTES_A_TOKEN: u64 = 6;

/// What there is to do.
pub(crate) enum Prepared {
    /// Nothing: the run is gone, has ended, or is another worker's.
    Nothing,
    /// Nothing any more: it has ended with this.
    Ended(Box<Folded>),
    /// To ask.
    Ask(Box<Task>),
}

/// An agent, and the version it is at.
struct Made {
    agent: agent::Model,
    version: i32,
}

/// A run that is to be asked.
#[derive(Clone)]
pub(crate) struct Task {
    pub(crate) run: row::Model,
    pub(crate) request: ChatRequest,
    /// Holds the opened key.
    pub(crate) endpoint: Endpoint,
    /// What was said already, where a reply goes on.
    pub(crate) said: String,
    /// Whether this is a conversation's first exchange, and it has no title.
    pub(crate) is_untitled: bool,
    /// What the model may ask for.
    pub(crate) tools: Vec<Tool>,
}

/// Reads and notes what is needed to ask. When this answers [`Prepared::Ask`], it is written down that the provider was asked.
pub(crate) async fn prepare(shared: &Arc<Shared>, claimed: &Claimed) -> Result<Prepared, DbError> {
    let statements = Statements::default();
    shared
        .db
        .write(&claimed.tenant, "run.start", &statements, |scope| {
            let (shared, claimed) = (Arc::clone(shared), claimed.clone());
            async move {
                let made = made(&scope, &claimed).await?;
                let lease = shared.settings.lease;
                let held = run::hold(&scope, &shared.worker, &claimed.run, lease).await?;
                let Some(run) = held else {
                    return Ok(Prepared::Nothing);
                };
                match decide(&shared, &scope, &claimed, &run, made).await? {
                    Ok(task) => Ok(Prepared::Ask(Box::new(task))),
                    Err(ending) => {
                        let text = run::said(&scope, &run).await?;
                        let used = cost::interrupted(&shared, &run, &text);
                        let ending = Ending { used, ..*ending }.with_text(text);
                        let folded = run::fold(&scope, &shared.worker, &run.id, &ending).await?;
                        Ok(folded.map_or(Prepared::Nothing, |folded| {
                            Prepared::Ended(Box::new(folded))
                        }))
                    }
                }
            }
        })
        .await
}

/// The agent as it is made by now, and the version that this is. A new version locks the agent, which is therefore asked for before
/// the run is held: whoever hands an agent over takes them in the same order.
async fn made(scope: &WriteScope, claimed: &Claimed) -> Result<Option<Made>, DbError> {
    let Some(run) = run::find(scope, &claimed.run).await? else {
        return Ok(None);
    };
    let agent = agentry_db::agent::find(scope, &run.agent_id).await?;
    let Some(agent) = agent.filter(|agent| agent.archived_at.is_none()) else {
        return Ok(None);
    };
    let version = agent_version::ensure(scope, &agent).await?;
    Ok(version.map(|version| Made { agent, version }))
}

/// What to ask, or how the run ends without.
async fn decide(
    shared: &Shared,
    scope: &WriteScope,
    claimed: &Claimed,
    run: &row::Model,
    made: Option<Made>,
) -> Result<Result<Task, Box<Ending>>, DbError> {
    if run.cancel_requested_at.is_some() {
        return Ok(Err(Box::new(Ending::of(RunStatus::Cancelled))));
    }
    if !claimed.is_member {
        return Ok(Err(fault::not_a_member()));
    }
    let asked = run.asked_at.is_some();
    let asked_of = run.service.as_deref().map(Service::of);
    // Somebody may have billed it. Only the built-in service goes on where it was.
    if asked && !asked_of.is_some_and(|service| service.is_built_in()) {
        return Ok(Err(fault::interrupted()));
    }
    if run.attempts >= ATTEMPTS {
        return Ok(Err(fault::too_often()));
    }
    let Some(Made { agent, version }) = made else {
        return Ok(Err(fault::agent_gone()));
    };
    let serving = run::serving(scope, &agent.id).await?;
    let links = serving.map(|serving| serving.links).unwrap_or_default();
    let served = match run::service_of(&agent.model, &links) {
        Ok(served) => served,
        Err(missing) => return Ok(Err(fault::no_connection(&missing))),
    };
    let endpoint = match endpoint(shared, scope, run, &served).await? {
        Ok(endpoint) => endpoint,
        Err(ending) => return Ok(Err(ending)),
    };
    let tokens = shared.settings.context_tokens;
    let limits = HistoryLimits {
        messages: MESSAGES,
        bytes: u64::from(tokens) * BYTES_A_TOKEN,
    };
    let history = run::history(scope, run, limits).await?;
    if history.is_empty() {
        return Ok(Err(fault::message_gone()));
    }
    let conversation = conversation::find(scope, &run.conversation_id).await?;
    let is_untitled = history.len() == 1
        && shared.settings.titles
        && conversation.is_some_and(|conversation| conversation.title.is_none());
    let said = if asked {
        run::said(scope, run).await?
    } else {
        String::new()
    };
    let tools = Tool::read_all(agent.tools.as_ref());
    let mut request = request(&agent, served.model, history, &tools);
    budget::cut(&mut request, tokens);
    // Last, since nobody else of the organisation is taken up meanwhile. What is built in costs nobody anything.
    if !endpoint.service.is_built_in()
        && let Some(over) = usage::hold_budget(scope).await?
    {
        return Ok(Err(fault::budget_exceeded(&over)));
    }
    let prompt = cost::estimated(
        shared.providers.prices(),
        &endpoint.service,
        &request,
        "",
        &[],
    );
    let asking = Asking {
        model: &agent.model,
        version,
        service: &served.service,
        connection: served.connection.as_ref(),
        prompt_tokens: prompt.prompt_tokens,
        cost_micros: prompt.cost_micros,
    };
    Ok(Ok(Task {
        run: run::begin(scope, run, &asking).await?,
        request,
        endpoint,
        said,
        is_untitled,
        tools,
    }))
}

async fn endpoint(
    shared: &Shared,
    scope: &WriteScope,
    run: &row::Model,
    served: &Served,
) -> Result<Result<Endpoint, Box<Ending>>, DbError> {
    let Some(id) = &served.connection else {
        return Ok(Ok(Endpoint::echo()));
    };
    let connection = run::connection(scope, &shared.worker, &run.id, id).await?;
    let Some(connection) = connection else {
        return Ok(Err(fault::unlinked()));
    };
    Ok(opened(shared, run, connection))
}

fn opened(
    shared: &Shared,
    run: &row::Model,
    connection: RunConnection,
) -> Result<Endpoint, Box<Ending>> {
    let RunConnection {
        id,
        service,
        api_key,
        base_url,
        metadata,
    } = connection;
    let place = api_key_place(&run.organization_id, &id);
    let key = shared.keys.open(api_key.sealed(), &place);
    let key = key.map_err(|_| fault::key_unreadable())?;
    let identity = ApiConnectionId::into_string(id);
    let mut endpoint = Endpoint::new(Service::of(&service), Some(key), identity);
    if let Some(base_url) = base_url {
        let refused = agentry_provider::ProviderError::BaseUrlMissing;
        let url = Url::parse(&base_url).map_err(|_| fault::provider(&refused))?;
        endpoint = endpoint.at(url);
    }
    endpoint.options = EndpointOptions::from_metadata(&metadata);
    Ok(endpoint)
}

fn request(
    agent: &agent::Model,
    model: String,
    history: Vec<run::Said>,
    tools: &[Tool],
) -> ChatRequest {
    ChatRequest {
        model,
        system: Some(agent.system_prompt.clone()),
        messages: history.into_iter().map(message).collect(),
        temperature: f64::try_from(agent.temperature).ok(),
        max_tokens: agent.max_tokens.map(i32::unsigned_abs),
        tools: tools::definitions(tools),
    }
}

fn message(said: run::Said) -> ChatMessage {
    let run::Said {
        id: _,
        role,
        content,
        tool_calls,
        tool_call_id,
        tool_outcome,
    } = said;
    let role = match role {
        MessageRole::User => Role::User,
        MessageRole::Assistant => Role::Assistant,
        MessageRole::System => Role::System,
        MessageRole::Tool => Role::Tool,
    };
    ChatMessage {
        tool_calls: tools::sent(tool_calls.as_ref()),
        tool_call_id,
        is_error: tool_outcome.is_some_and(|outcome| outcome != ToolOutcome::Result),
        ..ChatMessage::said(role, content)
    }
}
