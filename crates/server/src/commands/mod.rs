//! What the commands of the command line do, one file each.

mod catalogue;
mod doctor;
mod keys;
mod migrate;
mod seed;
mod serve;
mod signal;

use agentry_db::DbError;
use agentry_migration::MigrationError;

use crate::app::AppError;
use crate::cli::Command;
use crate::config::ConfigError;
use crate::store::StoreError;

/// Why a command ended without having done its work.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The database or the secrets.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database's history.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The service could not be put together.
    #[error(transparent)]
    App(#[from] AppError),
    /// A statement failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Row security would not bind the service: it must not run.
    #[error("the database does not isolate tenants, so nothing is served: {0}")]
    NotProven(String),
    /// The auth tables are not as the service needs them.
    #[error("the auth tables do not fit, so nothing is served:\n{0}")]
    Misshapen(String),
    /// The address is taken or not ours.
    #[error("could not listen on {address}: {source}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The server ended by itself.
    #[error("the server failed: {0}")]
    Serve(#[source] std::io::Error),
    /// The system does not let us hear its signals.
    #[error("could not listen for signals: {0}")]
    Signals(#[source] std::io::Error),
    /// The demo data.
    #[error(transparent)]
    Seed(#[from] seed::SeedError),
    /// A template that comes with the program is malformed, which a test holds that none is.
    #[error("the built-in template {0} is malformed")]
    Template(&'static str),
    /// There is no data folder to look at.
    #[error(
        "nothing is at {}, so nothing was looked at and nothing was made: name the server's data folder (--data-dir) or database (DATABASE_URL), or begin one with `agentry serve`",
        .0.display()
    )]
    Nothing(std::path::PathBuf),
    /// Some facts do not hold; the table printed says which.
    #[error("{0} of the facts above do not hold")]
    Unhealthy(usize),
    /// Some stored secrets do not open under any key of the ring.
    #[error("{0} stored keys do not open under any key of the ring; they were left as they are")]
    Unreadable(usize),
}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> Self {
        Self::Store(error.into())
    }
}

impl CommandError {
    /// 2 when the settings are at fault, as for a command line that is not understood; 1 otherwise.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Store(StoreError::Config(_)) | Self::App(_) => 2,
            Self::Store(StoreError::Embedded(_) | StoreError::Secrets(_))
            | Self::Migration(_)
            | Self::Db(_)
            | Self::NotProven(_)
            | Self::Misshapen(_)
            | Self::Listen { .. }
            | Self::Serve(_)
            | Self::Signals(_)
            | Self::Seed(_)
            | Self::Template(_)
            | Self::Nothing(_)
            | Self::Unhealthy(_)
            | Self::Unreadable(_) => 1,
        }
    }
}

/// Does what `command` says.
///
/// # Errors
///
/// [`CommandError`], whose text is for the person who typed the command.
pub async fn run(command: Command) -> Result<(), CommandError> {
    match command {
        Command::Serve(config) => serve::run(&config).await,
        Command::Migrate(args) => migrate::run(&args).await,
        Command::Schema => {
            say(agentry_schema::sdl().trim_end());
            Ok(())
        }
        Command::Doctor(config) => doctor::run(&config).await,
        Command::Keys(args) => keys::run(&args.action).await,
        Command::Seed(args) => seed::run(&args).await,
    }
}

#[expect(
    clippy::print_stdout,
    reason = "the one place where a command tells its result"
)]
fn say(line: &str) {
    println!("{line}");
}
