//! `agentry serve`: starts everything, waits to be told to stop, stops everything.

use super::CommandError;
use super::signal::StopSignals;
use crate::config::Config;
use crate::store::Store;

pub(super) async fn run(config: &Config) -> Result<(), CommandError> {
    let mut signals = StopSignals::listen().map_err(CommandError::Signals)?;
    let store = tokio::select! {
        store = Store::open(&config.base) => store?,
        // A start that is dropped half-way takes its server down with it.
        signal = signals.wait() => {
            tracing::info!(signal, "stopped while starting");
            return Ok(());
        }
    };
    if let Some(server) = &store.embedded {
        tracing::info!(
            postgres.version = server.version(),
            postgres.pid = server.pid(),
            data_dir = %server.data_dir().display(),
            url = server.address().service_url(),
            "PostgreSQL runs"
        );
    }
    let signal = signals.wait().await;
    tracing::info!(signal, "stopping");
    store.close().await?;
    tracing::info!("stopped");
    Ok(())
}
