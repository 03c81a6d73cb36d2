//! Templates: what anyone may know of them, and what their publisher does with them.
//!
//! What the catalogue shows is the same to everyone, so it needs no tenant; it comes through functions that return a card and
//! nothing else. Everything a publisher writes goes through functions that read the caller's role anew.

use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, Value};
use serde_json::Value as Json;

use crate::ids::{OrganizationId, TemplateId};
use crate::keyset::{Cursor, Page, PageRequest, Position, Slice};
use crate::sql::Through;
use crate::{DbError, Scope, sql};

mod publisher;

pub use publisher::*;

/// What anyone may know of a template.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Card {
    /// Its id.
    pub id: TemplateId,
    /// Its short name in addresses.
    pub slug: String,
    /// `draft`, `published`, `unlisted` or `withdrawn`.
    pub status: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it is filed under.
    pub category: Option<String>,
    /// Its picture: an emoji, or the name of an icon.
    pub icon: Option<String>,
    /// The number of its bot, digits only.
    pub bot_phone: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Whose it is.
    pub publisher_org_id: OrganizationId,
    /// What the publisher is called.
    pub publisher_name: String,
    /// The publisher's short name in addresses.
    pub publisher_slug: String,
    /// The newest version that is not yanked; none, when all are.
    pub version: Option<i32>,
    /// What that version asks for.
    pub capabilities: Option<Json>,
    /// How much of each kind that version brings.
    pub provides: Option<Json>,
    /// What its publisher said of that version.
    pub notes: Option<String>,
    /// When that version was published.
    pub published_at: Option<DateTime<Utc>>,
}

/// How a template is asked for.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// By its short name.
    Slug(&'a str),
    /// By its id.
    Id(&'a TemplateId),
}

/// One template: published or unlisted, or of an organisation that the acting user is a member of. Whatever else is missing.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn find(through: &Through, by: By<'_>) -> Result<Option<Card>, DbError> {
    let (slug, id) = match by {
        By::Slug(slug) => (Some(slug.to_owned()), None),
        By::Id(id) => (None, Some(id.to_string())),
    };
    let values = [slug.into(), id.into()];
    let found: Vec<Card> = through
        .all("SELECT * FROM template_find($1, $2)", values)
        .await?;
    Ok(found.into_iter().next())
}

/// Those of these ids that [`find`] finds, and those that are, or were, installed in the acting organisation.
///
/// # Errors
/// As [`find`].
pub async fn find_many(scope: &Scope, ids: &[TemplateId]) -> Result<Vec<Card>, DbError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let statement =
        "SELECT * FROM template_find_many($1) UNION SELECT * FROM template_installed($1)";
    sql::all(scope, statement, [ids.into()]).await
}

/// Which templates of the catalogue are wanted.
#[derive(Debug, Clone, Default)]
pub struct CatalogueFilter {
    /// Part of the name or the description, upper or lower case.
    pub search: Option<String>,
    /// Exactly this category.
    pub category: Option<String>,
}

/// One window on the published templates, by name.
///
/// # Errors
/// As [`find`].
pub async fn catalogue(
    through: &Through,
    filter: &CatalogueFilter,
    request: &PageRequest,
) -> Result<Page<Card>, DbError> {
    let (backwards, size) = match request.slice {
        Slice::First(size) => (false, size),
        Slice::Last(size) => (true, size),
    };
    let place = |cursor: Option<&Cursor>| -> [Value; 2] {
        let name = cursor.and_then(|cursor| match &cursor.position {
            Position::Text(name) => Some(name.clone()),
            Position::Time(_) | Position::Number(_) => None,
        });
        let id = cursor.map(|cursor| cursor.id.clone());
        [name.into(), id.into()]
    };
    let ([after_name, after_id], [before_name, before_id]) = (
        place(request.after.as_ref()),
        place(request.before.as_ref()),
    );
    let values: [Value; 8] = [
        filter.search.as_deref().map(sql::containing).into(),
        filter.category.clone().into(),
        after_name,
        after_id,
        before_name,
        before_id,
        backwards.into(),
        i32::try_from(size.saturating_add(1))
            .unwrap_or(i32::MAX)
            .into(),
    ];
    let statement = "SELECT * FROM template_catalogue($1, $2, $3, $4, $5, $6, $7, $8)";
    Ok(request.page(through.all(statement, values).await?))
}

#[derive(FromQueryResult)]
struct Count {
    count: i64,
}

/// How many templates of the catalogue are wanted in all.
///
/// # Errors
/// As [`find`].
pub async fn count_published(through: &Through, filter: &CatalogueFilter) -> Result<u64, DbError> {
    let values: [Value; 2] = [
        filter.search.as_deref().map(sql::containing).into(),
        filter.category.clone().into(),
    ];
    let statement = "SELECT count(*) AS count FROM template_catalogue($1, $2, NULL, NULL, NULL, NULL, false, NULL)";
    let counted: Vec<Count> = through.all(statement, values).await?;
    Ok(counted.first().map_or(0, |row| row.count.unsigned_abs()))
}

/// Something that a version brings, by name.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Part {
    /// `entity`, `relationship`, `watcher` or `classifier`.
    pub kind: String,
    /// What it is called.
    pub name: String,
}

/// What a version of a template that is to be had brings, at most so many of each kind.
///
/// # Errors
/// As [`find`].
pub async fn parts(
    through: &Through,
    template: &TemplateId,
    version: i32,
    most: i32,
) -> Result<Vec<Part>, DbError> {
    let values: [Value; 3] = [template.as_str().into(), version.into(), most.into()];
    let statement = "SELECT kind, name FROM template_parts($1, $2, $3)";
    through.all(statement, values).await
}

/// The templates of these ids that are, or were, installed in the acting organisation, whatever became of them.
///
/// # Errors
/// As [`find`].
pub async fn installed(scope: &Scope, ids: &[TemplateId]) -> Result<Vec<Card>, DbError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    sql::all(scope, "SELECT * FROM template_installed($1)", [ids.into()]).await
}

/// A version as whoever wants to install it needs it.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Offer {
    /// Its number.
    pub version: i32,
    /// What the template is called in it.
    pub name: String,
    /// The agent: its prompt, model and settings.
    pub agent: Json,
    /// What it asks for.
    pub capabilities: Json,
    /// How much of each kind it brings.
    pub provides: Json,
    /// Whether it is yanked.
    pub yanked: bool,
}

/// One version of a template that can be had.
///
/// # Errors
/// As [`find`].
pub async fn offer(
    scope: &Scope,
    template: &TemplateId,
    version: i32,
) -> Result<Option<Offer>, DbError> {
    let statement = "SELECT * FROM template_version_of($1, $2)";
    sql::first(scope, statement, [template.as_str().into(), version.into()]).await
}
