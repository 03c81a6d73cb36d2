//! Agentry's own PostgreSQL.

use std::path::{Path, PathBuf};

use clap::Args;

/// The folder used as root when the default one cannot be entered by the account PostgreSQL then runs as.
pub const ROOT_DATA_DIR: &str = "/var/lib/agentry";
const DATA_DIR: &str = ".agentry";

/// Where the embedded PostgreSQL lives. Without effect when `DATABASE_URL` is given.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Embedded PostgreSQL")]
pub struct EmbeddedConfig {
    /// Folder of the data and the generated secrets; started as root in a place PostgreSQL's user may not enter, the default becomes /var/lib/agentry
    #[arg(long, env = "AGENTRY_DATA_DIR", value_name = "FOLDER", default_value = DATA_DIR)]
    pub data_dir: PathBuf,
    /// Folder of PostgreSQL's server programs, version 15 or newer; searched in the usual places when not given
    #[arg(long, env = "AGENTRY_PG_BIN", value_name = "FOLDER")]
    pub pg_bin: Option<PathBuf>,
}

impl EmbeddedConfig {
    /// The data folder in effect. `reachable` says whether the account PostgreSQL runs as may enter a folder.
    ///
    /// A folder that was asked for is never replaced; it fails later, with a sentence that says why.
    pub fn data_dir(&self, reachable: impl FnOnce(&Path) -> bool) -> PathBuf {
        if self.data_dir == Path::new(DATA_DIR)
            && !self.data_dir.exists()
            && !reachable(Path::new("."))
        {
            return PathBuf::from(ROOT_DATA_DIR);
        }
        self.data_dir.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;

    #[test]
    fn only_the_default_gives_way_to_a_reachable_place() {
        let embedded = |args: &[&str]| config(args).base.embedded;
        assert_eq!(embedded(&[]).data_dir(|_| true), Path::new(".agentry"));
        assert_eq!(embedded(&[]).data_dir(|_| false), Path::new(ROOT_DATA_DIR));
        assert_eq!(
            embedded(&["--data-dir=/else"]).data_dir(|_| false),
            Path::new("/else")
        );
    }
}
