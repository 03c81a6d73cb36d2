use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::sleep;

use crate::shared::Shared;

/// How often the log is told, where something happened.
const PACE: Duration = Duration::from_mins(1);

/// Declares what is counted.
macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// What a courier did since its start. Each only grows.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Counts {
            $($(#[$doc])* pub $name: u64,)+
        }

        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: AtomicU64,)+
        }

        impl Counters {
            pub(crate) fn now(&self) -> Counts {
                Counts { $($name: self.$name.load(Ordering::Relaxed),)+ }
            }
        }

        impl Counts {
            /// Each with its name, as a page of metrics would show them.
            #[must_use]
            pub fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)+]
            }
        }
    };
}

counts! {
    /// Deliveries whose signature did not hold.
    deliveries_refused,
    /// Deliveries, and pieces of them, that could not be read.
    deliveries_unread,
    /// Deliveries that could not be stored, and were refused to be told again.
    deliveries_put_off,
    /// Messages for numbers that are not registered.
    messages_for_strangers,
    /// Messages that nobody answers: of groups, reactions, news of accounts.
    messages_passed_over,
    /// Messages of somebody who sent too many in a minute.
    messages_flooded,
    /// Messages that were stored.
    messages_stored,
    /// Messages that had been stored before.
    messages_known,
    /// Callbacks that told something new of a part.
    callbacks,
    /// Messages that an agent was asked to answer.
    asked,
    /// Codes that linked a number.
    linked,
    /// Codes that did not.
    codes_refused,
    /// Messages that the bot itself answered.
    answered,
    /// Messages that were closed in silence.
    silent,
    /// Messages that were given up: each time they were taken up something failed.
    given_up,
    /// Answers and parts that were dropped, for their sender's link or install had ended.
    dropped,
    /// Parts that were taken.
    sent,
    /// Parts that were not taken, and are sent again.
    put_off,
    /// Parts of which it was not learned whether they were taken.
    doubted,
    /// Parts that will not arrive.
    failed,
}

/// One more of it.
pub(crate) fn one(counter: &AtomicU64) {
    many(counter, 1);
}

/// So many more of it.
pub(crate) fn many(counter: &AtomicU64, count: usize) {
    counter.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
}

/// Tells the log what was done, where something was.
pub(crate) async fn tell(shared: Arc<Shared>) {
    let mut told = Counts::default();
    loop {
        sleep(PACE).await;
        let now = shared.counters.now();
        if now != told {
            tracing::info!(counts = ?now, "WhatsApp so far");
            told = now;
        }
    }
}
