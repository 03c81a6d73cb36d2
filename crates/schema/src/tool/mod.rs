//! Tools: what an agent's model may ask for. Nothing of it is carried out here.

use agentry_template::{Tool as Definition, check_tools, no_parameters};
use async_graphql::{InputObject, SimpleObject};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::task::spawn_blocking;

use crate::ApiError;
use crate::check::Checks;

mod call;
mod loaders;

pub use call::*;

/// Something that an agent's model may ask for. The client carries it out, never the server.
#[derive(Debug, Clone, PartialEq, SimpleObject)]
pub struct Tool {
    /// What the model calls it.
    pub name: String,
    /// What it does, for the model.
    pub description: Option<String>,
    /// Its arguments: a JSON Schema of an object.
    pub parameters: Value,
    /// Whether each use waits until the conversation's user has approved it with `decideToolCalls`.
    pub requires_approval: bool,
}

/// Something that an agent's model may ask for.
#[derive(Debug, Clone, InputObject, Serialize)]
pub struct ToolInput {
    /// What the model calls it: 1 to 64 of A-Z, a-z, 0-9, `_` and `-`, unlike every other tool of the agent.
    name: String,
    /// What it does, for the model; at most 1,024 characters.
    description: Option<String>,
    /// Its arguments: a JSON Schema (2020-12) whose type is `object`. References stay inside it and form no circle, patterns run in
    /// linear time. Left out, it takes none.
    parameters: Option<Value>,
    /// Whether each use waits until the conversation's user has approved it.
    #[graphql(default = false)]
    requires_approval: bool,
}

/// The tools as they are kept.
pub(crate) fn tools(kept: Option<&Value>) -> Vec<Tool> {
    let tools = Definition::read_all(kept).into_iter();
    tools
        .map(|tool| Tool {
            name: tool.name,
            description: tool.description,
            parameters: tool.parameters,
            requires_approval: tool.requires_approval,
        })
        .collect()
}

/// Tools of an input as they are to be kept; none are not kept.
pub(crate) async fn checked(
    checks: &mut Checks,
    tools: Vec<ToolInput>,
) -> Result<Option<Value>, ApiError> {
    let tools: Value = tools.into_iter().map(ToolInput::into_json).collect();
    // Work of the processor alone: on a thread of its own, others are served meanwhile.
    let checked = spawn_blocking(move || (check_tools(&tools, "/tools"), tools));
    let (problems, tools) = checked
        .await
        .map_err(|error| ApiError::Internal(error.to_string()))?;
    for problem in problems {
        let path = problem.path.split('/').skip(1);
        let path = path.map(|step| step.replace("~1", "/").replace("~0", "~"));
        checks.refuse_at(path.collect(), problem.message);
    }
    Ok(Some(tools).filter(|tools| tools.as_array().is_some_and(|tools| !tools.is_empty())))
}

impl ToolInput {
    fn into_json(self) -> Value {
        let mut tool = Map::new();
        tool.insert("name".to_owned(), json!(self.name));
        if let Some(description) = self.description.filter(|text| !text.trim().is_empty()) {
            tool.insert("description".to_owned(), json!(description));
        }
        let parameters = self.parameters.unwrap_or_else(no_parameters);
        tool.insert("parameters".to_owned(), parameters);
        tool.insert("requiresApproval".to_owned(), json!(self.requires_approval));
        Value::Object(tool)
    }
}
