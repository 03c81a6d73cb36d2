use agentry_db::entity_type::{self, TypeChanges, TypeKind as Kind};
use agentry_db::ids::EntityTypeId;
use agentry_db::new_id;
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use serde_json::{Value, json};

use super::{EntityType, TypeKind};
use crate::check::{Checks, id_of, optional_field};
use crate::context::audited;
use crate::failure::{Failure, mutation_result};
use crate::{Action, Doing, RequestContext};

const MAX_NAME: usize = 200;
const MAX_DESCRIPTION: usize = 2_000;
const MAX_ICON: usize = 100;

/// A new type of the organisation's own.
#[derive(Debug, Clone, InputObject)]
pub struct CreateEntityTypeInput {
    /// Of what it is; of things when left out.
    kind: Option<TypeKind>,
    /// Its short name: a lower-case letter, then at most 63 of a-z, 0-9, `_` and `-`.
    slug: String,
    /// Its name, 1 to 200 characters.
    name: String,
    /// What it stands for, at most 2,000 characters.
    description: Option<String>,
    /// Its picture, at most 100 characters; of things only.
    icon: Option<String>,
    /// Its colour, `#rrggbb` in lower case; of things only.
    color: Option<String>,
    /// The JSON Schema (2020-12) of what is kept with one. References stay inside it and form no circle.
    metadata_schema: Option<Value>,
    /// Whether it reads the same from both ends; of relationships only.
    symmetric: Option<bool>,
}

/// What changes of a type of the organisation's own. What is left out stays; null takes an optional value away.
#[derive(Debug, Clone, InputObject)]
pub struct UpdateEntityTypeInput {
    /// The type.
    id: ID,
    /// Of what it is; of things when left out.
    kind: Option<TypeKind>,
    /// Its name, 1 to 200 characters.
    name: MaybeUndefined<String>,
    /// What it stands for, at most 2,000 characters.
    description: MaybeUndefined<String>,
    /// Its picture, at most 100 characters; of things only.
    icon: MaybeUndefined<String>,
    /// Its colour, `#rrggbb` in lower case; of things only.
    color: MaybeUndefined<String>,
    /// The JSON Schema (2020-12) of what is kept with one.
    metadata_schema: MaybeUndefined<Value>,
    /// Whether it reads the same from both ends; of relationships only.
    symmetric: MaybeUndefined<bool>,
}

/// Which type to archive.
#[derive(Debug, Clone, InputObject)]
pub struct ArchiveEntityTypeInput {
    /// The type.
    id: ID,
    /// Of what it is; of things when left out.
    kind: Option<TypeKind>,
}

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
    CreateEntityTypeResult = CreateEntityTypeSuccess | ValidationFailed | DefinitionRejected | Conflict | Forbidden
}
mutation_result! {
    /// How changing a type ended.
    UpdateEntityTypeResult = UpdateEntityTypeSuccess | ValidationFailed | DefinitionRejected | NotFound | Forbidden
}
mutation_result! {
    /// How archiving a type ended.
    ArchiveEntityTypeResult = ArchiveEntityTypeSuccess | NotFound | Forbidden
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

    /// Archives a type of the organisation's own. For owners and admins.
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

fn kind_of(kind: Option<TypeKind>) -> Kind {
    kind.unwrap_or(TypeKind::Entity).into()
}

async fn create(
    context: &RequestContext,
    input: CreateEntityTypeInput,
) -> Result<EntityType, Failure> {
    context.may(Action::CreateEntityType)?;
    let kind = kind_of(input.kind);
    let mut checks = Checks::default();
    if !agentry_template::is_type_slug(&input.slug) {
        checks.refuse(
            "slug",
            "It must be a lower-case letter, then at most 63 of a-z, 0-9, _ and -.",
        );
    }
    let new = TypeChanges {
        name: Some(checks.name("name", &input.name, MAX_NAME)),
        description: input
            .description
            .map(|text| checks.optional_text("description", Some(text), MAX_DESCRIPTION)),
        icon: input
            .icon
            .map(|icon| icon_of(&mut checks, kind, Some(icon))),
        color: input
            .color
            .map(|color| color_of(&mut checks, kind, Some(color))),
        metadata_schema: input.metadata_schema,
        symmetric: input
            .symmetric
            .inspect(|_| of_relationships(&mut checks, kind)),
    };
    checks.finish()?;
    check_schema(new.metadata_schema.as_ref())?;
    let (new, slug) = (&new, &input.slug);
    context
        .write(Action::CreateEntityType, |scope| async move {
            let id = new_id();
            if !entity_type::insert(&scope, kind, &id, slug, new).await? {
                return Err(Failure::conflict(
                    "The organisation has a type of this slug.",
                ));
            }
            audited(&scope, "EntityType", id.as_str(), json!({ "slug": slug })).await?;
            read(&scope, kind, &id).await
        })
        .await
}

async fn update(
    context: &RequestContext,
    input: UpdateEntityTypeInput,
) -> Result<EntityType, Failure> {
    context.may(Action::UpdateEntityType)?;
    let kind = kind_of(input.kind);
    let mut checks = Checks::default();
    let name = checks.required("name", input.name);
    let changes = TypeChanges {
        name: name.map(|name| checks.name("name", &name, MAX_NAME)),
        description: optional_field(input.description)
            .map(|text| checks.optional_text("description", text, MAX_DESCRIPTION)),
        icon: optional_field(input.icon).map(|icon| icon_of(&mut checks, kind, icon)),
        color: optional_field(input.color).map(|color| color_of(&mut checks, kind, color)),
        metadata_schema: checks.required("metadataSchema", input.metadata_schema),
        symmetric: checks.required("symmetric", input.symmetric),
    };
    if changes.symmetric.is_some() {
        of_relationships(&mut checks, kind);
    }
    checks.finish()?;
    check_schema(changes.metadata_schema.as_ref())?;
    let (id, changes) = (&id_of(input.id), &changes);
    context
        .write(Action::UpdateEntityType, |scope| async move {
            if !entity_type::update(&scope, kind, id, changes).await? {
                return Err(Failure::not_found("type"));
            }
            audited(&scope, "EntityType", id.as_str(), json!({})).await?;
            read(&scope, kind, id).await
        })
        .await
}

async fn archive(
    context: &RequestContext,
    input: ArchiveEntityTypeInput,
) -> Result<EntityType, Failure> {
    let (id, kind): (&EntityTypeId, _) = (&id_of(input.id), kind_of(input.kind));
    context
        .write(Action::ArchiveEntityType, |scope| async move {
            if !entity_type::archive(&scope, kind, id).await? {
                return Err(Failure::not_found("type"));
            }
            audited(&scope, "EntityType", id.as_str(), json!({})).await?;
            read(&scope, kind, id).await
        })
        .await
}

async fn read(scope: &Doing, kind: Kind, id: &EntityTypeId) -> Result<EntityType, Failure> {
    let found = entity_type::find(scope, kind, id).await?;
    let found = found.ok_or_else(|| Failure::not_found("type"))?;
    Ok(EntityType::of(kind, found))
}

fn check_schema(schema: Option<&Value>) -> Result<(), Failure> {
    let problems = schema.map(|schema| agentry_template::check_schema(schema, "/metadataSchema"));
    match problems {
        Some(problems) if !problems.is_empty() => Err(Failure::rejected(problems)),
        Some(_) | None => Ok(()),
    }
}

fn icon_of(checks: &mut Checks, kind: Kind, icon: Option<String>) -> Option<String> {
    of_things(checks, "icon", kind);
    icon.map(|icon| checks.name("icon", &icon, MAX_ICON))
}

fn color_of(checks: &mut Checks, kind: Kind, color: Option<String>) -> Option<String> {
    of_things(checks, "color", kind);
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let fits = |color: &String| {
        color
            .strip_prefix('#')
            .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(hex))
    };
    if color.as_ref().is_some_and(|color| !fits(color)) {
        checks.refuse("color", "It must be # and six of 0-9 and a-f.");
    }
    color
}

fn of_things(checks: &mut Checks, field: &str, kind: Kind) {
    if kind == Kind::Relationship {
        checks.refuse(field, "Only types of things have it.");
    }
}

fn of_relationships(checks: &mut Checks, kind: Kind) {
    if kind == Kind::Entity {
        checks.refuse("symmetric", "Only types of relationships have it.");
    }
}
