use agentry_db::ids::TemplateId;
use agentry_db::template::{self, By, NewVersion, Publication};
use agentry_db::{Through, new_id};
use agentry_template::Definition;
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use serde_json::{Value, json};

use super::of_agent::{OfAgent, of_agent};
use super::{Template, TemplateStatus, TemplateVersion};
use crate::check::{Checks, id_of};
use crate::context::audited;
use crate::failure::{Failure, mutation_result};
use crate::organization::refused;
use crate::{Action, Doing, RequestContext};

const MAX_NOTES: usize = 5_000;
const MAX_ICON: usize = 100;
const MAX_SLUG: usize = 64;
const MAX_CATEGORY: usize = 50;
/// The most types that may be named at once; a definition holds no more of them.
const MAX_TYPES: usize = 1_000;

/// A version to be published: of an agent, or of a definition. Exactly one of the two is given.
#[derive(Debug, Clone, InputObject)]
pub struct PublishTemplateVersionInput {
    /// The template's short name in addresses: 1 to 64 of a-z, 0-9 and single hyphens. The template is made, as a draft, when the
    /// organisation has none of it.
    slug: String,
    /// An agent to make the definition of: its name, prompt, model and settings, and the services of its connections.
    agent_id: Option<ID>,
    /// Types of the organisation's own that the agent uses, of things or of relationships, by id: they become types of the template.
    /// Those that its relationships lead from and to come along; those that an installed template brings are used from there, as a
    /// catalog. At most 1,000; only with `agentId`.
    type_ids: Option<Vec<ID>>,
    /// A JSON Merge Patch (RFC 7396) on the definition made of the agent, for what an agent does not have by itself: `watchers`,
    /// `classifiers`, `catalogs`, tools and domains. Only with `agentId`.
    additions: Option<Value>,
    /// The definition, as `docs/template.schema.json` says. Secrets, and what belongs to one running agent, are taken out.
    definition: Option<Value>,
    /// What is new in it, at most 5,000 characters.
    notes: Option<String>,
    /// What the template is filed under: 1 to 50 of a-z, 0-9 and single hyphens. What it was before when left out; null is
    /// nothing.
    category: MaybeUndefined<String>,
    /// Its picture: an emoji, or the name of an icon; at most 100 characters. What it was before when left out; null is none.
    icon: MaybeUndefined<String>,
    /// The number of its bot with the country's code, 7 to 15 digits. What it was before when left out; null is none.
    bot_phone: MaybeUndefined<String>,
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
    PublishTemplateVersionResult = PublishTemplateVersionSuccess | ValidationFailed | DefinitionRejected | InstallRefused | LimitReached | NotFound | Forbidden | Conflict
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
    let category = or_empty(input.category, |category| {
        kebab(&mut checks, "category", &category, MAX_CATEGORY);
        category
    });
    let notes = checks.optional_text("notes", input.notes, MAX_NOTES);
    let icon = or_empty(input.icon, |icon| checks.name("icon", &icon, MAX_ICON));
    let bot_phone = or_empty(input.bot_phone, |phone| bot_phone(&mut checks, &phone));
    if input.agent_id.is_some() == input.definition.is_some() {
        checks.refuse("definition", "Give exactly one of agentId and definition.");
    }
    let types = input.type_ids.unwrap_or_default();
    if types.len() > MAX_TYPES {
        checks.refuse("typeIds", format!("There may be at most {MAX_TYPES}."));
    }
    if input.definition.is_some() && !(types.is_empty() && input.additions.is_none()) {
        let message = "It goes with agentId alone. A definition has its types and all else itself.";
        let field = if types.is_empty() {
            "additions"
        } else {
            "typeIds"
        };
        checks.refuse(field, message);
    }
    checks.finish()?;
    let document = match (input.definition, input.agent_id) {
        (Some(definition), _) => definition,
        (None, Some(agent)) => {
            let source = OfAgent {
                agent: id_of(agent),
                types: types.into_iter().map(id_of).collect(),
                additions: input.additions,
            };
            of_agent(context, source).await?
        }
        (None, None) => Value::Null,
    };
    let definition = Definition::read(document).map_err(Failure::rejected)?;
    let catalogs = definition.catalogs();
    let provides = definition.provides.to_json();
    let references = definition.open.iter();
    let references = references.map(|open| json!({ "kind": open.kind, "slug": open.slug }));
    let references = &Value::Array(references.collect());
    let (definition, catalogs, provides) = (&definition, &catalogs, &provides);
    let (slug, notes, icon) = (&input.slug, notes.as_deref(), icon.as_deref());
    let (category, bot_phone) = (category.as_deref(), bot_phone.as_deref());
    let limit = context.services().limits.templates_per_organization;
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
                references: references.clone(),
                limit,
            };
            let done = template::publish(&scope, new).await?;
            let (id, version) = published(done, context)?;
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

fn published(done: Publication, context: &RequestContext) -> Result<(TemplateId, i32), Failure> {
    match done {
        Publication::Done(id, version) => Ok((id, version)),
        Publication::SlugTaken => Err(Failure::conflict(
            "Another publisher's template has this slug.",
        )),
        Publication::NoSuchCatalog(_) => Err(Checks::refused(
            "definition",
            "It names a catalog that is no published template.",
        )),
        Publication::NoSuchType(_) => {
            Err(Failure::rejected(vec![agentry_template::unknown_type()]))
        }
        Publication::Refused(why) => Err(refused(why, &context.services().limits)),
    }
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

/// `None` leaves a value as it is, the empty text takes it away.
fn or_empty(value: MaybeUndefined<String>, check: impl FnOnce(String) -> String) -> Option<String> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(String::new()),
        MaybeUndefined::Value(value) => Some(check(value)),
    }
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
