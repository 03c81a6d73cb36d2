use agentry_db::entity_type::{self, Resolution, TypeChanges, TypeKind as Kind};
use agentry_db::ids::EntityTypeId;
use async_graphql::{ID, InputObject, MaybeUndefined};
use serde::Serialize;
use serde_json::Value;

use super::TypeKind;
use crate::check::{Checks, optional_field};
use crate::failure::Failure;
use crate::{ApiError, Doing};

const MAX_NAME: usize = 200;
const MAX_DESCRIPTION: usize = 2_000;
const MAX_ICON: usize = 100;
/// The most types that a relationship names at one end.
const MAX_ENDS: usize = 100;

/// A new type of the organisation's own.
#[derive(Debug, Clone, InputObject, Serialize)]
pub struct CreateEntityTypeInput {
    /// Of what it is; of things when left out.
    #[serde(skip)]
    pub(super) kind: Option<TypeKind>,
    /// Its short name: a lower-case letter, then at most 63 of a-z, 0-9, `_` and `-`.
    pub(super) slug: String,
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
    /// What can happen to one, by name, each with the JSON Schema of what is told of it, at most 100; of things only.
    event_kinds: Option<Value>,
    /// Whether it reads the same from both ends; of relationships only.
    symmetric: Option<bool>,
    /// The types of things that it leads from, each by slug or, of an installed template, by `catalog/slug`; any when left out. Of
    /// relationships only.
    from: Option<Vec<String>>,
    /// The types of things that it leads to, likewise.
    to: Option<Vec<String>>,
    /// The type of relationships that it is as seen from the other end, likewise.
    inverse: Option<String>,
    /// A key of yours, 1 to 255 characters: the same key with the same input makes one type however often it is sent.
    #[serde(skip)]
    pub(super) idempotency_key: Option<String>,
}

/// What changes of a type of the organisation's own. What is left out stays; null takes an optional value away.
#[derive(Debug, Clone, InputObject)]
pub struct UpdateEntityTypeInput {
    /// The type.
    pub(super) id: ID,
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
    /// What can happen to one, by name, each with the JSON Schema of what is told of it, at most 100; of things only.
    event_kinds: MaybeUndefined<Value>,
    /// Whether it reads the same from both ends; of relationships only.
    symmetric: MaybeUndefined<bool>,
    /// The types of things that it leads from, each by slug or, of an installed template, by `catalog/slug`; null is any. Of
    /// relationships only.
    from: MaybeUndefined<Vec<String>>,
    /// The types of things that it leads to, likewise.
    to: MaybeUndefined<Vec<String>>,
    /// The type of relationships that it is as seen from the other end, likewise.
    inverse: MaybeUndefined<String>,
}

/// Which type to archive.
#[derive(Debug, Clone, InputObject)]
pub struct ArchiveEntityTypeInput {
    /// The type.
    pub(super) id: ID,
}

/// The values of an input, checked as far as they can be alone.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::option_option,
    reason = "left out, null and a value are three things"
)]
pub(super) struct Wanted {
    values: TypeChanges,
    from: Option<Option<Vec<String>>>,
    to: Option<Option<Vec<String>>>,
    inverse: Option<Option<String>>,
}

impl CreateEntityTypeInput {
    /// Of what the type is.
    pub(super) fn kind(&self) -> Kind {
        self.kind.unwrap_or(TypeKind::Entity).into()
    }

    /// What the type is made of.
    pub(super) fn wanted(&self, checks: &mut Checks) -> Wanted {
        if !agentry_template::is_type_slug(&self.slug) {
            checks.refuse(
                "slug",
                "It must be a lower-case letter, then at most 63 of a-z, 0-9, _ and -.",
            );
        }
        UpdateEntityTypeInput {
            id: ID::default(),
            name: MaybeUndefined::Value(self.name.clone()),
            description: given(self.description.clone()),
            icon: given(self.icon.clone()),
            color: given(self.color.clone()),
            metadata_schema: given(self.metadata_schema.clone()),
            event_kinds: given(self.event_kinds.clone()),
            symmetric: given(self.symmetric),
            from: given(self.from.clone()),
            to: given(self.to.clone()),
            inverse: given(self.inverse.clone()),
        }
        .wanted(checks)
    }
}

fn given<T>(value: Option<T>) -> MaybeUndefined<T> {
    value.map_or(MaybeUndefined::Undefined, MaybeUndefined::Value)
}

impl UpdateEntityTypeInput {
    /// What the type becomes.
    pub(super) fn wanted(self, checks: &mut Checks) -> Wanted {
        let name = checks.required("name", self.name);
        let values = TypeChanges {
            name: name.map(|name| checks.name("name", &name, MAX_NAME)),
            description: optional_field(self.description)
                .map(|text| checks.optional_text("description", text, MAX_DESCRIPTION)),
            icon: optional_field(self.icon)
                .map(|icon| icon.map(|icon| checks.name("icon", &icon, MAX_ICON))),
            color: optional_field(self.color).map(|color| color_of(checks, color)),
            metadata_schema: checks.required("metadataSchema", self.metadata_schema),
            event_kinds: checks.required("eventKinds", self.event_kinds),
            symmetric: checks.required("symmetric", self.symmetric),
            from: None,
            to: None,
            inverse: None,
        };
        let (from, to) = (optional_field(self.from), optional_field(self.to));
        for (field, ends) in [("from", &from), ("to", &to)] {
            let ends = ends.as_ref().and_then(Option::as_ref);
            if ends.is_some_and(|ends| ends.is_empty() || ends.len() > MAX_ENDS) {
                let message =
                    format!("It must name 1 to {MAX_ENDS} types; leave it out, or null, for any.");
                checks.refuse(field, message);
            }
        }
        Wanted {
            values,
            from,
            to,
            inverse: optional_field(self.inverse),
        }
    }
}

impl Wanted {
    /// Whether it asks for what types of this kind do not have.
    pub(super) fn check_kind(&self, kind: Kind, checks: &mut Checks) {
        let values = &self.values;
        let (foreign, message): (&[(&str, bool)], _) = match kind {
            Kind::Entity => (
                &[
                    ("symmetric", values.symmetric.is_some()),
                    ("from", self.from.is_some()),
                    ("to", self.to.is_some()),
                    ("inverse", self.inverse.is_some()),
                ],
                "Only types of relationships have it.",
            ),
            Kind::Relationship => (
                &[
                    ("icon", values.icon.is_some()),
                    ("color", values.color.is_some()),
                    ("eventKinds", values.event_kinds.is_some()),
                ],
                "Only types of things have it.",
            ),
        };
        for (field, _) in foreign.iter().filter(|(_, given)| *given) {
            checks.refuse(field, message);
        }
    }

    /// What its JSON Schemas must not be.
    pub(super) fn check_schemas(&self) -> Result<(), Failure> {
        let mut problems = Vec::new();
        if let Some(schema) = &self.values.metadata_schema {
            problems.extend(agentry_template::check_schema(schema, "/metadataSchema"));
        }
        if let Some(kinds) = &self.values.event_kinds {
            problems.extend(agentry_template::check_event_kinds(kinds, "/eventKinds"));
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(Failure::rejected(problems))
    }

    /// The values, with every type that is named by what it means now; it is held so until the transaction ends.
    pub(super) async fn resolved(&self, scope: &Doing) -> Result<TypeChanges, Failure> {
        let mut values = self.values.clone();
        values.from = ends(scope, "from", self.from.as_ref()).await?;
        values.to = ends(scope, "to", self.to.as_ref()).await?;
        values.inverse = match &self.inverse {
            None => None,
            Some(None) => Some(None),
            Some(Some(slug)) => Some(Some(end(scope, "inverse", Kind::Relationship, slug).await?)),
        };
        Ok(values)
    }
}

async fn ends(
    scope: &Doing,
    field: &str,
    slugs: Option<&Option<Vec<String>>>,
) -> Result<Option<Option<Vec<EntityTypeId>>>, Failure> {
    let slugs = match slugs {
        None => return Ok(None),
        Some(None) => return Ok(Some(None)),
        Some(Some(slugs)) => slugs,
    };
    let mut ids = Vec::with_capacity(slugs.len());
    for slug in slugs {
        let id = end(scope, field, Kind::Entity, slug).await?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(Some(Some(ids)))
}

/// The id of the type that is meant.
async fn end(scope: &Doing, field: &str, kind: Kind, name: &str) -> Result<EntityTypeId, Failure> {
    let unknown = || Checks::refused(field, "There is no such type here.");
    let (catalog, slug) = super::split(name).ok_or_else(unknown)?;
    match entity_type::resolve_held(scope, kind, slug, catalog).await? {
        Resolution::One(found) => Ok(found.id),
        Resolution::Missing => Err(unknown()),
        Resolution::Ambiguous(catalogs) => Err(ApiError::ambiguous(&catalogs, slug).into()),
    }
}

fn color_of(checks: &mut Checks, color: Option<String>) -> Option<String> {
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
