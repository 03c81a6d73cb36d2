use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::ids::UserId;

/// Reasons to look again whether somebody's credentials and memberships are what they were. They say no more than that:
/// whoever waits looks up what is still good.
#[derive(Debug)]
pub struct Recheck {
    user: UserId,
    rechecks: Rechecks,
    receiver: Option<watch::Receiver<()>>,
}

/// Everyone who waits, by the user it is about.
#[derive(Debug, Clone, Default)]
pub(super) struct Rechecks(Arc<Mutex<HashMap<UserId, watch::Sender<()>>>>);

impl Recheck {
    /// Waits for the next reason. Several that came since are one.
    pub async fn next(&mut self) {
        if let Some(receiver) = &mut self.receiver
            && receiver.changed().await.is_ok()
        {
            return;
        }
        // The sender stays as long as somebody waits, so this is never reached while it matters.
        std::future::pending::<()>().await;
    }
}

impl Drop for Recheck {
    fn drop(&mut self) {
        let mut senders = self.rechecks.lock();
        self.receiver = None;
        if senders
            .get(&self.user)
            .is_some_and(|sender| sender.receiver_count() == 0)
        {
            senders.remove(&self.user);
        }
    }
}

impl Rechecks {
    pub(super) fn of(&self, user: &UserId) -> Recheck {
        let mut senders = self.lock();
        let sender = senders
            .entry(user.clone())
            .or_insert_with(|| watch::Sender::new(()));
        let mut receiver = sender.subscribe();
        drop(senders);
        receiver.mark_changed();
        Recheck {
            user: user.clone(),
            rechecks: self.clone(),
            receiver: Some(receiver),
        }
    }

    pub(super) fn about(&self, user: &str) {
        if let Some(sender) = self.lock().get(&UserId::from(user)) {
            sender.send_replace(());
        }
    }

    pub(super) fn of_all(&self) {
        for sender in self.lock().values() {
            sender.send_replace(());
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    fn due(recheck: &mut Recheck) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        pin!(recheck.next()).poll(&mut context).is_ready()
    }

    #[test]
    fn looking_again_is_due_at_once_then_about_its_user_and_about_all() {
        let rechecks = Rechecks::default();
        let (mut ann, mut bob) = (rechecks.of(&"ann".into()), rechecks.of(&"bob".into()));
        assert!(due(&mut ann) && due(&mut bob));
        assert!(!due(&mut ann));
        rechecks.about("ann");
        rechecks.about("ann");
        rechecks.about("nobody");
        assert!(due(&mut ann) && !due(&mut ann) && !due(&mut bob));
        rechecks.of_all();
        assert!(due(&mut ann) && due(&mut bob));
    }

    #[test]
    fn nothing_is_kept_of_a_user_for_whom_nobody_waits() {
        let rechecks = Rechecks::default();
        let (one, two) = (rechecks.of(&"ann".into()), rechecks.of(&"ann".into()));
        drop(one);
        assert_eq!(rechecks.lock().len(), 1);
        drop(two);
        assert!(rechecks.lock().is_empty());
    }
}
