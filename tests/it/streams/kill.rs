//! Fifty replies, written while those who listen come and go at random, and one of their two servers is killed and started
//! again: what each has heard in the end, put together, is what was said, character for character.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::client::{Came, Ear, Events, Lost, Way};
use super::worker::pieces;
use super::{Heard, REPLY, Stage};
use crate::support::{Agentry, Caller, until};

const RUNS: usize = 50;
const PIECES: usize = 120;
/// Of one to four bytes, and of several characters each; never twice the same in a row.
const WORDS: [&str; 9] = ["a", "ß", "世", "👍", "e\u{301}", "👩‍👧", " ", "\n", "\"\\"];

/// A small generator of numbers that look like chance, the same each time (Marsaglia's xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// What one run says: the text, and its pieces.
fn said(seed: u64) -> (String, Vec<(usize, String)>) {
    let mut chance = Chance(seed);
    let mut text = String::new();
    for n in 0..PIECES * 4 {
        text.push_str(WORDS[chance.below(WORDS.len())]);
        text.push_str(&n.to_string());
    }
    let each = text.chars().count().div_ceil(PIECES);
    let pieces = pieces(&text, &[each]);
    (text, pieces)
}

/// Where the servers are by now.
type Places = Arc<Mutex<[String; 2]>>;

struct Listener {
    caller: Caller,
    places: Places,
    run: String,
    chance: Chance,
    /// Told how far it has come.
    progress: Arc<AtomicUsize>,
}

impl Listener {
    /// Listens to the end, over as many connections as it takes; what was heard, and over how many.
    async fn listen(mut self) -> (Heard, usize) {
        let (mut heard, mut visits) = (Heard::default(), 0);
        while heard.end.is_none() {
            visits += 1;
            // One that is being killed, or is gone.
            if let Ok(ear) = self.open(&heard, visits).await
                && self.visit(ear, &mut heard).await.is_err()
            {
                tokio::task::yield_now().await;
            }
        }
        (heard, visits)
    }

    async fn open(&mut self, heard: &Heard, visit: usize) -> Result<Ear, Lost> {
        let place = self.places.lock().unwrap()[self.chance.below(2)].clone();
        let caller = self.caller.moved_to(&place);
        let variables = json!({ "run": self.run, "after": heard.sequence });
        match visit % 3 {
            0 => Ear::open(&caller, Way::Events, REPLY, variables).await,
            1 => Ear::open(&caller, Way::Socket, REPLY, variables).await,
            _ => {
                let request = caller.post(REPLY, json!({ "run": self.run }));
                let request = request
                    .header("accept", "text/event-stream")
                    .header("last-event-id", heard.sequence);
                Events::open(request).await.map(Ear::Events)
            }
        }
    }

    /// Listens for a few events.
    async fn visit(&mut self, mut ear: Ear, heard: &mut Heard) -> Result<(), Lost> {
        for _ in 0..=self.chance.below(6) {
            match ear.came().await? {
                Came::Next(answer, id) if answer.get("errors").is_none() => {
                    heard.note(&answer);
                    assert!(id.is_none_or(|id| id == heard.sequence.to_string()));
                    self.progress.store(heard.sequence, Ordering::Release);
                    if heard.end.is_some() {
                        break;
                    }
                }
                Came::Closed(1001) => return Err(Lost),
                other => panic!("{other:?}"),
            }
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_replies_are_heard_whole_across_reconnects_and_a_killed_server() {
    let stage = Stage::start_with(&["--max-sockets=1000"]).await;
    let program = || {
        Agentry::serving(&stage.server.database)
            .env("AGENTRY_MAX_SOCKETS", "1000")
            .env("AGENTRY_RUN_WORKERS", "0")
    };
    let mut other = Some(program().serve().await);
    let url = other.as_ref().unwrap().url.clone();
    let places: Places = Arc::new(Mutex::new([stage.server.url.clone(), url]));
    let (mut runs, mut listeners, mut progress) = (Vec::new(), Vec::new(), Vec::new());
    for n in 1..=RUNS {
        let run = stage
            .worker
            .queue(&stage.another_conversation().await)
            .await;
        stage.worker.begin(&run).await;
        let so_far = Arc::new(AtomicUsize::new(0));
        let listener = Listener {
            caller: stage.ada.clone(),
            places: Arc::clone(&places),
            run: run.clone(),
            chance: Chance(n as u64 * 7_919),
            progress: Arc::clone(&so_far),
        };
        listeners.push(tokio::spawn(listener.listen()));
        progress.push(so_far);
        runs.push((run, said(n as u64)));
    }
    for n in 0..PIECES {
        let pieces: Vec<(&str, usize, &str)> = runs
            .iter()
            .filter_map(|(run, (_, pieces))| {
                let (sequence, text) = pieces.get(n)?;
                Some((run.as_str(), *sequence, text.as_str()))
            })
            .collect();
        stage.worker.say_all(&pieces).await;
        if n % 10 == 9 {
            // Writing is faster than listening; wait for everyone, so that all of it is heard as it comes.
            until("everyone has heard so much", || async {
                let there = runs
                    .iter()
                    .zip(&progress)
                    .all(|((_, (_, pieces)), so_far)| {
                        let said = pieces.get(n).or(pieces.last());
                        said.is_none_or(|(sequence, _)| so_far.load(Ordering::Acquire) >= *sequence)
                    });
                there.then_some(())
            })
            .await;
        }
        match n {
            25 | 75 => drop(other.take().unwrap().crash().await),
            45 | 95 => {
                let again = program().serve().await;
                places.lock().unwrap()[1].clone_from(&again.url);
                other = Some(again);
            }
            _ => {}
        }
    }
    for (run, (text, _)) in &runs {
        stage.worker.finish(run, text, "completed").await;
    }
    let mut connections = 0;
    for (listener, (run, (text, _))) in listeners.into_iter().zip(&runs) {
        let (heard, visits) = listener.await.unwrap();
        assert_eq!(heard.text, *text, "{run}");
        assert_eq!(heard.end.unwrap()["message"]["content"], *text, "{run}");
        connections += visits;
    }
    assert!(connections > RUNS * 5, "{connections}");
}
