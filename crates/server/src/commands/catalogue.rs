//! The templates that come with the program, published: by `agentry seed`, and by `agentry serve` when it starts.

use std::fmt;

use agentry_db::catalogue::{self, Seed, Seeded};
use agentry_template::catalogue::{CATALOGUE, Entry};
use sqlx::postgres::PgConnectOptions;

use super::CommandError;

/// What became of one template.
pub(super) struct Outcome {
    slug: &'static str,
    seeded: Seeded,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slug = self.slug;
        match self.seeded {
            Seeded::Published(version) => write!(f, "Published {slug}, version {version}."),
            Seeded::Unchanged(version) => {
                write!(f, "{slug} is there already, as version {version}.")
            }
            Seeded::SlugTaken => write!(
                f,
                "{slug} was left out: another publisher's template has this slug."
            ),
        }
    }
}

/// Publishes them all.
pub(super) async fn publish(owner: &PgConnectOptions) -> Result<Vec<Outcome>, CommandError> {
    let seeds: Result<Vec<Seed<'_>>, CommandError> = CATALOGUE.iter().map(seed).collect();
    let done = catalogue::publish(owner, &seeds?).await?;
    let done = CATALOGUE.iter().zip(done);
    Ok(done
        .map(|(entry, seeded)| Outcome {
            slug: entry.slug,
            seeded,
        })
        .collect())
}

/// The same for a service that starts: what is new goes to the log.
pub(super) async fn at_start(owner: &PgConnectOptions) -> Result<(), CommandError> {
    for outcome in publish(owner).await? {
        match outcome.seeded {
            Seeded::Published(_) => tracing::info!("{outcome}"),
            Seeded::Unchanged(_) => tracing::debug!("{outcome}"),
            Seeded::SlugTaken => tracing::warn!("{outcome}"),
        }
    }
    Ok(())
}

fn seed(entry: &Entry) -> Result<Seed<'static>, CommandError> {
    let definition = entry
        .definition()
        .map_err(|_| CommandError::Template(entry.slug))?;
    Ok(Seed {
        slug: entry.slug,
        category: entry.category,
        icon: entry.icon,
        capabilities: definition.capabilities.to_json(),
        provides: definition.provides.to_json(),
        checksum: definition.checksum,
        definition: definition.document,
    })
}
