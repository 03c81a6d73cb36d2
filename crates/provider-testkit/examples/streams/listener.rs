//! One who follows a reply as an event stream (graphql-sse, distinct connections).

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::client::Caller;
use crate::talk::Talk;

const REPLY: &str = "subscription($run: ID!) { replyStream(runId: $run) {
    ... on ReplyDelta { sequence text } ... on ReplyEnd { run { status } message { id } } } }";

pub(crate) struct Listener {
    caller: Arc<Caller>,
    run: Value,
    talk: Arc<Talk>,
    number: usize,
    heard: watch::Sender<bool>,
    outcome: Outcome,
    /// How many tokens came, and what came of the next.
    tokens: usize,
    rest: String,
    in_order: bool,
}

/// What was heard.
#[derive(Default)]
pub(crate) struct Outcome {
    /// How long each token that is measured was on its way, in microseconds.
    pub(crate) times: Vec<u32>,
    /// In how many events they came.
    pub(crate) events: usize,
    /// Whether all came once and in order, and the end well.
    pub(crate) is_whole: bool,
}

impl Listener {
    pub(crate) fn new(caller: Arc<Caller>, run: Value, talk: Arc<Talk>, number: usize) -> Self {
        Self {
            caller,
            run,
            talk,
            number,
            heard: watch::Sender::new(false),
            outcome: Outcome::default(),
            tokens: 0,
            rest: String::new(),
            in_order: true,
        }
    }

    /// Becomes true with the first that is heard.
    pub(crate) fn heard(&self) -> watch::Receiver<bool> {
        self.heard.subscribe()
    }

    /// Listens to the end.
    pub(crate) async fn listen(mut self) -> Outcome {
        let variables = json!({ "run": self.run });
        let mut body = self
            .caller
            .post(REPLY, variables, "text/event-stream")
            .await;
        let mut text = Vec::new();
        while let Some(part) = body.next().await {
            let now = self.talk.now();
            text.extend(part);
            while let Some(end) = text.windows(2).position(|two| two == b"\n\n") {
                let event: Vec<u8> = text.drain(..end + 2).collect();
                let event = std::str::from_utf8(&event).unwrap();
                let data = event.lines().find_map(|line| line.strip_prefix("data:"));
                let data = data.filter(|_| event.contains("event: next"));
                if let Some(Ok(answer)) = data.map(serde_json::from_str::<Value>) {
                    self.hear(&answer["data"]["replyStream"], now);
                }
            }
        }
        self.outcome
    }

    fn hear(&mut self, said: &Value, now: u32) {
        let Some(text) = said["text"].as_str() else {
            let ended = said["run"]["status"] == "COMPLETED" && self.rest.is_empty();
            let all = self.tokens == self.talk.count(self.number);
            self.outcome.is_whole = ended && all && self.in_order;
            return;
        };
        self.rest.push_str(text);
        let mut measured = false;
        while let Some((token, rest)) = self.rest.split_once(' ') {
            self.in_order &= token.parse() == Ok(self.tokens);
            if let Some(sent) = self.talk.sent(self.number, self.tokens)
                && self.talk.measures(sent)
            {
                self.outcome.times.push(now.saturating_sub(sent));
                measured = true;
            }
            self.tokens += 1;
            self.rest = rest.to_owned();
        }
        self.outcome.events += usize::from(measured);
        self.heard.send_replace(true);
    }
}
