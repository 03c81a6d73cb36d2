//! The outbox of a server that keeps its messages in a folder.

use std::path::{Path, PathBuf};

use super::wait::until;
use super::{Folder, Server};

/// A folder that a server is told to keep its messages in.
#[derive(Debug)]
pub struct Outbox(Folder);

/// A message as it stands in its file.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The whole of it.
    pub text: String,
    /// Whom it is for.
    pub to: String,
    /// What it is about.
    pub subject: String,
    /// Its link.
    pub link: String,
}

/// Where links lead in tests.
pub const APP: &str = "https://app.example";

impl Outbox {
    /// An empty one.
    pub fn new() -> Self {
        Self(Folder::new())
    }

    /// A server that puts its messages there, with settings of the test's own.
    pub async fn server(&self, flags: &[&str]) -> Server {
        let url = format!("--mail-url=file://{}", self.0.path().display());
        let app = format!("--app-url={APP}");
        let all: Vec<&str> = [url.as_str(), app.as_str()]
            .into_iter()
            .chain(flags.iter().copied())
            .collect();
        Server::start_with(&all).await
    }

    /// The messages so far, oldest first.
    pub fn letters(&self) -> Vec<Letter> {
        letters(self.0.path())
    }

    /// Waits for a message to this address whose link leads to this page: the newest, once there are so many of them.
    pub async fn letter(&self, to: &str, page: &str, count: usize) -> Letter {
        let start = format!("{APP}/{page}?");
        until("a message is written", || async {
            let mut fit: Vec<Letter> = self.letters();
            fit.retain(|letter| letter.to == to && letter.link.starts_with(&start));
            (fit.len() >= count).then(|| fit.pop().unwrap())
        })
        .await
    }
}

impl Letter {
    /// What the link's query carries.
    pub fn token(&self) -> String {
        self.link.split_once('=').unwrap().1.to_owned()
    }
}

/// The messages in a folder, oldest first.
pub fn letters(folder: &Path) -> Vec<Letter> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|kind| kind == "eml"))
        .collect();
    paths.sort();
    paths.iter().map(read).collect()
}

fn read(path: impl AsRef<Path>) -> Letter {
    let text = std::fs::read_to_string(path).unwrap();
    let header = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {text}"))
            .to_owned()
    };
    let link = text.lines().find(|line| line.starts_with("http")).unwrap();
    Letter {
        to: header("To: "),
        subject: header("Subject: "),
        link: link.to_owned(),
        text,
    }
}
