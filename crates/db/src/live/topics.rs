use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{broadcast, watch};

use super::Missed;
use crate::ids::{ConversationId, MessageId, OrganizationId};

/// How far one that waits may fall behind.
pub(super) const BUFFER: usize = 128;

/// A conversation: what words are about.
pub(super) type Topic = (OrganizationId, ConversationId);

/// Words of one kind about a conversation: ids of messages, if not said otherwise.
#[derive(Debug)]
pub struct Waiting<T: Clone = MessageId> {
    topic: Topic,
    topics: Topics<T>,
    receiver: Option<broadcast::Receiver<T>>,
}

/// Everyone who waits for words of one kind, by conversation. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Topics<T: Clone>(Arc<Mutex<HashMap<Topic, broadcast::Sender<T>>>>);

impl<T: Clone> Waiting<T> {
    /// The next id. Ids come in the order in which they were announced, which for what was committed at one moment need not
    /// be theirs.
    ///
    /// # Errors
    /// [`Missed`]; nothing comes after it.
    pub async fn next(&mut self) -> Result<T, Missed> {
        match &mut self.receiver {
            Some(receiver) => receiver.recv().await.map_err(|_| Missed),
            None => Err(Missed),
        }
    }
}

impl<T: Clone> Drop for Waiting<T> {
    fn drop(&mut self) {
        let mut senders = self.topics.lock();
        self.receiver = None;
        if senders
            .get(&self.topic)
            .is_some_and(|sender| sender.receiver_count() == 0)
        {
            senders.remove(&self.topic);
        }
    }
}

impl<T: Clone> Default for Topics<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone> Topics<T> {
    /// Waits from now on; `None` when nobody listens.
    pub(super) fn subscribe(
        &self,
        topic: Topic,
        listening: &watch::Sender<bool>,
    ) -> Option<Waiting<T>> {
        let mut senders = self.lock();
        // Asked under the lock: what is lost from here on, `clear` tells.
        if !*listening.borrow() {
            return None;
        }
        let sender = senders
            .entry(topic.clone())
            .or_insert_with(|| broadcast::Sender::new(BUFFER));
        let receiver = Some(sender.subscribe());
        drop(senders);
        Some(Waiting {
            topic,
            topics: self.clone(),
            receiver,
        })
    }

    /// Hands an id to those who wait for its conversation.
    pub(super) fn pass_on(&self, topic: &Topic, id: T) {
        if let Some(sender) = self.lock().get(topic) {
            // It fails only when nobody waits any more.
            let _ = sender.send(id);
        }
    }

    /// Tells all who wait that they may have missed something. Nobody listens by now.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Topic, broadcast::Sender<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn topic(organization: &str, conversation: &str) -> Topic {
        (organization.into(), conversation.into())
    }

    fn wait(topics: &Topics<u32>, conversation: &str) -> Waiting<u32> {
        let listening = watch::Sender::new(true);
        topics
            .subscribe(topic("o", conversation), &listening)
            .unwrap()
    }

    #[tokio::test]
    async fn an_id_reaches_all_who_wait_for_its_conversation_and_nobody_else() {
        let topics = Topics::default();
        let (mut one, mut two) = (wait(&topics, "c"), wait(&topics, "c"));
        let mut elsewhere = wait(&topics, "d");
        topics.pass_on(&topic("other", "c"), 0);
        topics.pass_on(&topic("o", "c"), 1);
        topics.pass_on(&topic("o", "d"), 2);
        assert_eq!(one.next().await, Ok(1));
        assert_eq!(two.next().await, Ok(1));
        assert_eq!(elsewhere.next().await, Ok(2));
    }

    #[tokio::test]
    async fn who_falls_behind_is_told_that_something_was_missed() {
        let topics = Topics::default();
        let mut waiting = wait(&topics, "c");
        for n in 0..=BUFFER {
            topics.pass_on(&topic("o", "c"), u32::try_from(n).unwrap());
        }
        assert_eq!(waiting.next().await, Err(Missed));
    }

    #[tokio::test]
    async fn a_lost_connection_ends_the_waiting() {
        let topics = Topics::default();
        let mut waiting = wait(&topics, "c");
        topics.clear();
        assert_eq!(waiting.next().await, Err(Missed));
        let nobody = topics.subscribe(topic("o", "c"), &watch::Sender::new(false));
        assert!(nobody.is_none());
    }

    #[tokio::test]
    async fn nothing_is_kept_for_a_conversation_that_nobody_waits_for() {
        let topics = Topics::default();
        let (one, two) = (wait(&topics, "c"), wait(&topics, "c"));
        drop(one);
        assert_eq!(topics.lock().len(), 1);
        drop(two);
        assert!(topics.lock().is_empty());
    }
}
