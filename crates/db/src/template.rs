//! Templates: what anyone may know of them, and what their publisher does with them.
//!
//! What the catalogue shows is the same to everyone, so it needs no tenant; it comes through functions that return a card and
//! nothing else. Everything a publisher writes goes through functions that read the caller's role anew.

use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, Value};
use serde_json::Value as Json;

use crate::ids::{OrganizationId, TemplateId};
use crate::keyset::{Page, PageRequest};
use crate::sql::Through;
use crate::{DbError, Refused, Scope, WriteScope, sql};

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

/// Which templates of the catalogue are wanted.
#[derive(Debug, Clone, Default)]
pub struct CatalogueFilter {
    /// Part of the name or the description, upper or lower case.
    pub search: Option<String>,
    /// Exactly this category.
    pub category: Option<String>,
}

/// The published templates by name, from a place on: one more than `count` when there are more.
///
/// # Errors
/// As [`find`].
pub async fn catalogue(
    through: &Through,
    filter: &CatalogueFilter,
    after: Option<(&str, &str)>,
    count: u64,
) -> Result<Vec<Card>, DbError> {
    let values: [Value; 5] = [
        filter.search.as_deref().map(sql::containing).into(),
        filter.category.clone().into(),
        after.map(|(name, _)| name.to_owned()).into(),
        after.map(|(_, id)| id.to_owned()).into(),
        i32::try_from(count.saturating_add(1))
            .unwrap_or(i32::MAX)
            .into(),
    ];
    let statement = "SELECT * FROM template_catalogue($1, $2, $3, $4, $5)";
    through.all(statement, values).await
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
    let statement = "SELECT count(*) AS count FROM template_catalogue($1, $2, NULL, NULL, NULL)";
    let counted: Vec<Count> = through.all(statement, values).await?;
    Ok(counted.first().map_or(0, |row| row.count.unsigned_abs()))
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

/// A version as its publisher sees it.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Version {
    /// Of which template.
    pub template_id: TemplateId,
    /// Its number.
    pub version: i32,
    /// The definition.
    pub definition: Json,
    /// What it asks for.
    pub capabilities: Json,
    /// How much of each kind it brings.
    pub provides: Json,
    /// SHA-256 of the definition, in hex.
    pub checksum: String,
    /// What its publisher said of it.
    pub notes: Option<String>,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// When it was yanked.
    pub yanked_at: Option<DateTime<Utc>>,
}

/// The versions of a template of the acting organisation, newest first, at most a hundred.
///
/// # Errors
/// As [`find`].
pub async fn versions(scope: &Scope, template: &TemplateId) -> Result<Vec<Version>, DbError> {
    sql::all(
        scope,
        "SELECT template_id, version, definition, capabilities, provides, checksum, notes, published_at, yanked_at
         FROM template_versions WHERE template_id = $1 AND publisher_org_id = $2 ORDER BY version DESC LIMIT 100",
        [
            template.as_str().into(),
            scope.tenant().organization().as_str().into(),
        ],
    )
    .await
}

/// One version of a template of the acting organisation.
///
/// # Errors
/// As [`find`].
pub async fn version(
    scope: &Scope,
    template: &TemplateId,
    version: i32,
) -> Result<Option<Version>, DbError> {
    sql::first(
        scope,
        "SELECT template_id, version, definition, capabilities, provides, checksum, notes, published_at, yanked_at
         FROM template_versions WHERE template_id = $1 AND version = $2 AND publisher_org_id = $3",
        [
            template.as_str().into(),
            version.into(),
            scope.tenant().organization().as_str().into(),
        ],
    )
    .await
}

/// One window on the templates of the acting organisation, by name, whatever their status.
///
/// # Errors
/// As [`find`].
pub async fn list_own(scope: &Scope, request: &PageRequest) -> Result<Page<Card>, DbError> {
    let mut values: Vec<Value> = vec![scope.tenant().organization().as_str().into()];
    let window = request.window("t.name", "t.id", &mut values);
    let (condition, order, limit) = (window.condition, window.order, window.limit);
    let statement = format!(
        "SELECT f.* FROM (
           SELECT t.name, t.id FROM templates t WHERE t.publisher_org_id = $1{condition}
           ORDER BY t.name {order}, t.id {order} LIMIT {limit}) t
         CROSS JOIN LATERAL template_find(NULL, t.id) f ORDER BY t.name {order}, t.id {order}"
    );
    Ok(request.page(sql::all(scope, statement, values).await?))
}

/// How many templates the acting organisation has.
///
/// # Errors
/// As [`find`].
pub async fn count_own(scope: &Scope) -> Result<u64, DbError> {
    let values = [scope.tenant().organization().as_str().into()];
    let statement = "SELECT count(*) FROM templates WHERE publisher_org_id = $1";
    let count: i64 = sql::scalar(scope, statement, values).await?;
    Ok(count.unsigned_abs())
}

/// In how many organisations a template of the acting one is installed; `None` when it is not of the acting one.
///
/// # Errors
/// As [`find`].
pub async fn install_count(scope: &Scope, template: &TemplateId) -> Result<Option<u64>, DbError> {
    let values = [template.as_str().into()];
    let count: Option<i64> =
        sql::scalar(scope, "SELECT template_install_count($1)", values).await?;
    Ok(count.map(i64::unsigned_abs))
}

/// What is to be published.
#[derive(Debug, Clone)]
pub struct NewVersion<'a> {
    /// The template's id, should there be none of this slug.
    pub id: &'a TemplateId,
    /// The template's short name.
    pub slug: &'a str,
    /// The definition.
    pub definition: &'a Json,
    /// What it asks for.
    pub capabilities: Json,
    /// How much of each kind it brings.
    pub provides: Json,
    /// SHA-256 of the definition, in hex.
    pub checksum: &'a str,
    /// What is said of it.
    pub notes: Option<&'a str>,
    /// What the template is filed under from now on.
    pub category: Option<&'a str>,
    /// Its picture from now on.
    pub icon: Option<&'a str>,
    /// The number of its bot from now on.
    pub bot_phone: Option<&'a str>,
    /// The slugs of the templates whose types it uses as well.
    pub catalogs: &'a [String],
}

/// How publishing ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Publication {
    /// It is this version of this template.
    Done(TemplateId, i32),
    /// Another organisation's template has the slug.
    SlugTaken,
    /// There is no template of this slug whose types could be used.
    NoSuchCatalog(String),
    /// The acting user may not.
    Refused(Refused),
}

#[derive(FromQueryResult)]
struct Published {
    outcome: String,
    template_id: Option<String>,
    version: Option<i32>,
}

/// Publishes a version of a template of the acting organisation. The very definition of the newest version makes no new one.
///
/// # Errors
/// As [`find`].
pub async fn publish(scope: &WriteScope, new: NewVersion<'_>) -> Result<Publication, DbError> {
    let values: [Value; 11] = [
        new.id.as_str().into(),
        new.slug.into(),
        new.definition.clone().into(),
        new.capabilities.into(),
        new.provides.into(),
        new.checksum.into(),
        new.notes.map(str::to_owned).into(),
        new.category.map(str::to_owned).into(),
        new.icon.map(str::to_owned).into(),
        new.bot_phone.map(str::to_owned).into(),
        Json::from(new.catalogs.to_vec()).into(),
    ];
    let statement = "SELECT outcome, template_id, version
        FROM template_publish($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let done: Option<Published> = sql::first(scope, statement, values).await?;
    let unknown = || DbError::Unexpected("template_publish answered nothing".to_owned());
    let done = done.ok_or_else(unknown)?;
    Ok(
        match (done.outcome.as_str(), done.template_id, done.version) {
            ("ok", Some(id), Some(version)) => Publication::Done(id.into(), version),
            ("slug_taken", _, _) => Publication::SlugTaken,
            ("no_such_catalog", Some(slug), _) => Publication::NoSuchCatalog(slug),
            (word, _, _) => match Refused::read(word)? {
                Err(refused) => Publication::Refused(refused),
                Ok(()) => return Err(unknown()),
            },
        },
    )
}

/// Says who may find and install a template of the acting organisation: `draft`, `published`, `unlisted` or `withdrawn`.
///
/// # Errors
/// As [`find`].
pub async fn set_status(
    scope: &WriteScope,
    template: &TemplateId,
    status: &str,
) -> Result<Result<(), Refused>, DbError> {
    let values = [template.as_str().into(), status.into()];
    sql::ruled(scope, "SELECT template_set_status($1, $2)", values).await
}

/// Takes a version of a template of the acting organisation back, or gives it out again.
///
/// # Errors
/// As [`find`].
pub async fn yank(
    scope: &WriteScope,
    template: &TemplateId,
    version: i32,
    yanked: bool,
) -> Result<Result<(), Refused>, DbError> {
    let values = [template.as_str().into(), version.into(), yanked.into()];
    sql::ruled(scope, "SELECT template_yank($1, $2, $3)", values).await
}
