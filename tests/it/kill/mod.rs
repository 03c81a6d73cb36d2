//! Fifty replies, asked of a provider and followed by real servers, while what stands between the two is killed: what each listener
//! has heard in the end is what the conversation holds, and that is what the provider said, token for token: all of it, or, where the
//! run was interrupted and says so, all until then. No provider is asked twice.
//!
//! Here are the runs; [`provider`] talks, [`listener`] listens, and the others kill.

mod listener;
mod postgres;
mod provider;
mod replica;
mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tokio::task::JoinHandle;

use self::listener::{Listener, Places};
use self::provider::Talks;
use crate::answers::{agent, linked, run, send};
use crate::streams::Heard;
use crate::support::{Agentry, Caller, Database, until};

/// A program on this database that works on as many runs, and may call this provider.
fn program(database: &Database, talks: &Talks, workers: usize) -> Agentry {
    Agentry::serving(database)
        .env("AGENTRY_ALLOW_HOSTS", talks.server.allowed())
        .env("AGENTRY_RUN_WORKERS", workers.to_string())
        .env("AGENTRY_RUN_LEASE", "1s")
        .env("AGENTRY_PROVIDER_TRIES", "1")
        .env("AGENTRY_TITLES", "false")
        .env("AGENTRY_MAX_SOCKETS", "1000")
}

/// Ada's runs, and all who listen to them.
struct Runs {
    ada: Caller,
    agent: Value,
    places: Places,
    all: Vec<Run>,
}

struct Run {
    id: String,
    listener: JoinHandle<(Heard, usize)>,
    heard: Arc<AtomicUsize>,
}

impl Runs {
    /// None yet. Ada signs up at this server, and links her agent to the provider.
    async fn at(url: &str, talks: &Talks) -> Self {
        let ada = Caller::sign_up_at(url, "Ada").await;
        let agent = agent(&ada, serde_json::json!({})).await;
        linked(&ada, &talks.server, &agent, serde_json::json!({})).await;
        Self {
            ada,
            agent,
            places: Places::new(url),
            all: Vec::new(),
        }
    }

    /// One more, in a conversation of its own, and somebody who listens to it: all the time, or coming and going.
    async fn add(&mut self, comes_and_goes: bool) {
        let number = self.all.len();
        let sent = send(&self.ada, &self.agent, &format!("{number}")).await;
        let id = sent["run"]["id"].as_str().unwrap().to_owned();
        let heard = Arc::new(AtomicUsize::new(0));
        let listener = Listener::new(&self.ada, &self.places, &id, &heard, number);
        let listener = tokio::spawn(listener.listen(comes_and_goes));
        let run = Run {
            id,
            listener,
            heard,
        };
        self.all.push(run);
    }

    /// Waits until this many characters of each of these runs were heard.
    async fn heard(&self, numbers: impl Iterator<Item = usize> + Clone, characters: usize) {
        until("so much was heard", || async {
            let mut heard = numbers
                .clone()
                .map(|number| self.all[number].heard.load(Ordering::Acquire));
            heard.all(|heard| heard >= characters).then_some(())
        })
        .await;
    }

    /// Waits until all have ended and were heard to the end, and compares; how many there are of each status, and over how many
    /// connections the listeners heard them.
    async fn compare(self, database: &Database, talks: &Talks) -> Outcome {
        let ada = self.ada.moved_to(&self.places.first());
        let mut outcome = Outcome::default();
        for (number, one) in self.all.into_iter().enumerate() {
            let (heard, connections) = one.listener.await.unwrap();
            let run = run(&ada, &Value::String(one.id)).await;
            let end = heard.end.unwrap();
            let kept = run["reply"]["content"].as_str().unwrap_or_default();
            assert_eq!(heard.text, kept, "heard is kept: {run}");
            assert_eq!(end["message"]["content"].as_str().unwrap_or_default(), kept);
            assert_eq!(end["run"]["status"], run["status"], "{run}");
            let (said, whole) = talks.said(number);
            let asked = talks.asked(number);
            if run["status"] == "COMPLETED" {
                assert_eq!((kept, asked), (whole.as_str(), 1), "{run}");
                outcome.completed.push(number);
            } else {
                assert_eq!(run["status"], "FAILED", "{run}");
                assert_eq!(run["errorCode"], "INTERRUPTED", "{run}");
                assert!(said.starts_with(kept), "{said}\n{kept}");
                assert!(asked <= 1, "asked {asked} times: {run}");
                outcome.interrupted.push((number, kept.chars().count()));
            }
            outcome.connections.push(connections);
        }
        let mut root = database.root().await;
        let left = "SELECT (SELECT count(*) FROM run_deltas) + (SELECT count(*) FROM run_leases)";
        let left: i64 = sqlx::query_scalar(left).fetch_one(&mut root).await.unwrap();
        assert_eq!(left, 0, "pieces and leases are left");
        outcome
    }
}

/// How it ended, by the runs' numbers.
#[derive(Debug, Default)]
struct Outcome {
    completed: Vec<usize>,
    /// Each with how many characters it has.
    interrupted: Vec<(usize, usize)>,
    /// How many it took to hear each run.
    connections: Vec<usize>,
}
