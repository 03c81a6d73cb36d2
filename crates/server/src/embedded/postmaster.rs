//! Starting the server process, and getting whatever an earlier run left behind out of its way.

use std::fs;
use std::path::PathBuf;
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::account::Account;
use super::binaries::Binaries;
use super::error::EmbeddedError;
use super::{log, pidfile, process};

/// Recovery after a crash reads the log since the last checkpoint, minutes at worst.
const READY_WITHIN: Duration = Duration::from_mins(5);
/// How long a left-over server may take to write everything out, and then to drop everything.
const ORPHAN_STOPS_WITHIN: Duration = Duration::from_mins(1);
const ORPHAN_DIES_WITHIN: Duration = Duration::from_secs(10);
/// How long the connections of a killed server may take to notice that it is gone.
const REMNANTS_LEAVE_WITHIN: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(10);

/// Everything needed to start the server, again and again.
#[derive(Debug)]
pub(crate) struct Postmaster {
    pub(crate) binaries: Binaries,
    pub(crate) account: Account,
    pub(crate) cluster: PathBuf,
    pub(crate) log: PathBuf,
    /// `name=value`, each.
    pub(crate) settings: Vec<String>,
}

/// Proof that no server runs on the cluster, so that one may be spawned.
#[derive(Debug)]
pub(crate) struct WayClear {
    /// The process id in a stale `postmaster.pid`.
    stale: Option<i32>,
}

impl Postmaster {
    /// Starts the server and waits until it takes connections, or `give_up` is set.
    pub(crate) fn start(&self, give_up: &AtomicBool) -> Result<Child, EmbeddedError> {
        let until = Instant::now() + REMNANTS_LEAVE_WITHIN;
        loop {
            let way = self.clear_the_way()?;
            let log_from = fs::metadata(&self.log).map_or(0, |found| found.len());
            let mut child = self.spawn(&way)?;
            let Err(reason) = self.wait_ready(&mut child, give_up) else {
                return Ok(child);
            };
            let tail = log::tail(&self.log, log_from);
            // A killed server's connections live until they notice; PostgreSQL rightly refuses to start beside them.
            if tail.contains("pre-existing shared memory block") && Instant::now() < until {
                sleep(POLL * 20);
                continue;
            }
            return Err(EmbeddedError::NotReady {
                reason,
                log: self.log.clone(),
                tail,
            });
        }
    }

    /// Stops a server that an Agentry killed earlier left running on this cluster.
    ///
    /// The caller holds the folder's lock, so it belongs to nobody else. It is stopped, not adopted: its settings and its
    /// version may be older than ours, and its end could not be waited for.
    pub(crate) fn clear_the_way(&self) -> Result<WayClear, EmbeddedError> {
        let Some(found) = pidfile::read(&self.cluster) else {
            return Ok(WayClear { stale: None });
        };
        let pid = found.pid;
        let way = WayClear { stale: Some(pid) };
        let there = || process::exists(pid) && process::serves(pid, &self.cluster);
        if !there() {
            return Ok(way);
        }
        tracing::warn!(
            pid,
            "a PostgreSQL left over from an earlier run is being stopped"
        );
        for (signal, within) in [
            (Signal::INT, ORPHAN_STOPS_WITHIN),
            (Signal::QUIT, ORPHAN_DIES_WITHIN),
        ] {
            process::signal(pid, signal);
            if poll(within, || !there()) {
                return Ok(way);
            }
        }
        Err(EmbeddedError::OrphanStays {
            pid,
            path: self.cluster.clone(),
        })
    }

    /// Starts the server process.
    pub(crate) fn spawn(&self, way: &WayClear) -> Result<Child, EmbeddedError> {
        let log = log::open(&self.log)?;
        let copy = log
            .try_clone()
            .map_err(EmbeddedError::io("open", &self.log))?;
        let mut command = self.account.command(&self.binaries.postgres());
        command
            .arg("-D")
            .arg(&self.cluster)
            .stdout(copy)
            .stderr(log);
        for setting in &self.settings {
            command.arg("-c").arg(setting);
        }
        if let Some(pid) = way.stale {
            // After a reboot, or in a restarted container, the id in a stale lock file often belongs to somebody else by now, and
            // PostgreSQL would refuse to start. An id given here counts as not a server (it is how pg_ctl excuses its own parent),
            // while the check for remains in shared memory stays in force; deleting the file would skip that.
            command.env("PG_GRANDPARENT_PID", pid.to_string());
        }
        command
            .spawn()
            .map_err(EmbeddedError::io("start", self.binaries.postgres()))
    }

    fn wait_ready(&self, child: &mut Child, give_up: &AtomicBool) -> Result<(), String> {
        let pid = i32::try_from(child.id()).unwrap_or(i32::MAX);
        let mut ended = None;
        let ready = poll(READY_WITHIN, || {
            ended = child.try_wait().ok().flatten();
            ended.is_some()
                || give_up.load(Ordering::Relaxed)
                || pidfile::read(&self.cluster).is_some_and(|file| file.pid == pid && file.ready)
        });
        match ended {
            Some(status) => Err(format!("it ended at once, {status}")),
            None if give_up.load(Ordering::Relaxed) => {
                process::signal(pid, Signal::INT);
                Err("the start was given up".to_owned())
            }
            None if ready => Ok(()),
            None => {
                process::signal(pid, Signal::QUIT);
                Err(format!("not ready after {} s", READY_WITHIN.as_secs()))
            }
        }
    }
}

/// Waits until `done`, at most `within`; whether it came true.
pub(crate) fn poll(within: Duration, mut done: impl FnMut() -> bool) -> bool {
    let give_up = Instant::now() + within;
    while !done() {
        if Instant::now() >= give_up {
            return false;
        }
        sleep(POLL);
    }
    true
}
