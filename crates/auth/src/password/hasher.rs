//! The bounded pool in front of scrypt.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::{self, available_parallelism};

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Semaphore, oneshot};

use super::{check_length, stored};
use crate::error::PasswordError;

/// A tenth of the share that a normal thread gets (sched(7): each step is a factor of 1.25), so that sign-ins go on under full load.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// How much hashing may go on at once. Memory in use is at most `concurrency` x 32 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HasherLimits {
    /// Passwords hashed at the same time, each on a thread of its own.
    pub concurrency: NonZeroUsize,
    /// Callers that may wait for a free thread; the next one is told [`PasswordError::Busy`] at once.
    pub queue: usize,
}

impl Default for HasherLimits {
    /// One for every two processors (at least one), so that requests without a password keep the other half; 32 waiting,
    /// about three seconds of work for one thread.
    fn default() -> Self {
        let processors = available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            concurrency: NonZeroUsize::new(processors / 2).unwrap_or(NonZeroUsize::MIN),
            queue: 32,
        }
    }
}

/// Hashes and checks passwords on blocking threads, a bounded number at a time. Clones share the bound.
#[derive(Debug, Clone)]
pub struct PasswordHasher {
    /// One permit for each caller inside, working or waiting.
    places: Arc<Semaphore>,
    /// One permit for each thread at work.
    threads: Arc<Semaphore>,
}

impl PasswordHasher {
    /// A pool with these limits.
    #[must_use]
    pub fn new(limits: HasherLimits) -> Self {
        let threads = limits.concurrency.get().min(Semaphore::MAX_PERMITS);
        let places = threads
            .saturating_add(limits.queue)
            .min(Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(places)),
            threads: Arc::new(Semaphore::new(threads)),
        }
    }

    /// The form to store for a new password.
    ///
    /// # Errors
    /// [`PasswordError::TooShort`] and [`PasswordError::TooLong`] by the length rule, [`PasswordError::Busy`] when
    /// the queue is full, [`PasswordError::Failed`] when the system gives no randomness.
    pub async fn hash(&self, password: SecretString) -> Result<String, PasswordError> {
        check_length(password.expose_secret())?;
        self.run(move || stored::hash(password.expose_secret()))
            .await?
    }

    /// True when the password is the one `stored` was made from. `None` means that there is no such account, or that it has no
    /// password: the same work is done, and the answer is false.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] when the queue is full, [`PasswordError::Failed`] when the runtime is shutting down. A
    /// password outside the length rule is merely wrong.
    pub async fn verify(
        &self,
        password: SecretString,
        stored: Option<String>,
    ) -> Result<bool, PasswordError> {
        self.run(move || stored::verify(password.expose_secret(), stored.as_deref()))
            .await?
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| PasswordError::Busy)?;
        let turn = Arc::clone(&self.threads)
            .acquire_owned()
            .await
            .map_err(|_| PasswordError::Failed)?;
        let (answer, answered) = oneshot::channel();
        // A thread for each hash: beside what a hash costs, making one is nothing, and its priority ends with it.
        let spawned = thread::Builder::new()
            .name("password".to_owned())
            .spawn(move || {
                // The permits go with the work: a caller that hangs up does not free a thread that is still hashing.
                let _held = (place, turn);
                step_back();
                // Whoever asked may have hung up.
                let _ = answer.send(work());
            });
        drop(spawned.map_err(|_| PasswordError::Failed)?);
        answered.await.map_err(|_| PasswordError::Failed)
    }
}

/// Lets everybody else's requests go before this thread: a hash is 90 ms of pure work, a request a few short turns. Where the
/// system has no such thing for one thread, as on macOS, all are equal.
#[cfg(target_os = "linux")]
fn step_back() {
    // Refused is as good as done: the priority is a courtesy.
    let _ = rustix::process::nice(NICENESS);
}

#[cfg(not(target_os = "linux"))]
const fn step_back() {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::sync::mpsc;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    fn pool(concurrency: usize, queue: usize) -> PasswordHasher {
        PasswordHasher::new(HasherLimits {
            concurrency: NonZeroUsize::new(concurrency).unwrap(),
            queue,
        })
    }

    /// Work that signals its start and ends when told to.
    fn held() -> (
        impl FnOnce() + Send + 'static,
        tokio::sync::oneshot::Receiver<()>,
        mpsc::Sender<()>,
    ) {
        let (started, has_started) = tokio::sync::oneshot::channel();
        let (finish, told) = mpsc::channel();
        let work = move || {
            let _ = started.send(());
            let _ = told.recv_timeout(Duration::from_secs(30));
        };
        (work, has_started, finish)
    }

    #[tokio::test]
    async fn hash_then_verify_through_the_pool() {
        let pool = pool(1, 4);
        let stored = pool.hash("correct horse".into()).await.unwrap();
        assert_eq!(
            pool.verify("correct horse".into(), Some(stored)).await,
            Ok(true)
        );
        assert_eq!(pool.verify("correct horse".into(), None).await, Ok(false));
    }

    #[tokio::test]
    async fn length_rule_is_for_new_passwords_only() {
        let pool = pool(1, 4);
        let (short, long) = ("1234567", "x".repeat(129));
        assert_eq!(pool.hash(short.into()).await, Err(PasswordError::TooShort));
        assert_eq!(pool.hash(long.into()).await, Err(PasswordError::TooLong));
        assert_eq!(pool.verify(short.into(), None).await, Ok(false));
    }

    #[tokio::test]
    async fn caller_beyond_the_queue_is_told_busy() {
        let pool = pool(1, 1);
        let (work, started, finish) = held();
        let first = tokio::spawn({
            let pool = pool.clone();
            async move { pool.run(work).await }
        });
        started.await.unwrap();
        let mut second = Box::pin(pool.run(|| 2));
        // Polled once: it now holds the one place in the queue.
        assert!(poll_once(&mut second).await.is_none());
        assert_eq!(pool.run(|| 3).await, Err(PasswordError::Busy));
        finish.send(()).unwrap();
        first.await.unwrap().unwrap();
        assert_eq!(second.await, Ok(2));
        assert_eq!(pool.run(|| 4).await, Ok(4));
    }

    #[tokio::test]
    async fn caller_that_hangs_up_does_not_free_a_working_thread() {
        let pool = pool(1, 0);
        let (work, started, finish) = held();
        let first = tokio::spawn({
            let pool = pool.clone();
            async move { pool.run(work).await }
        });
        started.await.unwrap();
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        assert_eq!(pool.run(|| 2).await, Err(PasswordError::Busy));
        finish.send(()).unwrap();
        let free = timeout(Duration::from_secs(30), pool.places.acquire()).await;
        drop(free.unwrap().unwrap());
        assert_eq!(pool.run(|| 3).await, Ok(3));
    }

    #[tokio::test]
    async fn caller_that_hangs_up_while_waiting_leaves_the_queue() {
        let pool = pool(1, 1);
        let (work, started, finish) = held();
        let first = tokio::spawn({
            let pool = pool.clone();
            async move { pool.run(work).await }
        });
        started.await.unwrap();
        let mut waiting = Box::pin(pool.run(|| 2));
        assert!(poll_once(&mut waiting).await.is_none());
        drop(waiting);
        let mut next = Box::pin(pool.run(|| 3));
        assert!(poll_once(&mut next).await.is_none());
        finish.send(()).unwrap();
        first.await.unwrap().unwrap();
        assert_eq!(next.await, Ok(3));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashing_steps_back_and_nothing_else_does() {
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let before = priority();
        assert_eq!(
            pool(1, 0).run(priority).await,
            Ok((before + NICENESS).min(19))
        );
        assert_eq!(priority(), before);
    }

    #[test]
    fn default_leaves_half_the_processors_free() {
        let limits = HasherLimits::default();
        let processors = available_parallelism().unwrap().get();
        assert_eq!(limits.concurrency.get(), (processors / 2).max(1));
        assert!(limits.queue > 0);
    }

    /// Polls a future once.
    async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
                std::task::Poll::Ready(value) => Some(value),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }
}
