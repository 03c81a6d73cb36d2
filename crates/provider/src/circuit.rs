use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::ProviderError;
use crate::settings::CircuitSettings;

/// Beyond so many connections in trouble, those that nobody called for long are forgotten.
const MANY: usize = 4_096;

/// Leaves connections alone by which call after call fails. Clones share what they know.
#[derive(Clone)]
pub(crate) struct Circuits(Arc<Inner>);

struct Inner {
    settings: CircuitSettings,
    /// Those that failed lately; a call that succeeds takes its connection out.
    troubled: Mutex<HashMap<String, Trouble>>,
}

struct Trouble {
    failures: u32,
    /// Until when nobody calls, once there were too many.
    open_until: Option<Instant>,
    /// Whether the one call is under way that finds out.
    is_probing: bool,
    last: Instant,
}

/// Leave to make one call, and the duty to say how it went. Dropped without a word it says nothing.
pub(crate) struct Pass {
    circuits: Circuits,
    identity: String,
    is_probe: bool,
}

impl Circuits {
    pub(crate) fn new(settings: CircuitSettings) -> Self {
        Self(Arc::new(Inner {
            settings,
            troubled: Mutex::default(),
        }))
    }

    /// Asks for leave to call.
    pub(crate) fn enter(&self, identity: &str) -> Result<Pass, ProviderError> {
        let mut is_probe = false;
        if let Some(trouble) = self.troubled().get_mut(identity)
            && let Some(until) = trouble.open_until
        {
            let left = until.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                return Err(ProviderError::CircuitOpen { retry_after: left });
            }
            if trouble.is_probing {
                let retry_after = Duration::from_secs(1);
                return Err(ProviderError::CircuitOpen { retry_after });
            }
            trouble.is_probing = true;
            is_probe = true;
        }
        Ok(Pass {
            circuits: self.clone(),
            identity: identity.to_owned(),
            is_probe,
        })
    }

    /// The connection works.
    pub(crate) fn close(&self, identity: &str) {
        self.troubled().remove(identity);
    }

    fn troubled(&self) -> MutexGuard<'_, HashMap<String, Trouble>> {
        self.0
            .troubled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn count_failure(&self, identity: &str, is_probe: bool) {
        let settings = &self.0.settings;
        let now = Instant::now();
        let mut troubled = self.troubled();
        if troubled.len() >= MANY {
            troubled.retain(|_, trouble| trouble.last + settings.cool_down * 2 > now);
        }
        let trouble = troubled.entry(identity.to_owned()).or_insert(Trouble {
            failures: 0,
            open_until: None,
            is_probing: false,
            last: now,
        });
        trouble.failures = trouble.failures.saturating_add(1);
        trouble.last = now;
        if is_probe || trouble.failures >= settings.failures {
            trouble.open_until = Some(now + settings.cool_down);
            trouble.is_probing = false;
        }
    }
}

impl Pass {
    /// The provider did its part.
    pub(crate) fn succeeded(self) {
        self.circuits.close(&self.identity);
    }

    /// Says how the call failed: what is not transient speaks for the connection, not against it.
    pub(crate) fn failed(mut self, error: &ProviderError) {
        if error.is_transient() {
            let is_probe = std::mem::take(&mut self.is_probe);
            self.circuits.count_failure(&self.identity, is_probe);
        } else {
            self.circuits.close(&self.identity);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.is_probe
            && let Some(trouble) = self.circuits.troubled().get_mut(&self.identity)
        {
            trouble.is_probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn circuits(cool_down: u64) -> Circuits {
        Circuits::new(CircuitSettings {
            failures: 2,
            cool_down: Duration::from_millis(cool_down),
        })
    }

    fn fail(circuits: &Circuits, error: &ProviderError) {
        circuits.enter("a").unwrap().failed(error);
    }

    #[test]
    fn it_opens_after_failures_in_a_row_for_this_connection_alone() {
        let circuits = circuits(60_000);
        fail(&circuits, &ProviderError::Cut);
        fail(&circuits, &ProviderError::Cut);
        let error = circuits.enter("a").err().unwrap();
        assert!(error.retry_after().unwrap() > Duration::from_secs(50));
        assert!(circuits.enter("b").is_ok());
        circuits.close("a");
        assert!(circuits.enter("a").is_ok());
    }

    #[test]
    fn a_success_or_a_fault_that_is_not_transient_begins_the_count_anew() {
        let circuits = circuits(60_000);
        for _ in 0..5 {
            fail(&circuits, &ProviderError::Cut);
            circuits.enter("a").unwrap().succeeded();
            fail(&circuits, &ProviderError::Cut);
            fail(&circuits, &ProviderError::Unauthorized { status: 401 });
        }
        assert!(circuits.enter("a").is_ok());
    }

    #[test]
    fn a_call_that_nobody_waited_for_says_nothing() {
        let circuits = circuits(60_000);
        fail(&circuits, &ProviderError::Cut);
        drop(circuits.enter("a").unwrap());
        fail(&circuits, &ProviderError::Cut);
        assert!(circuits.enter("a").is_err());
    }

    #[tokio::test]
    async fn after_the_cool_down_one_call_tries_and_decides() {
        let circuits = circuits(20);
        fail(&circuits, &ProviderError::Cut);
        fail(&circuits, &ProviderError::Cut);
        tokio::time::sleep(Duration::from_millis(25)).await;
        let probe = circuits.enter("a").unwrap();
        assert!(circuits.enter("a").is_err(), "only one");
        drop(probe);
        let probe = circuits.enter("a").unwrap();
        probe.failed(&ProviderError::Cut);
        assert!(circuits.enter("a").is_err(), "open again");
        tokio::time::sleep(Duration::from_millis(25)).await;
        circuits.enter("a").unwrap().succeeded();
        let _first = circuits.enter("a").unwrap();
        assert!(circuits.enter("a").is_ok(), "closed");
    }
}
