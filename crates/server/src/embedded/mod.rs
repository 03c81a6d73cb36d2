//! A PostgreSQL of Agentry's own, for when no `DATABASE_URL` is given.
//!
//! It lives in the data folder, is reached over a Unix socket only, keeps its data between runs, is started again
//! when it dies, and stops when Agentry stops.

mod account;
mod address;
mod binaries;
mod bootstrap;
mod error;
mod folder;
mod initdb;
mod log;
mod pidfile;
mod postmaster;
mod process;
mod settings;
mod supervisor;
#[cfg(test)]
pub(crate) mod tests;
mod watchdog;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use address::Address;
pub use binaries::MINIMUM_MAJOR;
pub use error::EmbeddedError;

use account::Account;
use folder::DataFolder;
use postmaster::Postmaster;
use supervisor::Supervisor;
use watchdog::Watchdog;

/// The role that owns the cluster, its database and everything migrations make; its superuser.
pub const OWNER_ROLE: &str = "agentry_owner";
/// The login the service connects as: it owns nothing and row security binds it.
pub const SERVICE_ROLE: &str = "agentry_service";
/// The database.
pub const DATABASE: &str = "agentry";

/// How to run the embedded PostgreSQL.
#[derive(Debug, Clone)]
pub struct EmbeddedOptions {
    /// Where cluster, log, lock and socket live; made when missing.
    pub data_dir: PathBuf,
    /// The folder of the server programs; `None` searches the usual places.
    pub bin_dir: Option<PathBuf>,
    /// `false` turns off everything that protects data from a crash of the machine, which makes tests several times faster.
    pub durable: bool,
    /// Ends the server when this process ends in any way, even by `kill -9`.
    pub stop_with_parent: bool,
    /// Removes the data folder when the server was stopped or this process ended. Only together with `stop_with_parent`.
    pub remove_at_end: bool,
    /// More PostgreSQL settings, by name; they win over ours.
    pub settings: Vec<(String, String)>,
}

impl EmbeddedOptions {
    /// For data that matters.
    #[must_use]
    pub fn durable(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            bin_dir: None,
            durable: true,
            stop_with_parent: true,
            remove_at_end: false,
            settings: Vec::new(),
        }
    }

    /// For tests: fast, gone with the process that started it, folder and all.
    #[must_use]
    pub fn throwaway(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            durable: false,
            remove_at_end: true,
            ..Self::durable(data_dir)
        }
    }
}

/// A running embedded PostgreSQL. Stop it with [`EmbeddedPostgres::stop`]; a dropped one is told to stop but not waited for.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    // Before the folder: the lock is let go of last.
    supervisor: Supervisor,
    folder: DataFolder,
    address: Address,
    version: String,
}

impl EmbeddedPostgres {
    /// Starts the server on the data folder, making the cluster, its roles and its database when they are missing, and
    /// returns once it takes connections. Dropping the future gives the start up and stops what was started.
    ///
    /// # Errors
    ///
    /// Every [`EmbeddedError`] but `StoppedHard`; each says in a sentence what to do.
    pub async fn start(options: EmbeddedOptions) -> Result<Self, EmbeddedError> {
        let path = options.data_dir.clone();
        let dropped = Arc::new(AtomicBool::new(false));
        let _guard = SetOnDrop(Arc::clone(&dropped));
        let started = tokio::task::spawn_blocking(move || Self::launch(&options, &dropped))
            .await
            .map_err(|error| {
                EmbeddedError::io("start PostgreSQL in", path)(io::Error::other(error))
            })??;
        bootstrap::prepare(&started.address).await?;
        Ok(started)
    }

    fn launch(options: &EmbeddedOptions, give_up: &AtomicBool) -> Result<Self, EmbeddedError> {
        let Cluster {
            folder,
            socket_dir,
            postmaster,
        } = Cluster::open(options)?;
        let version = postmaster.binaries.version.clone();
        let watchdog = if options.stop_with_parent {
            Some(Watchdog::start(
                options.durable,
                options.remove_at_end.then(|| folder.path()),
            )?)
        } else {
            None
        };
        let child = postmaster.start(give_up)?;
        let supervisor = Supervisor::new(postmaster, child, watchdog)?;
        Ok(Self {
            supervisor,
            folder,
            address: Address { socket_dir },
            version,
        })
    }

    /// Stops the server and waits until it has ended. Close the pools first: connections still open are cut.
    ///
    /// # Errors
    ///
    /// [`EmbeddedError::StoppedHard`] when it did not stop in a minute and had to be cut off; nothing committed is lost then either.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        let stopped = self.supervisor.stop().await;
        if !self.address.socket_dir.starts_with(self.folder.path()) {
            // Ours in a shared place. Empty now; if not, the next start uses it again.
            let _ = std::fs::remove_dir(self.address.socket_dir());
        }
        stopped
    }

    /// The server's version, such as `15.18`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The data folder, absolute.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.folder.path()
    }

    /// The server's process id, unless it is being started again just now.
    #[must_use]
    pub fn pid(&self) -> Option<i32> {
        self.supervisor.pid()
    }

    /// How to connect.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }
}

/// Whether the account PostgreSQL would run as may enter `folder`.
#[must_use]
pub fn reachable(folder: &Path) -> bool {
    let reach = || {
        Account::choose()?.check_reach(
            &folder
                .canonicalize()
                .map_err(EmbeddedError::io("open", folder))?,
        )
    };
    reach().is_ok()
}

/// Whether the data folder holds a cluster, or may: what cannot be looked into is not said to be empty.
#[must_use]
pub fn holds_cluster(data_dir: &Path) -> bool {
    let version = folder::cluster(data_dir).join("PG_VERSION");
    version.try_exists().unwrap_or(true)
}

/// Tells a start that runs on its own thread that nobody waits for it any more.
#[derive(Debug)]
struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A cluster made ready to be started, its folder locked.
#[derive(Debug)]
struct Cluster {
    folder: DataFolder,
    socket_dir: PathBuf,
    postmaster: Postmaster,
}

impl Cluster {
    fn open(options: &EmbeddedOptions) -> Result<Self, EmbeddedError> {
        let account = Account::choose()?;
        let folder = DataFolder::open(&options.data_dir, &account)?;
        let cluster = folder.cluster();
        let existing = initdb::cluster_major(&cluster).map(|major| (cluster.as_path(), major));
        let binaries = binaries::find(options.bin_dir.as_deref(), existing)?;
        initdb::ensure_cluster(&folder, &binaries, &account, options.durable)?;
        account.own_all(&cluster)?;
        let socket_dir = folder.socket_dir(&account)?;
        let settings = settings::settings(&socket_dir, options.durable, &options.settings);
        let postmaster = Postmaster {
            binaries,
            account,
            cluster,
            log: folder.log(),
            settings,
        };
        Ok(Self {
            folder,
            socket_dir,
            postmaster,
        })
    }
}
