//! `agentry migrate`: the database's history, applied, reverted or listed; and the auth tables, made to fit.

use agentry_db::shape::{self, Amended, Finding, Stage};
use agentry_migration as migration;
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
            let up = bring_up(owner, &store.service, store.service_password.as_ref()).await?;
            for piece in &up.amended {
                say(&format!(
                    "Amended: {}: {}. Done: {};",
                    piece.subject,
                    piece.sentence,
                    piece.statement()
                ));
            }
            for limit in &up.limits {
                say(&format!("Limited: {limit}"));
            }
            say(&format!(
                "{} migrations applied; the database is up to date.",
                up.applied
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

/// What bringing a database up to date did.
pub(super) struct BroughtUp {
    /// How many migrations were applied.
    pub(super) applied: usize,
    /// What was amiss in the auth tables, and no longer is.
    pub(super) amended: Vec<Finding>,
    /// What limits, and could not be helped.
    pub(super) limits: Vec<Finding>,
}

/// Applies what is pending, lets the service's login in and makes the auth tables fit.
pub(super) async fn bring_up(
    owner: &PgConnectOptions,
    service: &PgConnectOptions,
    password: Option<&SecretString>,
) -> Result<BroughtUp, CommandError> {
    let mut amended = Vec::new();
    let pending = migration::status(owner).await?;
    if pending.iter().any(|migration| !migration.applied) {
        // Tables that another program made must fit before ours build on them: its columns may be fewer.
        amended.extend(fit(owner, Stage::Before).await?.done);
    }
    let applied = migration::up(owner).await?;
    migration::admit(
        owner,
        service.get_username(),
        password.map(ExposeSecret::expose_secret),
    )
    .await?;
    let after = fit(owner, Stage::After).await?;
    amended.extend(after.done);
    Ok(BroughtUp {
        applied,
        amended,
        limits: after.left.limits().cloned().collect(),
    })
}

async fn fit(owner: &PgConnectOptions, stage: Stage) -> Result<Amended, CommandError> {
    let amended = shape::amend(owner, stage).await?;
    match amended.left.refusal() {
        None => Ok(amended),
        Some(reasons) => Err(CommandError::Misshapen(reasons)),
    }
}
