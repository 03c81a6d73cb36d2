//! The tour of docs/whatsapp.md: its commands are those of `scripts/whatsapp-tour.sh`, and its answers are what the program answers.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;
use tokio::time::timeout;

use super::tour::{Shown, as_shown, missing};
use crate::support::{Agentry, Folder, PATIENCE, program};

/// How the page starts the server, and the phone.
const BESIDE: [&str; 2] = [
    "make run ARGS=\"--whatsapp-publishers '*' --whatsapp-graph-url http://127.0.0.1:4899/v23.0\"",
    "cargo run -q -p agentry-whatsapp-testkit --example phone -- http://127.0.0.1:4000 106540352242922 0123456789abcdef 447700900001",
];

#[tokio::test]
async fn the_page_on_whatsapp_shows_what_its_tour_does_and_what_is_answered() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let script = std::fs::read_to_string(root.join("scripts/whatsapp-tour.sh")).unwrap();
    let page = std::fs::read_to_string(root.join("docs/whatsapp.md")).unwrap();
    let shown = Shown::read(&page, "Try it in two minutes, without Meta");
    assert!(shown.commands.len() > 40 && shown.answers.len() > 12);
    assert_eq!(shown.beside, BESIDE);

    // Where the script takes an argument, the page shows its default.
    let commands = script.replace("${1:-http://127.0.0.1:4000}", "http://127.0.0.1:4000");
    let unknown = missing(&shown.commands, &commands, str::eq);
    assert_eq!(
        unknown, None,
        "a command that scripts/whatsapp-tour.sh does not run"
    );

    let folder = Folder::new();
    let port = free_port();
    let graph = format!("http://127.0.0.1:{port}/v23.0");
    let running = Agentry::own(folder.path())
        .env("AGENTRY_WHATSAPP_PUBLISHERS", "*")
        .env("AGENTRY_WHATSAPP_GRAPH_URL", graph)
        .serve()
        .await;
    let ended = timeout(PATIENCE, tour(&root, &running.url, port));
    let ended = ended.await.expect("the tour ends").unwrap();
    let (answered, said) = (
        String::from_utf8(ended.stdout).unwrap(),
        String::from_utf8(ended.stderr).unwrap(),
    );
    assert!(ended.status.success(), "{answered}\n{said}");
    let untrue = missing(&shown.answers, &answered, as_shown);
    assert_eq!(untrue, None, "not what was answered:\n{answered}\n{said}");
    assert!(!answered.contains("\"errors\""), "{answered}");
    assert_eq!(running.stop().await.code, Some(0));
}

/// A port that nobody listens on. The server is told of the phone's before the phone is told of the server.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The phone that was built beside the program.
fn phone() -> PathBuf {
    let phone = program().with_file_name("examples").join("phone");
    assert!(
        phone.is_file(),
        "{} is missing: run cargo build -p agentry-whatsapp-testkit --example phone first",
        phone.display()
    );
    phone
}

/// Runs the script against a program that serves at `url`.
async fn tour(root: &Path, url: &str, port: u16) -> std::io::Result<std::process::Output> {
    Command::new("sh")
        .arg(root.join("scripts/whatsapp-tour.sh"))
        .arg(url)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TMPDIR", std::env::temp_dir())
        .env("AGENTRY_PHONE", phone())
        .env("AGENTRY_PHONE_PORT", port.to_string())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
}
