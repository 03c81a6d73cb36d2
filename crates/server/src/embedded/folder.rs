//! The data folder: its layout, its lock, and a place for the socket.
//!
//! ```text
//! .agentry/
//!   lock           held while an Agentry runs on the folder
//!   secrets.env    the generated secrets (see crate::secrets)
//!   postgres/      the cluster
//!   postgres.log   what the server says
//!   run/           the socket, in a folder nobody else may enter
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::account::Account;
use super::error::EmbeddedError;

/// The port is only part of the socket's name: the server does not listen on TCP.
pub(crate) const PORT: u16 = 5432;

/// `sun_path` holds 108 bytes on Linux and 104 on macOS and the BSDs, with a closing NUL.
const SOCKET_PATH_LIMIT: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// A data folder this process holds the lock of.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    /// Released by the system when this process ends, however it ends.
    _lock: File,
}

impl DataFolder {
    /// Makes the folder if needed and takes its lock.
    pub(crate) fn open(path: &Path, account: &Account) -> Result<Self, EmbeddedError> {
        // The server's account must be able to pass through, whatever the umask, but has no need to list.
        let mode = if matches!(account, Account::Own) {
            0o700
        } else {
            0o711
        };
        if !path.exists() {
            DirBuilder::new()
                .recursive(true)
                .create(path)
                .and_then(|()| fs::set_permissions(path, Permissions::from_mode(mode)))
                .map_err(EmbeddedError::io("create the data folder", path))?;
        }
        let path =
            fs::canonicalize(path).map_err(EmbeddedError::io("open the data folder", path))?;
        let lock = lock(&path)?;
        account.check_reach(&path)?;
        Ok(Self { path, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn cluster(&self) -> PathBuf {
        cluster(&self.path)
    }

    /// Where `initdb` works until it is whole.
    pub(crate) fn unfinished_cluster(&self) -> PathBuf {
        self.path.join("postgres.unfinished")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.path.join("postgres.log")
    }

    /// The folder of the socket: `run/` inside, or a short one in the runtime or temporary place when that path is too long.
    pub(crate) fn socket_dir(&self, account: &Account) -> Result<PathBuf, EmbeddedError> {
        let inside = self.path.join("run");
        if fits(&inside) {
            return private_dir(inside, account);
        }
        let mut hasher = DefaultHasher::new();
        self.path.hash(&mut hasher);
        let name = format!("agentry-{:016x}", hasher.finish());
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        // A user's runtime folder is closed to the account root hands the server to.
        let runtime = runtime.filter(|_| matches!(account, Account::Own));
        let short = [
            runtime,
            Some(std::env::temp_dir()),
            Some(PathBuf::from("/tmp")),
        ]
        .into_iter()
        .flatten()
        .filter(|parent| parent.is_dir())
        .map(|parent| parent.join(&name))
        .find(|dir| fits(dir));
        short.map_or_else(
            || Err(EmbeddedError::SocketPathTooLong(self.path.clone())),
            |dir| private_dir(dir, account),
        )
    }
}

/// The cluster's folder in data folder `path`.
pub(crate) fn cluster(path: &Path) -> PathBuf {
    path.join("postgres")
}

fn fits(dir: &Path) -> bool {
    dir.join(format!(".s.PGSQL.{PORT}")).as_os_str().len() <= SOCKET_PATH_LIMIT
}

fn lock(folder: &Path) -> Result<File, EmbeddedError> {
    let path = folder.join("lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(EmbeddedError::io("open the lock file", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let known = file.read_to_string(&mut text).is_ok() && !text.trim().is_empty();
            let holder = if known {
                format!(" (process {})", text.trim())
            } else {
                String::new()
            };
            return Err(EmbeddedError::AlreadyRunning {
                path: folder.to_path_buf(),
                holder,
            });
        }
        Err(TryLockError::Error(source)) => return Err(EmbeddedError::io("lock", &path)(source)),
    }
    let write = || {
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())
    };
    let mut write = write;
    write().map_err(EmbeddedError::io("write the lock file", &path))?;
    Ok(file)
}

/// Makes `dir` with mode 0700 for `account`, or checks that an existing one is exactly that.
///
/// The check matters in a shared temporary folder, where anyone could have made the name first.
pub(crate) fn private_dir(dir: PathBuf, account: &Account) -> Result<PathBuf, EmbeddedError> {
    match DirBuilder::new().mode(0o700).create(&dir) {
        Ok(()) => {
            account.own(&dir)?;
            return Ok(dir);
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(EmbeddedError::io("create", dir)(error)),
    }
    let found = fs::symlink_metadata(&dir).map_err(EmbeddedError::io("look at", &dir))?;
    let own = rustix::process::geteuid().as_raw();
    if !found.is_dir() || (found.uid() != account.uid() && found.uid() != own) {
        return Err(EmbeddedError::ForeignSocketDir(dir));
    }
    fs::set_permissions(&dir, Permissions::from_mode(0o700))
        .map_err(EmbeddedError::io("close off", &dir))?;
    account.own(&dir)?;
    Ok(dir)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::embedded::tests::TempDir;

    #[test]
    fn a_folder_is_held_by_one_at_a_time() {
        let dir = TempDir::new();
        let account = Account::choose().unwrap();
        let first = DataFolder::open(dir.path(), &account).unwrap();
        let message = DataFolder::open(dir.path(), &account)
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with("Agentry is already running on the data folder /"),
            "{message}"
        );
        assert!(
            message.contains(&format!("(process {})", std::process::id())),
            "{message}"
        );
        drop(first);
        DataFolder::open(dir.path(), &account).unwrap();
    }

    #[test]
    fn long_data_path_gets_a_short_private_socket_folder() {
        let dir = TempDir::new();
        let account = Account::choose().unwrap();
        let folder = DataFolder::open(&dir.path().join("x".repeat(120)), &account).unwrap();
        let socket = folder.socket_dir(&account).unwrap();
        assert!(fits(&socket) && !socket.starts_with(folder.path()));
        assert_eq!(fs::metadata(&socket).unwrap().mode() & 0o777, 0o700);
        assert_eq!(
            folder.socket_dir(&account).unwrap(),
            socket,
            "the same folder again at the next start"
        );
        fs::remove_dir(socket).unwrap();
    }

    #[test]
    fn socket_folder_planted_as_a_link_is_refused() {
        let dir = TempDir::new();
        let account = Account::choose().unwrap();
        std::os::unix::fs::symlink("/etc", dir.path().join("run")).unwrap();
        let error = private_dir(dir.path().join("run"), &account).unwrap_err();
        assert!(
            matches!(error, EmbeddedError::ForeignSocketDir(_)),
            "{error}"
        );
    }

    #[test]
    fn unreachable_parent_is_one_sentence_for_root() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let dir = TempDir::new();
        let closed = dir.path().join("closed");
        fs::create_dir(&closed).unwrap();
        fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
        let account = Account::choose().unwrap();
        let message = DataFolder::open(&closed.join("data"), &account)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("may not enter") && message.contains("AGENTRY_DATA_DIR"),
            "{message}"
        );
    }
}
