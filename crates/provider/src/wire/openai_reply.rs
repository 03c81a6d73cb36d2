//! Chat completions, as `OpenAI` documents them: the chunks of an answer, read with the leniency that other servers need.

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::{Heard, broke_off};
use crate::sse::Frame;
use crate::{ChatEvent, ProviderError, StopReason, ToolCall, Usage};

/// The end mark.
const DONE: &str = "[DONE]";

/// More calls in one answer than this are nobody's wish.
const MOST_CALLS: usize = 128;

#[derive(Deserialize)]
struct Chunk {
    choices: Option<Vec<Choice>>,
    usage: Option<Counts>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u32,
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize, Default)]
struct Delta {
    content: Option<Content>,
    refusal: Option<String>,
    /// What some servers call the thoughts of a model; they are not the answer.
    reasoning: Option<String>,
    reasoning_content: Option<String>,
    tool_calls: Option<Vec<CallDelta>>,
}

/// Mistral's reasoning models answer in parts.
#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    text: Option<String>,
}

#[derive(Deserialize)]
struct CallDelta {
    index: Option<usize>,
    id: Option<String>,
    function: Option<FunctionDelta>,
}

#[derive(Deserialize, Default)]
struct FunctionDelta {
    name: Option<String>,
    arguments: Option<String>,
}

#[derive(Deserialize)]
struct Counts {
    prompt_tokens: Option<u32>,
    completion_tokens: Option<u32>,
    prompt_tokens_details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    cached_tokens: Option<u32>,
}

#[derive(Default)]
pub(crate) struct Reply {
    calls: Vec<Partial>,
    pub(super) reason: Option<StopReason>,
    usage: Option<Usage>,
}

/// A call that is not complete yet.
#[derive(Default)]
struct Partial {
    /// The provider's number of it, which its deltas repeat.
    index: Option<usize>,
    id: String,
    name: String,
    arguments: String,
}

impl Reply {
    pub(super) fn read(
        &mut self,
        frame: &Frame,
        heard: &mut Heard,
        key: Option<&SecretString>,
    ) -> Result<(), ProviderError> {
        let data = frame.data.trim();
        if data == DONE {
            self.finish(heard);
            return Ok(());
        }
        if data.is_empty() {
            return Ok(());
        }
        let malformed =
            |_| ProviderError::Malformed("a frame of its stream is not the JSON of a chunk");
        if frame.event == "error" {
            return Err(broke_off(
                &serde_json::from_str(data).map_err(malformed)?,
                key,
            ));
        }
        let chunk: Chunk = serde_json::from_str(data).map_err(malformed)?;
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            return Err(broke_off(&error, key));
        }
        if let Some(counts) = chunk.usage {
            self.usage = Some(counts.usage());
        }
        for choice in chunk.choices.unwrap_or_default() {
            // One answer was asked for.
            if choice.index == 0 {
                self.choice(choice, heard)?;
            }
        }
        Ok(())
    }

    /// Some servers end without the mark; why the model stopped is as good.
    pub(super) fn end(&mut self, heard: &mut Heard) -> bool {
        if self.reason.is_some() && !heard.is_done {
            self.finish(heard);
        }
        heard.is_done
    }

    fn choice(&mut self, choice: Choice, heard: &mut Heard) -> Result<(), ProviderError> {
        let delta = choice.delta.unwrap_or_default();
        for thought in [delta.reasoning, delta.reasoning_content]
            .into_iter()
            .flatten()
        {
            heard.has_begun |= !thought.is_empty();
        }
        match delta.content {
            Some(Content::Text(text)) => heard.text(text),
            Some(Content::Parts(parts)) => {
                // A part without text is a thought.
                heard.has_begun = true;
                for text in parts.into_iter().filter_map(|part| part.text) {
                    heard.text(text);
                }
            }
            None => {}
        }
        heard.text(delta.refusal.unwrap_or_default());
        for call in delta.tool_calls.unwrap_or_default() {
            self.call(call, heard)?;
        }
        if let Some(reason) = choice.finish_reason.filter(|reason| !reason.is_empty()) {
            self.reason = Some(stop_reason(&reason));
        }
        Ok(())
    }

    fn call(&mut self, delta: CallDelta, heard: &mut Heard) -> Result<(), ProviderError> {
        let function = delta.function.unwrap_or_default();
        let id = delta.id.unwrap_or_default();
        let place = match delta.index {
            Some(index) => self.calls.iter().position(|call| call.index == Some(index)),
            // Without a number, an id that was not there begins another call.
            None if id.is_empty() => self.calls.len().checked_sub(1),
            None => self.calls.iter().position(|call| call.id == id),
        };
        let place = place.unwrap_or_else(|| {
            self.calls.push(Partial {
                index: delta.index,
                ..Partial::default()
            });
            self.calls.len() - 1
        });
        if self.calls.len() > MOST_CALLS {
            return Err(ProviderError::Malformed(
                "it asks for too many tools at once",
            ));
        }
        let arguments = function.arguments.unwrap_or_default();
        let name = function.name.unwrap_or_default();
        heard.begun(arguments.len() + name.len());
        let call = &mut self.calls[place];
        if call.id.is_empty() {
            call.id = id;
        }
        // Some servers repeat the name with every piece.
        if call.name.is_empty() {
            call.name = name;
        }
        call.arguments.push_str(&arguments);
        Ok(())
    }

    fn finish(&mut self, heard: &mut Heard) {
        heard.is_done = true;
        let has_calls = !self.calls.is_empty();
        for (number, call) in self.calls.drain(..).enumerate() {
            let id = if call.id.is_empty() {
                format!("call_{number}")
            } else {
                call.id
            };
            let arguments = if call.arguments.trim().is_empty() {
                "{}".to_owned()
            } else {
                call.arguments
            };
            heard.events.push_back(ChatEvent::ToolCall(ToolCall {
                id,
                name: call.name,
                arguments,
            }));
        }
        if let Some(usage) = self.usage {
            heard.events.push_back(ChatEvent::Usage(usage));
        }
        let reason = match self.reason.unwrap_or(StopReason::End) {
            // Some servers say `stop` beside calls.
            StopReason::End if has_calls => StopReason::ToolCalls,
            reason => reason,
        };
        heard.events.push_back(ChatEvent::Stop(reason));
    }
}

impl Counts {
    fn usage(&self) -> Usage {
        Usage {
            prompt_tokens: self.prompt_tokens.unwrap_or(0),
            completion_tokens: self.completion_tokens.unwrap_or(0),
            cached_prompt_tokens: self
                .prompt_tokens_details
                .as_ref()
                .and_then(|details| details.cached_tokens)
                .unwrap_or(0),
        }
    }
}

fn stop_reason(reason: &str) -> StopReason {
    match reason {
        "stop" | "eos" | "end_turn" => StopReason::End,
        "length" | "max_tokens" | "model_length" => StopReason::Length,
        "tool_calls" | "function_call" | "tool_use" => StopReason::ToolCalls,
        "content_filter" | "safety" | "refusal" => StopReason::Filtered,
        _ => StopReason::Other,
    }
}
