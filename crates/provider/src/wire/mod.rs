//! What goes over the wire in each dialect: typed bodies out, frames in.

pub(crate) mod anthropic;
mod anthropic_reply;
pub(crate) mod openai;
mod openai_reply;
pub(crate) mod refusal;

use std::collections::VecDeque;

use secrecy::SecretString;
use serde_json::Value;

use crate::sse::Frame;
use crate::{ChatEvent, Dialect, ProviderError, SafeText};

/// What a provider turned out not to take, learned from its refusals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Quirks {
    /// It does not know `stream_options`.
    pub(crate) no_stream_options: bool,
    /// It wants `max_tokens` where we say `max_completion_tokens`, or the other way round.
    pub(crate) other_limit: bool,
    /// It takes no `temperature`.
    pub(crate) no_temperature: bool,
}

/// How providers say that a parameter itself, and not its value, is the trouble.
const UNSUPPORTED: &[&str] = &[
    "support",
    "unknown",
    "unrecognized",
    "unexpected",
    "extra",
    "permitted",
    "deprecated",
    "not allowed",
];

impl Quirks {
    /// What to do otherwise after a refusal with these words, in lower case; none: nothing that would help.
    pub(crate) fn learn(self, refusal: &str) -> Option<Self> {
        let mut learned = self;
        if !UNSUPPORTED.iter().any(|word| refusal.contains(word)) {
            return None;
        }
        if refusal.contains("stream_options") || refusal.contains("include_usage") {
            learned.no_stream_options = true;
        } else if refusal.contains("max_completion_tokens") {
            learned.other_limit = true;
        } else if refusal.contains("temperature") {
            learned.no_temperature = true;
        }
        (learned != self).then_some(learned)
    }
}

/// Reads an answer frame by frame.
pub(crate) enum Reader {
    OpenAi(openai_reply::Reply),
    Anthropic(anthropic_reply::Reply),
}

/// What was read.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) events: VecDeque<ChatEvent>,
    /// Whether the model began to answer, be it only to itself.
    pub(crate) has_begun: bool,
    /// Bytes of text and of tool calls so far.
    pub(crate) size: usize,
    /// Whether the end mark was there; nothing is read after it.
    pub(crate) is_done: bool,
}

impl Heard {
    fn text(&mut self, text: String) {
        if !text.is_empty() {
            self.begun(text.len());
            self.events.push_back(ChatEvent::Text(text));
        }
    }

    fn begun(&mut self, size: usize) {
        self.has_begun = true;
        self.size = self.size.saturating_add(size);
    }
}

impl Reader {
    pub(crate) fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Anthropic => Self::Anthropic(anthropic_reply::Reply::default()),
            // The built-in service is read by nobody.
            Dialect::OpenAi | Dialect::Echo => Self::OpenAi(openai_reply::Reply::default()),
        }
    }

    /// Reads one frame. `key` is the call's, to be kept out of what the provider says.
    pub(crate) fn read(
        &mut self,
        frame: &Frame,
        heard: &mut Heard,
        key: Option<&SecretString>,
    ) -> Result<(), ProviderError> {
        match self {
            Self::OpenAi(reply) => reply.read(frame, heard, key),
            Self::Anthropic(reply) => reply.read(frame, heard, key),
        }
    }

    /// Whether the model has said why it stopped, so that only the end mark is missing.
    pub(crate) const fn is_ending(&self) -> bool {
        match self {
            Self::OpenAi(reply) => reply.reason.is_some(),
            Self::Anthropic(reply) => reply.reason.is_some(),
        }
    }

    /// Nothing more comes: whether what was read until then is the whole answer. Where it is, the last events are there.
    pub(crate) fn end(&mut self, heard: &mut Heard) -> bool {
        match self {
            Self::OpenAi(reply) => reply.end(heard),
            Self::Anthropic(reply) => reply.end(heard),
        }
    }
}

/// The provider's own words for a fault.
pub(crate) fn broke_off(value: &Value, key: Option<&SecretString>) -> ProviderError {
    let (words, _) = refusal::words(value);
    ProviderError::BrokeOff(SafeText::of(&words, key))
}
