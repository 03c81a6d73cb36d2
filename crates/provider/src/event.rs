use crate::ToolCall;

/// A piece of an answer.
///
/// A stream that ends well ends with exactly one [`ChatEvent::Stop`], after everything else. A stream never just ends: without the
/// provider's own end mark its last item is an error, [`crate::ProviderError::Cut`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatEvent {
    /// More text; never empty.
    Text(String),
    /// A whole tool call.
    ToolCall(ToolCall),
    /// Counts so far. They may come more than once; the last ones hold.
    Usage(Usage),
    /// The answer is complete.
    Stop(StopReason),
}

/// Tokens of one call, as the provider counted them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of everything that was sent.
    pub prompt_tokens: u32,
    /// Tokens of the answer, those of hidden reasoning included.
    pub completion_tokens: u32,
    /// Of the prompt's tokens, those that the provider had in its cache and bills lower.
    pub cached_prompt_tokens: u32,
}

/// Why an answer is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The model had said everything.
    End,
    /// The answer reached the most tokens it may have.
    Length,
    /// The model waits for what comes of its tool calls.
    ToolCalls,
    /// The provider, or the model, withheld the rest.
    Filtered,
    /// Something that this version does not know.
    Other,
}

impl StopReason {
    /// The name under which it is kept: `end`, `length`, `tool_calls`, `filtered` or `other`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::End => "end",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::Filtered => "filtered",
            Self::Other => "other",
        }
    }
}
