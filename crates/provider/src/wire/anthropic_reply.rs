//! Anthropic's messages: the events of an answer.

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::{Heard, broke_off};
use crate::sse::Frame;
use crate::{ChatEvent, ProviderError, StopReason, ToolCall, Usage};

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    MessageStart {
        message: Start,
    },
    ContentBlockStart {
        index: u32,
        content_block: Block,
    },
    ContentBlockDelta {
        index: u32,
        delta: Delta,
    },
    ContentBlockStop {
        index: u32,
    },
    MessageDelta {
        delta: MessageDelta,
        usage: Option<Counts>,
    },
    MessageStop,
    Error {
        error: Value,
    },
    /// Signs of life, and what later versions add.
    #[serde(other)]
    Unknown,
}

#[derive(Deserialize)]
struct Start {
    usage: Option<Counts>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    Text {
        #[serde(default)]
        text: String,
    },
    ToolUse {
        id: String,
        name: String,
        input: Option<Value>,
    },
    #[serde(other)]
    Unknown,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Delta {
    #[serde(rename = "text_delta")]
    Text { text: String },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: String },
    /// Thoughts, signatures, citations.
    #[serde(other)]
    Unknown,
}

#[derive(Deserialize)]
struct MessageDelta {
    stop_reason: Option<String>,
}

#[expect(clippy::struct_field_names, reason = "the protocol's own names")]
#[derive(Deserialize)]
struct Counts {
    input_tokens: Option<u32>,
    cache_creation_input_tokens: Option<u32>,
    cache_read_input_tokens: Option<u32>,
    output_tokens: Option<u32>,
}

#[derive(Default)]
pub(crate) struct Reply {
    /// The tool call that is being written, and its number.
    call: Option<(u32, ToolCall)>,
    pub(super) reason: Option<StopReason>,
    usage: Usage,
}

impl Reply {
    pub(super) fn read(
        &mut self,
        frame: &Frame,
        heard: &mut Heard,
        key: Option<&SecretString>,
    ) -> Result<(), ProviderError> {
        let malformed =
            |_| ProviderError::Malformed("a frame of its stream is not the JSON of an event");
        match serde_json::from_str(&frame.data).map_err(malformed)? {
            Event::MessageStart { message } => self.count(message.usage, heard),
            Event::ContentBlockStart {
                index,
                content_block,
            } => match content_block {
                Block::Text { text } => heard.text(text),
                Block::ToolUse { id, name, input } => {
                    heard.begun(id.len() + name.len());
                    let arguments = match input {
                        Some(Value::Object(input)) if !input.is_empty() => {
                            Value::Object(input).to_string()
                        }
                        _ => String::new(),
                    };
                    self.call = Some((
                        index,
                        ToolCall {
                            id,
                            name,
                            arguments,
                        },
                    ));
                }
                Block::Unknown => heard.has_begun = true,
            },
            Event::ContentBlockDelta { index, delta } => match (delta, &mut self.call) {
                (Delta::Text { text }, _) => heard.text(text),
                (Delta::InputJson { partial_json }, Some((number, call))) if *number == index => {
                    heard.begun(partial_json.len());
                    call.arguments.push_str(&partial_json);
                }
                // Arguments of a tool that the provider itself runs.
                (Delta::InputJson { .. } | Delta::Unknown, _) => heard.has_begun = true,
            },
            Event::ContentBlockStop { index } => {
                if let Some((_, mut call)) = self.call.take_if(|(number, _)| *number == index) {
                    if call.arguments.trim().is_empty() {
                        "{}".clone_into(&mut call.arguments);
                    }
                    heard.events.push_back(ChatEvent::ToolCall(call));
                }
            }
            Event::MessageDelta { delta, usage } => {
                if let Some(reason) = delta.stop_reason {
                    self.reason = Some(stop_reason(&reason));
                }
                self.count(usage, heard);
            }
            Event::MessageStop => self.finish(heard),
            Event::Error { error } => return Err(broke_off(&error, key)),
            Event::Unknown => {}
        }
        Ok(())
    }

    /// Some that speak this dialect end without the mark; why the model stopped is as good.
    pub(super) fn end(&mut self, heard: &mut Heard) -> bool {
        if self.reason.is_some() && !heard.is_done {
            self.finish(heard);
        }
        heard.is_done
    }

    /// Counts are sums so far; what is not told stays as it was.
    fn count(&mut self, counts: Option<Counts>, heard: &mut Heard) {
        let Some(counts) = counts else {
            return;
        };
        if let Some(input) = counts.input_tokens {
            let written = counts.cache_creation_input_tokens.unwrap_or(0);
            let cached = counts.cache_read_input_tokens.unwrap_or(0);
            self.usage.prompt_tokens = input.saturating_add(written).saturating_add(cached);
            self.usage.cached_prompt_tokens = cached;
        }
        if let Some(output) = counts.output_tokens {
            self.usage.completion_tokens = output;
        }
        heard.events.push_back(ChatEvent::Usage(self.usage));
    }

    fn finish(&mut self, heard: &mut Heard) {
        heard.is_done = true;
        let reason = self.reason.unwrap_or(StopReason::End);
        heard.events.push_back(ChatEvent::Stop(reason));
    }
}

fn stop_reason(reason: &str) -> StopReason {
    match reason {
        "end_turn" | "stop_sequence" => StopReason::End,
        "max_tokens" | "model_context_window_exceeded" => StopReason::Length,
        "tool_use" => StopReason::ToolCalls,
        "refusal" => StopReason::Filtered,
        _ => StopReason::Other,
    }
}
