//! Replies as they grow and runs as they change, over `WebSocket`s and event streams: what is heard is what was said, however often
//! and wherever it is listened to again.

pub(crate) mod client;
mod faults;
mod many;
mod refusals;
mod replay;
mod sent;
mod sight;
mod sse;
mod updates;
mod worker;

use serde_json::{Value, json};

use self::client::{Ear, Way};
use self::worker::Worker;
use crate::conversations::{agent, conversation};
use crate::support::{Caller, Database, Server};

/// A reply, by another name.
pub(crate) const REPLY: &str = "subscription Reply($run: ID!, $after: Int) { said: replyStream(runId: $run, after: $after) { __typename
    ... on ReplyDelta { sequence text }
    ... on ReplyEnd { sequence run { id status } message { id content role } } } }";

/// Ada, her agent and a conversation with it, on a server; another on the same database, and one who writes replies.
struct Stage {
    server: Server,
    replica: Server,
    ada: Caller,
    conversation: String,
    worker: Worker,
}

impl Stage {
    async fn start() -> Self {
        Self::start_with(&[]).await
    }

    async fn start_with(flags: &[&str]) -> Self {
        Self::on(Database::copy().await, flags).await
    }

    async fn on(database: Database, flags: &[&str]) -> Self {
        let server = Server::on(database, flags).await;
        let replica = Server::on(server.database.clone(), flags).await;
        let ada = server.sign_up("Ada").await;
        let agent = agent(&ada, "Helper", "PRIVATE").await;
        let conversation = conversation(&ada, &agent).await;
        let worker = Worker::of(&server.database).await;
        Self {
            server,
            replica,
            ada,
            conversation,
            worker,
        }
    }

    /// Ada, at the other server.
    fn elsewhere(&self) -> Caller {
        self.ada.moved_to(&self.replica.url)
    }

    /// A run in Ada's conversation that has not begun.
    async fn queued(&self) -> String {
        self.worker.queue(&self.conversation).await
    }

    /// One that has.
    async fn running(&self) -> String {
        let run = self.queued().await;
        self.worker.begin(&run).await;
        run
    }
}

/// One who listens to a reply from after so many characters.
async fn listen(caller: &Caller, way: Way, run: &str, after: usize) -> Ear {
    let variables = json!({ "run": run, "after": after });
    Ear::open(caller, way, REPLY, variables).await.unwrap()
}

/// What was heard of a reply: its text, how much of it there is by the last event, and how it ended.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Heard {
    pub(crate) text: String,
    pub(crate) sequence: usize,
    pub(crate) end: Option<Value>,
}

impl Heard {
    /// Of one who has the first `after` characters.
    pub(crate) fn after(after: usize) -> Self {
        Self {
            sequence: after,
            ..Self::default()
        }
    }

    /// Notes an event, which must follow upon what was heard before.
    pub(crate) fn note(&mut self, event: &Value) {
        let said = &event["data"]["said"];
        let sequence = usize::try_from(
            said["sequence"]
                .as_u64()
                .unwrap_or_else(|| panic!("{event}")),
        );
        let sequence = sequence.unwrap();
        if said["__typename"] == "ReplyEnd" {
            assert_eq!(sequence, self.sequence, "{event}");
            self.end = Some(said.clone());
            return;
        }
        let text = said["text"].as_str().unwrap();
        assert!(!text.is_empty(), "{event}");
        assert_eq!(sequence, self.sequence + text.chars().count(), "{event}");
        self.text.push_str(text);
        self.sequence = sequence;
    }
}

/// Listens until so many characters are there.
async fn until_sequence(ear: &mut Ear, heard: &mut Heard, sequence: usize) {
    while heard.sequence < sequence {
        let event = ear.event().await;
        heard.note(&event);
    }
    assert_eq!(heard.sequence, sequence);
}

/// Listens to the end.
async fn until_end(ear: &mut Ear, heard: &mut Heard) {
    while heard.end.is_none() {
        let event = ear.event().await;
        heard.note(&event);
    }
    ear.completed().await;
}

/// All that is heard from after so many characters.
async fn heard(caller: &Caller, way: Way, run: &str, after: usize) -> Heard {
    let mut heard = Heard::after(after);
    let mut ear = listen(caller, way, run, after).await;
    until_end(&mut ear, &mut heard).await;
    heard
}

/// The text after so many characters.
fn rest(text: &str, after: usize) -> String {
    text.chars().skip(after).collect()
}
