//! One who listens to a reply to its end, over as many connections as it takes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::provider::Chance;
use crate::streams::client::{Came, Ear, Events, Lost, Way};
use crate::streams::{Heard, REPLY};
use crate::support::{Caller, until};

/// Where the servers are by now.
#[derive(Clone)]
pub(super) struct Places(Arc<Mutex<Vec<String>>>);

impl Places {
    pub(super) fn new(url: &str) -> Self {
        Self(Arc::new(Mutex::new(vec![url.to_owned()])))
    }

    /// From now on they are here, and nowhere else.
    pub(super) fn are(&self, url: &str) {
        *self.0.lock().unwrap() = vec![url.to_owned()];
    }

    pub(super) fn first(&self) -> String {
        self.0.lock().unwrap()[0].clone()
    }
}

pub(super) struct Listener {
    caller: Caller,
    places: Places,
    run: String,
    /// Told how far it has come.
    progress: Arc<AtomicUsize>,
    chance: Chance,
    visits: usize,
}

impl Listener {
    pub(super) fn new(
        caller: &Caller,
        places: &Places,
        run: &str,
        progress: &Arc<AtomicUsize>,
        number: usize,
    ) -> Self {
        Self {
            caller: caller.clone(),
            places: places.clone(),
            run: run.to_owned(),
            progress: Arc::clone(progress),
            chance: Chance(number as u64 * 104_729 + 7),
            // So that they do not all listen in the same way.
            visits: number,
        }
    }

    /// Listens to the end; what was heard, and over how many connections.
    pub(super) async fn listen(mut self, comes_and_goes: bool) -> (Heard, usize) {
        let mut heard = Heard::default();
        let first = self.visits;
        while heard.end.is_none() {
            let mut ear = until("a server listens", || self.open(heard.sequence)).await;
            self.visits += 1;
            let events = if comes_and_goes {
                1 + self.chance.below(20)
            } else {
                usize::MAX
            };
            // What was lost is heard on the next visit.
            let _ = self.visit(&mut ear, &mut heard, events).await;
        }
        (heard, self.visits - first)
    }

    /// `None` from a server that is being killed, is gone, or is without its database.
    async fn open(&self, after: usize) -> Option<Ear> {
        let caller = self.caller.moved_to(&self.places.first());
        let variables = json!({ "run": self.run, "after": after });
        let ear = match self.visits % 3 {
            0 => Ear::open(&caller, Way::Events, REPLY, variables).await,
            1 => Ear::open(&caller, Way::Socket, REPLY, variables).await,
            _ => {
                let request = caller.post(REPLY, json!({ "run": self.run }));
                let request = request
                    .header("accept", "text/event-stream")
                    .header("last-event-id", after);
                Events::open(request).await.map(Ear::Events)
            }
        };
        ear.ok()
    }

    /// Listens to the end, or for a few events.
    async fn visit(&self, ear: &mut Ear, heard: &mut Heard, events: usize) -> Result<(), Lost> {
        for _ in 0..events {
            match ear.came().await? {
                Came::Next(answer, id) if answer.get("errors").is_none() => {
                    heard.note(&answer);
                    assert!(id.is_none_or(|id| id == heard.sequence.to_string()));
                    self.progress.store(heard.sequence, Ordering::Release);
                    if heard.end.is_some() {
                        return Ok(());
                    }
                }
                Came::Next(answer, _) => return lost(&answer["errors"][0]),
                Came::Refused(errors) => return lost(&errors[0]),
                // The server goes away, or its database has.
                Came::Closed(1001 | 1013) => return Err(Lost),
                other => panic!("{other:?}"),
            }
        }
        Ok(())
    }
}

/// What comes of an error: none but that of a database that is away may come.
fn lost(error: &Value) -> Result<(), Lost> {
    assert_eq!(error["extensions"]["code"], "UNAVAILABLE", "{error}");
    Err(Lost)
}
