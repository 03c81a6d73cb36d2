use agentry_auth::{Access, slug};
use agentry_db::ids::OrganizationId;
use agentry_db::organization::{self, NewOrganization, OrganizationChanges};
use agentry_db::{Refused, WriteScope, new_id};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use serde::Serialize;
use serde_json::json;

use super::refused;
use crate::check::{Checks, id_of, optional_field};
use crate::context::{audited, audited_in, changes as changes_of};
use crate::failure::{Failure, mutation_result};
use crate::idempotency::Idempotency;
use crate::user::Organization;
use crate::{Action, RequestContext};

const MAX_NAME: usize = 200;

/// A new organisation.
#[derive(Debug, Clone, InputObject, Serialize)]
pub struct CreateOrganizationInput {
    /// Its name, 1 to 200 characters.
    name: String,
    /// Its short name in addresses: 1 to 48 of a-z, 0-9 and single hyphens. One that another organisation has is a `Conflict`. When
    /// left out, it is made from the name, with a number behind it where another has it.
    slug: Option<String>,
    /// Where its picture is: an http or https address.
    logo: Option<String>,
    /// A key of yours, 1 to 255 characters: the same key with the same input makes one organisation however often it is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// What changes of the organisation that the request acts in. What is left out stays.
#[derive(Debug, Clone, InputObject)]
pub struct UpdateOrganizationInput {
    /// Its name, 1 to 200 characters.
    name: MaybeUndefined<String>,
    /// Its short name in addresses: 1 to 48 of a-z, 0-9 and single hyphens.
    slug: MaybeUndefined<String>,
    /// Where its picture is: an http or https address; null takes it away.
    logo: MaybeUndefined<String>,
}

/// Which organisation to delete. Saying it keeps a forgotten header from deleting another one.
#[derive(Debug, Clone, InputObject)]
pub struct DeleteOrganizationInput {
    /// The organisation: the one that the request acts in.
    id: ID,
}

/// Where a session is to act.
#[derive(Debug, Clone, InputObject)]
pub struct SetActiveOrganizationInput {
    /// One of your organisations; null is your personal one.
    id: Option<ID>,
}

/// The organisation was made; your session acts in it from now on.
#[derive(Debug, SimpleObject)]
pub struct CreateOrganizationSuccess {
    /// The new organisation.
    organization: Organization,
}

/// The organisation was changed.
#[derive(Debug, SimpleObject)]
pub struct UpdateOrganizationSuccess {
    /// The organisation as it is now.
    organization: Organization,
}

/// The organisation is gone, with everything in it.
#[derive(Debug, SimpleObject)]
pub struct DeleteOrganizationSuccess {
    /// The id it had.
    deleted_organization_id: ID,
}

/// The session acts there when a request names no organisation.
#[derive(Debug, SimpleObject)]
pub struct SetActiveOrganizationSuccess {
    /// The organisation; null is your personal one.
    organization_id: Option<ID>,
}

mutation_result! {
    /// How making an organisation ended.
    CreateOrganizationResult = CreateOrganizationSuccess | ValidationFailed | Conflict | LimitReached
}
mutation_result! {
    /// How changing an organisation ended.
    UpdateOrganizationResult = UpdateOrganizationSuccess | ValidationFailed | Forbidden | Conflict
}
mutation_result! {
    /// How deleting an organisation ended.
    DeleteOrganizationResult = DeleteOrganizationSuccess | NotFound | Forbidden | Conflict
}
mutation_result! {
    /// How choosing an organisation ended.
    SetActiveOrganizationResult = SetActiveOrganizationSuccess | NotFound | Forbidden
}

/// Mutations of organisations.
#[derive(Debug, Default)]
pub struct OrganizationMutation;

#[Object]
impl OrganizationMutation {
    /// Makes an organisation that you own. Your session acts there from then on where a request names none.
    async fn create_organization(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What it is called.")] input: CreateOrganizationInput,
    ) -> async_graphql::Result<CreateOrganizationResult> {
        let made = create(RequestContext::of(context)?, input).await;
        CreateOrganizationResult::from_outcome(
            made.map(|organization| CreateOrganizationSuccess { organization }),
        )
    }

    /// Changes the organisation that the request acts in. For its owners and admins.
    async fn update_organization(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What changes.")] input: UpdateOrganizationInput,
    ) -> async_graphql::Result<UpdateOrganizationResult> {
        let changed = update(RequestContext::of(context)?, input).await;
        UpdateOrganizationResult::from_outcome(
            changed.map(|organization| UpdateOrganizationSuccess { organization }),
        )
    }

    /// Deletes the organisation that the request acts in: its agents, connections, conversations, memberships, invitations and
    /// audit events. For its owners; a personal organisation stays.
    async fn delete_organization(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: DeleteOrganizationInput,
    ) -> async_graphql::Result<DeleteOrganizationResult> {
        let deleted = delete(RequestContext::of(context)?, &input.id).await;
        DeleteOrganizationResult::from_outcome(deleted.map(|()| DeleteOrganizationSuccess {
            deleted_organization_id: input.id,
        }))
    }

    /// Chooses where your session acts when a request names no organisation. A request's `x-organization-id` goes before it.
    async fn set_active_organization(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Where.")] input: SetActiveOrganizationInput,
    ) -> async_graphql::Result<SetActiveOrganizationResult> {
        let chosen = set_active(RequestContext::of(context)?, input.id).await;
        SetActiveOrganizationResult::from_outcome(
            chosen.map(|organization_id| SetActiveOrganizationSuccess { organization_id }),
        )
    }
}

async fn create(
    context: &RequestContext,
    input: CreateOrganizationInput,
) -> Result<Organization, Failure> {
    context.may(Action::CreateOrganization)?;
    let session = context.actor()?.session_id();
    let mut checks = Checks::default();
    let key = input.idempotency_key.clone();
    let idempotency = &Idempotency::new(key, "createOrganization", &input, &mut checks)?;
    let name = checks.name("name", &input.name, MAX_NAME);
    let slug = input.slug.as_deref();
    if let Some(slug) = slug {
        check_slug(&mut checks, slug);
    }
    let logo = checks.link("logo", input.logo);
    checks.finish()?;
    let limits = &context.services().limits;
    let (name, logo) = (&name, logo.as_deref());
    context
        .write(Action::CreateOrganization, |scope| async move {
            let id: OrganizationId = new_id();
            // The first call may have moved the session there, so the second one acts elsewhere.
            if let Some(earlier) = idempotency.claim_at_home(&scope, id.as_str()).await? {
                return match read(&scope, &earlier.into()).await {
                    Err(Failure::NotFound(_)) => {
                        Err(Failure::conflict("What this key made is gone by now."))
                    }
                    found => found,
                };
            }
            let mut slugs: Box<dyn Iterator<Item = String> + Send> = match slug {
                Some(chosen) => Box::new(std::iter::once(chosen.to_owned())),
                None => Box::new(slug::of_organization(name, id.as_str())),
            };
            let mut made = Err(Refused::SlugTaken);
            let mut asked = String::new();
            while let (Err(Refused::SlugTaken), Some(next)) = (made, slugs.next()) {
                asked = next;
                let new = NewOrganization {
                    id: &id,
                    name,
                    slug: &asked,
                    logo,
                };
                let most = limits.organizations_per_user;
                made = organization::create(&scope, &new, session, most).await?;
            }
            made.map_err(|why| refused(why, limits))?;
            let metadata = json!({ "name": name, "slug": asked });
            audited_in(&scope, &id, "Organization", id.as_str(), metadata).await?;
            read(&scope, &id).await
        })
        .await
}

async fn update(
    context: &RequestContext,
    input: UpdateOrganizationInput,
) -> Result<Organization, Failure> {
    context.may(Action::UpdateOrganization)?;
    let mut checks = Checks::default();
    let name = checks.required("name", input.name);
    let changes = OrganizationChanges {
        name: name.map(|name| checks.name("name", &name, MAX_NAME)),
        slug: checks.required("slug", input.slug),
        logo: optional_field(input.logo).map(|logo| checks.link("logo", logo)),
    };
    if let Some(slug) = &changes.slug {
        check_slug(&mut checks, slug);
    }
    checks.finish()?;
    let limits = &context.services().limits;
    let changes = &changes;
    context
        .write(Action::UpdateOrganization, |scope| async move {
            let id = scope.tenant().organization().clone();
            let before = read(&scope, &id).await?;
            organization::update(&scope, changes)
                .await?
                .map_err(|why| refused(why, limits))?;
            let after = read(&scope, &id).await?;
            let fields = |one: &Organization| json!({ "name": one.name, "slug": one.slug, "logo": one.logo });
            let metadata = changes_of(&fields(&before), &fields(&after));
            audited(&scope, "Organization", id.as_str(), metadata).await?;
            Ok(after)
        })
        .await
}

async fn delete(context: &RequestContext, id: &ID) -> Result<(), Failure> {
    // Before the id is looked at; the role is that of another organisation when the id is.
    context.allow(Action::DeleteOrganization.noun(), Access::Write)?;
    let acting = context.tenant()?.organization();
    if acting.as_str() != id.as_str() {
        return Err(Failure::NotFound(crate::failure::NotFound {
            message: "The request does not act in this organisation. Name it in x-organization-id."
                .to_owned(),
        }));
    }
    let limits = &context.services().limits;
    context
        .write(Action::DeleteOrganization, |scope| async move {
            let mine = organization::list_mine(&scope).await?;
            organization::delete(&scope)
                .await?
                .map_err(|why| refused(why, limits))?;
            // What the organisation remembered went with it: the event goes to the owner's own.
            let Some(home) = mine.iter().find(|one| one.personal) else {
                return Ok(());
            };
            let gone = mine.iter().find(|one| one.id == *acting);
            let metadata =
                json!({ "name": gone.map(|one| &one.name), "slug": gone.map(|one| &one.slug) });
            audited_in(&scope, &home.id, "Organization", acting.as_str(), metadata).await
        })
        .await
}

async fn set_active(context: &RequestContext, id: Option<ID>) -> Result<Option<ID>, Failure> {
    context.may(Action::SetActiveOrganization)?;
    let session = context.actor()?.session_id();
    let session = session.ok_or_else(|| Failure::forbidden("Only a session can be told where to act; name the organisation with each request instead."))?;
    let chosen: Option<OrganizationId> = id.map(id_of);
    let wanted = chosen.as_ref();
    context
        .write(Action::SetActiveOrganization, |scope| async move {
            organization::set_active(&scope, session, wanted)
                .await?
                .map_err(|_| Failure::not_found("organisation"))?;
            let metadata = json!({ "organizationId": wanted.map(OrganizationId::as_str) });
            audited(&scope, "Session", session, metadata).await
        })
        .await?;
    Ok(chosen.map(|id| ID(id.into_string())))
}

async fn read(scope: &WriteScope, id: &OrganizationId) -> Result<Organization, Failure> {
    let mine = organization::list_mine(scope).await?;
    let found = mine.into_iter().find(|one| one.id == *id);
    found
        .map(Organization::from)
        .ok_or_else(|| Failure::not_found("organisation"))
}

fn check_slug(checks: &mut Checks, slug: &str) {
    if !slug::is_fit(slug) {
        checks.refuse(
            "slug",
            "It must be 1 to 48 of a-z, 0-9 and single hyphens between them, and not a word the service uses itself.",
        );
    }
}
