use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use secrecy::SecretString;
use tokio::time::{Instant, timeout, timeout_at};

use crate::circuit::Pass;
use crate::settings::{Patience, Sizes};
use crate::sse::Framer;
use crate::wire::{Heard, Reader};
use crate::{ChatEvent, ChatStream, ProviderError};

/// How long to wait for the end of a body behind the end mark, so that its connection can be used again.
const FAREWELL: Duration = Duration::from_millis(250);

/// How much of it.
const LAST_WORDS: usize = 16 << 10;

/// How long to wait for the end mark where all has been said; some servers keep the connection and never send it.
const LINGERING: Duration = Duration::from_secs(5);

/// An answer that is coming in.
pub(crate) struct Reply {
    pub(crate) body: Incoming,
    pub(crate) reader: Reader,
    pub(crate) key: Option<SecretString>,
    pub(crate) pass: Option<Pass>,
    /// When the request was made that is being answered.
    pub(crate) asked: Instant,
    /// When the whole call must be over.
    pub(crate) end: Instant,
    pub(crate) patience: Patience,
    pub(crate) sizes: Sizes,
}

struct State {
    reply: Reply,
    framer: Framer,
    heard: Heard,
    /// The last sign of life.
    last: Instant,
    /// Bytes over the wire.
    size: usize,
    /// What was wrong behind frames that are to be read first.
    fault: Option<ProviderError>,
    is_over: bool,
}

impl Reply {
    pub(crate) fn events(self) -> ChatStream {
        let state = State {
            framer: Framer::new(self.sizes.frame),
            heard: Heard::default(),
            last: self.asked,
            size: 0,
            fault: None,
            is_over: false,
            reply: self,
        };
        stream::unfold(state, |mut state| async move {
            let event = state.next().await?;
            Some((event, state))
        })
        .boxed()
    }
}

impl State {
    async fn next(&mut self) -> Option<Result<ChatEvent, ProviderError>> {
        loop {
            if let Some(event) = self.heard.events.pop_front() {
                return Some(Ok(event));
            }
            if self.is_over {
                return None;
            }
            if self.heard.is_done {
                self.is_over = true;
                if let Some(pass) = self.reply.pass.take() {
                    pass.succeeded();
                }
                self.read_out().await;
                return None;
            }
            if let Err(error) = self.listen().await {
                self.is_over = true;
                self.heard.events.clear();
                if let Some(pass) = self.reply.pass.take() {
                    pass.failed(&error);
                }
                return Some(Err(error));
            }
        }
    }

    /// Hears one more piece.
    async fn listen(&mut self) -> Result<(), ProviderError> {
        if let Some(frame) = self.framer.pop() {
            let key = self.reply.key.as_ref();
            self.reply.reader.read(&frame, &mut self.heard, key)?;
            let limit = self.reply.sizes.answer;
            if self.heard.size > limit {
                return Err(ProviderError::TooLarge { limit });
            }
            return Ok(());
        }
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let (patience, silence) = if self.reply.reader.is_ending() {
            let deadline = self.last + self.reply.patience.between_tokens.min(LINGERING);
            (deadline, ProviderError::TimedOutBetweenTokens)
        } else if self.heard.has_begun {
            let deadline = self.last + self.reply.patience.between_tokens;
            (deadline, ProviderError::TimedOutBetweenTokens)
        } else {
            let deadline = self.reply.asked + self.reply.patience.first_token;
            (deadline, ProviderError::TimedOutBeforeFirstToken)
        };
        let deadline = patience.min(self.reply.end);
        let Ok(piece) = timeout_at(deadline, self.reply.body.frame()).await else {
            if self.reply.reader.end(&mut self.heard) {
                return Ok(());
            }
            return Err(if patience <= self.reply.end {
                silence
            } else {
                ProviderError::TimedOut
            });
        };
        match piece {
            Some(Ok(piece)) => {
                let Ok(bytes) = piece.into_data() else {
                    return Ok(());
                };
                self.last = Instant::now();
                self.size = self.size.saturating_add(bytes.len());
                let limit = self.reply.sizes.wire;
                if self.size > limit {
                    return Err(ProviderError::TooLarge { limit });
                }
                self.fault = self.framer.push(&bytes).err();
                Ok(())
            }
            // However the connection ended: what counts is whether the end mark was there.
            Some(Err(_)) | None => {
                if self.reply.reader.end(&mut self.heard) {
                    Ok(())
                } else if self.framer.is_odd() {
                    Err(ProviderError::Malformed("it is no event stream"))
                } else {
                    Err(ProviderError::Cut)
                }
            }
        }
    }

    /// Reads what is behind the end mark, which is nothing, until the body ends.
    async fn read_out(&mut self) {
        let mut left = LAST_WORDS;
        let reading = async {
            while let Some(Ok(piece)) = self.reply.body.frame().await {
                left = left.saturating_sub(piece.data_ref().map_or(0, Bytes::len));
                if left == 0 {
                    break;
                }
            }
        };
        let _ = timeout(FAREWELL, reading).await;
    }
}
