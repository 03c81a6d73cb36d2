use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::ids::RunId;

/// How many words may wait for a worker; one that falls behind looks at everything.
const BUFFER: usize = 1_024;

/// Words about runs of every tenant, for a worker: there may be work, or somebody may have asked for the end of what it does.
#[derive(Debug)]
pub struct Work(broadcast::Receiver<Option<RunId>>);

/// What a worker hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// This run changed.
    Run(RunId),
    /// Anything may have changed: the database was lost for a while, or the worker fell behind.
    Anything,
    /// The listener is closed; nothing comes any more.
    Closed,
}

#[derive(Debug, Clone)]
pub(super) struct AllWork(broadcast::Sender<Option<RunId>>);

impl Work {
    /// What is heard next. Dropped half-way, nothing is lost.
    pub async fn next(&mut self) -> Heard {
        match self.0.recv().await {
            Ok(Some(run)) => Heard::Run(run),
            Ok(None) | Err(RecvError::Lagged(_)) => Heard::Anything,
            Err(RecvError::Closed) => Heard::Closed,
        }
    }
}

impl AllWork {
    pub(super) fn new() -> Self {
        Self(broadcast::Sender::new(BUFFER))
    }

    pub(super) fn subscribe(&self) -> Work {
        Work(self.0.subscribe())
    }

    /// It fails only when nobody waits.
    pub(super) fn about(&self, run: &RunId) {
        let _ = self.0.send(Some(run.clone()));
    }

    pub(super) fn about_anything(&self) {
        let _ = self.0.send(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn worker_that_falls_behind_looks_at_everything_and_goes_on() {
        let all = AllWork::new();
        let mut work = all.subscribe();
        all.about(&"a".into());
        all.about_anything();
        assert_eq!(work.next().await, Heard::Run("a".into()));
        assert_eq!(work.next().await, Heard::Anything);
        for _ in 0..=BUFFER {
            all.about(&"b".into());
        }
        assert_eq!(work.next().await, Heard::Anything);
        assert_eq!(work.next().await, Heard::Run("b".into()));
        drop(all);
    }
}
