//! `postmaster.pid`, PostgreSQL's own lock file in the cluster.
//!
//! Its lines, as `src/include/utils/pidfile.h` lists them: process id, data folder, start time, port, socket
//! folder, listen address, shared memory key and id, and the status (`starting`, `ready`, `stopping`, `standby`).

use std::fs;
use std::path::{Path, PathBuf};

const SOCKET_DIR_LINE: usize = 4;
const STATUS_LINE: usize = 7;

/// What the file says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PidFile {
    pub(crate) pid: i32,
    pub(crate) ready: bool,
    pub(crate) socket_dir: Option<PathBuf>,
}

/// Reads the file of `cluster`; `None` when there is none or it is not yet whole.
pub(crate) fn read(cluster: &Path) -> Option<PidFile> {
    parse(&fs::read_to_string(cluster.join("postmaster.pid")).ok()?)
}

fn parse(text: &str) -> Option<PidFile> {
    let lines: Vec<&str> = text.lines().collect();
    // A server run by hand in single-user mode writes its id negated.
    let pid = lines.first()?.trim().parse::<i32>().ok()?.checked_abs()?;
    let ready = lines
        .get(STATUS_LINE)
        .is_some_and(|status| status.trim() == "ready");
    let socket_dir = lines
        .get(SOCKET_DIR_LINE)
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    Some(PidFile {
        pid,
        ready,
        socket_dir,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_and_socket_are_read_from_their_lines() {
        let text = "4711\n/d/postgres\n1790000000\n5432\n/d/run\n\n  123  456\nready   \n";
        let socket_dir = Some(PathBuf::from("/d/run"));
        assert_eq!(
            parse(text),
            Some(PidFile {
                pid: 4711,
                ready: true,
                socket_dir
            })
        );
        assert!(parse(&text.replace("ready   ", "starting")).is_some_and(|file| !file.ready));
    }

    #[test]
    fn half_written_file_is_none_or_not_ready() {
        assert_eq!(parse(""), None);
        assert_eq!(
            parse("47"),
            Some(PidFile {
                pid: 47,
                ready: false,
                socket_dir: None
            })
        );
        assert_eq!(parse("rubbish\n"), None);
    }
}
