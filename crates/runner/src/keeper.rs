use std::sync::Arc;

use agentry_db::run;
use tokio::time::sleep;

use crate::shared::{Shared, about};

/// Holds what is under way, three times in the time that a lease lasts, and lets go what another worker has by now.
pub(crate) async fn keep(shared: Arc<Shared>) {
    let lease = shared.settings.lease;
    loop {
        sleep(about(lease / 3)).await;
        let runs = shared.register.all();
        if runs.is_empty() {
            continue;
        }
        match run::extend(&shared.db, &shared.worker, &runs, lease).await {
            Ok(held) => {
                for run in runs.iter().filter(|run| !held.contains(*run)) {
                    shared.register.lose(run);
                }
            }
            Err(error) => tracing::warn!(%error, "runs could not be held for longer; trying again"),
        }
    }
}
