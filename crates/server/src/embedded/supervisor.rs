//! Keeps the server running until it is told to stop.
//!
//! A thread of its own waits for the process, so nothing here depends on which async runtime is alive.

use std::process::Child;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::error::EmbeddedError;
use super::postmaster::Postmaster;
use super::process;
use super::watchdog::Watchdog;

/// A fast shutdown writes a checkpoint first.
const STOPS_WITHIN: Duration = Duration::from_mins(1);
const DIES_WITHIN: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A server that ran this long earned a quick restart again.
const STEADY_AFTER: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(10);

/// A running, supervised server.
#[derive(Debug)]
pub(crate) struct Supervisor {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    postmaster: Postmaster,
    watchdog: Option<Watchdog>,
    state: Mutex<State>,
    told: Condvar,
}

#[derive(Debug, Default)]
struct State {
    pid: Option<i32>,
    stopping: bool,
}

impl Supervisor {
    /// Takes over a started server.
    pub(crate) fn new(
        postmaster: Postmaster,
        child: Child,
        watchdog: Option<Watchdog>,
    ) -> Result<Self, EmbeddedError> {
        let program = postmaster.binaries.postgres();
        let shared = Arc::new(Shared {
            postmaster,
            watchdog,
            state: Mutex::default(),
            told: Condvar::new(),
        });
        shared.running(&mut shared.lock(), &child);
        let watched = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(move || watched.keep_running(child))
            .map_err(EmbeddedError::io("watch", program))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// The server's process id, unless it is just being restarted.
    pub(crate) fn pid(&self) -> Option<i32> {
        self.shared.lock().pid
    }

    /// Stops the server in the fast way (connections end, everything is written out) and waits for its end.
    pub(crate) async fn stop(mut self) -> Result<(), EmbeddedError> {
        let pid = self.shared.tell_to_stop(Signal::INT);
        let mut result = Ok(());
        if !self.ended_within(STOPS_WITHIN).await
            && let Some(pid) = self.shared.tell_to_stop(Signal::QUIT).or(pid)
        {
            self.ended_within(DIES_WITHIN).await;
            result = Err(EmbeddedError::StoppedHard(pid));
        }
        self.thread = None;
        if let Some(watchdog) = &self.shared.watchdog {
            watchdog.dismiss();
        }
        result
    }

    async fn ended_within(&self, limit: Duration) -> bool {
        let give_up = Instant::now() + limit;
        while self
            .thread
            .as_ref()
            .is_some_and(|thread| !thread.is_finished())
        {
            if Instant::now() >= give_up {
                return false;
            }
            tokio::time::sleep(POLL).await;
        }
        true
    }
}

impl Drop for Supervisor {
    /// Not stopped properly, so in a panic or an early return: say so to the server, and do not block.
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.shared.tell_to_stop(Signal::INT);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is two plain values, whole at every moment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self, state: &mut State, child: &Child) {
        let pid = i32::try_from(child.id()).ok();
        state.pid = pid;
        if let (Some(watchdog), Some(pid)) = (&self.watchdog, pid) {
            watchdog.watch(pid);
        }
    }

    fn tell_to_stop(&self, signal: Signal) -> Option<i32> {
        let mut state = self.lock();
        state.stopping = true;
        self.told.notify_all();
        if let Some(pid) = state.pid {
            process::signal(pid, signal);
        }
        state.pid
    }

    fn keep_running(&self, mut child: Child) {
        let mut pause = FIRST_PAUSE;
        let mut since = Instant::now();
        loop {
            let status = child.wait();
            let mut state = self.lock();
            state.pid = None;
            if state.stopping {
                return;
            }
            drop(state);
            let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
            let log = self.postmaster.log.display();
            tracing::error!(%status, %log, "PostgreSQL ended by itself and is being started again");
            if since.elapsed() > STEADY_AFTER {
                pause = FIRST_PAUSE;
            }
            child = loop {
                if self.stop_told_within(pause) {
                    return;
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
                match self.restart() {
                    Ok(Some(child)) => break child,
                    Ok(None) => return,
                    Err(error) => tracing::error!(%error, "PostgreSQL could not be started again"),
                }
            };
            since = Instant::now();
        }
    }

    fn restart(&self) -> Result<Option<Child>, EmbeddedError> {
        let way = self.postmaster.clear_the_way()?;
        let mut state = self.lock();
        if state.stopping {
            return Ok(None);
        }
        let child = self.postmaster.spawn(&way)?;
        self.running(&mut state, &child);
        Ok(Some(child))
    }

    fn stop_told_within(&self, pause: Duration) -> bool {
        let waited = self
            .told
            .wait_timeout_while(self.lock(), pause, |state| !state.stopping);
        waited.unwrap_or_else(PoisonError::into_inner).0.stopping
    }
}
