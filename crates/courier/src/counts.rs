use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use agentry_db::whatsapp_link::LinkCounts;
use tokio::time::sleep;

use crate::shared::Shared;

/// How often the log is told, where something happened.
const PACE: Duration = Duration::from_mins(1);

/// Declares what is counted.
macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident as $metric:ident,)+) => {
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
            /// Tells the log, each by the name that Prometheus would know it by.
            fn tell(&self, links: &LinkCounts) {
                tracing::info!(
                    $($metric = self.$name,)+
                    whatsapp_links_claimed_total = links.claimed,
                    whatsapp_links_verified_total = links.verified,
                    whatsapp_links_conflicts_total = links.conflicts,
                    whatsapp_links_refused_total = links.refused,
                    whatsapp_links_dropped_total = links.dropped,
                    whatsapp_links_unlinked_total = links.unlinked,
                    "WhatsApp so far"
                );
            }
        }
    };
}

counts! {
    /// Deliveries whose signature did not hold.
    deliveries_refused as whatsapp_deliveries_refused_total,
    /// Deliveries, and pieces of them, that could not be read.
    deliveries_unread as whatsapp_deliveries_unread_total,
    /// Deliveries that could not be stored, and were refused to be told again.
    deliveries_put_off as whatsapp_deliveries_put_off_total,
    /// Messages for numbers that are not registered.
    messages_for_strangers as whatsapp_messages_for_strangers_total,
    /// Messages that nobody answers: of groups, reactions, news of accounts.
    messages_passed_over as whatsapp_messages_passed_over_total,
    /// Messages of somebody who sent too many in a minute.
    messages_flooded as whatsapp_messages_flooded_total,
    /// Messages that were stored.
    messages_stored as whatsapp_messages_received_total,
    /// Messages that had been stored before.
    messages_known as whatsapp_messages_known_total,
    /// Callbacks that told something new of a part.
    callbacks as whatsapp_callbacks_total,
    /// Messages that an agent was asked to answer.
    asked as whatsapp_messages_asked_total,
    /// Codes that linked a number.
    linked as whatsapp_codes_accepted_total,
    /// Codes that did not.
    codes_refused as whatsapp_codes_refused_total,
    /// Messages that the bot itself answered.
    answered as whatsapp_messages_answered_total,
    /// Messages that were closed in silence.
    silent as whatsapp_messages_silent_total,
    /// Messages that were given up: each time they were taken up something failed.
    given_up as whatsapp_messages_given_up_total,
    /// Answers and parts that were dropped, for their sender's link or install had ended.
    dropped as whatsapp_parts_dropped_total,
    /// Parts that were taken.
    sent as whatsapp_parts_sent_total,
    /// Parts that were not taken, and are sent again.
    put_off as whatsapp_parts_put_off_total,
    /// Parts of which it was not learned whether they were taken.
    doubted as whatsapp_parts_doubted_total,
    /// Parts that will not arrive.
    failed as whatsapp_parts_failed_total,
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
    let mut told = (Counts::default(), LinkCounts::default());
    loop {
        sleep(PACE).await;
        let now = (shared.counters.now(), LinkCounts::read());
        if now != told {
            now.0.tell(&now.1);
            told = now;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeMap;
    use std::fmt::Debug;
    use std::sync::Mutex;

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber, subscriber};

    use super::*;

    /// Keeps the numbers that are in fields of their own.
    #[derive(Debug, Clone, Default)]
    struct Heard(Arc<Mutex<BTreeMap<&'static str, u64>>>);

    impl Visit for Heard {
        fn record_u64(&mut self, field: &Field, value: u64) {
            self.0.lock().unwrap().insert(field.name(), value);
        }

        fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
    }

    impl Subscriber for Heard {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            event.record(&mut self.clone());
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn each_count_is_a_field_of_its_own_by_the_name_of_a_metric() {
        let counters = Counters::default();
        many(&counters.messages_stored, 7);
        many(&counters.sent, 3);
        let links = LinkCounts {
            unlinked: 2,
            ..LinkCounts::default()
        };
        let heard = Heard::default();
        subscriber::with_default(heard.clone(), || counters.now().tell(&links));
        let heard = heard.0.lock().unwrap();
        assert_eq!(heard.len(), 26, "{heard:?}");
        assert_eq!(heard["whatsapp_messages_received_total"], 7);
        assert_eq!(heard["whatsapp_parts_sent_total"], 3);
        assert_eq!(heard["whatsapp_links_unlinked_total"], 2);
        let is_metric = |name: &&str| {
            let plain = |c: char| c.is_ascii_lowercase() || c == '_';
            name.starts_with("whatsapp_") && name.ends_with("_total") && name.chars().all(plain)
        };
        assert!(heard.keys().all(is_metric), "{heard:?}");
    }
}
