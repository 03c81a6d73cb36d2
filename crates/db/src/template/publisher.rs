//! Templates as their publisher sees and changes them.

use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, Value};
use serde_json::Value as Json;

use super::Card;
use crate::ids::TemplateId;
use crate::keyset::{Page, PageRequest};
use crate::{DbError, Refused, Scope, WriteScope, sql};

/// A version as its publisher sees it.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Version {
    /// Of which template.
    pub template_id: TemplateId,
    /// Its number.
    pub version: i32,
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

/// The versions of these templates of the acting organisation, newest first, of each the first `count` below the number `before`.
///
/// # Errors
/// As [`super::find`]; this holds for every function of this module.
pub async fn versions(
    scope: &Scope,
    templates: &[TemplateId],
    before: Option<i32>,
    count: u64,
) -> Result<Vec<Version>, DbError> {
    let ids: Vec<String> = templates.iter().map(ToString::to_string).collect();
    let values: [Value; 4] = [
        ids.into(),
        scope.tenant().organization().as_str().into(),
        before.into(),
        i64::try_from(count).unwrap_or(i64::MAX).into(),
    ];
    let statement = "
        SELECT v.template_id, v.version, v.capabilities, v.provides, v.checksum, v.notes, v.published_at, v.yanked_at
        FROM unnest($1::text[]) AS t (id) CROSS JOIN LATERAL (
          SELECT * FROM template_versions v
          WHERE v.template_id = t.id AND v.publisher_org_id = $2 AND ($3::integer IS NULL OR v.version < $3)
          ORDER BY v.version DESC LIMIT $4) v";
    sql::all(scope, statement, values).await
}

#[derive(FromQueryResult)]
struct Defined {
    template_id: TemplateId,
    version: i32,
    definition: Json,
}

/// The definitions of these versions of templates of the acting organisation.
///
/// # Errors
/// As [`versions`].
pub async fn definitions(
    scope: &Scope,
    versions: &[(TemplateId, i32)],
) -> Result<Vec<(TemplateId, i32, Json)>, DbError> {
    let (ids, numbers): (Vec<String>, Vec<i32>) = versions
        .iter()
        .map(|(id, version)| (id.to_string(), *version))
        .unzip();
    let values: [Value; 3] = [
        ids.into(),
        numbers.into(),
        scope.tenant().organization().as_str().into(),
    ];
    let statement = "
        SELECT v.template_id, v.version, v.definition FROM unnest($1::text[], $2::integer[]) AS w (template_id, version)
        JOIN template_versions v ON v.template_id = w.template_id AND v.version = w.version WHERE v.publisher_org_id = $3";
    let rows: Vec<Defined> = sql::all(scope, statement, values).await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.template_id, row.version, row.definition))
        .collect())
}

/// One version of a template of the acting organisation.
///
/// # Errors
/// As [`versions`].
pub async fn version(
    scope: &Scope,
    template: &TemplateId,
    version: i32,
) -> Result<Option<Version>, DbError> {
    sql::first(
        scope,
        "SELECT template_id, version, capabilities, provides, checksum, notes, published_at, yanked_at
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
/// As [`versions`].
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
/// As [`versions`].
pub async fn count_own(scope: &Scope) -> Result<u64, DbError> {
    let values = [scope.tenant().organization().as_str().into()];
    let statement = "SELECT count(*) FROM templates WHERE publisher_org_id = $1";
    let count: i64 = sql::scalar(scope, statement, values).await?;
    Ok(count.unsigned_abs())
}

#[derive(FromQueryResult)]
struct Installs {
    id: TemplateId,
    installs: i64,
}

/// In how many organisations each of these is installed, of the templates of the acting one.
///
/// # Errors
/// As [`versions`].
pub async fn install_counts(
    scope: &Scope,
    templates: &[TemplateId],
) -> Result<Vec<(TemplateId, u64)>, DbError> {
    let ids: Vec<String> = templates.iter().map(ToString::to_string).collect();
    let statement = "SELECT id, installs FROM template_install_counts($1)";
    let rows: Vec<Installs> = sql::all(scope, statement, [ids.into()]).await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id, row.installs.unsigned_abs()))
        .collect())
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
    /// What the template is filed under from now on; `None` leaves it as it is, the empty text takes it away.
    pub category: Option<&'a str>,
    /// Its picture from now on, likewise.
    pub icon: Option<&'a str>,
    /// The number of its bot from now on, likewise.
    pub bot_phone: Option<&'a str>,
    /// The slugs of the templates whose types it uses as well.
    pub catalogs: &'a [String],
    /// The types that those must bring: `[{"kind": …, "slug": …}]`.
    pub references: Json,
    /// The most templates that an organisation may have.
    pub limit: u32,
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
    /// No catalog brings the type of this slug.
    NoSuchType(String),
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
/// As [`versions`].
pub async fn publish(scope: &WriteScope, new: NewVersion<'_>) -> Result<Publication, DbError> {
    let values: [Value; 13] = [
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
        new.references.into(),
        i32::try_from(new.limit).unwrap_or(i32::MAX).into(),
    ];
    let statement = "SELECT outcome, template_id, version
        FROM template_publish($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    let done: Option<Published> = sql::first(scope, statement, values).await?;
    let unknown = || DbError::Unexpected("template_publish answered nothing".to_owned());
    let done = done.ok_or_else(unknown)?;
    Ok(
        match (done.outcome.as_str(), done.template_id, done.version) {
            ("ok", Some(id), Some(version)) => Publication::Done(id.into(), version),
            ("slug_taken", _, _) => Publication::SlugTaken,
            ("no_such_catalog", Some(slug), _) => Publication::NoSuchCatalog(slug),
            ("no_such_type", Some(slug), _) => Publication::NoSuchType(slug),
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
/// As [`versions`].
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
/// As [`versions`].
pub async fn yank(
    scope: &WriteScope,
    template: &TemplateId,
    version: i32,
    yanked: bool,
) -> Result<Result<(), Refused>, DbError> {
    let values = [template.as_str().into(), version.into(), yanked.into()];
    sql::ruled(scope, "SELECT template_yank($1, $2, $3)", values).await
}

/// Deletes a template of the acting organisation that could never be had, with its versions.
///
/// # Errors
/// As [`versions`].
pub async fn delete(
    scope: &WriteScope,
    template: &TemplateId,
) -> Result<Result<(), Refused>, DbError> {
    match sql::ruled(
        scope,
        "SELECT template_delete($1)",
        [template.as_str().into()],
    )
    .await
    {
        Err(error) if error.is_template_in_use() => Ok(Err(Refused::InUse)),
        ruled => ruled,
    }
}
