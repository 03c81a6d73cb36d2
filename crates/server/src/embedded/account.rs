//! The operating-system account PostgreSQL runs as.
//!
//! PostgreSQL refuses to run as root. Started as root, Agentry hands it to `postgres`, which server packages
//! create, or else to `nobody`; started by anyone else, it runs as that user.

use std::fs::{read_dir, symlink_metadata};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::error::EmbeddedError;

/// Whom the server's processes belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Account {
    /// The user Agentry itself runs as.
    Own,
    /// Agentry is root; the server is not.
    Other {
        name: &'static str,
        uid: u32,
        gid: u32,
    },
}

impl Account {
    pub(crate) fn choose() -> Result<Self, EmbeddedError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Own);
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(Self::look_up)
            .ok_or(EmbeddedError::NoAccount)
    }

    /// Asks `id`, which knows every source of accounts on Linux and macOS alike.
    fn look_up(name: &'static str) -> Option<Self> {
        let id = |flag: &str| -> Option<u32> {
            let output = Command::new("id").args([flag, name]).output().ok()?;
            String::from_utf8(output.stdout).ok()?.trim().parse().ok()
        };
        Some(Self::Other {
            name,
            uid: id("-u")?,
            gid: id("-g")?,
        })
    }

    /// The user id that owns the cluster's files.
    pub(crate) fn uid(&self) -> u32 {
        match self {
            Self::Own => rustix::process::geteuid().as_raw(),
            Self::Other { uid, .. } => *uid,
        }
    }

    /// A command that runs as this account, in a process group of its own and with none of the caller's PostgreSQL settings.
    ///
    /// The own group keeps a terminal's Ctrl-C from reaching the database before Agentry has drained its requests.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .process_group(0)
            .current_dir("/")
            .stdin(Stdio::null());
        if let Self::Other { uid, gid, .. } = self {
            // The standard library drops root's supplementary groups along with the user id.
            command.gid(*gid).uid(*uid);
        }
        for (name, _) in std::env::vars_os() {
            if name
                .to_str()
                .is_none_or(|name| name.starts_with("PG") || secret(name))
            {
                command.env_remove(name);
            }
        }
        // English messages: the log is read by us and by whoever helps.
        command.env("LC_ALL", "C");
        command
    }

    /// Gives `path` to this account.
    pub(crate) fn own(&self, path: &Path) -> Result<(), EmbeddedError> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid, .. } => {
                chown(path, Some(*uid), Some(*gid)).map_err(EmbeddedError::io("hand over", path))
            }
        }
    }

    /// Gives the cluster and everything in it to this account, should another have owned it: root may have run the server as
    /// `nobody` before a package brought `postgres`.
    pub(crate) fn own_all(&self, folder: &Path) -> Result<(), EmbeddedError> {
        let look = EmbeddedError::io("look at", folder);
        if symlink_metadata(folder).map_err(look)?.uid() == self.uid() {
            return Ok(());
        }
        let read = |error| EmbeddedError::io("read", folder)(error);
        for entry in read_dir(folder).map_err(read)? {
            let entry = entry.map_err(read)?;
            let kind = entry.file_type().map_err(read)?;
            if kind.is_dir() {
                self.own_all(&entry.path())?;
            } else if kind.is_file() {
                self.own(&entry.path())?;
            }
        }
        // The folder itself last: until then an interrupted change is seen and done again.
        self.own(folder)
    }

    /// Fails unless this account may enter `folder`.
    pub(crate) fn check_reach(&self, folder: &Path) -> Result<(), EmbeddedError> {
        let Self::Other { name, .. } = self else {
            return Ok(());
        };
        // Asked of the system itself, not computed from modes: access lists count too.
        let entered = self
            .command(Path::new("/bin/sh"))
            .args(["-c", "cd -- \"$1\"", "sh"])
            .arg(folder)
            .stderr(Stdio::null())
            .status()
            .map_err(EmbeddedError::io("run", "/bin/sh"))?;
        if entered.success() {
            return Ok(());
        }
        Err(EmbeddedError::Unreachable {
            account: (*name).to_owned(),
            path: folder.to_path_buf(),
        })
    }
}

/// Agentry's secrets may be in its environment; another user's process must not inherit them.
fn secret(name: &str) -> bool {
    ["SECRET", "ENCRYPTION_KEY", "DATABASE_", "TOKEN", "PASSWORD"]
        .iter()
        .any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn commands_never_run_as_root() {
        let account = Account::choose().unwrap();
        let output = account.command(Path::new("id")).arg("-u").output().unwrap();
        assert_ne!(String::from_utf8(output.stdout).unwrap().trim(), "0");
    }

    #[test]
    fn commands_lead_their_own_process_group() {
        let account = Account::choose().unwrap();
        let script = "ps -o pgid= -p $$ 2>/dev/null || cut -d' ' -f5 /proc/$$/stat; echo $$";
        let output = account
            .command(Path::new("/bin/sh"))
            .args(["-c", script])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let ids: Vec<&str> = text.split_whitespace().collect();
        assert_eq!(ids[0], ids[1]);
    }

    #[test]
    fn secrets_of_the_environment_are_not_passed_on() {
        assert!(
            secret("AGENTRY_ENCRYPTION_KEYS")
                && secret("BETTER_AUTH_SECRET")
                && secret("DATABASE_OWNER_URL")
        );
        assert!(!secret("PATH") && !secret("HOME") && !secret("TMPDIR"));
    }
}
