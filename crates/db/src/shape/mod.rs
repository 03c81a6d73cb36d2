//! Whether the auth tables are as this build needs them.
//!
//! better-auth, Agentuity Auth or our own migrations made them, whichever ran first, and any of them may alter them while we
//! are not looking. So the catalog is read before anything is served: what cannot work refuses the start, what merely limits
//! is told, each in one sentence with its remedy. What takes nothing away [`amend()`] does itself, where its role may.

mod access;
mod amend;
mod catalog;
mod column;
mod expected;
mod key;
mod place;
mod report;
mod trigger;

pub use amend::{Amended, amend};
pub use report::{Check, Finding, Remedy, Report, Weight};

use sqlx::PgConnection;

use crate::{Db, DbError};

/// How far the database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Our migrations are still to run, and make what is missing: only what is there is looked at.
    Before,
    /// They have run.
    After,
}

/// Looks at the tables on a connection of the service, in one statement.
///
/// # Errors
/// [`DbError`] when the catalog cannot be read. That a table does not fit is no error: ask [`Report::refusal`].
pub async fn examine(db: &Db) -> Result<Report, DbError> {
    let mut connection = db.pool.acquire().await?;
    look(&mut connection, Stage::After).await
}

async fn look(connection: &mut PgConnection, stage: Stage) -> Result<Report, DbError> {
    let catalog = catalog::read(connection).await?;
    let mut checks = Vec::new();
    for table in &expected::TABLES {
        let Some(actual) = catalog.tables.get(table.name) else {
            if stage == Stage::After {
                checks.push(place::missing(table));
            }
            continue;
        };
        let place = place::check(table, actual, &catalog, stage);
        let is_table = place::is_table(actual);
        checks.push(place);
        if !is_table {
            continue;
        }
        checks.push(column::check(table, actual, stage));
        checks.push(key::check(table, actual));
        if stage == Stage::After {
            checks.extend(trigger::check(table, actual));
            checks.extend(access::check(table, actual));
        }
    }
    Ok(Report { checks })
}

/// A name as it stands in a statement.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
