//! What can go wrong with the embedded PostgreSQL, each as one sentence that says what to do.

use std::io;
use std::path::PathBuf;

/// Why the embedded PostgreSQL could not be started, prepared or stopped.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No usable PostgreSQL server programs were found anywhere.
    #[error("no PostgreSQL {minimum} or newer was found{rejected}: {remedy}")]
    NoServer {
        /// The oldest major version that is accepted.
        minimum: u32,
        /// What was found but refused, starting with a space; empty when nothing was found.
        rejected: String,
        /// One line saying how to install PostgreSQL on this platform.
        remedy: &'static str,
    },
    /// The folder named by the setting does not hold a usable server.
    #[error("AGENTRY_PG_BIN ({path}) {problem}")]
    BadBinDir {
        /// The folder as it was given.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Another Agentry holds the data folder.
    #[error(
        "Agentry is already running on the data folder {path}{holder}: stop it first, or choose another folder with AGENTRY_DATA_DIR"
    )]
    AlreadyRunning {
        /// The data folder.
        path: PathBuf,
        /// ` (process N)`, or empty when unknown.
        holder: String,
    },
    /// Started as root, but there is no unprivileged account to run PostgreSQL as.
    #[error(
        "PostgreSQL refuses to run as root, and neither the user postgres nor nobody exists here: create one, or start Agentry as another user"
    )]
    NoAccount,
    /// Started as root, and the account PostgreSQL runs as may not enter the data folder.
    #[error(
        "the user {account}, as which PostgreSQL runs when Agentry is started by root, may not enter {path}: open its parent folders, or set AGENTRY_DATA_DIR to a folder such as /var/lib/agentry"
    )]
    Unreachable {
        /// The account's name.
        account: String,
        /// The folder it cannot enter.
        path: PathBuf,
    },
    /// The cluster was made by another major version than any server found.
    #[error(
        "the data in {path} was made by PostgreSQL {cluster}, but only {found} was found: install PostgreSQL {cluster}, or point AGENTRY_PG_BIN at it"
    )]
    OtherMajor {
        /// The cluster's folder.
        path: PathBuf,
        /// Major version in the cluster's `PG_VERSION`.
        cluster: u32,
        /// The versions that were found.
        found: String,
    },
    /// A folder in the shared temporary place is not ours alone.
    #[error(
        "the folder {0} exists but does not belong to Agentry alone: remove it, or set AGENTRY_DATA_DIR to a shorter path"
    )]
    ForeignSocketDir(PathBuf),
    /// No place for the socket is short enough for the operating system.
    #[error(
        "the path of the PostgreSQL socket in {0} is too long for the operating system: set AGENTRY_DATA_DIR or TMPDIR to a shorter path"
    )]
    SocketPathTooLong(PathBuf),
    /// A PostgreSQL left over from an earlier run does not stop.
    #[error(
        "a PostgreSQL left over from an earlier run (process {pid}) still uses {path} and does not stop: stop it by hand"
    )]
    OrphanStays {
        /// The process id of the left-over server.
        pid: i32,
        /// The cluster's folder.
        path: PathBuf,
    },
    /// `initdb` failed.
    #[error("initdb could not create the database cluster in {path}:\n{output}")]
    InitDb {
        /// The cluster's folder.
        path: PathBuf,
        /// The last lines it printed.
        output: String,
    },
    /// The server ended while starting, or did not become ready in time.
    #[error("PostgreSQL did not start ({reason}); the end of {log}:\n{tail}")]
    NotReady {
        /// What was seen.
        reason: String,
        /// PostgreSQL's log file.
        log: PathBuf,
        /// The last lines of the log.
        tail: String,
    },
    /// The server did not stop in time and was told to stop at once.
    #[error(
        "PostgreSQL (process {0}) did not stop in time and had to be stopped at once; it will recover at the next start"
    )]
    StoppedHard(i32),
    /// The server is up but its roles or database could not be prepared.
    #[error("the embedded PostgreSQL is up, but its roles and database could not be prepared: {0}")]
    Prepare(#[from] sqlx::Error),
    /// A file or process operation failed.
    #[error("could not {action} {path}: {source}")]
    Io {
        /// What was being done, as in "could not … ".
        action: &'static str,
        /// The file or program.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

impl EmbeddedError {
    /// Wraps a system error with what was being done to which path.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
