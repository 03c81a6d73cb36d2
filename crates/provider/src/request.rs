use serde_json::{Value, json};

/// What a model is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatRequest {
    /// The model's name, as the provider calls it.
    pub model: String,
    /// What the model is told before the conversation.
    pub system: Option<String>,
    /// The conversation so far, oldest first; see [`crate::budget::cut`].
    pub messages: Vec<ChatMessage>,
    /// 0 to 2. Anthropic takes at most 1, and gets that where more is asked; a model that takes none is asked again without.
    pub temperature: Option<f64>,
    /// The most tokens the answer may have. None: what the provider does by itself; Anthropic, which insists, is told 4,096.
    pub max_tokens: Option<u32>,
    /// What the model may ask the client to do.
    pub tools: Vec<ToolDefinition>,
}

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The person.
    User,
    /// The model.
    Assistant,
    /// Instructions in the middle of a conversation.
    System,
    /// What came of a tool call; [`ChatMessage::tool_call_id`] says which.
    Tool,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub content: String,
    /// What the assistant asked for; empty in every other role.
    pub tool_calls: Vec<ToolCall>,
    /// The call that this answers, in the role [`Role::Tool`].
    pub tool_call_id: Option<String>,
    /// Whether that call failed; Anthropic is told so, elsewhere the content has to say it.
    pub is_error: bool,
}

impl ChatMessage {
    /// A message of the person.
    #[must_use]
    pub fn user(content: impl Into<String>) -> Self {
        Self::said(Role::User, content)
    }

    /// A message of the model.
    #[must_use]
    pub fn assistant(content: impl Into<String>) -> Self {
        Self::said(Role::Assistant, content)
    }

    /// A message of the model that asks for tools.
    #[must_use]
    pub fn calls(content: impl Into<String>, tool_calls: Vec<ToolCall>) -> Self {
        Self {
            tool_calls,
            ..Self::said(Role::Assistant, content)
        }
    }

    /// What came of a tool call.
    #[must_use]
    pub fn tool_result(tool_call_id: impl Into<String>, content: impl Into<String>) -> Self {
        Self {
            tool_call_id: Some(tool_call_id.into()),
            ..Self::said(Role::Tool, content)
        }
    }

    /// A message in this role, without tools.
    #[must_use]
    pub fn said(role: Role, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
            tool_calls: Vec::new(),
            tool_call_id: None,
            is_error: false,
        }
    }
}

/// A model's wish that the client do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// The provider's name of this call, which the result repeats.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments as the model wrote them: meant to be a JSON object, and not always one.
    pub arguments: String,
}

impl ToolCall {
    /// The arguments as an object, whatever the model wrote: providers refuse conversations that hold anything else.
    pub(crate) fn input(&self) -> Value {
        match serde_json::from_str(&self.arguments) {
            Ok(Value::Object(input)) => Value::Object(input),
            Ok(_) | Err(_) => json!({ "arguments": self.arguments }),
        }
    }
}

/// A tool that a model may ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolDefinition {
    /// Its name: letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// What it does, for the model.
    pub description: Option<String>,
    /// Its arguments, a JSON Schema of an object.
    pub parameters: Value,
}
