use std::fmt::{self, Formatter};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _, stream};
use serde_json::Value;
use tokio::time::{MissedTickBehavior, interval};

use crate::{Script, anthropic, openai};

/// Words that are made when they are sent, one each `pace`: so that they can say when that was, or be noted.
#[derive(Clone)]
pub struct Speech {
    pace: Duration,
    word: Arc<dyn Fn(usize) -> Option<String> + Send + Sync>,
}

impl Speech {
    /// Says `word(0)`, `word(1)`, … until there is none; then the answer ends well.
    ///
    /// # Panics
    ///
    /// Where `pace` is zero.
    #[must_use]
    pub fn new(
        pace: Duration,
        word: impl Fn(usize) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        assert!(!pace.is_zero(), "a speech has a pace");
        let word = Arc::new(word);
        Self { pace, word }
    }

    /// The frames of an answer.
    pub(crate) fn frames(
        self,
        is_anthropic: bool,
        body: &Value,
    ) -> impl Stream<Item = String> + Send + use<> {
        // Of an answer of one empty word: what comes before it, and after.
        let empty = Script {
            words: vec![String::new()],
            ..Script::default()
        };
        let (frame, (mut before, end)) = if is_anthropic {
            (
                anthropic::word as fn(&str) -> String,
                anthropic::frames(&empty, body),
            )
        } else {
            (openai::word as _, openai::frames(&empty, body))
        };
        let after = before.split_off(before.len() - usize::from(is_anthropic));
        let mut ticks = interval(self.pace);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let words = stream::unfold((0, ticks), move |(n, mut ticks)| {
            let word = Arc::clone(&self.word);
            async move {
                ticks.tick().await;
                Some((frame(&word(n)?), (n + 1, ticks)))
            }
        });
        stream::iter(before)
            .chain(words)
            .chain(stream::iter(after.into_iter().chain(end)))
    }
}

impl fmt::Debug for Speech {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Speech")
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}
