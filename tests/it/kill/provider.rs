//! A provider that notes what it says.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use agentry_provider_testkit::{Answer, FaultServer, Recorded, Speech};

/// Between two tokens.
const PACE: Duration = Duration::from_millis(8);
/// Of one to four bytes, and of several characters each.
const WORDS: [&str; 9] = ["a", "ß", "世", "👍", "e\u{301}", "👩‍👧", " ", "\n", "\"\\"];

/// A small generator of numbers that look like chance, the same each time (Marsaglia's xorshift).
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// The answers to all runs, each of which asks with its number.
pub(super) struct Talks {
    pub(super) server: FaultServer,
    all: Arc<Vec<Talk>>,
}

struct Talk {
    words: Vec<String>,
    /// How many of them were said.
    said: Mutex<usize>,
}

impl Talks {
    /// With as many tokens for each run.
    pub(super) async fn of(tokens: impl Iterator<Item = usize>) -> Self {
        let talk = |(number, tokens): (usize, usize)| {
            let mut chance = Chance(number as u64 * 7_919 + 1);
            let word = |n: usize| format!("{}{n}", WORDS[chance.below(WORDS.len())]);
            Talk {
                words: (0..tokens).map(word).collect(),
                said: Mutex::default(),
            }
        };
        let all: Arc<Vec<Talk>> = Arc::new(tokens.enumerate().map(talk).collect());
        let server = FaultServer::start().await;
        let talks = Arc::clone(&all);
        server.answer_each(move |request| {
            let (talks, number) = (Arc::clone(&talks), number(request));
            Answer::Speech(Speech::new(PACE, move |n| {
                let talk = &talks[number];
                let word = talk.words.get(n)?;
                let mut said = talk.said.lock().unwrap();
                // Were it asked again, it would begin again.
                *said = (*said).max(n + 1);
                Some(word.clone())
            }))
        });
        Self { server, all }
    }

    /// What was said to this run, and all that there was to say.
    pub(super) fn said(&self, number: usize) -> (String, String) {
        let talk = &self.all[number];
        let said = *talk.said.lock().unwrap();
        (talk.words[..said].concat(), talk.words.concat())
    }

    /// How often this run asked.
    pub(super) fn asked(&self, number: usize) -> usize {
        let requests = self.server.requests();
        let of_this = requests
            .iter()
            .filter(|request| self::number(request) == number);
        of_this.count()
    }
}

/// Which run asks.
fn number(request: &Recorded) -> usize {
    let messages = request.body["messages"].as_array().unwrap();
    messages.last().unwrap()["content"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}
