use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// What a stream and the transport that carries it tell each other about places in it: put into a request's data by a transport
/// that numbers its events, as server-sent events are. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct EventIds(Arc<Ids>);

#[derive(Debug)]
struct Ids {
    last: Option<String>,
    /// Negative when there is none.
    next: AtomicI64,
}

impl Default for Ids {
    fn default() -> Self {
        Self {
            last: None,
            next: AtomicI64::new(-1),
        }
    }
}

impl EventIds {
    /// For an operation whose client has seen the event of this id last.
    #[must_use]
    pub fn after(last: Option<String>) -> Self {
        Self(Arc::new(Ids {
            last,
            ..Ids::default()
        }))
    }

    /// The id of the event whose result has just come out of the operation, if it has one. Asked for once each.
    #[must_use]
    pub fn take(&self) -> Option<i64> {
        let id = self.0.next.swap(-1, Ordering::Relaxed);
        (id >= 0).then_some(id)
    }

    /// Says what the event is known by that is now to come out.
    pub(crate) fn mark(&self, id: i32) {
        self.0.next.store(id.into(), Ordering::Relaxed);
    }

    /// The last one that the client has seen.
    ///
    /// # Errors
    /// When it is none of those that [`EventIds::mark`] gives out.
    pub(crate) fn last(&self) -> Result<Option<i32>, ()> {
        let Some(last) = self.0.last.as_deref().filter(|last| !last.is_empty()) else {
            return Ok(None);
        };
        let plain = last.bytes().all(|byte| byte.is_ascii_digit());
        let id = plain.then(|| last.parse().ok()).flatten();
        id.map(Some).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_the_id_it_was_marked_with_and_only_once() {
        let ids = EventIds::default();
        assert_eq!(ids.take(), None);
        ids.clone().mark(0);
        assert_eq!(ids.take(), Some(0));
        assert_eq!(ids.take(), None);
    }

    #[test]
    fn only_an_id_of_ours_is_one_to_go_on_from() {
        let last = |text: &str| EventIds::after(Some(text.to_owned())).last();
        assert_eq!(EventIds::default().last(), Ok(None));
        assert_eq!(last(""), Ok(None));
        assert_eq!(last("0"), Ok(Some(0)));
        assert_eq!(last("2147483647"), Ok(Some(i32::MAX)));
        for bad in ["-1", "+1", " 1", "1.0", "x", "2147483648", "\u{661}"] {
            assert_eq!(last(bad), Err(()), "{bad:?}");
        }
    }
}
