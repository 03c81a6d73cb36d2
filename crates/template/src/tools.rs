//! Tools that a model may ask the client to use.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::effort::Effort;
use crate::problem::{below, has_nul, nul};
use crate::{Problem, ProblemCode, schema};

/// The most tools of one agent.
pub const MAX_TOOLS: usize = 64;
/// The most of all of them together, as JSON without white space: each request to a provider carries them.
const MAX_BYTES: usize = 128 * 1_024;
/// The longest name, in characters, and the longest description: what both `OpenAI` and Anthropic take.
const MAX_NAME: usize = 64;
const MAX_DESCRIPTION: usize = 1_024;

/// What a tool is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Its name: letters of ASCII, digits, `_` and `-`.
    pub name: String,
    /// What it does, for the model.
    pub description: Option<String>,
    /// Its arguments: a JSON Schema of an object.
    pub parameters: Value,
    /// Whether the user is to be asked before it is used.
    pub requires_approval: bool,
}

impl Tool {
    /// Reads what [`Tool::to_json`] wrote, or the tools of a definition; what is no tool is left out.
    #[must_use]
    pub fn read_all(tools: Option<&Value>) -> Vec<Self> {
        let tools = tools.and_then(Value::as_array).into_iter().flatten();
        tools.filter_map(Self::read).collect()
    }

    fn read(tool: &Value) -> Option<Self> {
        let text = |name: &str| Some(tool.get(name)?.as_str()?.to_owned());
        let parameters = tool.get("parameters").filter(|it| it.is_object());
        Some(Self {
            name: text("name")?,
            description: text("description"),
            parameters: parameters.cloned().unwrap_or_else(no_parameters),
            requires_approval: tool.get("requiresApproval").and_then(Value::as_bool) == Some(true),
        })
    }

    /// As it is stored with an agent.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut tool = Map::new();
        tool.insert("name".to_owned(), json!(self.name));
        if let Some(description) = &self.description {
            tool.insert("description".to_owned(), json!(description));
        }
        tool.insert("parameters".to_owned(), self.parameters.clone());
        tool.insert("requiresApproval".to_owned(), json!(self.requires_approval));
        Value::Object(tool)
    }

    /// What is wrong with arguments that a model wrote for this tool, in words that do not repeat them; `None` where nothing is. All calls
    /// of a reply share the effort.
    #[must_use]
    pub fn problem_of(&self, arguments: &str, effort: &mut Effort) -> Option<String> {
        let Ok(arguments) = serde_json::from_str::<Value>(arguments) else {
            return Some("The arguments are not JSON.".to_owned());
        };
        let problems = schema::check_value_within(&self.parameters, &arguments, effort);
        let first = problems.first()?;
        let more = match problems.len() {
            1 => String::new(),
            many => format!(" (and {} more)", many - 1),
        };
        let at = match first.path.as_str() {
            "" => String::new(),
            path => format!("{path}: "),
        };
        Some(format!("{at}{}{more}", first.message))
    }
}

/// The schema of a tool that takes no arguments.
#[must_use]
pub fn no_parameters() -> Value {
    json!({ "type": "object", "properties": {} })
}

/// What keeps this from being the tools of an agent; `path` is where they stand. At most 64, each with a name of its own, and with
/// parameters that are a JSON Schema (2020-12) of an object and safe to check values against.
#[must_use]
pub fn check_tools(tools: &Value, path: &str) -> Vec<Problem> {
    let mut problems = check_form(tools, path);
    if problems.is_empty() {
        let all = schemas(tools, path);
        problems.extend(schema::too_many_patterns(
            all.iter().map(|(_, one)| *one),
            path,
        ));
        if problems.is_empty() {
            problems.extend(all.iter().flat_map(|(at, one)| schema::check(one, at)));
        }
    }
    problems.truncate(crate::definition::MAX_PROBLEMS);
    problems
}

/// As [`check_tools`], their JSON Schemas left aside.
pub(crate) fn check_form(tools: &Value, path: &str) -> Vec<Problem> {
    let invalid = |message: &str| vec![Problem::new(ProblemCode::Invalid, path, message)];
    let Value::Array(items) = tools else {
        return invalid("They must be a JSON array.");
    };
    if items.len() > MAX_TOOLS {
        return invalid(&format!("There may be at most {MAX_TOOLS}."));
    }
    if tools.to_string().len() > MAX_BYTES {
        let message = format!("All together may have at most {MAX_BYTES} bytes as JSON.");
        return vec![Problem::new(ProblemCode::TooLarge, path, message)];
    }
    if has_nul(tools) {
        return vec![nul(path)];
    }
    let mut problems = Vec::new();
    let mut names = HashSet::new();
    for (place, item) in items.iter().enumerate() {
        let at = below(path, &place.to_string());
        let before = problems.len();
        check_item(item, &at, &mut problems);
        let name = item.get("name").and_then(Value::as_str);
        if problems.len() == before && !names.insert(name) {
            let message = "Another tool has this name.";
            problems.push(Problem::new(
                ProblemCode::Invalid,
                below(&at, "name"),
                message,
            ));
        }
    }
    problems
}

fn check_item(tool: &Value, path: &str, problems: &mut Vec<Problem>) {
    let Value::Object(members) = tool else {
        let message = "It must be a JSON object.";
        problems.push(Problem::new(ProblemCode::Invalid, path, message));
        return;
    };
    if !members.contains_key("name") {
        let message = "It must have a name.";
        problems.push(Problem::new(ProblemCode::Invalid, path, message));
    }
    for (name, value) in members {
        let wrong = match name.as_str() {
            "name" if !value.as_str().is_some_and(is_tool_name) => {
                "It must have 1 to 64 characters of A-Z, a-z, 0-9, _ and -."
            }
            "description" if !value.as_str().is_some_and(is_description) => {
                "It must be a text of at most 1,024 characters."
            }
            "parameters" if value.get("type").and_then(Value::as_str) != Some("object") => {
                "It must be a JSON Schema of an object: its type must be \"object\"."
            }
            "requiresApproval" if !value.is_boolean() => "It must be true or false.",
            "name" | "description" | "parameters" | "requiresApproval" => continue,
            _ => {
                let message = "A tool has no such member.";
                let at = below(path, name);
                problems.push(Problem::new(ProblemCode::UnknownKey, at, message));
                continue;
            }
        };
        problems.push(Problem::new(ProblemCode::Invalid, below(path, name), wrong));
    }
}

/// The JSON Schemas of tools, with where they stand.
pub(crate) fn schemas<'a>(tools: &'a Value, path: &str) -> Vec<(String, &'a Value)> {
    let items = tools.as_array().into_iter().flatten().enumerate();
    items
        .filter_map(|(place, tool)| {
            let at = below(&below(path, &place.to_string()), "parameters");
            Some((at, tool.get("parameters")?))
        })
        .collect()
}

fn is_tool_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(fits)
}

fn is_description(text: &str) -> bool {
    text.chars().count() <= MAX_DESCRIPTION
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look() -> Value {
        json!({ "name": "look", "parameters": { "type": "object", "required": ["at"], "additionalProperties": false,
          "properties": { "at": { "type": "string" } } } })
    }

    #[test]
    fn tools_are_read_as_they_are_written() {
        let tools =
            json!([look(), { "name": "go", "description": "Goes.", "requiresApproval": true }]);
        assert_eq!(check_tools(&tools, "/tools"), []);
        let read = Tool::read_all(Some(&tools));
        assert_eq!(
            (read[0].requires_approval, read[1].requires_approval),
            (false, true)
        );
        assert_eq!(read[1].parameters, no_parameters());
        let written: Vec<Value> = read.iter().map(Tool::to_json).collect();
        assert_eq!(Tool::read_all(Some(&json!(written))), read);
        assert!(Tool::read_all(None).is_empty());
        assert!(Tool::read_all(Some(&json!([1, {}, { "name": 5 }]))).is_empty());
    }

    #[test]
    fn what_is_no_tool_is_refused_where_it_stands() {
        let named = |name: &str| json!([{ "name": name }]);
        let many: Vec<Value> = (0..65)
            .map(|n| json!({ "name": format!("t{n}") }))
            .collect();
        let with = |member: &str, value: Value| {
            let mut tool = look();
            tool[member] = value;
            json!([tool])
        };
        for (bad, path) in [
            (json!({}), "/t"),
            (json!(many), "/t"),
            (json!([1]), "/t/0"),
            (json!([{}]), "/t/0"),
            (named(""), "/t/0/name"),
            (named("a b"), "/t/0/name"),
            (named("ünder"), "/t/0/name"),
            (named(&"x".repeat(65)), "/t/0/name"),
            (json!([look(), look()]), "/t/1/name"),
            (
                with("description", json!("x".repeat(1_025))),
                "/t/0/description",
            ),
            (with("description", json!(5)), "/t/0/description"),
            (with("description", json!("\0")), "/t"),
            (with("description", json!("x".repeat(MAX_BYTES))), "/t"),
            (
                with("requiresApproval", json!("yes")),
                "/t/0/requiresApproval",
            ),
            (with("code", json!("rm")), "/t/0/code"),
            (with("parameters", json!([])), "/t/0/parameters"),
            (
                with("parameters", json!({ "type": "string" })),
                "/t/0/parameters",
            ),
            (
                with(
                    "parameters",
                    json!({ "type": "object", "properties": { "a": { "$ref": "#" } } }),
                ),
                "/t/0/parameters",
            ),
            (
                with(
                    "parameters",
                    json!({ "type": "object", "properties": { "a": { "type": "nothing" } } }),
                ),
                "/t/0/parameters/properties/a/type",
            ),
        ] {
            let problems = check_tools(&bad, "/t");
            assert_eq!(
                problems.first().map(|p| p.path.as_str()),
                Some(path),
                "{problems:?}"
            );
        }
    }

    #[test]
    fn arguments_are_checked_and_never_repeated() {
        let look = &Tool::read_all(Some(&json!([look()])))[0];
        assert_eq!(
            look.problem_of("{\"at\": \"it\"}", &mut Effort::default()),
            None
        );
        for (bad, part) in [
            ("{", "not JSON"),
            ("", "not JSON"),
            ("[]", "object"),
            ("{\"at\": 424242}", "/at: "),
            ("{\"at\": 424242, \"more\": 1}", "(and 1 more)"),
        ] {
            let problem = look
                .problem_of(bad, &mut Effort::default())
                .unwrap_or_default();
            assert!(problem.contains(part), "{bad}: {problem}");
            assert!(!problem.contains("424242"), "{problem}");
        }
        let large = format!("{{\"at\": \"{}\"}}", "x".repeat(20_000));
        let problem = look
            .problem_of(&large, &mut Effort::default())
            .unwrap_or_default();
        assert!(problem.contains("at most"), "{problem}");
    }
}
