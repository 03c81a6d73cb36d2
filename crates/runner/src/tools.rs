//! Tools: as providers are told of them, and calls of them as they are kept.

use std::collections::HashSet;

use agentry_db::{new_id, run};
use agentry_provider::{ToolCall, ToolDefinition};
use agentry_template::{Effort, Tool};
use serde_json::{Map, Value};

/// The longest id of a call that is kept, in characters.
const MAX_ID: usize = 200;
/// The longest name of a tool that providers take in a conversation.
const MAX_NAME: usize = 64;

/// What a provider is told.
pub(crate) fn definitions(tools: &[Tool]) -> Vec<ToolDefinition> {
    tools.iter().map(definition).collect()
}

fn definition(tool: &Tool) -> ToolDefinition {
    let mut parameters = tool.parameters.clone();
    // Chat completions refuse an object without them.
    if let Value::Object(schema) = &mut parameters {
        let none = || Value::Object(Map::new());
        schema.entry("properties").or_insert_with(none);
    }
    ToolDefinition {
        name: tool.name.clone(),
        description: tool.description.clone(),
        parameters,
    }
}

/// Calls as a reply keeps them: the tools given are those that the model was told of.
pub(crate) fn kept(calls: Vec<ToolCall>, tools: &[Tool]) -> Option<Value> {
    let (mut ids, mut effort) = (HashSet::new(), Effort::default());
    let calls = calls.into_iter().map(|call| {
        let ToolCall {
            id,
            name,
            arguments,
        } = call;
        // The one character that PostgreSQL cannot store.
        let [mut id, name, arguments] =
            [id, name, arguments].map(|text| text.replace('\0', "\u{FFFD}"));
        let is_good = (1..=MAX_ID).contains(&id.chars().count());
        if !is_good || ids.contains(&id) {
            id = new_id();
        }
        ids.insert(id.clone());
        let tool = tools.iter().find(|tool| tool.name == name);
        run::ToolCall {
            problem: match tool {
                Some(tool) => tool.problem_of(&arguments, &mut effort),
                None => Some("The agent has no tool of this name.".to_owned()),
            },
            // What nobody defined, nobody has said may be done unasked.
            requires_approval: tool.map_or_else(
                || tools.iter().any(|tool| tool.requires_approval),
                |tool| tool.requires_approval,
            ),
            approved: false,
            id,
            name,
            arguments,
        }
    });
    run::write_calls(&calls.collect::<Vec<_>>())
}

/// Calls that a reply keeps, as a provider is shown them.
pub(crate) fn sent(kept: Option<&Value>) -> Vec<ToolCall> {
    let calls = run::read_calls(kept).into_iter();
    calls
        .map(|call| ToolCall {
            id: call.id,
            name: plain(&call.name),
            arguments: call.arguments,
        })
        .collect()
}

/// A model may call what cannot be a tool's name, and providers refuse a conversation that says so.
fn plain(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let plain = name.chars().take(MAX_NAME);
    let plain: String = plain.map(|c| if fits(c) { c } else { '_' }).collect();
    if plain.is_empty() {
        "_".to_owned()
    } else {
        plain
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    fn tools() -> Vec<Tool> {
        let look = json!({ "name": "look", "parameters": { "type": "object", "properties": { "at": { "type": "string" } } } });
        let go =
            json!({ "name": "go", "requiresApproval": true, "parameters": { "type": "object" } });
        Tool::read_all(Some(&json!([look, go])))
    }

    fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
        ToolCall {
            id: id.to_owned(),
            name: name.to_owned(),
            arguments: arguments.to_owned(),
        }
    }

    #[test]
    fn calls_are_kept_with_what_is_wrong_and_who_must_be_asked() {
        let calls = vec![
            call("a", "look", "{\"at\": \"it\"}"),
            call("b", "look", "{\"at\": 5}"),
            call("c", "go", "{"),
            call("d", "steal", "{}"),
        ];
        let kept = run::read_calls(kept(calls, &tools()).as_ref());
        let told: Vec<_> = kept
            .iter()
            .map(|call| {
                (
                    call.id.as_str(),
                    call.requires_approval,
                    call.problem.is_some(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("a", false, false),
                ("b", false, true),
                ("c", true, true),
                ("d", true, true)
            ]
        );
        let unknown = super::kept(vec![call("d", "steal", "{}")], &tools()[..1]);
        assert!(!run::read_calls(unknown.as_ref())[0].requires_approval);
        assert_eq!(super::kept(Vec::new(), &tools()), None);
    }

    #[test]
    fn ids_that_cannot_be_kept_or_told_apart_are_made_anew() {
        let long = "x".repeat(201);
        let calls = vec![
            call("a", "look", "{}"),
            call("a", "look", "{}"),
            call("", "look", "{}"),
            call(&long, "lo\0ok", "{\"at\": \"\0\"}"),
        ];
        let kept = run::read_calls(kept(calls, &tools()).as_ref());
        let ids: HashSet<_> = kept.iter().map(|call| call.id.as_str()).collect();
        assert_eq!((ids.len(), kept[0].id.as_str()), (4, "a"));
        assert!(ids.iter().all(|id| (1..=200).contains(&id.len())));
        assert_eq!(kept[3].name, "lo\u{FFFD}ok");
    }

    #[test]
    fn providers_are_shown_names_and_schemas_that_they_take() {
        let calls = vec![call("a", "böse name", "{}"), call("b", "", "{}")];
        let sent = sent(kept(calls, &[]).as_ref());
        assert_eq!(
            (sent[0].name.as_str(), sent[1].name.as_str()),
            ("b_se_name", "_")
        );
        let go = &definitions(&tools())[1];
        assert_eq!(go.parameters, json!({ "type": "object", "properties": {} }));
    }
}
