//! The templates that come with the program.

use clap::{ArgAction, Args};

/// Whether the templates that come with the program are published.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Templates")]
pub struct CatalogueConfig {
    /// Publish the templates that come with Agentry at every start, which takes `DATABASE_OWNER_URL`; when not given, this is done with its own PostgreSQL alone. `agentry seed` publishes them unless this is false
    #[arg(long, env = "AGENTRY_CATALOGUE", value_name = "BOOL", action = ArgAction::Set)]
    pub catalogue: Option<bool>,
}

impl CatalogueConfig {
    /// Whether a service publishes them when it starts.
    #[must_use]
    pub fn at_start(&self, embedded: bool) -> bool {
        self.catalogue.unwrap_or(embedded)
    }

    /// Whether `agentry seed` does.
    #[must_use]
    pub fn in_seed(&self) -> bool {
        self.catalogue.unwrap_or(true)
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::config;

    #[test]
    fn a_given_database_is_written_to_only_when_that_is_asked_for() {
        let at_start = |args: &[&str], embedded| config(args).catalogue.at_start(embedded);
        assert!(at_start(&[], true) && !at_start(&[], false));
        assert!(at_start(&["--catalogue=true"], false));
        assert!(!at_start(&["--catalogue=false"], true));
        assert!(config(&[]).catalogue.in_seed());
        assert!(!config(&["--catalogue=false"]).catalogue.in_seed());
    }
}
