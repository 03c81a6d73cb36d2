//! What a change changed, as the audit trail keeps it.

use serde_json::{Map, Value, json};

/// The longest value that is kept as it is, in characters of its JSON.
const MOST: usize = 500;

/// The fields in which two JSON objects differ, as they were and as they are. A long text, and a large value of other kinds, is
/// not kept but made recognisable: `{ "characters": …, "sha256": … }`.
pub(crate) fn changes(before: &Value, after: &Value) -> Value {
    let side = |these: &Value, those: &Value| {
        let fields = these.as_object().into_iter().flatten();
        let differing = fields.filter(|(name, value)| those.get(*name) != Some(*value));
        differing
            .map(|(name, value)| (name.clone(), shortened(value)))
            .collect::<Map<_, _>>()
    };
    json!({ "before": side(before, after), "after": side(after, before) })
}

/// The names of the fields in which two JSON objects differ, for what an event must not tell.
pub(crate) fn changed(before: &Value, after: &Value) -> Vec<String> {
    let fields = after.as_object().into_iter().flatten();
    fields
        .filter(|(name, value)| before.get(*name) != Some(*value))
        .map(|(name, _)| name.clone())
        .collect()
}

fn shortened(value: &Value) -> Value {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    };
    let characters = text.chars().count();
    if characters <= MOST {
        return value.clone();
    }
    json!({ "characters": characters, "sha256": agentry_crypto::sha256(&text) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_kept_and_nothing_long() {
        let long = "x".repeat(501);
        let before = json!({ "name": "Old", "same": 1, "prompt": long, "gone": null });
        let after = json!({ "name": "New", "same": 1, "prompt": "y".repeat(500), "gone": [2] });
        let told = changes(&before, &after);
        let fingerprint = json!({ "characters": 501, "sha256": agentry_crypto::sha256(&long) });
        assert_eq!(
            told,
            json!({
                "before": { "name": "Old", "prompt": fingerprint, "gone": null },
                "after": { "name": "New", "prompt": "y".repeat(500), "gone": [2] },
            })
        );
        assert_eq!(changed(&before, &after), ["gone", "name", "prompt"]);
        assert_eq!(
            changes(&before, &before),
            json!({ "before": {}, "after": {} })
        );
    }
}
