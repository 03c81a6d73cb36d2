use agentry_db::ids::{AgentId, TemplateInstallId};
use agentry_db::template::{self, By};
use agentry_db::{Through, agent, new_id, template_install};
use agentry_template::Tool;
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Value, json};

use super::{InstallRequest, Installed, TemplateInstall, complete, install};
use crate::agent::Agent;
use crate::check::{Checks, id_of};
use crate::context::audited;
use crate::failure::{Failure, mutation_result};
use crate::idempotency::Idempotency;
use crate::template::{InstallRefusal, Provides};
use crate::user::Organization;
use crate::whatsapp::{WhatsAppErrorCode, WhatsAppLink};
use crate::{Action, Doing, RequestContext};

const MAX_NAME: usize = 200;

/// What to install, and where. Exactly one of `slug` and `templateId` says which template.
#[derive(Debug, Clone, InputObject)]
pub struct InstallTemplateInput {
    /// The template's short name.
    slug: Option<String>,
    /// The template's id.
    template_id: Option<ID>,
    /// The organisation, of which you must be an owner or admin; your personal one, made when it is missing, when left out.
    organization_id: Option<ID>,
    /// What the agent is called, 1 to 200 characters; as the template when left out.
    name: Option<String>,
    /// The version to stay at; when left out, the newest, and whatever is published after it that asks for no more.
    version: Option<i32>,
    /// Whether you agree to what the template's `capabilities` ask for.
    #[graphql(default)]
    accept_capabilities: bool,
    /// Whether to refuse when types of the template have slugs that mean something in the organisation already.
    #[graphql(default)]
    strict: bool,
    /// Whether what you changed of an earlier install, since uninstalled, comes back.
    #[graphql(default)]
    restore_overrides: bool,
    /// A number on WhatsApp that is yours, to be linked as `linkWhatsApp` does, with a code for the template's bot. Whatever becomes of it,
    /// the template is installed.
    whatsapp_phone: Option<String>,
    /// A key of yours, 1 to 255 characters: the same key with the same input makes one install however often it is sent.
    idempotency_key: Option<String>,
}

/// Which install to end.
#[derive(Debug, Clone, InputObject)]
pub struct UninstallTemplateInput {
    /// The install.
    install_id: ID,
}

/// What to make an agent of your own of. Exactly one of `slug` and `installId` says what.
#[derive(Debug, Clone, InputObject, Serialize)]
pub struct ForkTemplateInput {
    /// The short name of a template: the agent is made of its newest version.
    slug: Option<String>,
    /// An install: the agent is made of its version, with what was changed of it.
    install_id: Option<ID>,
    /// What the agent is called, 1 to 200 characters; as what it is made of when left out.
    name: Option<String>,
    /// A key of yours, 1 to 255 characters: the same key with the same input makes one agent however often it is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// The template is installed.
#[derive(Debug, SimpleObject)]
pub struct InstallTemplateSuccess {
    /// The install.
    install: TemplateInstall,
    /// Its agent.
    agent: Agent,
    /// Where it is.
    organization: Organization,
    /// Whether it was installed now; `false`: it was there already, and is as you left it.
    created: bool,
    /// Where a browser goes next: `/<slug of the organisation>/agents/<id of the agent>`.
    redirect_to: String,
    /// How much of each kind it brings. Nothing of it is copied.
    provides: Provides,
    /// Slugs of its types that types of the organisation's own go before.
    shadowed_types: Vec<String>,
    /// The number of `whatsappPhone`, and how to show that it is yours; null when none was given, or it is not linked.
    #[graphql(name = "whatsapp")]
    whatsapp: Option<WhatsAppLink>,
    /// Why the number of `whatsappPhone` is not linked.
    #[graphql(name = "whatsappError")]
    whatsapp_error: Option<WhatsAppErrorCode>,
}

/// The install has ended. Its agent is archived; everything stored with it stays.
#[derive(Debug, SimpleObject)]
pub struct UninstallTemplateSuccess {
    /// The install as it is now.
    install: TemplateInstall,
}

/// The agent was made. No template changes it any more.
#[derive(Debug, SimpleObject)]
pub struct ForkTemplateSuccess {
    /// The agent: yours, private, and linked to no connection.
    agent: Agent,
}

mutation_result! {
    /// How installing a template ended.
    InstallTemplateResult = InstallTemplateSuccess | InstallRefused | TooManyRequests | ValidationFailed | LimitReached | Conflict | Forbidden
}
mutation_result! {
    /// How ending an install ended.
    UninstallTemplateResult = UninstallTemplateSuccess | NotFound | Forbidden
}
mutation_result! {
    /// How making an agent of a template ended.
    ForkTemplateResult = ForkTemplateSuccess | InstallRefused | ValidationFailed | NotFound | LimitReached | Conflict
}

impl From<Installed> for InstallTemplateSuccess {
    fn from(done: Installed) -> Self {
        Self {
            redirect_to: done.redirect_to(),
            provides: done.install.provides,
            install: done.install,
            agent: done.agent.into(),
            organization: done.organization.into(),
            created: done.created,
            shadowed_types: done.shadowed_types,
            whatsapp: done.whatsapp,
            whatsapp_error: done.whatsapp_error,
        }
    }
}

/// Mutations that begin and end installs.
#[derive(Debug, Default)]
pub struct InstallMutation;

#[Object]
impl InstallMutation {
    /// Installs a template: you get an agent that is the template's, and follows it. Nothing is copied. Installing again what is
    /// installed changes nothing. Every call counts against your limit, refused ones included.
    async fn install_template(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What, and where.")] input: InstallTemplateInput,
    ) -> async_graphql::Result<InstallTemplateResult> {
        let request = InstallRequest {
            slug: input.slug,
            template_id: input.template_id.map(|id| id.0),
            organization_id: input.organization_id.map(|id| id.0),
            name: input.name,
            version: input.version,
            accept_capabilities: input.accept_capabilities,
            agreed: None,
            strict: input.strict,
            restore_overrides: input.restore_overrides,
            whatsapp_phone: input.whatsapp_phone,
            idempotency_key: input.idempotency_key,
        };
        let done = install(RequestContext::of(context)?, request).await;
        InstallTemplateResult::from_outcome(done.map(InstallTemplateSuccess::from))
    }

    /// Ends an install of the organisation that the request acts in. Its agent is archived; conversations, and whatever else is
    /// stored with it, stay.
    async fn uninstall_template(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: UninstallTemplateInput,
    ) -> async_graphql::Result<UninstallTemplateResult> {
        let ended = uninstall(RequestContext::of(context)?, &id_of(input.install_id)).await;
        UninstallTemplateResult::from_outcome(
            ended.map(|install| UninstallTemplateSuccess { install }),
        )
    }

    /// Makes an agent of your own of a template or of an install: a copy of the one definition, that no template changes any more.
    /// Memory, connections and secrets are not copied.
    async fn fork_template(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Of what.")] input: ForkTemplateInput,
    ) -> async_graphql::Result<ForkTemplateResult> {
        let made = fork(RequestContext::of(context)?, input).await;
        ForkTemplateResult::from_outcome(made.map(|agent| ForkTemplateSuccess { agent }))
    }
}

async fn uninstall(
    context: &RequestContext,
    id: &TemplateInstallId,
) -> Result<TemplateInstall, Failure> {
    context
        .write(Action::UninstallTemplate, |scope| async move {
            let Some(install) = template_install::lock(&scope, id).await? else {
                return Err(not_written(&scope, id).await?);
            };
            // Said again, it has ended already.
            if install.uninstalled_at.is_none() {
                template_install::end(&scope, &install).await?;
                let metadata = json!({ "agentId": install.agent_id.as_str() });
                audited(&scope, "TemplateInstall", id.as_str(), metadata).await?;
            }
            reread(&scope, id).await
        })
        .await
}

async fn fork(context: &RequestContext, input: ForkTemplateInput) -> Result<Agent, Failure> {
    let mut checks = Checks::default();
    if input.slug.is_some() == input.install_id.is_some() {
        checks.refuse("slug", "Give exactly one of slug and installId.");
    }
    let name = input
        .name
        .as_deref()
        .map(|name| checks.name("name", name, MAX_NAME));
    let key = input.idempotency_key.clone();
    let idempotency = Idempotency::new(key, "forkTemplate", &input, &mut checks)?;
    checks.finish()?;
    let (name, input, idempotency) = (&name, &input, &idempotency);
    let limit = context.services().limits.agents_per_organization;
    context
        .write(Action::ForkTemplate, |scope| async move {
            let id: AgentId = new_id();
            if let Some(earlier) = idempotency.claim(&scope, id.as_str()).await? {
                let earlier = agent::find(&scope, &AgentId::from(earlier)).await?;
                let gone = || Failure::conflict("What this key made is gone by now.");
                return Ok(earlier.ok_or_else(gone)?.into());
            }
            let (named, definition) = source(&scope, input).await?;
            let name = name.clone().unwrap_or(named);
            if !agent::has_room(&scope, limit).await? {
                return Err(Failure::limit_reached("agents in an organisation", limit));
            }
            let new = of_definition(name, &definition);
            let agent = agent::insert(&scope, &id, &new).await?;
            let metadata = json!({ "name": agent.name, "template": input.slug, "installId": input.install_id });
            audited(&scope, "Agent", id.as_str(), metadata).await?;
            Ok(agent.into())
        })
        .await
}

/// What the agent is called and made of.
async fn source(scope: &Doing, input: &ForkTemplateInput) -> Result<(String, Value), Failure> {
    if let Some(id) = &input.install_id {
        let id: TemplateInstallId = id_of(id.clone());
        let install = template_install::find(scope, &id).await?;
        let install = install.ok_or_else(|| Failure::not_found("install"))?;
        let agent = agent::find(scope, &install.agent_id).await?;
        let agent = agent.ok_or_else(|| Failure::not_found("agent"))?;
        let definition = template_install::definition(scope, &id, None, None).await?;
        let definition = definition.ok_or_else(|| Failure::not_found("install"))?;
        return Ok((agent.name, definition["agent"].clone()));
    }
    let slug = input.slug.as_deref().unwrap_or_default();
    let through = Through::Tenant((***scope).clone());
    // A text that PostgreSQL cannot take is the slug of nothing.
    let card = if slug.contains('\0') {
        None
    } else {
        template::find(&through, By::Slug(slug)).await?
    };
    let card = card.ok_or(InstallRefusal::TemplateNotFound)?;
    let version = card.version.ok_or(InstallRefusal::TemplateNotFound)?;
    let offer = template::offer(scope, &card.id, version).await?;
    let offer = offer.ok_or(InstallRefusal::TemplateNotPublic)?;
    Ok((card.name, offer.agent))
}

fn of_definition(name: String, definition: &Value) -> agent::NewAgent {
    let text = |name: &str| {
        let text = definition.get(name).and_then(Value::as_str);
        text.map(str::to_owned)
    };
    let most = definition.get("maxTokens").and_then(Value::as_i64);
    let temperature = definition.get("temperature").map(ToString::to_string);
    agent::NewAgent {
        name,
        description: text("description"),
        system_prompt: text("systemPrompt").unwrap_or_default(),
        model: text("model"),
        temperature: temperature.and_then(|number| number.parse::<Decimal>().ok()),
        max_tokens: most.and_then(|most| i32::try_from(most).ok()),
        visibility: None,
        tools: tools_of(definition),
    }
}

fn tools_of(definition: &Value) -> Option<Value> {
    let tools = Tool::read_all(definition.get("tools")).into_iter();
    let tools: Vec<Value> = tools.map(|tool| tool.to_json()).collect();
    (!tools.is_empty()).then(|| tools.into())
}

/// Why nothing was written to this install.
pub(super) async fn not_written(scope: &Doing, id: &TemplateInstallId) -> Result<Failure, Failure> {
    let visible = template_install::find(scope, id).await?.is_some();
    Ok(Failure::not_written("install", visible))
}

/// An install after it was changed.
pub(super) async fn reread(
    scope: &Doing,
    id: &TemplateInstallId,
) -> Result<TemplateInstall, Failure> {
    let install = template_install::find(scope, id).await?;
    let complete = complete(scope, install.into_iter().collect()).await?;
    let install = complete.into_iter().next();
    install.ok_or_else(|| Failure::not_found("install"))
}
