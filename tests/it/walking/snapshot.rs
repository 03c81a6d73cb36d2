//! Outcomes kept in files beside the tests.

use std::path::Path;

/// Compares `actual` with the file of this name; with `AGENTRY_SNAPSHOTS=write` writes it instead.
pub(crate) fn assert_kept(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("it/walking")
        .join(name);
    if std::env::var("AGENTRY_SNAPSHOTS").as_deref() == Ok("write") {
        std::fs::write(&path, actual).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let changes = difference(&kept, actual);
    assert!(
        changes.is_empty(),
        "{name} differs from what is kept; if that is meant, run again with AGENTRY_SNAPSHOTS=write and review it:\n{}",
        changes.join("\n")
    );
}

/// The lines that only one of the texts has; one line for the order when nothing else differs.
pub(super) fn difference(kept: &str, actual: &str) -> Vec<String> {
    let only = |here: &str, there: &str, sign: char| -> Vec<String> {
        here.lines()
            .filter(|line| !there.lines().any(|other| other == *line))
            .map(|line| format!("{sign} {line}"))
            .collect()
    };
    let mut changes = only(kept, actual, '-');
    changes.extend(only(actual, kept, '+'));
    if changes.is_empty() && kept != actual {
        changes.push("! the order or number of lines".to_owned());
    }
    changes
}
