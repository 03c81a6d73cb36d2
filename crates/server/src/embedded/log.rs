//! PostgreSQL's log file in the data folder.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::error::EmbeddedError;

/// A log past this is put aside at the next start (one older one is kept), so it cannot fill the disk over the years.
const ROTATE_BYTES: u64 = 8 * 1024 * 1024;
/// How many lines of the log an error shows.
const TAIL_LINES: usize = 12;
/// More than twelve lines of any server ever took.
const TAIL_BYTES: u64 = 16 * 1024;

/// Opens the log for appending.
pub(crate) fn open(path: &Path) -> Result<File, EmbeddedError> {
    if fs::metadata(path).is_ok_and(|found| found.len() > ROTATE_BYTES) {
        fs::rename(path, path.with_extension("log.1"))
            .map_err(EmbeddedError::io("rename", path))?;
    }
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(EmbeddedError::io("open", path))
}

/// The last lines written since byte `from`; what cannot be read is left out, since this only decorates another error.
pub(crate) fn tail(path: &Path, from: u64) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        let start = from.max(file.metadata()?.len().saturating_sub(TAIL_BYTES));
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().map(|text| last_lines(&text)).unwrap_or_default()
}

/// The last few lines of `text`.
pub(crate) fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::io::Write;

    use super::*;
    use crate::embedded::tests::TempDir;

    #[test]
    fn tail_shows_the_end_of_this_start_only() {
        let dir = TempDir::new();
        let path = dir.path().join("postgres.log");
        open(&path).unwrap().write_all(b"before\n").unwrap();
        let from = fs::metadata(&path).unwrap().len();
        let mut file = open(&path).unwrap();
        for line in 0..20 {
            writeln!(file, "line {line}").unwrap();
        }
        let text = tail(&path, from);
        assert!(
            text.starts_with("line 8\n") && text.ends_with("line 19"),
            "{text}"
        );
        assert_eq!(tail(&dir.path().join("absent"), 0), "");
    }

    #[test]
    fn a_log_grown_large_is_put_aside() {
        let dir = TempDir::new();
        let path = dir.path().join("postgres.log");
        open(&path).unwrap().set_len(ROTATE_BYTES + 1).unwrap();
        assert_eq!(open(&path).unwrap().metadata().unwrap().len(), 0);
        assert!(dir.path().join("postgres.log.1").is_file());
    }
}
