use tokio::sync::watch;

use super::recheck::Rechecks;
use super::replies::AllReplies;
use super::topics::{Topic, Topics};
use super::work::AllWork;
use crate::ids::{MessageId, RunId};

/// Everyone who waits for a word, of whichever kind.
#[derive(Debug)]
pub(super) struct Ears {
    pub(super) listening: watch::Sender<bool>,
    pub(super) messages: Topics<MessageId>,
    pub(super) runs: Topics<RunId>,
    pub(super) replies: AllReplies,
    pub(super) work: AllWork,
    pub(super) rechecks: Rechecks,
}

impl Ears {
    pub(super) fn new() -> Self {
        Self {
            listening: watch::Sender::new(false),
            messages: Topics::default(),
            runs: Topics::default(),
            replies: AllReplies::default(),
            work: AllWork::new(),
            rechecks: Rechecks::default(),
        }
    }

    /// From here on everything is heard. Nobody knows what was said while nobody listened.
    pub(super) fn open(&self) {
        self.listening.send_replace(true);
        self.rechecks.of_all();
        self.work.about_anything();
    }

    /// Tells all who wait that they may have missed something.
    pub(super) fn interrupt(&self) {
        self.listening.send_replace(false);
        self.messages.clear();
        self.runs.clear();
        self.replies.clear();
    }

    pub(super) fn message(&self, word: &str) {
        if let Some((topic, message)) = split(word) {
            self.messages.pass_on(&topic, message.into());
        }
    }

    /// A run that changed may have ended, so who waits for its reply hears of it too.
    pub(super) fn run(&self, word: &str) {
        if let Some((topic, run)) = split(word) {
            let id = RunId::from(run);
            self.work.about(&id);
            self.runs.pass_on(&topic, id);
            self.replies.pass_on(run);
        }
    }

    pub(super) fn replies(&self, word: &str) {
        for run in word.split(',') {
            self.replies.pass_on(run);
        }
    }

    pub(super) fn revoked(&self, user: &str) {
        self.rechecks.about(user);
    }
}

/// `organisation:conversation:id`.
fn split(word: &str) -> Option<(Topic, &str)> {
    let mut parts = word.splitn(3, ':');
    let topic = (parts.next()?.into(), parts.next()?.into());
    Some((topic, parts.next()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::live::work::Heard;

    fn topic() -> Topic {
        ("o".into(), "c".into())
    }

    #[tokio::test]
    async fn word_of_each_kind_reaches_those_who_wait_for_that_kind() {
        let ears = Ears::new();
        ears.open();
        let mut messages = ears.messages.subscribe(topic(), &ears.listening).unwrap();
        let mut runs = ears.runs.subscribe(topic(), &ears.listening).unwrap();
        let replies = ears.replies.subscribe(&ears.listening).unwrap();
        let mut work = ears.work.subscribe();
        for run in ["r1", "r2", "r3"] {
            replies.add(&run.into());
        }
        for word in ["", "o:c", "o"] {
            ears.message(word);
            ears.run(word);
        }
        ears.message("o:c:m1");
        ears.run("o:c:r1");
        ears.replies("r2,elsewhere,r3");
        assert_eq!(messages.next().await, Ok("m1".into()));
        assert_eq!(runs.next().await, Ok("r1".into()));
        assert_eq!(work.next().await, Heard::Run("r1".into()));
        let mut heard = replies.next().await.unwrap();
        heard.sort();
        assert_eq!(heard, ["r1".into(), "r2".into(), "r3".into()]);
    }

    #[tokio::test]
    async fn a_lost_connection_ends_all_waiting_but_workers_look_at_everything() {
        let ears = Ears::new();
        ears.open();
        let mut runs = ears.runs.subscribe(topic(), &ears.listening).unwrap();
        let replies = ears.replies.subscribe(&ears.listening).unwrap();
        let mut work = ears.work.subscribe();
        ears.interrupt();
        assert!(runs.next().await.is_err() && replies.next().await.is_err());
        assert!(ears.runs.subscribe(topic(), &ears.listening).is_none());
        ears.open();
        assert_eq!(work.next().await, Heard::Anything);
    }
}
