use agentry_db::Db;

/// The door to SQL. Whoever would go through it asks a [`crate::RequestContext`], which asks in turn what for.
///
/// No resolver opens it by itself:
///
/// ```compile_fail,E0616
/// fn resolve(context: &agentry_schema::RequestContext) {
///     let _ = &context.services().db.0;
/// }
/// ```
///
/// and none writes without an action, on what it was given to read:
///
/// ```compile_fail,E0308
/// async fn resolve(scope: agentry_db::Scope, id: agentry_db::ids::AgentId) {
///     let _ = agentry_db::agent::delete(&scope, &id).await;
/// }
/// ```
#[derive(Debug)]
pub struct Door(pub(super) Db);

impl From<Db> for Door {
    fn from(db: Db) -> Self {
        Self(db)
    }
}
