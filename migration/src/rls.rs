//! What every tenant table is born with.

use sea_orm_migration::prelude::*;

/// The role that holds every grant of the service. It cannot log in; the service's login is a member of it.
pub const SERVICE_ROLE: &str = "agentry_app";

/// The role for what goes beyond the acting user but never beyond the acting organisation: re-sealing keys, counting against
/// a limit, handing an agent over. It cannot log in and is granted single columns; functions run as it by `SECURITY
/// DEFINER`, and the owner enters it with `SET ROLE`. Row security binds it to `app_current_org()` like everyone.
pub const KEEPER_ROLE: &str = "agentry_keeper";

/// Turns row security on and forces it, adds the restrictive policy `organization_id = app_current_org()` for the
/// service, and keeps `updated_at` where the table has one. Permissive policies and grants are the migration's own.
///
/// # Errors
/// Whatever the database answers: the table is missing or has no `organization_id`.
pub async fn protect(manager: &SchemaManager<'_>, table: &'static str) -> Result<(), DbErr> {
    let touched = manager.has_column(table, "updated_at").await?;
    let mut sql = format!(
        "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         CREATE POLICY {table}_tenant ON {table} AS RESTRICTIVE FOR ALL TO {SERVICE_ROLE}, {KEEPER_ROLE}
           USING (organization_id = app_current_org()) WITH CHECK (organization_id = app_current_org());"
    );
    if touched {
        use std::fmt::Write as _;
        let _ = write!(
            sql,
            "CREATE TRIGGER {table}_touch BEFORE UPDATE ON {table}
               FOR EACH ROW EXECUTE FUNCTION touch_updated_at();"
        );
    }
    manager.get_connection().execute_unprepared(&sql).await?;
    Ok(())
}
