//! `agentry doctor`: what must be so, as a table; exits with 1 when something is not.

use agentry_crypto::KeyRing;
use agentry_db::Db;
use agentry_db::proof::{self, Fact};
use agentry_db::shape::{self, Check, Weight};

use super::{CommandError, say};
use crate::app;
use crate::config::{BaseConfig, Config, GivenDatabase};
use crate::embedded;
use crate::store::{Store, StoreError};

pub(super) async fn run(config: &Config) -> Result<(), CommandError> {
    say(&format!("agentry {}", env!("CARGO_PKG_VERSION")));
    say(&format!("looks at {}", looked_at(&config.base)?));
    let store = Store::open_beside(&config.base).await?;
    let db = app::open_pool(&store.service, &config.base.database);
    let lines = examine(&store, &db).await;
    db.close().await;
    store.close().await?;
    tell(&lines?)
}

/// Which database it is: whoever is told what is wrong with one must know that it is theirs. Where there is none, none is made.
fn looked_at(config: &BaseConfig) -> Result<String, CommandError> {
    if let Some(given) = config.database.given().map_err(StoreError::from)? {
        let GivenDatabase { service, .. } = given;
        let name = service.get_database().unwrap_or_default();
        let login = service.get_username();
        let place = service.get_socket().map_or_else(
            || format!("{}:{}", service.get_host(), service.get_port()),
            |socket| socket.display().to_string(),
        );
        return Ok(format!("the database {name} at {place} as {login}"));
    }
    let data_dir = config.embedded.data_dir(embedded::reachable);
    // Only its name is made absolute, which takes no more than the working folder.
    let data_dir = std::path::absolute(&data_dir).unwrap_or(data_dir);
    if !embedded::holds_cluster(&data_dir) {
        return Err(CommandError::Nothing(data_dir));
    }
    Ok(format!("the data folder {}", data_dir.display()))
}

async fn examine(store: &Store, db: &Db) -> Result<Vec<Line>, CommandError> {
    let mut lines = vec![line(key_ring(store))];
    db.ping().await?;
    lines.push(line(migrations(db).await));
    lines.extend(proof::prove(db).await?.facts.into_iter().map(line));
    lines.extend(
        shape::examine(db)
            .await?
            .checks
            .iter()
            .flat_map(shape_lines),
    );
    let pool = db.status();
    lines.push(line(fact(
        "pool",
        format!("{} of at most {} connections are open", pool.open, pool.max),
        true,
        "",
    )));
    Ok(lines)
}

/// One line of the table, and what to do about it on the next.
struct Line {
    mark: Mark,
    subject: String,
    text: String,
    remedy: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Holds,
    Limits,
    Fails,
}

impl Mark {
    const fn text(self) -> &'static str {
        match self {
            Self::Holds => "ok  ",
            Self::Limits => "warn",
            Self::Fails => "FAIL",
        }
    }
}

fn line(fact: Fact) -> Line {
    let Fact {
        subject,
        claim,
        holds,
        remedy,
    } = fact;
    Line {
        mark: if holds { Mark::Holds } else { Mark::Fails },
        subject,
        text: claim,
        remedy,
    }
}

/// What speaks against a claim about an auth table, or the claim when nothing does.
fn shape_lines(check: &Check) -> Vec<Line> {
    if check.findings.is_empty() {
        return vec![Line {
            mark: Mark::Holds,
            subject: check.subject.clone(),
            text: check.claim.to_owned(),
            remedy: String::new(),
        }];
    }
    let lines = check.findings.iter().map(|finding| Line {
        mark: match finding.weight {
            Weight::Unfit => Mark::Fails,
            Weight::Limits => Mark::Limits,
        },
        subject: finding.subject.clone(),
        text: finding.sentence.clone(),
        remedy: finding.advice(),
    });
    lines.collect()
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

fn tell(lines: &[Line]) -> Result<(), CommandError> {
    let width = lines
        .iter()
        .map(|line| line.subject.chars().count())
        .max()
        .unwrap_or_default();
    for Line {
        mark,
        subject,
        text,
        remedy,
    } in lines
    {
        say(&format!("{} {subject:width$}  {text}", mark.text()));
        if *mark != Mark::Holds {
            say(&format!("     {:width$}  {remedy}", ""));
        }
    }
    match lines.iter().filter(|line| line.mark == Mark::Fails).count() {
        0 => Ok(()),
        failing => Err(CommandError::Unhealthy(failing)),
    }
}
