//! Ends the server when Agentry ends without having been able to, as by `kill -9`.
//!
//! A small shell holds the reading end of a pipe whose writing end is ours. The system closes ours when this process
//! dies, whatever the cause; the shell then reads the end of the file and acts.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::error::EmbeddedError;
use super::postmaster::poll;

const SHELL: &str = "/bin/sh";

/// `$1`: the signal; `$2`: a folder to remove at the end, or nothing. Reads process ids, or `done`.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
pid=; finished=
while [ -z "$finished" ] && read -r line; do
    if [ "$line" = done ]; then finished=yes; else pid=$line; fi
done
if [ -z "$finished" ] && [ -n "$pid" ]; then
    kill -s "$1" "$pid"
    tries=0
    while kill -s 0 "$pid" && [ "$tries" -lt 600 ]; do tries=$((tries + 1)); sleep 0.1; done
fi
if [ -n "$2" ]; then rm -rf -- "$2"; fi
"#;

/// The shell that waits for our end.
#[derive(Debug)]
pub(crate) struct Watchdog {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    shell: Child,
    pipe: Option<ChildStdin>,
}

impl Watchdog {
    /// `durable` decides between a shutdown that writes everything out and one that drops everything.
    pub(crate) fn start(durable: bool, remove: Option<&Path>) -> Result<Self, EmbeddedError> {
        let mut shell = Command::new(SHELL)
            .args([
                "-c",
                SCRIPT,
                "agentry-watchdog",
                if durable { "INT" } else { "QUIT" },
            ])
            .arg(remove.unwrap_or_else(|| Path::new("")))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(EmbeddedError::io("run", SHELL))?;
        let pipe = shell.stdin.take();
        Ok(Self {
            inner: Mutex::new(Inner { shell, pipe }),
        })
    }

    /// Names the process to end.
    pub(crate) fn watch(&self, pid: i32) {
        self.say(&pid.to_string());
    }

    /// The server has been stopped: only the folder, if any, is left to remove. Waits for that.
    pub(crate) fn dismiss(&self) {
        self.say("done");
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.pipe = None;
        poll(Duration::from_secs(10), || {
            !matches!(inner.shell.try_wait(), Ok(None))
        });
    }

    fn say(&self, line: &str) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipe) = &mut inner.pipe
            && let Err(error) = writeln!(pipe, "{line}")
        {
            tracing::warn!(%error, "the watchdog of PostgreSQL is gone: PostgreSQL would outlive a killed Agentry");
        }
    }
}
