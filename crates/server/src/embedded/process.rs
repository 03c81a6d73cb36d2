//! Looking at and signalling processes by id.

use std::fs;
use std::path::Path;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// Whether a process of this id exists, whoever owns it.
pub(crate) fn exists(pid: i32) -> bool {
    let Some(pid) = Pid::from_raw(pid) else {
        return false;
    };
    match test_kill_process(pid) {
        Ok(()) => !is_zombie(pid),
        Err(error) => error == rustix::io::Errno::PERM,
    }
}

/// A dead process nobody has collected yet still has an id, and answers signals with silence.
fn is_zombie(pid: Pid) -> bool {
    let stat =
        fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit_once(')')
        .is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
}

/// Sends `signal`; whether there was a process to receive it.
pub(crate) fn signal(pid: i32, signal: Signal) -> bool {
    Pid::from_raw(pid).is_some_and(|pid| kill_process(pid, signal).is_ok())
}

/// Whether process `pid` is a server on `cluster`, by its command line: process ids are reused, and a file from before a
/// reboot may name anybody's.
pub(crate) fn serves(pid: i32, cluster: &Path) -> bool {
    let cluster = cluster.display().to_string();
    let line = match fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).replace('\0', " "),
        // No /proc on macOS.
        Err(_) => match Command::new("ps")
            .args(["-ww", "-o", "command=", "-p", &pid.to_string()])
            .output()
        {
            Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
            Err(_) => return false,
        },
    };
    line.contains("postgres") && line.contains(&cluster)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn an_uncollected_dead_process_does_not_exist() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        assert!(exists(pid));
        assert!(!serves(pid, Path::new("/data")));
        assert!(signal(pid, Signal::KILL));
        child.wait().unwrap();
        assert!(!exists(pid));
    }
}
