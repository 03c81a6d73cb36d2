//! JSON Schemas that publishers write: checked before any of them is compiled, for each could cost more than it may.

use std::collections::{HashMap, HashSet};

use jsonschema::{Draft, PatternOptions, ValidationOptions};
use serde_json::Value;

use crate::definition::MAX_PROBLEMS;
use crate::effort::Effort;
use crate::problem::{below, has_nul, nul};
use crate::{Problem, ProblemCode, is_type_slug};

/// The most of one JSON Schema, as JSON without white space.
const MAX_BYTES: usize = 64 * 1_024;
/// How deep it may nest.
const MAX_DEPTH: usize = 32;
/// How many schemas it may come to once its references are followed.
const MAX_UNFOLDED: u64 = 10_000;
/// The longest pattern, in bytes.
const MAX_PATTERN: usize = 500;
/// The largest program a pattern may compile to, in bytes.
const MAX_PROGRAM: usize = 256 * 1_024;

/// The most of a value that is checked against one, as JSON without white space.
const MAX_VALUE: usize = 16_384;
/// The most patterns of all schemas of one document together: each is compiled.
const MAX_PATTERNS: usize = 300;

/// The most kinds of events of a type.
const MAX_EVENT_KINDS: usize = 100;

/// Keywords that lead outside the schema, or change what a reference means.
const FOREIGN: [&str; 6] = [
    "$id",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$recursiveRef",
    "$vocabulary",
];

/// What keeps this from being a JSON Schema (2020-12) that is safe to check values against; `path` is where it stands. It must be an
/// object; references stay inside it and form no circle; patterns are such as run in linear time.
#[must_use]
pub fn check(schema: &Value, path: &str) -> Vec<Problem> {
    let refuse = |code, message: &str| vec![Problem::new(code, path, message)];
    if !schema.is_object() {
        return refuse(ProblemCode::InvalidSchema, "It must be a JSON object.");
    }
    if schema.to_string().len() > MAX_BYTES {
        let message = format!("A schema may have at most {MAX_BYTES} bytes as JSON.");
        return refuse(ProblemCode::TooLarge, &message);
    }
    if has_nul(schema) {
        return vec![nul(path)];
    }
    if let Some(problem) = too_many_patterns([schema], path) {
        return vec![problem];
    }
    let mut walk = Walk {
        root: schema,
        problems: Vec::new(),
        references: HashMap::new(),
    };
    walk.down(schema, path, "", MAX_DEPTH);
    if walk.problems.is_empty() {
        walk.circles(path);
    }
    if walk.problems.is_empty() {
        compile(schema, path, &mut walk.problems);
    }
    walk.problems
}

/// What keeps this from being the kinds of events of a type: at most a hundred JSON Schemas by name.
#[must_use]
pub fn check_event_kinds(kinds: &Value, path: &str) -> Vec<Problem> {
    let invalid = |path: &str, message: &str| Problem::new(ProblemCode::Invalid, path, message);
    let Value::Object(kinds) = kinds else {
        return vec![invalid(path, "They must be a JSON object.")];
    };
    if kinds.len() > MAX_EVENT_KINDS {
        let message = format!("There may be at most {MAX_EVENT_KINDS}.");
        return vec![invalid(path, &message)];
    }
    if let Some(problem) = too_many_patterns(kinds.values(), path) {
        return vec![problem];
    }
    let mut problems = Vec::new();
    for (name, schema) in kinds {
        if problems.len() >= MAX_PROBLEMS {
            break;
        }
        let at = below(path, name);
        if !is_type_slug(name) {
            let message =
                "Its name must be a lower-case letter, then at most 63 of a-z, 0-9, _ and -.";
            problems.push(invalid(&at, message));
        }
        problems.extend(check(schema, &at));
    }
    problems.truncate(MAX_PROBLEMS);
    problems
}

/// What keeps a value from being as a JSON Schema says that passed [`check`]: at most twenty things, none repeating the value.
#[must_use]
pub fn check_value(schema: &Value, value: &Value) -> Vec<Problem> {
    check_value_within(schema, value, &mut Effort::default())
}

/// The same, as far as the effort that is left allows it.
pub(crate) fn check_value_within(
    schema: &Value,
    value: &Value,
    effort: &mut Effort,
) -> Vec<Problem> {
    let length = value.to_string().len();
    if length > MAX_VALUE {
        let message = format!("A value may have at most {MAX_VALUE} bytes as JSON.");
        return vec![Problem::new(ProblemCode::TooLarge, "", message)];
    }
    if !effort.takes(schema, length) {
        let message = "It would take too much work to check this.";
        return vec![Problem::new(ProblemCode::TooLarge, "", message)];
    }
    let Ok(validator) = options().build(schema) else {
        let message = "The schema cannot be used.";
        return vec![Problem::new(ProblemCode::InvalidSchema, "", message)];
    };
    let problem = |error: jsonschema::ValidationError<'_>| {
        let path = error.instance_path().as_str().to_owned();
        Problem::new(ProblemCode::Invalid, path, error.masked().to_string())
    };
    let errors = validator.iter_errors(value);
    errors.take(MAX_PROBLEMS).map(problem).collect()
}

/// Whether there are more patterns in these schemas together than may be compiled.
pub(crate) fn too_many_patterns<'a>(
    schemas: impl IntoIterator<Item = &'a Value>,
    path: &str,
) -> Option<Problem> {
    let count: usize = schemas.into_iter().map(patterns).sum();
    (count > MAX_PATTERNS).then(|| {
        let message = format!("There may be at most {MAX_PATTERNS} patterns.");
        Problem::new(ProblemCode::HostileSchema, path, message)
    })
}

fn patterns(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(patterns).sum(),
        Value::Object(members) => {
            let of = |(name, member): (&String, &Value)| {
                let own = match (name.as_str(), member) {
                    ("pattern", Value::String(_)) => 1,
                    ("patternProperties", Value::Object(patterns)) => patterns.len(),
                    _ => 0,
                };
                own + patterns(member)
            };
            members.iter().map(of).sum()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Whether a pointer says in one way only where it leads: with an escape, as `%64` or `~1`, a reader might follow it elsewhere than
/// this check does.
fn is_plain(pointer: &str) -> bool {
    !pointer.contains(['%', '~'])
}

struct Walk<'a> {
    root: &'a Value,
    problems: Vec<Problem>,
    /// From the pointer of a schema object to the pointers it refers to.
    references: HashMap<String, Vec<String>>,
}

impl Walk<'_> {
    fn down(&mut self, value: &Value, path: &str, here: &str, left: usize) {
        if self.problems.len() >= MAX_PROBLEMS {
            return;
        }
        let Some(left) = left.checked_sub(1) else {
            let message = format!("A schema may nest at most {MAX_DEPTH} deep.");
            self.refuse(ProblemCode::TooDeep, path, &message);
            return;
        };
        match value {
            Value::Array(items) => {
                for (place, item) in items.iter().enumerate() {
                    let step = place.to_string();
                    self.down(item, &below(path, &step), &below(here, &step), left);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    let at = below(path, name);
                    self.keyword(name, member, &at, here);
                    self.down(member, &at, &below(here, name), left);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn keyword(&mut self, name: &str, value: &Value, path: &str, here: &str) {
        match (name, value) {
            ("$ref", Value::String(to)) => {
                let inside = to.strip_prefix('#').filter(|to| {
                    (to.is_empty() || to.starts_with('/'))
                        && is_plain(to)
                        && self.root.pointer(to).is_some()
                });
                match inside {
                    Some(to) => {
                        let of = self.references.entry(here.to_owned()).or_default();
                        of.push(to.to_owned());
                    }
                    None => self.refuse(
                        ProblemCode::ForeignReference,
                        path,
                        "A reference must be a JSON Pointer to something inside this schema, without escapes.",
                    ),
                }
            }
            (name, Value::String(_)) if FOREIGN.contains(&name) => self.refuse(
                ProblemCode::ForeignReference,
                path,
                "A schema inside a definition is known by where it stands.",
            ),
            ("$schema", Value::String(draft))
                if !draft.trim_end_matches('#').ends_with("/2020-12/schema") =>
            {
                self.refuse(
                    ProblemCode::InvalidSchema,
                    path,
                    "It must be draft 2020-12.",
                );
            }
            ("pattern", Value::String(pattern)) => self.pattern(pattern, path),
            ("patternProperties", Value::Object(patterns)) => {
                for pattern in patterns.keys() {
                    self.pattern(pattern, path);
                }
            }
            _ => {}
        }
    }

    fn pattern(&mut self, pattern: &str, path: &str) {
        let program = regex::RegexBuilder::new(pattern)
            .size_limit(MAX_PROGRAM)
            .nest_limit(20)
            .build();
        if pattern.len() > MAX_PATTERN || program.is_err() {
            self.refuse(
                ProblemCode::HostilePattern,
                path,
                "A pattern must be short and run in linear time: no look-around, no back-references, no large repetitions.",
            );
        }
    }

    /// Where references lead back to a schema they are part of, whatever stands between; and how much the rest unfolds to.
    fn circles(&mut self, path: &str) {
        let mut unfolding = Unfolding {
            root: self.root,
            references: &self.references,
            sizes: HashMap::new(),
            open: HashSet::new(),
        };
        match unfolding.size("", self.root) {
            None => self.refuse(
                ProblemCode::CyclicSchema,
                path,
                "References in a schema must not run in a circle.",
            ),
            Some(size) if size > MAX_UNFOLDED => {
                let message = format!(
                    "With its references followed, a schema may come to {MAX_UNFOLDED} parts."
                );
                self.refuse(ProblemCode::HostileSchema, path, &message);
            }
            Some(_) => {}
        }
    }

    fn refuse(&mut self, code: ProblemCode, path: &str, message: &str) {
        self.problems.push(Problem::new(code, path, message));
    }
}

struct Unfolding<'a> {
    root: &'a Value,
    references: &'a HashMap<String, Vec<String>>,
    sizes: HashMap<String, u64>,
    open: HashSet<String>,
}

impl Unfolding<'_> {
    /// How many parts the one at `here` comes to; `None` when a reference leads back into one that is open.
    fn size(&mut self, here: &str, value: &Value) -> Option<u64> {
        if let Some(size) = self.sizes.get(here) {
            return Some(*size);
        }
        let members: Vec<(String, &Value)> = match value {
            Value::Object(members) => members
                .iter()
                .map(|(name, member)| (below(here, name), member))
                .collect(),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(place, item)| (below(here, &place.to_string()), item))
                .collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return Some(0),
        };
        if !self.open.insert(here.to_owned()) {
            return None;
        }
        let mut size: u64 = 1;
        for (at, member) in members {
            size = size.saturating_add(self.size(&at, member)?);
        }
        let (root, references) = (self.root, self.references);
        for to in references.get(here).into_iter().flatten() {
            let target = root.pointer(to)?;
            size = size.saturating_add(self.size(to, target)?);
        }
        self.open.remove(here);
        self.sizes.insert(here.to_owned(), size);
        Some(size)
    }
}

fn options() -> ValidationOptions<'static> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex().size_limit(MAX_PROGRAM))
}

fn compile(schema: &Value, path: &str, problems: &mut Vec<Problem>) {
    if let Err(error) = options().build(schema) {
        let at = format!("{path}{}", error.instance_path().as_str());
        let message = "This is not a JSON Schema of draft 2020-12.";
        problems.push(Problem::new(ProblemCode::InvalidSchema, at, message));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn codes(schema: &Value) -> Vec<ProblemCode> {
        check(schema, "/s").into_iter().map(|p| p.code).collect()
    }

    #[test]
    fn plain_schemas_and_shared_parts_are_fine() {
        for good in [
            json!({}),
            json!({ "type": "object", "properties": { "$ref": { "type": "string" }, "pattern": { "type": "string" } } }),
            json!({ "$defs": { "a": { "type": "string", "pattern": "^[a-z]+$" }, "b": { "items": { "$ref": "#/$defs/a" } } },
                    "properties": { "x": { "$ref": "#/$defs/b" }, "y": { "$ref": "#/$defs/b" } } }),
        ] {
            assert_eq!(check(&good, ""), [], "{good}");
        }
    }

    #[test]
    fn values_are_checked_and_never_repeated() {
        let schema = json!({ "type": "object", "required": ["amount"], "additionalProperties": false,
            "properties": { "amount": { "type": "number", "minimum": 0 } } });
        assert_eq!(check(&schema, ""), []);
        assert_eq!(check_value(&schema, &json!({ "amount": 5 })), []);
        for bad in [
            json!("canary"),
            json!({}),
            json!({ "amount": "canary" }),
            json!({ "amount": -5 }),
        ] {
            let problems = check_value(&schema, &bad);
            assert_eq!(problems.len(), 1, "{bad}: {problems:?}");
            assert!(!problems[0].message.contains("canary"), "{problems:?}");
        }
        let problems = check_value(&schema, &json!({ "amount": "x" }));
        assert_eq!(problems[0].path, "/amount");
    }

    #[test]
    fn event_kinds_are_schemas_by_name() {
        assert_eq!(
            check_event_kinds(&json!({ "paid": { "type": "object" } }), "/e"),
            []
        );
        let many: serde_json::Map<_, _> = (0..101).map(|n| (format!("k{n}"), json!({}))).collect();
        for (bad, path) in [
            (json!([]), "/e"),
            (json!({ "Not A Slug": {} }), "/e/Not A Slug"),
            (json!({ "paid": 5 }), "/e/paid"),
            (json!({ "paid": { "$ref": "#" } }), "/e/paid"),
            (json!({ "paid": { "title": "\0" } }), "/e/paid"),
            (json!(many), "/e"),
        ] {
            let problems = check_event_kinds(&bad, "/e");
            assert_eq!(problems[0].path, path, "{problems:?}");
        }
    }

    #[test]
    fn circles_are_refused_however_long() {
        for bad in [
            json!({ "$ref": "#" }),
            json!({ "properties": { "child": { "$ref": "#" } } }),
            json!({ "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "allOf": [{ "$ref": "#/$defs/a" }] } } }),
            json!({ "$defs": { "a": { "items": { "$ref": "#/$defs/a" } } } }),
        ] {
            assert_eq!(codes(&bad), [ProblemCode::CyclicSchema], "{bad}");
        }
    }

    #[test]
    fn references_out_of_the_schema_are_refused() {
        for bad in [
            json!({ "$ref": "https://example.com/s.json" }),
            json!({ "$ref": "file:///etc/passwd" }),
            json!({ "$ref": "#/$defs/nothing" }),
            json!({ "$ref": "#anchor" }),
            json!({ "$id": "https://example.com/s.json" }),
            json!({ "$dynamicRef": "#x" }),
        ] {
            assert_eq!(codes(&bad), [ProblemCode::ForeignReference], "{bad}");
        }
    }

    #[test]
    fn patterns_that_cost_too_much_are_refused() {
        let long = "a".repeat(MAX_PATTERN + 1);
        for bad in [
            "(?=a)b",
            r"(a)\1",
            "((a{1,1000}){1,1000}){1,1000}",
            "(",
            &long,
        ] {
            let schema = json!({ "properties": { "x": { "pattern": bad } } });
            assert_eq!(codes(&schema), [ProblemCode::HostilePattern], "{bad}");
            let schema = json!({ "patternProperties": { bad: {} } });
            assert_eq!(codes(&schema), [ProblemCode::HostilePattern], "{bad}");
        }
    }

    #[test]
    fn what_unfolds_nests_or_weighs_too_much_is_refused() {
        let mut defs = serde_json::Map::new();
        for n in 0..30 {
            let next = json!({ "$ref": format!("#/$defs/d{}", n + 1) });
            defs.insert(format!("d{n}"), json!({ "allOf": [next.clone(), next] }));
        }
        defs.insert("d30".to_owned(), json!({ "type": "string" }));
        assert_eq!(
            codes(&json!({ "$defs": defs })),
            [ProblemCode::HostileSchema]
        );
        let deep = (0..40).fold(json!({}), |inner, _| json!({ "not": inner }));
        assert_eq!(codes(&deep), [ProblemCode::TooDeep]);
        let heavy = json!({ "description": "x".repeat(MAX_BYTES) });
        assert_eq!(codes(&heavy), [ProblemCode::TooLarge]);
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        for bad in [
            json!([]),
            json!("x"),
            json!({ "type": 5 }),
            json!({ "type": "strin" }),
            json!({ "$schema": "http://json-schema.org/draft-04/schema#" }),
        ] {
            assert_eq!(codes(&bad), [ProblemCode::InvalidSchema], "{bad}");
        }
    }

    #[test]
    fn references_that_can_be_read_in_two_ways_are_refused() {
        let doubled = |to: &str| json!([{ "$ref": to }, { "$ref": to }]);
        for (to, decoy, target) in [("#/%64", "%64", "d"), ("#/k~a", "k~a", "k")] {
            let mut schema = json!({ "allOf": doubled(to) });
            schema[decoy] = json!({});
            schema[target] = json!({ "type": "string" });
            let found = codes(&schema);
            assert!(
                found.contains(&ProblemCode::ForeignReference),
                "{to}: {found:?}"
            );
        }
        let circle = json!({ "$ref": "#/ab", "ab": { "$ref": "#/a%62" }, "a%62": {} });
        assert!(!codes(&circle).is_empty());
    }

    #[test]
    fn problems_are_few_and_short_however_large_the_schema() {
        let long = "x".repeat(30_000);
        let inner: serde_json::Map<String, Value> = (0..1_500)
            .map(|n| (format!("a{n}"), json!({ "$ref": "z" })))
            .collect();
        let mut outer = serde_json::Map::new();
        outer.insert(long, json!({ "properties": inner }));
        let found = check(&json!({ "properties": outer }), "");
        assert_eq!(found.len(), MAX_PROBLEMS);
        assert!(found.iter().all(|problem| problem.path.len() < 600));
    }

    #[test]
    fn patterns_are_counted_before_any_is_compiled() {
        let many = |count: usize| {
            let each = (0..count).map(|n| (format!("p{n}"), json!({ "pattern": "^a$" })));
            json!({ "properties": each.collect::<serde_json::Map<_, _>>() })
        };
        assert!(codes(&many(MAX_PATTERNS)).is_empty());
        assert_eq!(codes(&many(MAX_PATTERNS + 1)), [ProblemCode::HostileSchema]);
        let kinds = json!({ "one": many(200), "two": many(200) });
        let found = check_event_kinds(&kinds, "");
        assert_eq!(found[0].code, ProblemCode::HostileSchema);
    }

    #[test]
    fn values_that_are_too_large_are_not_checked() {
        let zeros = Value::Array(vec![json!(0); MAX_VALUE]);
        let found = check_value(&json!({ "type": "string" }), &zeros);
        assert_eq!(found[0].code, ProblemCode::TooLarge);
    }
}
