use agentry_db::entity;
use async_graphql::Enum;
use serde::Serialize;

/// Who in the organisation may see a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize)]
#[graphql(remote = "entity::Visibility")]
pub enum Visibility {
    /// Its owner, and for agents the organisation's owners and admins.
    Private,
    /// Every member of the organisation.
    Organization,
}

/// What the audit trail calls it.
pub(crate) const fn word(visibility: agentry_db::entity::Visibility) -> &'static str {
    match visibility {
        agentry_db::entity::Visibility::Private => "private",
        agentry_db::entity::Visibility::Organization => "organization",
    }
}
