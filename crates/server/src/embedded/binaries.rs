//! Finding the PostgreSQL server programs.
//!
//! Order: the setting, `PATH`, `pg_config --bindir`, then the places packages put them, newest first.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::EmbeddedError;

/// The oldest major version Agentry runs on.
pub const MINIMUM_MAJOR: u32 = 15;

/// One folder holding `postgres` and `initdb`, and their version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binaries {
    pub(crate) dir: PathBuf,
    pub(crate) major: u32,
    /// As printed by the server, such as `15.18`.
    pub(crate) version: String,
}

impl Binaries {
    pub(crate) fn postgres(&self) -> PathBuf {
        self.dir.join("postgres")
    }

    pub(crate) fn initdb(&self) -> PathBuf {
        self.dir.join("initdb")
    }

    /// Asks the server program in `dir` for its version; `None` when the folder does not hold both programs.
    fn probe(dir: &Path) -> Option<Self> {
        // PATH often holds a link to `postgres` alone; its neighbours are where the link leads.
        let postgres = fs::canonicalize(dir.join("postgres")).ok()?;
        let dir = postgres.parent()?.to_path_buf();
        if !dir.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(&postgres).arg("--version").output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let version = text.split_whitespace().nth(2)?.to_owned();
        let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
        Some(Self {
            dir,
            major: digits.parse().ok()?,
            version,
        })
    }
}

/// Finds the programs: those in `setting` if given, else the first fitting ones of all known places.
///
/// `cluster_major` is the version of an existing cluster: only that version can run it.
pub(crate) fn find(
    setting: Option<&Path>,
    cluster: Option<(&Path, u32)>,
) -> Result<Binaries, EmbeddedError> {
    let found = match setting {
        Some(dir) => vec![from_setting(dir)?],
        None => search(known_places())?,
    };
    choose(found, cluster)
}

fn from_setting(dir: &Path) -> Result<Binaries, EmbeddedError> {
    let bad = |problem: String| EmbeddedError::BadBinDir {
        path: dir.to_path_buf(),
        problem,
    };
    let found = Binaries::probe(dir).ok_or_else(|| {
        bad("does not hold the PostgreSQL programs postgres and initdb".to_owned())
    })?;
    if found.major < MINIMUM_MAJOR {
        return Err(bad(format!(
            "holds PostgreSQL {}, but {MINIMUM_MAJOR} or newer is needed",
            found.version
        )));
    }
    Ok(found)
}

/// Every fitting server in `places`, in their order.
fn search(places: Vec<PathBuf>) -> Result<Vec<Binaries>, EmbeddedError> {
    let mut all: Vec<Binaries> = Vec::new();
    for place in places {
        if let Some(found) = Binaries::probe(&place)
            && !all.contains(&found)
        {
            all.push(found);
        }
    }
    let (fitting, too_old): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|b| b.major >= MINIMUM_MAJOR);
    if fitting.is_empty() {
        let rejected = match too_old.first() {
            Some(old) => format!(" (only {} in {})", old.version, old.dir.display()),
            None => String::new(),
        };
        return Err(EmbeddedError::NoServer {
            minimum: MINIMUM_MAJOR,
            rejected,
            remedy: remedy(),
        });
    }
    Ok(fitting)
}

fn choose(found: Vec<Binaries>, cluster: Option<(&Path, u32)>) -> Result<Binaries, EmbeddedError> {
    let versions = found
        .iter()
        .map(|b| b.version.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    let wanted = found
        .into_iter()
        .find(|b| cluster.is_none_or(|(_, major)| b.major == major));
    match (wanted, cluster) {
        (Some(binaries), _) => Ok(binaries),
        (None, Some((path, major))) => Err(EmbeddedError::OtherMajor {
            path: path.to_path_buf(),
            cluster: major,
            found: versions,
        }),
        (None, None) => Err(EmbeddedError::NoServer {
            minimum: MINIMUM_MAJOR,
            rejected: String::new(),
            remedy: remedy(),
        }),
    }
}

fn known_places() -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect())
        .unwrap_or_default();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output()
        && let Ok(text) = String::from_utf8(output.stdout)
        && !text.trim().is_empty()
    {
        places.push(PathBuf::from(text.trim()));
    }
    // Debian and Ubuntu, the PGDG packages of Fedora and RHEL, Homebrew on Apple silicon, on Intel and on Linux, Postgres.app.
    places.extend(versioned("/usr/lib/postgresql", "", "bin"));
    places.extend(versioned("/usr", "pgsql-", "bin"));
    for prefix in [
        "/opt/homebrew/opt",
        "/usr/local/opt",
        "/home/linuxbrew/.linuxbrew/opt",
    ] {
        places.extend(versioned(prefix, "postgresql@", "bin"));
        places.push(Path::new(prefix).join("postgresql/bin"));
    }
    places.extend(versioned(
        "/Applications/Postgres.app/Contents/Versions",
        "",
        "bin",
    ));
    places
}

/// `parent/<prefix><number>/<tail>` for every number there is, highest first.
fn versioned(parent: impl AsRef<Path>, prefix: &str, tail: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut numbered: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let number = entry
                .file_name()
                .to_str()?
                .strip_prefix(prefix)?
                .parse()
                .ok()?;
            Some((number, entry.path().join(tail)))
        })
        .collect();
    numbered.sort_by_key(|found| std::cmp::Reverse(found.0));
    numbered.into_iter().map(|(_, path)| path).collect()
}

/// One line saying how to get PostgreSQL on this platform.
const fn remedy() -> &'static str {
    if cfg!(target_os = "macos") {
        "install it with `brew install postgresql@17`, set AGENTRY_PG_BIN to its bin folder, or set DATABASE_URL to a running server"
    } else {
        "install it with `apt-get install postgresql` (Debian, Ubuntu) or `dnf install postgresql-server` (Fedora), set AGENTRY_PG_BIN to its bin folder, or set DATABASE_URL to a running server"
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::embedded::tests::{TempDir, fake_server};

    #[test]
    fn installed_server_is_found_without_a_setting() {
        let found = find(None, None).unwrap();
        assert!(found.major >= MINIMUM_MAJOR);
        assert!(found.initdb().is_file());
    }

    #[test]
    fn highest_version_of_a_place_comes_first() {
        let root = TempDir::new();
        for version in ["9", "17", "16"] {
            fs::create_dir_all(root.path().join(version).join("bin")).unwrap();
        }
        let order = versioned(root.path(), "", "bin");
        assert_eq!(order[0], root.path().join("17/bin"));
        assert_eq!(order[2], root.path().join("9/bin"));
    }

    #[test]
    fn too_old_server_in_the_setting_is_refused_by_version() {
        let root = TempDir::new();
        fake_server(root.path(), "14.9");
        let message = find(Some(root.path()), None).unwrap_err().to_string();
        assert!(
            message.contains("holds PostgreSQL 14.9, but 15 or newer is needed"),
            "{message}"
        );
    }

    #[test]
    fn folder_without_programs_is_refused() {
        let root = TempDir::new();
        let message = find(Some(root.path()), None).unwrap_err().to_string();
        assert!(
            message.contains("does not hold the PostgreSQL programs"),
            "{message}"
        );
    }

    #[test]
    fn nothing_found_says_in_one_line_how_to_install() {
        let message = search(Vec::new()).unwrap_err().to_string();
        assert!(
            message.contains("no PostgreSQL 15 or newer was found: install it with"),
            "{message}"
        );
        assert_eq!(message.lines().count(), 1);
    }

    #[test]
    fn only_too_old_found_names_it() {
        let root = TempDir::new();
        fake_server(root.path(), "13.1");
        let message = search(vec![root.path().to_path_buf()])
            .unwrap_err()
            .to_string();
        assert!(message.contains("only 13.1 in"), "{message}");
    }

    #[test]
    fn an_existing_cluster_picks_its_own_version_or_says_so() {
        let old = TempDir::new();
        let new = TempDir::new();
        fake_server(old.path(), "15.2");
        fake_server(new.path(), "17.1");
        let both = || search(vec![new.path().to_path_buf(), old.path().to_path_buf()]).unwrap();
        let data = Path::new("/data");
        assert_eq!(choose(both(), Some((data, 15))).unwrap().major, 15);
        assert_eq!(choose(both(), None).unwrap().major, 17);
        let message = choose(both(), Some((data, 16))).unwrap_err().to_string();
        assert!(
            message.contains("made by PostgreSQL 16, but only 17.1, 15.2 was found"),
            "{message}"
        );
    }
}
