use agentry_db::ids::{AgentId, TemplateId};
use agentry_db::template::{self, By, NewVersion, Publication};
use agentry_db::{Through, agent, new_id, template_install};
use agentry_template::Definition;
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use serde_json::{Value, json};

use super::{InstallRefusal, Template, TemplateStatus, TemplateVersion};
use crate::check::{Checks, id_of};
use crate::context::audited;
use crate::failure::{Failure, mutation_result};
use crate::organization::refused;
use crate::{Action, Doing, Noun, RequestContext};

const MAX_NOTES: usize = 5_000;
const MAX_ICON: usize = 100;
const MAX_SLUG: usize = 64;
const MAX_CATEGORY: usize = 50;

/// A version to be published: of an agent, or of a definition. Exactly one of the two is given.
#[derive(Debug, Clone, InputObject)]
pub struct PublishTemplateVersionInput {
    /// The template's short name in addresses: 1 to 64 of a-z, 0-9 and single hyphens. The template is made, as a draft, when the
    /// organisation has none of it.
    slug: String,
    /// An agent to make the definition of: its name, prompt, model and settings, and the services of its connections.
    agent_id: Option<ID>,
    /// The definition, as `docs/template.schema.json` says. Secrets, and what belongs to one running agent, are taken out.
    definition: Option<Value>,
    /// What is new in it, at most 5,000 characters.
    notes: Option<String>,
    /// What the template is filed under: 1 to 50 of a-z, 0-9 and single hyphens. What it was before when left out.
    category: Option<String>,
    /// Its picture: an emoji, or the name of an icon; at most 100 characters. What it was before when left out.
    icon: Option<String>,
    /// The number of its bot with the country's code, 7 to 15 digits. What it was before when left out.
    bot_phone: Option<String>,
}

/// Which template, and what it becomes.
#[derive(Debug, Clone, InputObject)]
pub struct SetTemplateStatusInput {
    /// The template.
    id: ID,
    /// What it becomes.
    status: TemplateStatus,
}

/// Which version of which template.
#[derive(Debug, Clone, InputObject)]
pub struct YankTemplateVersionInput {
    /// The template.
    id: ID,
    /// The version's number.
    version: i32,
    /// Whether it is taken back; `false` gives it out again.
    #[graphql(default = true)]
    yanked: bool,
}

/// The version is published. The template is as it was, a draft at first: `setTemplateStatus` lets others find it.
#[derive(Debug, SimpleObject)]
pub struct PublishTemplateVersionSuccess {
    /// The template as it is now.
    template: Template,
    /// The version: the newest one again, when its definition is the very same.
    template_version: TemplateVersion,
    /// Where something was taken out of the definition, as JSON Pointers.
    stripped: Vec<String>,
}

/// The template's status was set.
#[derive(Debug, SimpleObject)]
pub struct SetTemplateStatusSuccess {
    /// The template as it is now.
    template: Template,
}

/// The version was taken back or given out again.
#[derive(Debug, SimpleObject)]
pub struct YankTemplateVersionSuccess {
    /// The version as it is now.
    template_version: TemplateVersion,
}

mutation_result! {
    /// How publishing a version ended.
    PublishTemplateVersionResult = PublishTemplateVersionSuccess | ValidationFailed | DefinitionRejected | InstallRefused | NotFound | Forbidden | Conflict
}
mutation_result! {
    /// How setting a template's status ended.
    SetTemplateStatusResult = SetTemplateStatusSuccess | NotFound | Forbidden
}
mutation_result! {
    /// How yanking a version ended.
    YankTemplateVersionResult = YankTemplateVersionSuccess | NotFound | Forbidden
}

/// Mutations of templates, for owners and admins of their publisher.
#[derive(Debug, Default)]
pub struct TemplateMutation;

#[Object]
impl TemplateMutation {
    /// Publishes a version of a template of the organisation that the request acts in. For its owners and admins.
    async fn publish_template_version(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The version.")] input: PublishTemplateVersionInput,
    ) -> async_graphql::Result<PublishTemplateVersionResult> {
        PublishTemplateVersionResult::from_outcome(
            publish(RequestContext::of(context)?, input).await,
        )
    }

    /// Says who may find and install a template. For owners and admins of its publisher.
    async fn set_template_status(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and what it becomes.")] input: SetTemplateStatusInput,
    ) -> async_graphql::Result<SetTemplateStatusResult> {
        SetTemplateStatusResult::from_outcome(set_status(RequestContext::of(context)?, input).await)
    }

    /// Takes a version back: it is given to new installs no more, and those that follow the newest go to the one before. For owners
    /// and admins of its publisher.
    async fn yank_template_version(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: YankTemplateVersionInput,
    ) -> async_graphql::Result<YankTemplateVersionResult> {
        YankTemplateVersionResult::from_outcome(yank(RequestContext::of(context)?, input).await)
    }
}

async fn publish(
    context: &RequestContext,
    input: PublishTemplateVersionInput,
) -> Result<PublishTemplateVersionSuccess, Failure> {
    context.may(Action::PublishTemplateVersion)?;
    let mut checks = Checks::default();
    kebab(&mut checks, "slug", &input.slug, MAX_SLUG);
    if let Some(category) = &input.category {
        kebab(&mut checks, "category", category, MAX_CATEGORY);
    }
    let notes = checks.optional_text("notes", input.notes, MAX_NOTES);
    let icon = input
        .icon
        .as_deref()
        .map(|icon| checks.name("icon", icon, MAX_ICON));
    let bot_phone = input.bot_phone.map(|phone| bot_phone(&mut checks, &phone));
    if input.agent_id.is_some() == input.definition.is_some() {
        checks.refuse("definition", "Give exactly one of agentId and definition.");
    }
    checks.finish()?;
    let document = match (input.definition, input.agent_id) {
        (Some(definition), _) => definition,
        (None, Some(agent)) => of_agent(context, &id_of(agent)).await?,
        (None, None) => Value::Null,
    };
    let definition = Definition::read(document).map_err(Failure::rejected)?;
    let catalogs = definition.catalogs();
    let provides = json!({
        "entity_types": definition.provides.entity_types,
        "entity_relationship_types": definition.provides.relationship_types,
        "event_classifiers": definition.provides.classifiers,
        "watchers": definition.provides.watchers,
    });
    let (definition, catalogs, provides) = (&definition, &catalogs, &provides);
    let (slug, notes, icon) = (&input.slug, notes.as_deref(), icon.as_deref());
    let (category, bot_phone) = (input.category.as_deref(), bot_phone.as_deref());
    context
        .write(Action::PublishTemplateVersion, |scope| async move {
            let new = NewVersion {
                id: &new_id(),
                slug,
                definition: &definition.document,
                capabilities: definition.capabilities.to_json(),
                provides: provides.clone(),
                checksum: &definition.checksum,
                notes,
                category,
                icon,
                bot_phone,
                catalogs,
            };
            let (id, version) = match template::publish(&scope, new).await? {
                Publication::Done(id, version) => (id, version),
                Publication::SlugTaken => {
                    return Err(Failure::conflict(
                        "Another publisher's template has this slug.",
                    ));
                }
                Publication::NoSuchCatalog(_) => {
                    let mut checks = Checks::default();
                    checks.refuse(
                        "definition",
                        "It names a catalog that is no published template.",
                    );
                    return Err(checks.finish().err().unwrap_or_else(missing));
                }
                Publication::Refused(why) => {
                    return Err(refused(why, &context.services().limits));
                }
            };
            let metadata =
                json!({ "slug": slug, "version": version, "checksum": definition.checksum });
            audited(&scope, "Template", id.as_str(), metadata).await?;
            Ok(PublishTemplateVersionSuccess {
                template: read(&scope, &id).await?,
                template_version: version_of(&scope, &id, version).await?,
                stripped: definition.stripped.clone(),
            })
        })
        .await
}

/// The definition that an agent of the caller's makes. What has to do with one running agent is left out, and so is every secret.
async fn of_agent(context: &RequestContext, id: &AgentId) -> Result<Value, Failure> {
    let scope = context.read(Noun::Agents).await?;
    let agent = agent::find(&scope, id).await?;
    let agent = agent.ok_or_else(|| Failure::not_found("agent"))?;
    if agent.install_id.is_some() {
        return Err(InstallRefusal::TemplateIsInstance.into());
    }
    let linked = template_install::linked_services(&scope, std::slice::from_ref(id)).await?;
    let services: Vec<String> = linked.into_iter().map(|(_, service)| service).collect();
    let temperature: Value =
        serde_json::from_str(&agent.temperature.to_string()).unwrap_or(Value::Null);
    let mut document = json!({
        "name": agent.name,
        "agent": { "systemPrompt": agent.system_prompt, "model": agent.model, "temperature": temperature },
        "capabilities": { "services": services },
    });
    if let Some(description) = agent.description {
        document["description"] = description.clone().into();
        document["agent"]["description"] = description.into();
    }
    if let Some(most) = agent.max_tokens {
        document["agent"]["maxTokens"] = most.into();
    }
    Ok(document)
}

async fn set_status(
    context: &RequestContext,
    input: SetTemplateStatusInput,
) -> Result<SetTemplateStatusSuccess, Failure> {
    let (id, status): (&TemplateId, _) = (&id_of(input.id), input.status.word());
    let template = context
        .write(Action::SetTemplateStatus, |scope| async move {
            template::set_status(&scope, id, status)
                .await?
                .map_err(|why| refused(why, &context.services().limits))?;
            audited(&scope, "Template", id.as_str(), json!({ "status": status })).await?;
            read(&scope, id).await
        })
        .await?;
    Ok(SetTemplateStatusSuccess { template })
}

async fn yank(
    context: &RequestContext,
    input: YankTemplateVersionInput,
) -> Result<YankTemplateVersionSuccess, Failure> {
    let (id, version, yanked): (&TemplateId, _, _) =
        (&id_of(input.id), input.version, input.yanked);
    let template_version = context
        .write(Action::YankTemplateVersion, |scope| async move {
            template::yank(&scope, id, version, yanked)
                .await?
                .map_err(|why| refused(why, &context.services().limits))?;
            let metadata = json!({ "version": version, "yanked": yanked });
            audited(&scope, "Template", id.as_str(), metadata).await?;
            version_of(&scope, id, version).await
        })
        .await?;
    Ok(YankTemplateVersionSuccess { template_version })
}

async fn read(scope: &Doing, id: &TemplateId) -> Result<Template, Failure> {
    let through = Through::Tenant((***scope).clone());
    let card = template::find(&through, By::Id(id)).await?;
    Ok(card.ok_or_else(missing)?.into())
}

async fn version_of(
    scope: &Doing,
    id: &TemplateId,
    version: i32,
) -> Result<TemplateVersion, Failure> {
    let found = template::version(scope, id, version).await?;
    Ok(found.ok_or_else(missing)?.into())
}

fn missing() -> Failure {
    Failure::not_found("template")
}

/// a-z and 0-9 in words joined by single hyphens.
fn kebab(checks: &mut Checks, field: &str, value: &str, most: usize) {
    let word = |word: &str| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        !word.is_empty() && word.bytes().all(plain)
    };
    if value.len() > most || !value.split('-').all(word) {
        let message =
            format!("It must be 1 to {most} of a-z and 0-9, with single hyphens between.");
        checks.refuse(field, message);
    }
}

/// Digits alone, as `wa.me` takes them.
fn bot_phone(checks: &mut Checks, phone: &str) -> String {
    let digits: String = phone
        .chars()
        .filter(|c| !matches!(c, '+' | ' ' | '-' | '(' | ')' | '.'))
        .collect();
    let fits = (7..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|b| b.is_ascii_digit());
    if !fits {
        checks.refuse(
            "botPhone",
            "It must be a number with its country's code: 7 to 15 digits, not beginning with 0.",
        );
    }
    digits
}
