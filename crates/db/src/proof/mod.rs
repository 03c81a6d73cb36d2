//! The boot proof: from the catalog, and on the service's own connection, that row security binds the service.
//!
//! Whoever starts a server with the owner's address by mistake would serve every tenant's rows to everyone and see nothing
//! amiss. So the server reads these facts before it listens, and refuses when one does not hold.

mod identity;
mod table;

use std::fmt;

use crate::{Db, DbError};

/// The role that holds every grant of the service.
const SERVICE: &str = "agentry_app";

/// One thing that must be so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Of what it speaks: `role agentry`, `table agents`, …
    pub subject: String,
    /// What is claimed.
    pub claim: String,
    /// Whether it is so.
    pub holds: bool,
    /// What to do when it is not.
    pub remedy: String,
}

/// What the catalog says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Every fact that was asked for, in a fixed order.
    pub facts: Vec<Fact>,
}

/// Reads the facts on a connection of the service: four statements, whatever the number of tables.
///
/// # Errors
/// [`DbError`] when the catalog cannot be read. That a fact does not hold is no error: ask [`Report::failures`].
pub async fn prove(db: &Db) -> Result<Report, DbError> {
    let mut connection = db.pool.acquire().await?;
    let (mut facts, role) = identity::facts(&mut connection).await?;
    facts.extend(table::facts(&mut connection, &role).await?);
    Ok(Report { facts })
}

impl Report {
    /// The facts that do not hold.
    pub fn failures(&self) -> impl Iterator<Item = &Fact> {
        self.facts.iter().filter(|fact| !fact.holds)
    }

    /// Whether every fact holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.failures().next().is_none()
    }

    /// Why the server must not start, each failure with its remedy on a line; `None` when it may.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        let lines: Vec<String> = self.failures().map(ToString::to_string).collect();
        (!lines.is_empty()).then(|| {
            format!(
                "row security does not bind this service, so it will not start:\n{}",
                lines.join("\n")
            )
        })
    }
}

/// `table agents: row security is forced: no. As the owner: ALTER TABLE …`
impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            subject,
            claim,
            holds,
            remedy,
        } = self;
        if *holds {
            write!(f, "{subject}: {claim}: yes")
        } else {
            write!(f, "{subject}: {claim}: no. {remedy}")
        }
    }
}

fn fact(subject: &str, claim: impl Into<String>, holds: bool, remedy: impl Into<String>) -> Fact {
    Fact {
        subject: subject.to_owned(),
        claim: claim.into(),
        holds,
        remedy: remedy.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_table_and_the_remedy() {
        let report = Report {
            facts: vec![
                fact("table agents", "row security is enabled", true, "nothing"),
                fact("table agents", "row security is forced", false, "Do this."),
            ],
        };
        assert_eq!(
            report.refusal().as_deref(),
            Some(
                "row security does not bind this service, so it will not start:\n\
                 table agents: row security is forced: no. Do this."
            )
        );
        assert!(!report.holds());
    }

    #[test]
    fn nothing_is_refused_when_all_holds() {
        let report = Report {
            facts: vec![fact("role a", "is not a superuser", true, "")],
        };
        assert_eq!(report.refusal(), None);
        assert!(report.holds());
    }
}
