//! Whether this server can do its work: the database answers and has what this build expects.

use agentry_db::Db;

use crate::http::{Check, Readiness};

/// Looks at the database and its migrations.
#[derive(Debug)]
pub struct DatabaseReadiness {
    db: Db,
    expected: Vec<String>,
}

impl DatabaseReadiness {
    /// Expects the migrations of this build. One that a newer build applied is no reason not to serve.
    #[must_use]
    pub fn new(db: Db) -> Self {
        Self {
            db,
            expected: agentry_migration::names(),
        }
    }
}

#[async_trait::async_trait]
impl Readiness for DatabaseReadiness {
    async fn check(&self) -> Vec<Check> {
        let applied = self.db.applied_migrations().await;
        let database = Check {
            name: "database",
            ok: applied.is_ok(),
            detail: if applied.is_ok() { "answers" } else { "away" },
        };
        let current =
            applied.is_ok_and(|applied| self.expected.iter().all(|name| applied.contains(name)));
        let detail = if current {
            "applied"
        } else {
            "missing or unknown"
        };
        vec![
            database,
            Check {
                name: "migrations",
                ok: current,
                detail,
            },
        ]
    }
}
