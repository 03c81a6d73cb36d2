//! Chat completions, as `OpenAI` documents them: the request.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use super::Quirks;
use crate::{ChatMessage, ChatRequest, Role, ToolCall};

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    /// Null beside tool calls without words.
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Call<'a> {
    id: &'a str,
    r#type: &'static str,
    function: Called<'a>,
}

#[derive(Serialize)]
struct Called<'a> {
    name: &'a str,
    arguments: Cow<'a, str>,
}

#[derive(Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    parameters: &'a Value,
}

/// The body of a request. `is_new`: whether the service has replaced `max_tokens` by `max_completion_tokens`.
pub(crate) fn body(
    request: &ChatRequest,
    is_new: bool,
    quirks: Quirks,
) -> Result<Vec<u8>, serde_json::Error> {
    let system = request
        .system
        .as_deref()
        .filter(|system| !system.trim().is_empty())
        .map(|system| Message {
            role: "system",
            content: Some(system),
            tool_calls: Vec::new(),
            tool_call_id: None,
        });
    let (max_tokens, max_completion_tokens) = if is_new == quirks.other_limit {
        (request.max_tokens, None)
    } else {
        (None, request.max_tokens)
    };
    serde_json::to_vec(&Body {
        model: &request.model,
        messages: system
            .into_iter()
            .chain(request.messages.iter().map(message))
            .collect(),
        stream: true,
        stream_options: (!quirks.no_stream_options).then_some(StreamOptions {
            include_usage: true,
        }),
        temperature: request.temperature.filter(|_| !quirks.no_temperature),
        max_tokens,
        max_completion_tokens,
        tools: request
            .tools
            .iter()
            .map(|tool| Tool {
                r#type: "function",
                function: Function {
                    name: &tool.name,
                    description: tool.description.as_deref(),
                    parameters: &tool.parameters,
                },
            })
            .collect(),
    })
}

fn message(message: &ChatMessage) -> Message<'_> {
    let role = match message.role {
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::System => "system",
        Role::Tool => "tool",
    };
    let is_wordless = message.content.is_empty() && !message.tool_calls.is_empty();
    Message {
        role,
        content: (!is_wordless).then_some(message.content.as_str()),
        tool_calls: message
            .tool_calls
            .iter()
            .map(|call| Call {
                id: &call.id,
                r#type: "function",
                function: Called {
                    name: &call.name,
                    arguments: arguments(call),
                },
            })
            .collect(),
        tool_call_id: message.tool_call_id.as_deref(),
    }
}

/// Servers that write the conversation out for their model read the arguments, and fail at what is no object.
fn arguments(call: &ToolCall) -> Cow<'_, str> {
    match serde_json::from_str::<Map<String, Value>>(&call.arguments) {
        Ok(_) => Cow::Borrowed(&call.arguments),
        Err(_) => Cow::Owned(call.input().to_string()),
    }
}
