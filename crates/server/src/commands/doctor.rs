//! `agentry doctor`: what must be so, as a table; exits with 1 when something is not.

use agentry_crypto::KeyRing;
use agentry_db::Db;
use agentry_db::proof::{self, Fact};

use super::{CommandError, say};
use crate::app;
use crate::config::Config;
use crate::store::Store;

pub(super) async fn run(config: &Config) -> Result<(), CommandError> {
    let store = Store::open_beside(&config.base).await?;
    let db = app::open_pool(&store.service, &config.base.database);
    let facts = examine(&store, &db).await;
    db.close().await;
    store.close().await?;
    tell(&facts?)
}

async fn examine(store: &Store, db: &Db) -> Result<Vec<Fact>, CommandError> {
    let mut facts = vec![key_ring(store)];
    db.ping().await?;
    facts.push(migrations(db).await);
    facts.extend(proof::prove(db).await?.facts);
    let pool = db.status();
    facts.push(fact(
        "pool",
        format!("{} of at most {} connections are open", pool.open, pool.max),
        true,
        "",
    ));
    Ok(facts)
}

fn key_ring(store: &Store) -> Fact {
    match KeyRing::parse(&store.secrets.encryption_keys) {
        Ok(ring) => {
            let ids: Vec<&str> = ring.ids().collect();
            fact(
                "key ring",
                format!(
                    "seals under {}, opens {}",
                    ring.primary_id(),
                    ids.join(", ")
                ),
                true,
                "",
            )
        }
        Err(error) => fact(
            "key ring",
            "is well formed".to_owned(),
            false,
            &error.to_string(),
        ),
    }
}

async fn migrations(db: &Db) -> Fact {
    let expected = agentry_migration::names();
    let applied = db.applied_migrations().await.unwrap_or_default();
    let missing: Vec<&str> = expected
        .iter()
        .filter(|name| !applied.contains(name))
        .map(String::as_str)
        .collect();
    let claim = format!(
        "{} of {} are applied",
        expected.len() - missing.len(),
        expected.len()
    );
    fact(
        "migrations",
        claim,
        missing.is_empty(),
        "run `agentry migrate`",
    )
}

fn fact(subject: &str, claim: String, holds: bool, remedy: &str) -> Fact {
    Fact {
        subject: subject.to_owned(),
        claim,
        holds,
        remedy: remedy.to_owned(),
    }
}

fn tell(facts: &[Fact]) -> Result<(), CommandError> {
    let width = facts
        .iter()
        .map(|fact| fact.subject.chars().count())
        .max()
        .unwrap_or_default();
    say(&format!("agentry {}", env!("CARGO_PKG_VERSION")));
    for Fact {
        subject,
        claim,
        holds,
        remedy,
    } in facts
    {
        say(&format!(
            "{} {subject:width$}  {claim}",
            if *holds { "ok  " } else { "FAIL" }
        ));
        if !holds {
            say(&format!("     {:width$}  {remedy}", ""));
        }
    }
    match facts.iter().filter(|fact| !fact.holds).count() {
        0 => Ok(()),
        failing => Err(CommandError::Unhealthy(failing)),
    }
}
