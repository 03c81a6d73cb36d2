//! Anthropic's messages: the request.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;
use serde_json::{Value, json};

use super::Quirks;
use crate::{ChatMessage, ChatRequest, Role, ToolDefinition};

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
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Choice>,
}

#[derive(Serialize)]
struct Choice {
    r#type: &'static str,
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
        id: String,
        name: &'a str,
        input: Value,
    },
    ToolResult {
        tool_use_id: String,
        #[serde(skip_serializing_if = "str::is_empty")]
        content: &'a str,
        #[serde(skip_serializing_if = "is_false")]
        is_error: bool,
    },
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    input_schema: Cow<'a, Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// The body of a request.
pub(crate) fn body(request: &ChatRequest, quirks: Quirks) -> Result<Vec<u8>, serde_json::Error> {
    let mut system: Vec<&str> = request.system.iter().map(String::as_str).collect();
    let mut messages: Vec<Message<'_>> = Vec::new();
    let mut ids = Ids::default();
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
        let blocks = blocks(message, &mut ids);
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
    let mut tools: Vec<Tool<'_>> = request.tools.iter().map(tool).collect();
    let mut tool_choice = None;
    if tools.is_empty() {
        // Calls of tools that the agent had once: the protocol wants tools where there are calls, and none of these is to be called.
        tools = called(request);
        tool_choice = (!tools.is_empty()).then_some(Choice { r#type: "none" });
    }
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
        tools,
        tool_choice,
    })
}

fn tool(tool: &ToolDefinition) -> Tool<'_> {
    Tool {
        name: &tool.name,
        description: tool.description.as_deref(),
        input_schema: Cow::Borrowed(&tool.parameters),
    }
}

/// The tools that are called in the conversation, each once.
fn called(request: &ChatRequest) -> Vec<Tool<'_>> {
    let calls = request.messages.iter().flat_map(|it| &it.tool_calls);
    let names: BTreeSet<&str> = calls.map(|call| call.name.as_str()).collect();
    let tool = |name| Tool {
        name,
        description: None,
        input_schema: Cow::Owned(json!({ "type": "object" })),
    };
    names.into_iter().map(tool).collect()
}

/// Names of calls as the protocol takes them: letters, digits, `_` and `-`, and none twice in a conversation. Other services have other
/// names, and some begin anew with each answer.
#[derive(Default)]
struct Ids<'a> {
    /// What the newest call of each name is called here.
    newest: HashMap<&'a str, String>,
    used: HashSet<String>,
}

impl<'a> Ids<'a> {
    fn call(&mut self, id: &'a str) -> String {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let plain: String = id.chars().map(|c| if fits(c) { c } else { '_' }).collect();
        let plain = if plain.is_empty() { "_" } else { &plain };
        let others = (2..).map(|n: u32| format!("{plain}_{n}"));
        let mut candidates = std::iter::once(plain.to_owned()).chain(others);
        let free = candidates.find(|one| !self.used.contains(one));
        let name = free.unwrap_or_default();
        self.used.insert(name.clone());
        self.newest.insert(id, name.clone());
        name
    }

    fn result(&self, id: &str) -> String {
        let newest = self.newest.get(id).cloned();
        newest.unwrap_or_else(|| id.to_owned())
    }
}

/// Empty text is refused, so that it makes no block.
fn blocks<'a>(message: &'a ChatMessage, ids: &mut Ids<'a>) -> Vec<Block<'a>> {
    if message.role == Role::Tool {
        return vec![Block::ToolResult {
            tool_use_id: ids.result(message.tool_call_id.as_deref().unwrap_or_default()),
            content: &message.content,
            is_error: message.is_error,
        }];
    }
    let text = Some(message.content.trim_end())
        .filter(|text| !text.trim_start().is_empty())
        .map(|text| Block::Text { text });
    let calls = message.tool_calls.iter().map(|call| Block::ToolUse {
        id: ids.call(&call.id),
        name: &call.name,
        input: call.input(),
    });
    text.into_iter().chain(calls).collect()
}
