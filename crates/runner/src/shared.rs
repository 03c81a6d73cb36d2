use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use agentry_crypto::KeyRing;
use agentry_db::Db;
use agentry_db::ids::OrganizationId;
use agentry_db::live::Live;
use agentry_db::run::Worker;
use agentry_provider::Providers;
use tokio::sync::{Notify, watch};

use crate::Settings;
use crate::desk::Desk;
use crate::register::Register;

/// What all workers of a server share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) db: Db,
    pub(crate) live: Live,
    pub(crate) keys: KeyRing,
    pub(crate) providers: Providers,
    /// The name by which this server holds runs.
    pub(crate) worker: Worker,
    pub(crate) desk: Desk,
    pub(crate) register: Register,
    /// There may be work.
    pub(crate) due: Notify,
    pub(crate) closing: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn new(
        settings: Settings,
        db: Db,
        live: Live,
        keys: KeyRing,
        providers: Providers,
    ) -> Self {
        Self {
            settings,
            db,
            live,
            keys,
            providers,
            worker: Worker::new(),
            desk: Desk::default(),
            register: Register::default(),
            due: Notify::new(),
            closing: watch::Sender::new(false),
        }
    }

    /// Tells every replica that a run changed.
    pub(crate) fn changed(&self, run: &agentry_db::entity::run::Model) {
        let organization: &OrganizationId = &run.organization_id;
        self.live
            .run_changed(organization, &run.conversation_id, &run.id);
    }
}

/// A wait between half and all of this, so that servers do not move in step.
pub(crate) fn about(wait: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish();
    let part = u32::try_from(random % 1_000).unwrap_or(0);
    wait / 2 + wait * part / 2_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_drawn_from_their_upper_half() {
        for _ in 0..100 {
            let wait = about(Duration::from_secs(1));
            assert!((500..=1_000).contains(&wait.as_millis()), "{wait:?}");
        }
    }
}
