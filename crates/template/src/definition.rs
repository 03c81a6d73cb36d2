use std::collections::BTreeSet;
use std::sync::LazyLock;

use agentry_crypto::json_sha256;
use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::{Value, json};

use crate::problem::{below, has_nul, nul};
use crate::references::OpenReference;
use crate::{Capabilities, Problem, ProblemCode, RESERVED, Tool, references, schema, strip, tools};

/// The JSON Schema of a definition, as it is published in `docs/template.schema.json`.
pub const SCHEMA: &str = include_str!("../../../docs/template.schema.json");

/// The most of a definition, as JSON without white space.
pub const MAX_BYTES: usize = 512 * 1_024;
/// How deep it may nest, the JSON Schemas in it included.
const MAX_DEPTH: usize = 48;
/// How many problems are told at once.
pub(crate) const MAX_PROBLEMS: usize = 20;

/// A definition that is good to be published.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// The document, stripped.
    pub document: Value,
    /// What it asks for.
    pub capabilities: Capabilities,
    /// How much of what it brings.
    pub provides: Provides,
    /// SHA-256, in lower-case hex, of the document as JSON without white space, the keys of every object in order.
    pub checksum: String,
    /// Where something was taken out, as JSON Pointers: secrets, and what belongs to one running agent.
    pub stripped: Vec<String>,
    /// The types that its catalogs must bring.
    pub open: Vec<OpenReference>,
}

/// How much a definition brings of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Provides {
    /// Entity types.
    pub entity_types: usize,
    /// Relationship types.
    pub relationship_types: usize,
    /// Classifiers.
    pub classifiers: usize,
    /// Watchers.
    pub watchers: usize,
}

impl Provides {
    /// As it is stored with a version.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "entity_types": self.entity_types,
            "entity_relationship_types": self.relationship_types,
            "event_classifiers": self.classifiers,
            "watchers": self.watchers,
        })
    }
}

static FORM: LazyLock<Result<Validator, String>> = LazyLock::new(|| {
    let schema = serde_json::from_str(SCHEMA).map_err(|error| error.to_string())?;
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex())
        .build(&schema)
        .map_err(|error| error.to_string())
});

impl Definition {
    /// Strips a document and checks what is left.
    ///
    /// # Errors
    /// Every [`Problem`] found, at most twenty.
    pub fn read(mut document: Value) -> Result<Self, Vec<Problem>> {
        let whole = |code, message: String| Err(vec![Problem::new(code, "", message)]);
        if document.to_string().len() > MAX_BYTES {
            let message = format!("A definition may have at most {MAX_BYTES} bytes as JSON.");
            return whole(ProblemCode::TooLarge, message);
        }
        if too_deep(&document, MAX_DEPTH) {
            let message = format!("A definition may nest at most {MAX_DEPTH} deep.");
            return whole(ProblemCode::TooDeep, message);
        }
        let stripped = strip::strip(&mut document);
        let mut problems = check_form(&document);
        let mut open = BTreeSet::new();
        if problems.is_empty() {
            open = references::check(&document, &mut problems);
            problems.extend(check_agent_tools(&document));
            let all = schemas(&document);
            problems.extend(schema::too_many_patterns(
                all.iter().map(|(_, one)| *one),
                "",
            ));
            for (path, one) in all {
                if problems.len() >= MAX_PROBLEMS {
                    break;
                }
                problems.extend(schema::check(one, &path));
            }
        }
        if !problems.is_empty() {
            problems.truncate(MAX_PROBLEMS);
            return Err(problems);
        }
        let count = |part: &str| {
            let entries = document.get(part).and_then(Value::as_object);
            entries.map_or(0, serde_json::Map::len)
        };
        Ok(Self {
            capabilities: Capabilities::read(&document["capabilities"]),
            provides: Provides {
                entity_types: count("entityTypes"),
                relationship_types: count("relationshipTypes"),
                classifiers: count("classifiers"),
                watchers: count("watchers"),
            },
            checksum: json_sha256(&document),
            document,
            stripped,
            open: open.into_iter().collect(),
        })
    }

    /// The slugs of the catalogs it uses, in their order.
    #[must_use]
    pub fn catalogs(&self) -> Vec<String> {
        let named = self.document.get("catalogs").and_then(Value::as_array);
        let slugs = named.into_iter().flatten().filter_map(Value::as_str);
        slugs.map(str::to_owned).collect()
    }
}

/// What keeps a document from having the form of a definition, its inner JSON Schemas left aside.
pub(crate) fn check_form(document: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    if has_nul(document) {
        problems.push(nul(""));
    }
    for part in ["entityTypes", "relationshipTypes"] {
        let slugs = document.get(part).and_then(Value::as_object);
        for slug in slugs.into_iter().flat_map(serde_json::Map::keys) {
            if slug.starts_with(RESERVED) {
                let message =
                    "Types whose slug begins with $ are made by each organisation for itself.";
                let path = below(&format!("/{part}"), slug);
                problems.push(Problem::new(ProblemCode::ReservedType, path, message));
            }
        }
    }
    if !problems.is_empty() {
        return problems;
    }
    let form = match &*FORM {
        Ok(form) => form,
        Err(error) => {
            return vec![Problem::new(ProblemCode::Invalid, "", error.clone())];
        }
    };
    for error in form.iter_errors(document).take(MAX_PROBLEMS) {
        let code = match error.kind().keyword() {
            "additionalProperties" => ProblemCode::UnknownKey,
            _ => ProblemCode::Invalid,
        };
        let path = error.instance_path().as_str().to_owned();
        // What is unknown is named; what is wrong is not repeated.
        let message = match code {
            ProblemCode::UnknownKey => error.to_string(),
            _ => error.masked().to_string(),
        };
        problems.push(Problem::new(code, path, message));
    }
    problems
}

/// What is wrong with the tools of the agent, their JSON Schemas left aside. Each is among what whoever installs it agrees to.
fn check_agent_tools(document: &Value) -> Vec<Problem> {
    let Some(all) = document.pointer(TOOLS) else {
        return Vec::new();
    };
    let mut problems = tools::check_form(all, TOOLS);
    let asked = Capabilities::read(&document["capabilities"]).tools;
    for (place, tool) in Tool::read_all(Some(all)).iter().enumerate() {
        if !asked.contains(&tool.name) {
            let path = format!("{TOOLS}/{place}/name");
            let message = "It must be among the tools of the capabilities.";
            problems.push(Problem::new(ProblemCode::UnknownReference, path, message));
        }
    }
    problems
}

/// Where the tools of the agent stand.
const TOOLS: &str = "/agent/tools";

/// Every JSON Schema in a definition, with where it stands.
fn schemas(document: &Value) -> Vec<(String, &Value)> {
    let all = document.pointer(TOOLS);
    let mut found = all.map_or_else(Vec::new, |all| tools::schemas(all, TOOLS));
    for (part, member) in [
        ("entityTypes", "metadataSchema"),
        ("relationshipTypes", "metadataSchema"),
        ("watchers", "extractionSchema"),
    ] {
        let entries = document.get(part).and_then(Value::as_object);
        for (key, entry) in entries.into_iter().flatten() {
            let at = below(&format!("/{part}"), key);
            if let Some(schema) = entry.get(member) {
                found.push((below(&at, member), schema));
            }
            let events = entry.get("eventKinds").and_then(Value::as_object);
            for (kind, schema) in events.into_iter().flatten() {
                found.push((below(&format!("{at}/eventKinds"), kind), schema));
            }
        }
    }
    found
}

fn too_deep(value: &Value, left: usize) -> bool {
    let Some(left) = left.checked_sub(1) else {
        return value.is_object() || value.is_array();
    };
    match value {
        Value::Array(items) => items.iter().any(|item| too_deep(item, left)),
        Value::Object(members) => members.values().any(|item| too_deep(item, left)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn codes(document: Value) -> Vec<ProblemCode> {
        let problems = Definition::read(document).unwrap_err();
        problems.into_iter().map(|problem| problem.code).collect()
    }

    fn with(part: &str, value: Value) -> Value {
        let mut document = json!({ "name": "Finance", "agent": { "systemPrompt": "Help." } });
        document[part] = value;
        document
    }

    #[test]
    fn a_name_and_a_prompt_are_enough_and_what_it_brings_is_counted() {
        let plain = Definition::read(with("description", json!("d"))).unwrap();
        assert_eq!(plain.provides, Provides::default());
        assert!(plain.capabilities.is_empty());
        let rich = json!({
            "name": "Finance", "agent": { "systemPrompt": "Help.", "model": "gpt-4o", "temperature": 0.2, "maxTokens": 500 },
            "capabilities": { "services": ["openai"], "domains": ["*.bank.example"] },
            "entityTypes": { "account": { "name": "Account" }, "transaction": { "name": "Transaction", "color": "#00ff00",
              "metadataSchema": { "type": "object", "properties": { "amount": { "type": "number" } } } } },
            "relationshipTypes": { "booked-on": { "name": "Booked on", "from": ["transaction"], "to": ["account"] } },
            "watchers": { "monthly": { "name": "Monthly", "prompt": "Sum up.", "schedule": "0 8 1 * *", "types": ["transaction"] } },
            "classifiers": { "category": { "name": "Category", "attribute": "category", "watcher": "monthly",
              "values": { "food": "What is eaten", "rent": "Where one lives" }, "fallback": "other" } },
        });
        let rich = Definition::read(rich).unwrap();
        assert_eq!(
            (rich.provides.entity_types, rich.provides.relationship_types),
            (2, 1)
        );
        assert_eq!((rich.provides.watchers, rich.provides.classifiers), (1, 1));
        assert!(rich.capabilities.services.contains("openai"));
    }

    #[test]
    fn reserved_types_unknown_keys_and_wrong_values_have_codes() {
        let cases = [
            (
                with("entityTypes", json!({ "$member": { "name": "M" } })),
                ProblemCode::ReservedType,
            ),
            (
                with("relationshipTypes", json!({ "$of": { "name": "M" } })),
                ProblemCode::ReservedType,
            ),
            (with("extra", json!(1)), ProblemCode::UnknownKey),
            (
                with("agent", json!({ "systemPrompt": "p", "nix": {} })),
                ProblemCode::UnknownKey,
            ),
            (with("agent", json!({})), ProblemCode::Invalid),
            (
                with("agent", json!({ "systemPrompt": "" })),
                ProblemCode::Invalid,
            ),
            (
                with("agent", json!({ "systemPrompt": "p", "temperature": 3 })),
                ProblemCode::Invalid,
            ),
            (
                with("agent", json!({ "systemPrompt": "p\0" })),
                ProblemCode::Invalid,
            ),
            (with("name", json!("a\nb")), ProblemCode::Invalid),
            (with("name", json!("  ")), ProblemCode::Invalid),
            (
                with("entityTypes", json!({ "Not A Slug": { "name": "M" } })),
                ProblemCode::Invalid,
            ),
            (with("entityTypes", json!([])), ProblemCode::Invalid),
            (
                with(
                    "watchers",
                    json!({ "w": { "name": "W", "prompt": "p", "types": ["none"] } }),
                ),
                ProblemCode::UnknownReference,
            ),
            (
                with(
                    "classifiers",
                    json!({ "c": { "name": "C", "attribute": "a", "values": { "x": "" }, "watcher": "w" } }),
                ),
                ProblemCode::UnknownReference,
            ),
            (json!([]), ProblemCode::Invalid),
            (json!(null), ProblemCode::Invalid),
        ];
        for (document, code) in cases {
            assert_eq!(codes(document.clone()), [code], "{document}");
        }
    }

    #[test]
    fn hostile_schemas_inside_are_found_where_they_stand() {
        let hostile = json!({ "a": { "name": "A", "metadataSchema": { "$ref": "#" } },
                              "b": { "name": "B", "eventKinds": { "x": { "pattern": "(?=a)" } } } });
        let problems = Definition::read(with("entityTypes", hostile)).unwrap_err();
        let told: Vec<_> = problems.iter().map(|p| (p.code, p.path.as_str())).collect();
        assert_eq!(
            told,
            [
                (ProblemCode::CyclicSchema, "/entityTypes/a/metadataSchema"),
                (
                    ProblemCode::HostilePattern,
                    "/entityTypes/b/eventKinds/x/pattern"
                ),
            ]
        );
    }

    #[test]
    fn tools_of_the_agent_are_checked_and_asked_for() {
        let with = |tools: Value, asked: Value| {
            let agent = json!({ "systemPrompt": "p", "tools": tools });
            Definition::read(
                json!({ "name": "x", "agent": agent, "capabilities": { "tools": asked } }),
            )
        };
        let look = json!({ "name": "Look_up", "parameters": { "type": "object", "properties": { "token": {} } } });
        let good = with(json!([look]), json!(["Look_up", "more"])).unwrap();
        assert_eq!(good.document["agent"]["tools"], json!([look]));
        assert!(good.stripped.is_empty(), "{:?}", good.stripped);
        let told = |tools: Value, asked: Value| -> Vec<_> {
            let problems = with(tools, asked).unwrap_err();
            problems.into_iter().map(|p| (p.code, p.path)).collect()
        };
        let at = |path: &str| path.to_owned();
        let unknown = (ProblemCode::UnknownReference, at("/agent/tools/0/name"));
        assert_eq!(told(json!([look]), json!([])), [unknown]);
        let again = (ProblemCode::Invalid, at("/agent/tools/1/name"));
        assert_eq!(told(json!([look, look]), json!(["Look_up"])), [again]);
        let hostile = json!([{ "name": "t", "parameters": { "type": "object", "$ref": "#" } }]);
        let circle = (ProblemCode::CyclicSchema, at("/agent/tools/0/parameters"));
        assert_eq!(told(hostile, json!(["t"])), [circle]);
        let extra = (ProblemCode::UnknownKey, at("/agent/tools/0"));
        assert_eq!(
            told(json!([{ "name": "t", "code": "x" }]), json!(["t"])),
            [extra]
        );
    }

    #[test]
    fn size_and_depth_have_bounds() {
        let large = with(
            "classifiers",
            json!({ "c": { "extractionConfig": { "x": "y".repeat(1 << 20) } } }),
        );
        assert_eq!(codes(large), [ProblemCode::TooLarge]);
        let deep = (0..60).fold(json!({}), |inner, _| json!({ "a": inner }));
        assert_eq!(codes(with("watchers", deep)), [ProblemCode::TooDeep]);
    }

    #[test]
    fn checksum_does_not_depend_on_the_order_of_keys_nor_on_what_was_stripped() {
        let a: Value =
            serde_json::from_str(r#"{"name":"x","agent":{"systemPrompt":"p","model":"m"}}"#)
                .unwrap();
        let b: Value = serde_json::from_str(
            r#"{"agent":{"model":"m","systemPrompt":"p","apiKey":"k"},"id":"1","name":"x"}"#,
        )
        .unwrap();
        let (a, b) = (Definition::read(a).unwrap(), Definition::read(b).unwrap());
        assert_eq!(a.checksum, b.checksum);
        assert_eq!(b.stripped, ["/id", "/agent/apiKey"]);
        // printf '{"agent":{"model":"m","systemPrompt":"p"},"name":"x"}' | sha256sum
        assert_eq!(a.checksum.len(), 64);
    }
}
