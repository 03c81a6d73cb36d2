//! What the commands of the command line do, one file each.

mod serve;
mod signal;

use crate::cli::Command;
use crate::config::ConfigError;
use crate::store::StoreError;

/// Why a command ended without having done its work.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The database or the secrets.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system does not let us hear its signals.
    #[error("could not listen for signals: {0}")]
    Signals(#[source] std::io::Error),
    /// Not part of this build.
    #[error("this build of agentry cannot do that")]
    NotBuilt,
}

impl CommandError {
    /// 2 when the settings are at fault, as for a command line that is not understood; 1 otherwise.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Store(StoreError::Config(
                ConfigError::DatabaseUrl { .. }
                | ConfigError::OwnerWithoutService
                | ConfigError::OwnerMissing
                | ConfigError::KeysMissing
                | ConfigError::Keys(_)
                | ConfigError::Key
                | ConfigError::AuthSecretMissing
                | ConfigError::AuthSecretShort { .. },
            )) => 2,
            Self::Store(StoreError::Embedded(_) | StoreError::Secrets(_))
            | Self::Signals(_)
            | Self::NotBuilt => 1,
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
        Command::Migrate(_)
        | Command::Schema
        | Command::Doctor(_)
        | Command::Keys(_)
        | Command::Seed(_) => Err(CommandError::NotBuilt),
    }
}
