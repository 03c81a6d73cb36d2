use serde_json::Value;

use crate::definition::check_form;
use crate::problem::{below, has_nul, nul};
use crate::{Problem, ProblemCode, check_tools};

/// What of a definition an install may change, and of which entries.
const AGENT: [&str; 6] = [
    "description",
    "systemPrompt",
    "model",
    "temperature",
    "maxTokens",
    "tools",
];
const WATCHER: [&str; 2] = ["schedule", "enabled"];
const CLASSIFIER: [&str; 4] = ["minSimilarity", "fallback", "model", "values"];

/// What keeps a patch from being laid over a definition, whichever: types and capabilities are the publisher's alone.
#[must_use]
pub fn check_patch(patch: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Value::Object(parts) = patch else {
        let message = "Overrides must be a JSON object.";
        return vec![Problem::new(ProblemCode::Invalid, "", message)];
    };
    if has_nul(patch) {
        return vec![nul("")];
    }
    for (part, value) in parts {
        let path = below("", part);
        match part.as_str() {
            "agent" => members(value, &path, &AGENT, &mut problems),
            "watchers" => entries(value, &path, &WATCHER, &mut problems),
            "classifiers" => entries(value, &path, &CLASSIFIER, &mut problems),
            _ => problems.push(unknown(&path)),
        }
    }
    problems
}

/// What keeps a patch that passed [`check_patch`] from being accepted. `effective` is the version's definition with all overrides laid
/// over it: it must have what the patch changes, and still have the form of a definition.
#[must_use]
pub fn check_overrides(patch: &Value, effective: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    for part in ["watchers", "classifiers"] {
        let entries = patch.get(part).and_then(Value::as_object);
        for key in entries.into_iter().flat_map(serde_json::Map::keys) {
            if effective.get(part).and_then(|all| all.get(key)).is_none() {
                let message = "The template has none of this key.";
                let path = below(&below("", part), key);
                problems.push(Problem::new(ProblemCode::UnknownReference, path, message));
            }
        }
    }
    if problems.is_empty() {
        problems = check_form(effective);
    }
    let is_changed = patch.pointer("/agent/tools").is_some();
    if let Some(tools) = effective.pointer("/agent/tools").filter(|_| is_changed)
        && problems.is_empty()
    {
        problems = check_tools(tools, "/agent/tools");
    }
    problems
}

fn entries(value: &Value, path: &str, known: &[&str], problems: &mut Vec<Problem>) {
    let Value::Object(entries) = value else {
        problems.push(not_an_object(path));
        return;
    };
    for (key, entry) in entries {
        members(entry, &below(path, key), known, problems);
    }
}

fn members(value: &Value, path: &str, known: &[&str], problems: &mut Vec<Problem>) {
    let Value::Object(members) = value else {
        problems.push(not_an_object(path));
        return;
    };
    for name in members.keys() {
        if !known.contains(&name.as_str()) {
            problems.push(unknown(&below(path, name)));
        }
    }
}

fn unknown(path: &str) -> Problem {
    let message = "An install cannot change this.";
    Problem::new(ProblemCode::UnknownKey, path, message)
}

fn not_an_object(path: &str) -> Problem {
    Problem::new(ProblemCode::Invalid, path, "It must be a JSON object.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_may_change_and_what_the_publisher_vouches_for_may_not() {
        let fine = json!({ "agent": { "model": "m" }, "watchers": { "w": { "enabled": false } } });
        assert_eq!(check_patch(&fine), []);
        for bad in [
            json!([]),
            json!({ "capabilities": {} }),
            json!({ "entityTypes": {} }),
            json!({ "agent": null }),
            json!({ "agent": { "name": "x" } }),
            json!({ "agent": { "description": "a\0" } }),
            json!({ "watchers": { "w": { "types": [] } } }),
            json!({ "watchers": { "w": null } }),
        ] {
            assert!(!check_patch(&bad).is_empty(), "{bad}");
        }
    }

    #[test]
    fn what_breaks_the_definition_is_refused() {
        let overrides = json!({ "agent": { "systemPrompt": null } });
        let effective = json!({ "name": "x", "agent": {} });
        let problems = check_overrides(&overrides, &effective);
        assert_eq!(problems[0].code, ProblemCode::Invalid);
        let tools = json!([{ "name": "t", "parameters": { "type": "object", "$ref": "#" } }]);
        let overrides = json!({ "agent": { "tools": tools } });
        let effective = json!({ "name": "x", "agent": { "systemPrompt": "p", "tools": tools } });
        let problems = check_overrides(&overrides, &effective);
        assert_eq!(problems[0].code, ProblemCode::CyclicSchema);
        assert_eq!(problems[0].path, "/agent/tools/0/parameters");
        assert_eq!(check_overrides(&json!({ "agent": {} }), &effective), []);
        let overrides = json!({ "watchers": { "none": { "enabled": true } } });
        let effective = json!({ "name": "x", "agent": { "systemPrompt": "p" } });
        let problems = check_overrides(&overrides, &effective);
        assert_eq!(problems[0].code, ProblemCode::UnknownReference);
        assert_eq!(problems[0].path, "/watchers/none");
    }
}
