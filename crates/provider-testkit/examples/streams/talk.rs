//! The provider: fifty tokens a second to everyone, and when each was sent.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use agentry_provider_testkit::{Answer, FaultServer, Speech};
use serde_json::Value;
use tokio::time::sleep;

const PACE: Duration = Duration::from_millis(20);

/// What is said to everyone: `0 1 2 …`.
pub(crate) struct Talk {
    server: FaultServer,
    shared: Arc<Shared>,
}

struct Shared {
    began: Instant,
    /// When each token of each answer was sent, in microseconds since it began.
    sent: Vec<Mutex<Vec<u32>>>,
    /// What is measured was sent from then on, and until then.
    window: [AtomicU32; 2],
    over: AtomicBool,
}

impl Talk {
    pub(crate) async fn start(answers: usize) -> Arc<Self> {
        let server = FaultServer::start().await;
        let shared = Arc::new(Shared {
            began: Instant::now(),
            sent: (0..answers).map(|_| Mutex::default()).collect(),
            window: [AtomicU32::new(u32::MAX), AtomicU32::new(u32::MAX)],
            over: AtomicBool::new(false),
        });
        let talks = Arc::clone(&shared);
        server.answer_each(move |request| {
            let messages = request.body["messages"].as_array().unwrap();
            let content = messages.last().and_then(|last| last["content"].as_str());
            // Anything else is asked for a title.
            let Some(Ok(number)) = content.map(str::parse::<usize>) else {
                return Answer::words(["Numbers"]);
            };
            let talks = Arc::clone(&talks);
            Answer::Speech(Speech::new(PACE, move |n| {
                if talks.over.load(Ordering::Relaxed) {
                    return None;
                }
                talks.sent[number].lock().unwrap().push(talks.now());
                Some(format!("{n} "))
            }))
        });
        Arc::new(Self { server, shared })
    }

    pub(crate) fn base_url(&self) -> String {
        self.server.openai_url().to_string()
    }

    /// Measures for so long, and then ends all answers; how long it was.
    pub(crate) async fn measure(&self, time: Duration) -> Duration {
        let [from, until] = &self.shared.window;
        let began = Instant::now();
        from.store(self.shared.now(), Ordering::Relaxed);
        sleep(time).await;
        until.store(self.shared.now(), Ordering::Relaxed);
        let took = began.elapsed();
        self.shared.over.store(true, Ordering::Relaxed);
        took
    }

    /// Now, in microseconds since the beginning.
    pub(crate) fn now(&self) -> u32 {
        self.shared.now()
    }

    /// When token `n` of this answer was sent, if it was.
    pub(crate) fn sent(&self, number: usize, n: usize) -> Option<u32> {
        self.shared.sent[number].lock().unwrap().get(n).copied()
    }

    /// How many tokens of this answer were sent.
    pub(crate) fn count(&self, number: usize) -> usize {
        self.shared.sent[number].lock().unwrap().len()
    }

    /// Whether this moment is measured.
    pub(crate) fn measures(&self, moment: u32) -> bool {
        let [from, until] = &self.shared.window;
        (from.load(Ordering::Relaxed)..until.load(Ordering::Relaxed)).contains(&moment)
    }
}

impl Shared {
    fn now(&self) -> u32 {
        u32::try_from(self.began.elapsed().as_micros()).unwrap_or(u32::MAX)
    }
}

/// What an answer to a question is, or an error.
pub(crate) fn data(answer: &[u8]) -> Value {
    let mut answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    assert!(
        answer["data"].is_object() && answer["errors"].is_null(),
        "{answer}"
    );
    answer["data"].take()
}
