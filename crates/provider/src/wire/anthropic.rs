//! Anthropic's messages: the request.

use serde::Serialize;
use serde_json::{Value, json};

use super::Quirks;
use crate::{ChatMessage, ChatRequest, Role, ToolCall};

/// The version of the protocol that this speaks.
pub(crate) const VERSION: &str = "2023-06-01";

/// The protocol insists on a limit; this is ours where the request has none.
const MAX_TOKENS: u32 = 4_096;

/// Temperatures end here.
const HOTTEST: f64 = 1.0;

/// Conversations begin with the person; where one does not, this stands before it.
const BEGINNING: &str = "(The assistant begins.)";

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u32,
    stream: bool,
    messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    system: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Text {
        text: &'a str,
    },
    ToolUse {
        id: &'a str,
        name: &'a str,
        input: Value,
    },
    ToolResult {
        tool_use_id: &'a str,
        content: &'a str,
    },
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    input_schema: &'a Value,
}

/// The body of a request.
pub(crate) fn body(request: &ChatRequest, quirks: Quirks) -> Result<Vec<u8>, serde_json::Error> {
    let mut system: Vec<&str> = request.system.iter().map(String::as_str).collect();
    let mut messages: Vec<Message<'_>> = Vec::new();
    for message in &request.messages {
        let role = match message.role {
            // There is no place in the middle for instructions.
            Role::System => {
                system.push(&message.content);
                continue;
            }
            Role::Assistant => "assistant",
            Role::User | Role::Tool => "user",
        };
        let blocks = blocks(message);
        match messages.last_mut() {
            // The sides take turns; what one side says in a row is one message, and results come right after the calls.
            Some(last) if last.role == role => last.content.extend(blocks),
            _ if blocks.is_empty() => {}
            _ => messages.push(Message {
                role,
                content: blocks,
            }),
        }
    }
    if messages.first().is_none_or(|first| first.role != "user") {
        let text = Block::Text { text: BEGINNING };
        messages.insert(
            0,
            Message {
                role: "user",
                content: vec![text],
            },
        );
    }
    system.retain(|text| !text.trim().is_empty());
    serde_json::to_vec(&Body {
        model: &request.model,
        max_tokens: request.max_tokens.unwrap_or(MAX_TOKENS),
        stream: true,
        messages,
        system: system.join("\n\n"),
        temperature: request
            .temperature
            .filter(|_| !quirks.no_temperature)
            .map(|temperature| temperature.min(HOTTEST)),
        tools: request
            .tools
            .iter()
            .map(|tool| Tool {
                name: &tool.name,
                description: tool.description.as_deref(),
                input_schema: &tool.parameters,
            })
            .collect(),
    })
}

/// Empty text is refused, so that it makes no block.
fn blocks(message: &ChatMessage) -> Vec<Block<'_>> {
    if message.role == Role::Tool {
        return vec![Block::ToolResult {
            tool_use_id: message.tool_call_id.as_deref().unwrap_or_default(),
            content: &message.content,
        }];
    }
    let text = Some(message.content.trim_end())
        .filter(|text| !text.trim_start().is_empty())
        .map(|text| Block::Text { text });
    let calls = message.tool_calls.iter().map(|call| Block::ToolUse {
        id: &call.id,
        name: &call.name,
        input: input(call),
    });
    text.into_iter().chain(calls).collect()
}

/// The arguments must be an object here, whatever the model wrote.
fn input(call: &ToolCall) -> Value {
    match serde_json::from_str(&call.arguments) {
        Ok(Value::Object(input)) => Value::Object(input),
        Ok(_) | Err(_) => json!({ "arguments": call.arguments }),
    }
}
