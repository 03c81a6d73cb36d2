//! The README's tour: its commands are those of `scripts/tour.sh`, and its answers are what the program answers.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;
use tokio::time::timeout;

use crate::support::{Agentry, Folder, PATIENCE, program};

/// What a page shows in a tour: commands, and what is answered. `…` stands for what differs from run to run.
pub(super) struct Shown {
    pub(super) commands: Vec<String>,
    pub(super) answers: Vec<String>,
    /// What is begun beside the tour.
    pub(super) beside: Vec<String>,
}

impl Shown {
    pub(super) fn read(page: &str, heading: &str) -> Self {
        let (_, after) = page.split_once(&format!("\n## {heading}\n")).unwrap();
        let (tour, _) = after.split_once("\n## ").unwrap();
        let mut shown = Self {
            commands: Vec::new(),
            answers: Vec::new(),
            beside: Vec::new(),
        };
        for (index, block) in tour.split("\n```").enumerate() {
            // Between fences: text, block, text, block, …
            if index % 2 == 0 {
                continue;
            }
            let (language, lines) = block.split_once('\n').unwrap();
            let lines = lines.lines().map(str::to_owned);
            match language {
                "sh" => shown.commands.extend(lines),
                "console" => shown.beside.extend(lines),
                "json" | "text" => shown.answers.extend(lines),
                other => panic!("a block of {other:?} in the tour"),
            }
        }
        shown
    }
}

/// The first wanted line that is not found behind the one before it.
pub(super) fn missing<'a>(
    wanted: &'a [String],
    found: &str,
    same: impl Fn(&str, &str) -> bool,
) -> Option<&'a str> {
    let mut found = found.lines();
    wanted
        .iter()
        .map(String::as_str)
        .find(|wanted| !found.any(|line| same(wanted, line)))
}

/// Whether a line is as shown, anything standing where `…` does.
pub(super) fn as_shown(shown: &str, line: &str) -> bool {
    let Some((start, end)) = shown.split_once('…') else {
        return shown == line;
    };
    let Some(rest) = line.strip_prefix(start) else {
        return false;
    };
    rest.char_indices()
        .map(|(at, _)| at)
        .chain([rest.len()])
        .any(|at| as_shown(end, &rest[at..]))
}

#[tokio::test]
async fn the_readme_shows_what_the_tour_does_and_what_is_answered() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let script = std::fs::read_to_string(root.join("scripts/tour.sh")).unwrap();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let shown = Shown::read(&readme, "A five-minute tour");
    assert!(shown.commands.len() > 40 && shown.answers.len() > 15);

    // Where the script takes an argument, the README shows its default.
    let commands = script
        .replace("${1:-http://127.0.0.1:4000}", "http://127.0.0.1:4000")
        .replace("\"$agentry\"", "target/debug/agentry");
    let unknown = missing(&shown.commands, &commands, str::eq);
    assert_eq!(unknown, None, "a command that scripts/tour.sh does not run");

    let folder = Folder::new();
    let running = Agentry::own(folder.path()).serve().await;
    let ended = timeout(PATIENCE, tour(&root, &running.url, folder.path()));
    let ended = ended.await.expect("the tour ends").unwrap();
    let (answered, said) = (
        String::from_utf8(ended.stdout).unwrap(),
        String::from_utf8(ended.stderr).unwrap(),
    );
    assert!(ended.status.success(), "{answered}\n{said}");
    let untrue = missing(&shown.answers, &answered, as_shown);
    assert_eq!(untrue, None, "not what was answered:\n{answered}");

    // What the tour is there to show, whatever the README leaves out.
    assert!(!answered.contains("sk-example"), "{answered}");
    assert!(!answered.contains("\"errors\""), "{answered}");
    let hidden = r#"{"agent":null,"conversation":null,"message":null,"agents":{"totalCount":0},"apiConnections":{"totalCount":0}}"#;
    assert!(answered.contains(hidden), "{answered}");
    assert_eq!(answered.matches("\"NotFound\"").count(), 2, "{answered}");
    assert_eq!(running.stop().await.code, Some(0));
}

/// Runs the script beside a program that serves at `url` from `data_dir`.
async fn tour(root: &Path, url: &str, data_dir: &Path) -> std::io::Result<std::process::Output> {
    Command::new("sh")
        .arg(root.join("scripts/tour.sh"))
        .arg(url)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("AGENTRY", program())
        .env("AGENTRY_DATA_DIR", data_dir)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
}
