use agentry_db::entity_type::{self, TypeKind as Kind};
use agentry_db::ids::EntityTypeId;
use agentry_db::new_id;
use async_graphql::{Context, Object, SimpleObject};
use serde_json::json;

use super::{ArchiveEntityTypeInput, CreateEntityTypeInput, EntityType, UpdateEntityTypeInput};
use crate::check::{Checks, id_of};
use crate::context::{audited, changes as changes_of};
use crate::failure::{Failure, mutation_result};
use crate::idempotency::Idempotency;
use crate::{Action, Doing, RequestContext};

/// The type was made.
#[derive(Debug, SimpleObject)]
pub struct CreateEntityTypeSuccess {
    /// The type.
    entity_type: EntityType,
}

/// The type was changed.
#[derive(Debug, SimpleObject)]
pub struct UpdateEntityTypeSuccess {
    /// The type as it is now.
    entity_type: EntityType,
}

/// The type is archived: its slug is free again, and what names its id still finds it.
#[derive(Debug, SimpleObject)]
pub struct ArchiveEntityTypeSuccess {
    /// The type as it is now.
    entity_type: EntityType,
}

mutation_result! {
    /// How making a type ended.
    CreateEntityTypeResult = CreateEntityTypeSuccess | ValidationFailed | DefinitionRejected | LimitReached | Conflict | Forbidden
}
mutation_result! {
    /// How changing a type ended.
    UpdateEntityTypeResult = UpdateEntityTypeSuccess | ValidationFailed | DefinitionRejected | NotFound | Forbidden
}
mutation_result! {
    /// How archiving a type ended.
    ArchiveEntityTypeResult = ArchiveEntityTypeSuccess | NotFound | Conflict | Forbidden
}

/// Mutations of the organisation's own types, for its owners and admins.
#[derive(Debug, Default)]
pub struct EntityTypeMutation;

#[Object]
impl EntityTypeMutation {
    /// Makes a type of the organisation's own. It goes before one of the same slug that an installed template brings. For owners and
    /// admins.
    async fn create_entity_type(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The type.")] input: CreateEntityTypeInput,
    ) -> async_graphql::Result<CreateEntityTypeResult> {
        let made = create(RequestContext::of(context)?, input).await;
        CreateEntityTypeResult::from_outcome(
            made.map(|entity_type| CreateEntityTypeSuccess { entity_type }),
        )
    }

    /// Changes a type of the organisation's own. For owners and admins.
    async fn update_entity_type(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and what.")] input: UpdateEntityTypeInput,
    ) -> async_graphql::Result<UpdateEntityTypeResult> {
        let changed = update(RequestContext::of(context)?, input).await;
        UpdateEntityTypeResult::from_outcome(
            changed.map(|entity_type| UpdateEntityTypeSuccess { entity_type }),
        )
    }

    /// Archives a type of the organisation's own, unless live types of relationships name it. For owners and admins.
    async fn archive_entity_type(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: ArchiveEntityTypeInput,
    ) -> async_graphql::Result<ArchiveEntityTypeResult> {
        let archived = archive(RequestContext::of(context)?, input).await;
        ArchiveEntityTypeResult::from_outcome(
            archived.map(|entity_type| ArchiveEntityTypeSuccess { entity_type }),
        )
    }
}

async fn create(
    context: &RequestContext,
    input: CreateEntityTypeInput,
) -> Result<EntityType, Failure> {
    context.may(Action::CreateEntityType)?;
    let kind = input.kind();
    let mut checks = Checks::default();
    let wanted = input.wanted(&mut checks);
    wanted.check_kind(kind, &mut checks);
    let key = input.idempotency_key.clone();
    let idempotency = Idempotency::new(
        key,
        "createEntityType",
        &(kind_word(kind), &input),
        &mut checks,
    )?;
    checks.finish()?;
    wanted.check_schemas()?;
    let (wanted, slug, idempotency) = (&wanted, &input.slug, &idempotency);
    let limit = context.services().limits.types_per_organization;
    context
        .write(Action::CreateEntityType, |scope| async move {
            let id = new_id();
            let earlier = idempotency.claim(&scope, EntityTypeId::as_str(&id)).await?;
            if let Some(earlier) = earlier {
                let earlier = EntityTypeId::from(earlier);
                return read(&scope, &earlier).await;
            }
            if !entity_type::has_room(&scope, limit).await? {
                return Err(Failure::limit_reached("types of an organisation", limit));
            }
            let new = wanted.resolved(&scope).await?;
            if !entity_type::insert(&scope, kind, &id, slug, &new).await? {
                return Err(Failure::conflict(
                    "The organisation has a type of this slug.",
                ));
            }
            let metadata = json!({ "kind": kind_word(kind), "slug": slug });
            audited(&scope, "EntityType", id.as_str(), metadata).await?;
            read(&scope, &id).await
        })
        .await
}

async fn update(
    context: &RequestContext,
    input: UpdateEntityTypeInput,
) -> Result<EntityType, Failure> {
    context.may(Action::UpdateEntityType)?;
    let id: &EntityTypeId = &id_of(input.id.clone());
    let mut checks = Checks::default();
    let wanted = input.wanted(&mut checks);
    checks.finish()?;
    wanted.check_schemas()?;
    let wanted = &wanted;
    context
        .write(Action::UpdateEntityType, |scope| async move {
            let kind = entity_type::lock(&scope, id).await?;
            let kind = kind.ok_or_else(missing)?;
            let mut checks = Checks::default();
            wanted.check_kind(kind, &mut checks);
            checks.finish()?;
            let changes = wanted.resolved(&scope).await?;
            let before = entity_type::find(&scope, id).await?.ok_or_else(missing)?;
            if !entity_type::update(&scope, kind, id, &changes).await? {
                return Err(missing());
            }
            let after = entity_type::find(&scope, id).await?.ok_or_else(missing)?;
            let metadata = changes_of(&before.body, &after.body);
            audited(&scope, "EntityType", id.as_str(), metadata).await?;
            Ok(after.into())
        })
        .await
}

async fn archive(
    context: &RequestContext,
    input: ArchiveEntityTypeInput,
) -> Result<EntityType, Failure> {
    let id: &EntityTypeId = &id_of(input.id);
    context
        .write(Action::ArchiveEntityType, |scope| async move {
            let kind = entity_type::lock(&scope, id).await?;
            let kind = kind.ok_or_else(missing)?;
            let named_by = entity_type::named_by(&scope, id).await?;
            if !named_by.is_empty() {
                let message = format!(
                    "Types of relationships name it: {}. Change or archive them first.",
                    named_by.join(", ")
                );
                return Err(Failure::conflict(&message));
            }
            if !entity_type::archive(&scope, kind, id).await? {
                return Err(missing());
            }
            let archived = read(&scope, id).await?;
            let metadata = json!({ "slug": archived.slug });
            audited(&scope, "EntityType", id.as_str(), metadata).await?;
            Ok(archived)
        })
        .await
}

async fn read(scope: &Doing, id: &EntityTypeId) -> Result<EntityType, Failure> {
    let found = entity_type::find(scope, id).await?;
    Ok(found.ok_or_else(missing)?.into())
}

fn missing() -> Failure {
    Failure::not_found("type")
}

const fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Entity => "entity",
        Kind::Relationship => "relationship",
    }
}
