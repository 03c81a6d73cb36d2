//! The catalogue that comes with the program: its templates, and their publisher, as whom nobody can act.
//!
//! The publisher has no members, so no credential leads to it and no request can change what it publishes. All of this is
//! the owner's, never the service's.

use serde_json::Value as Json;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use crate::ids::TemplateId;
use crate::{DbError, new_id};

/// The id of the publishing organisation. Ids are made by programs, never chosen by people, so nobody can come before it.
pub const PUBLISHER: &str = "agentry-catalogue";

/// Its slug: the first of these that nobody has taken.
const SLUGS: [&str; 3] = ["agentry", "agentry-catalogue", "agentry-templates"];

/// The key of the advisory lock that lets one program publish at a time: the bytes of `shelf` as a number.
const LOCK: i64 = 0x0073_6865_6c66;

/// A template as it is to be published.
#[derive(Debug, Clone)]
pub struct Seed<'a> {
    /// Its short name in addresses.
    pub slug: &'a str,
    /// What it is filed under.
    pub category: &'a str,
    /// Its picture: an emoji, or the name of an icon.
    pub icon: &'a str,
    /// The definition.
    pub definition: Json,
    /// What it asks for.
    pub capabilities: Json,
    /// How much of each kind it brings.
    pub provides: Json,
    /// SHA-256 of the definition, in hex.
    pub checksum: String,
}

/// What became of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seeded {
    /// It was published now, as this version.
    Published(i32),
    /// It was there already, as this version.
    Unchanged(i32),
    /// Another publisher has its slug, so it was left out.
    SlugTaken,
}

/// Publishes these templates, in one transaction; of many who do at once, one does. A definition that was ever published makes no
/// new version, so that an older program that starts again does not take back what a newer one brought. A template that is there
/// keeps its status, and a version that was yanked stays so.
///
/// # Errors
/// [`DbError`] as the database answers; nothing was changed then.
pub async fn publish(owner: &PgConnectOptions, seeds: &[Seed<'_>]) -> Result<Vec<Seeded>, DbError> {
    let options = owner
        .clone()
        .application_name("agentry catalogue")
        .disable_statement_logging();
    let mut connection = PgConnection::connect_with(&options).await?;
    let mut transaction = connection.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *transaction)
        .await?;
    make_publisher(&mut transaction).await?;
    let mut done = Vec::with_capacity(seeds.len());
    for seed in seeds {
        done.push(publish_one(&mut transaction, seed).await?);
    }
    transaction.commit().await?;
    connection.close().await?;
    Ok(done)
}

async fn make_publisher(connection: &mut PgConnection) -> Result<(), DbError> {
    let made = r#"INSERT INTO "organization" ("id", "name", "slug", "createdAt")
        SELECT $1, 'Agentry', $2, now() WHERE NOT EXISTS (SELECT FROM "organization" o WHERE o."id" = $1)
        ON CONFLICT DO NOTHING"#;
    for slug in SLUGS {
        sqlx::query(made)
            .bind(PUBLISHER)
            .bind(slug)
            .execute(&mut *connection)
            .await?;
    }
    // When all are taken, the first template says so: it refers to its publisher.
    Ok(())
}

async fn publish_one(connection: &mut PgConnection, seed: &Seed<'_>) -> Result<Seeded, DbError> {
    let there = sqlx::query(
        "SELECT t.id, t.publisher_org_id = $2 AS ours,
           (SELECT max(v.version) FROM template_versions v WHERE v.template_id = t.id AND v.checksum = $3) AS version
         FROM templates t WHERE t.slug = $1",
    )
    .bind(seed.slug)
    .bind(PUBLISHER)
    .bind(&seed.checksum)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(there) = &there {
        if !there.try_get::<bool, _>("ours")? {
            return Ok(Seeded::SlugTaken);
        }
        if let Some(version) = there.try_get("version")? {
            file_under(connection, seed).await?;
            return Ok(Seeded::Unchanged(version));
        }
    }
    let id: TemplateId = new_id();
    let added = sqlx::query(
        "SELECT outcome, version FROM template_add($1, $2, $3, $4, $5, $6, $7, NULL, $8, $9, NULL, '[]', '[]', 2147483647)",
    )
    .bind(PUBLISHER)
    .bind(id.as_str())
    .bind(seed.slug)
    .bind(&seed.definition)
    .bind(&seed.capabilities)
    .bind(&seed.provides)
    .bind(&seed.checksum)
    .bind(seed.category)
    .bind(seed.icon)
    .fetch_one(&mut *connection)
    .await?;
    let outcome: String = added.try_get("outcome")?;
    if outcome == "slug_taken" {
        return Ok(Seeded::SlugTaken);
    }
    let version: Option<i32> = added.try_get("version")?;
    let version = version.ok_or_else(|| DbError::Unexpected(format!("template_add: {outcome}")))?;
    if there.is_none() {
        sqlx::query("UPDATE templates SET status = 'published', first_published_at = now_ms() WHERE id = $1")
            .bind(id.as_str())
            .execute(&mut *connection)
            .await?;
    }
    Ok(Seeded::Published(version))
}

/// What stands beside the definition, and makes no version.
async fn file_under(connection: &mut PgConnection, seed: &Seed<'_>) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE templates SET category = $2, icon = $3
         WHERE slug = $1 AND (category IS DISTINCT FROM $2 OR icon IS DISTINCT FROM $3)",
    )
    .bind(seed.slug)
    .bind(seed.category)
    .bind(seed.icon)
    .execute(&mut *connection)
    .await?;
    Ok(())
}
