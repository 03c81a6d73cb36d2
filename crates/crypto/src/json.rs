//! What a JSON value says, whatever way it was written.

use std::fmt::Write as _;

use serde_json::Value;

use crate::sha256;

/// SHA-256 (FIPS 180-4), in lower-case hex, of the value as JSON without white space and with the keys of every object in order.
#[must_use]
pub fn json_sha256(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    sha256(&text)
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            // Sorted here: whether serde_json sorts depends on a feature that any crate of the build may turn off.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (place, (name, member)) in members.into_iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                let _ = write!(text, "{}:", Value::from(name.as_str()));
                write(member, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let _ = write!(text, "{value}");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn hash(text: &str) -> String {
        json_sha256(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn the_order_of_keys_and_white_space_do_not_matter() {
        assert_eq!(
            hash(r#"{"b":[1,{"d":null,"c":"x"}],"a":true}"#),
            hash(r#"{ "a": true, "b": [1, {"c": "x", "d": null}] }"#),
        );
    }

    #[test]
    fn whatever_else_differs_matters() {
        let inputs = [
            r#"{"a":1}"#,
            r#"{"a":"1"}"#,
            r#"{"a":null}"#,
            "{}",
            r#"{"a":[1]}"#,
            r#"{"a":[1,2]}"#,
            r#"{"a":[2,1]}"#,
            r#"{"b":1}"#,
            r#"{"a":{"b":1}}"#,
            r#"{"a\",\"b":1}"#,
        ];
        let hashes: std::collections::HashSet<_> = inputs.iter().map(|text| hash(text)).collect();
        assert_eq!(hashes.len(), inputs.len());
    }

    #[test]
    fn it_is_sha_256_of_the_canonical_text() {
        // printf '{"a":1}' | sha256sum
        assert_eq!(
            hash(r#"{ "a" : 1 }"#),
            "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
        );
    }
}
