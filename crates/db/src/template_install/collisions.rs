use sea_orm::FromQueryResult;

use super::organization;
use crate::ids::TemplateId;
use crate::{DbError, Scope, sql};

/// Types of a version of a template that mean something else already in the acting organisation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collisions {
    /// Slugs that the organisation's own types have: those win.
    pub own: Vec<String>,
    /// Slugs that types of another installed template have: to be named with their catalog.
    pub managed: Vec<String>,
}

#[derive(FromQueryResult)]
struct Collision {
    slug: String,
    own: bool,
}

/// What the types of a version collide with.
///
/// # Errors
/// As [`super::find_many`].
pub async fn collisions(
    scope: &Scope,
    template: &TemplateId,
    version: i32,
) -> Result<Collisions, DbError> {
    let rows: Vec<Collision> = sql::all(
        scope,
        // What is here already is asked for, so that a template of five hundred types costs no more than one of one.
        "WITH own AS (
           SELECT 'entity' AS kind, slug FROM entity_types WHERE organization_id = $3 AND archived_at IS NULL
           UNION ALL
           SELECT 'relationship', slug FROM entity_relationship_types WHERE organization_id = $3 AND archived_at IS NULL),
         managed AS MATERIALIZED (SELECT kind, slug FROM template_slugs_installed($1)),
         brought AS MATERIALIZED (
           SELECT kind, slug FROM template_slugs($1, $2, ARRAY(SELECT slug FROM own UNION SELECT slug FROM managed)))
         SELECT DISTINCT slug, own FROM (
           SELECT b.slug, true AS own FROM brought b JOIN own o ON o.kind = b.kind AND o.slug = b.slug
           UNION ALL
           SELECT b.slug, false FROM brought b JOIN managed m ON m.kind = b.kind AND m.slug = b.slug) c
         ORDER BY slug",
        [
            template.as_str().into(),
            version.into(),
            organization(scope),
        ],
    )
    .await?;
    let mut found = Collisions::default();
    for Collision { slug, own } in rows {
        if own {
            found.own.push(slug);
        } else {
            found.managed.push(slug);
        }
    }
    Ok(found)
}
