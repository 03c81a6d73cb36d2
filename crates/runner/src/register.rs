//! The runs that are under way here, and what they are told from outside.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agentry_db::ids::RunId;
use tokio::sync::{Notify, watch};

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Register(Mutex<HashMap<RunId, Arc<Control>>>);

/// By what one of them is reached.
#[derive(Debug)]
pub(crate) struct Control {
    order: watch::Sender<Order>,
    look: Notify,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Go on.
    Go,
    /// The server stops: give the run back, or end it.
    Stop,
    /// It is another worker's by now: write nothing any more.
    Lost,
}

impl Register {
    /// Enters a run; `None` when it is entered already.
    pub(crate) fn enter(&self, run: &RunId) -> Option<Arc<Control>> {
        let mut runs = self.lock();
        if runs.contains_key(run) {
            return None;
        }
        let control = Arc::new(Control {
            order: watch::Sender::new(Order::Go),
            look: Notify::new(),
        });
        runs.insert(run.clone(), Arc::clone(&control));
        Some(control)
    }

    pub(crate) fn leave(&self, run: &RunId) {
        self.lock().remove(run);
    }

    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    pub(crate) fn all(&self) -> Vec<RunId> {
        self.lock().keys().cloned().collect()
    }

    /// Something about a run changed: whether it is one of these, which then looks what.
    pub(crate) fn look(&self, run: &RunId) -> bool {
        let runs = self.lock();
        let found = runs.get(run);
        if let Some(control) = found {
            control.look.notify_one();
        }
        found.is_some()
    }

    pub(crate) fn look_all(&self) {
        for control in self.lock().values() {
            control.look.notify_one();
        }
    }

    pub(crate) fn lose(&self, run: &RunId) {
        if let Some(control) = self.lock().get(run) {
            control.order.send_replace(Order::Lost);
        }
    }

    pub(crate) fn stop_all(&self) {
        for control in self.lock().values() {
            control.order.send_if_modified(|order| {
                let goes = *order == Order::Go;
                if goes {
                    *order = Order::Stop;
                }
                goes
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, Arc<Control>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Control {
    /// Waits for another order than to go on.
    pub(crate) async fn ordered(&self) -> Order {
        self.other_than(Order::Go).await
    }

    /// Waits until the run is another worker's.
    pub(crate) async fn lost(&self) {
        let mut orders = self.order.subscribe();
        if orders.wait_for(|now| *now == Order::Lost).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until there is a reason to look at the run again.
    pub(crate) async fn look(&self) {
        self.look.notified().await;
    }

    async fn other_than(&self, order: Order) -> Order {
        let mut orders = self.order.subscribe();
        // The sender is this very control's: it cannot be gone.
        orders
            .wait_for(|now| *now != order)
            .await
            .map_or(order, |now| *now)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[tokio::test]
    async fn a_run_is_entered_once_and_hears_what_is_said_of_it() {
        let register = Register::default();
        let (one, two) = (RunId::from("one"), RunId::from("two"));
        let control = register.enter(&one).unwrap();
        assert!(register.enter(&one).is_none());
        assert!(register.look(&one) && !register.look(&two));
        control.look().await;
        register.stop_all();
        assert_eq!(control.ordered().await, Order::Stop);
        register.lose(&one);
        control.lost().await;
        register.stop_all();
        assert_eq!(control.ordered().await, Order::Lost);
        register.leave(&one);
        assert_eq!(register.count(), 0);
    }
}
