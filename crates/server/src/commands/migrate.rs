//! `agentry migrate`: the database's history, applied, reverted or listed.

use agentry_migration::{self as migration, MigrationError};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;

use super::{CommandError, say};
use crate::cli::{MigrateAction, MigrateArgs};
use crate::store::Store;

pub(super) async fn run(args: &MigrateArgs) -> Result<(), CommandError> {
    let store = Store::open_beside(&args.config).await?;
    let done = act(&store, args.action()).await;
    store.close().await?;
    done
}

async fn act(store: &Store, action: MigrateAction) -> Result<(), CommandError> {
    let owner = store.owner()?;
    match action {
        MigrateAction::Up => {
            let applied = bring_up(owner, &store.service, store.service_password.as_ref()).await?;
            say(&format!(
                "{applied} migrations applied; the database is up to date."
            ));
        }
        MigrateAction::Down { steps } => {
            migration::down(owner, steps).await?;
            say("Reverted.");
        }
        MigrateAction::Status => {
            for status in migration::status(owner).await? {
                say(&format!(
                    "{:8} {}",
                    if status.applied { "applied" } else { "pending" },
                    status.name
                ));
            }
        }
    }
    Ok(())
}

/// Applies what is pending and lets the service's login in.
pub(super) async fn bring_up(
    owner: &PgConnectOptions,
    service: &PgConnectOptions,
    password: Option<&SecretString>,
) -> Result<usize, MigrationError> {
    let applied = migration::up(owner).await?;
    migration::admit(
        owner,
        service.get_username(),
        password.map(ExposeSecret::expose_secret),
    )
    .await?;
    Ok(applied)
}
