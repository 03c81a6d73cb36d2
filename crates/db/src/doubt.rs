//! Connections that died while they lay idle.
//!
//! The pool hands a connection out without asking whether it lives: the question would cost every request a round trip. When
//! PostgreSQL has been restarted all of them are dead, and each would fail one request. So the first that turns out to be dead
//! casts doubt on every one that lay idle at that moment: those are asked before they are handed out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::PgPool;

use crate::Db;

/// Up to which moment idle connections may have died. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Doubt {
    start: Instant,
    /// Microseconds from the start on; 0 before anything was found dead.
    until: Arc<AtomicU64>,
}

impl Doubt {
    pub(crate) fn none() -> Self {
        Self {
            start: Instant::now(),
            until: Arc::default(),
        }
    }

    fn cast(&self) {
        self.until.fetch_max(self.now() + 1, Ordering::Relaxed);
    }

    /// Whether a connection that has been idle for this long may be one of the dead. One that came back later was looked at
    /// then.
    pub(crate) fn covers(&self, idle_for: Duration) -> bool {
        let since = self.now().saturating_sub(micros(idle_for));
        since < self.until.load(Ordering::Relaxed)
    }

    fn now(&self) -> u64 {
        micros(self.start.elapsed())
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Db {
    /// Does what a request does first; once more when it met a dead connection. It must be as good done twice as once.
    pub(crate) async fn begin_anew<T, F, R>(&self, first: F) -> Result<T, sqlx::Error>
    where
        F: Fn(PgPool) -> R,
        R: Future<Output = Result<T, sqlx::Error>>,
    {
        match first(self.pool.clone()).await {
            Err(error) if died(&error) => {
                self.doubt.cast();
                first(self.pool.clone()).await
            }
            outcome => outcome,
        }
    }
}

/// Whether the connection was gone, or was told to go while it lay idle (SQLSTATE 57P01, 57P02, 57P05).
fn died(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(error) => error
            .code()
            .is_some_and(|code| matches!(code.as_ref(), "57P01" | "57P02" | "57P05")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubt_covers_what_lay_idle_when_it_was_cast_and_nothing_later() {
        let doubt = Doubt::none();
        assert!(!doubt.covers(Duration::MAX));
        doubt.cast();
        assert!(doubt.covers(Duration::MAX));
        while doubt.now() < doubt.until.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
        assert!(!doubt.covers(Duration::ZERO));
    }
}
