//! Tests that enumerate the database and the schema, so that nothing new can skip them.
//!
//! Those of the database see past row security, and leave it as it was: all they do lies in one transaction, rolled back.
//! Where an outcome is kept in a file, `AGENTRY_SNAPSHOTS=write` writes it anew.

mod calls;
mod catalog;
mod credentials;
mod grants;
mod loosen;
mod matrix;
mod mutations;
mod printed_schema;
mod probe;
mod publishers;
mod rules;
mod schema;
mod seed;
pub(crate) mod snapshot;
mod stage;
mod tenancy;
mod unauthenticated;

use sqlx::postgres::PgPool;

use crate::support::{Database, pool};

/// A migrated database past row security, and the service's login.
async fn database() -> (PgPool, String) {
    let database = Database::copy().await;
    let service = database.service.get_username().to_owned();
    (pool(&database.root).await, service)
}
