//! How much work it may take to check values.

use std::collections::HashMap;

use serde_json::Value;

use crate::problem::below;

/// What the checks of one answer may cost together: parts of the schema, its references followed, by bytes of the value.
const MOST: u64 = 2_000_000;
/// What compiling costs, as bytes of a value.
const COMPILING: u64 = 64;
/// What a pattern costs, as parts of a schema: running it takes time by the size of its program as well.
const PATTERN: u64 = 16;
/// What a pattern costs that may compile to a large program: one with repetitions that are counted, or classes of Unicode.
const LARGE_PATTERN: u64 = 256;

/// What is left of the work that checking values may take.
#[derive(Debug)]
pub struct Effort(u64);

impl Default for Effort {
    fn default() -> Self {
        Self(MOST)
    }
}

impl Effort {
    /// Whether a value of so many bytes can be checked against a schema that passed [`crate::check_schema`]. What that costs is taken
    /// off when it can.
    pub(crate) fn takes(&mut self, schema: &Value, bytes: usize) -> bool {
        let parts = Parts {
            root: schema,
            known: HashMap::new(),
        }
        .cost("", schema);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let cost = parts.saturating_mul(bytes.saturating_add(COMPILING));
        let left = self.0.checked_sub(cost);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

struct Parts<'a> {
    root: &'a Value,
    known: HashMap<String, u64>,
}

impl Parts<'_> {
    fn cost(&mut self, here: &str, value: &Value) -> u64 {
        if let Some(cost) = self.known.get(here) {
            return *cost;
        }
        let cost = match value {
            Value::Object(members) => members.iter().fold(1, |cost: u64, (name, member)| {
                let own = match (name.as_str(), member) {
                    ("pattern", Value::String(pattern)) => weight(pattern),
                    ("patternProperties", Value::Object(patterns)) => {
                        patterns.keys().map(|pattern| weight(pattern)).sum()
                    }
                    ("$ref", Value::String(to)) => self.referred(to),
                    _ => 0,
                };
                let below = self.cost(&below(here, name), member);
                cost.saturating_add(own).saturating_add(below)
            }),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .fold(1, |cost: u64, (place, item)| {
                    cost.saturating_add(self.cost(&below(here, &place.to_string()), item))
                }),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        };
        self.known.insert(here.to_owned(), cost);
        cost
    }

    /// References form no circle in a schema that was checked.
    fn referred(&mut self, to: &str) -> u64 {
        let root = self.root;
        let to = to.trim_start_matches('#');
        root.pointer(to).map_or(0, |target| self.cost(to, target))
    }
}

fn weight(pattern: &str) -> u64 {
    if is_small(pattern) {
        PATTERN
    } else {
        LARGE_PATTERN
    }
}

/// Without counted repetitions, classes by escape, and anything but ASCII.
fn is_small(pattern: &str) -> bool {
    let mut escaped = false;
    pattern.is_ascii()
        && !pattern.contains('{')
        && !pattern.chars().any(|c| {
            let class = escaped && c.is_ascii_alphabetic();
            escaped = c == '\\' && !escaped;
            class
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn takes(schema: &Value, bytes: usize) -> bool {
        Effort::default().takes(schema, bytes)
    }

    #[test]
    fn ordinary_schemas_take_the_longest_values() {
        let string = json!({ "type": "string", "maxLength": 100 });
        let properties: serde_json::Map<_, _> =
            (0..40).map(|n| (format!("p{n}"), string.clone())).collect();
        assert!(takes(&json!({ "properties": properties }), 16_384));
        let date = json!({ "pattern": "^\\d{4}-\\d{2}-\\d{2}$" });
        assert!(takes(
            &json!({ "properties": { "a": date, "b": date } }),
            2_000
        ));
    }

    #[test]
    fn patterns_that_are_run_again_and_again_take_no_long_values() {
        let again: Vec<_> = (0..30).map(|_| json!({ "$ref": "#/$defs/e" })).collect();
        let schema = json!({ "$defs": { "e": { "pattern": "^[ab]*a[ab]{2500}$" } },
                             "properties": { "a": { "allOf": again } } });
        assert!(!takes(&schema, 16_000));
        assert!(takes(&schema, 20));
    }

    #[test]
    fn what_was_taken_is_gone() {
        let schema = json!({ "pattern": "^x{100}$" });
        let mut effort = Effort::default();
        let taken = (0..100).filter(|_| effort.takes(&schema, 5_000)).count();
        assert!((1..=2).contains(&taken), "{taken}");
        assert!(effort.takes(&json!({}), 100));
    }
}
