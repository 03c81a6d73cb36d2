//! What an API key may be used for.

use std::collections::HashMap;

use serde_json::Value;

/// The word that stands for every noun, and for every action.
const ALL: &str = "*";

/// What may be done with a noun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// See it.
    Read,
    /// Make, change or delete it.
    Write,
}

/// What an API key may be used for, out of what its user may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permissions {
    /// Whatever its user may.
    Everything,
    /// These actions of these nouns.
    Only(HashMap<String, Vec<String>>),
}

impl Access {
    /// As it stands in a key's permissions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

impl Permissions {
    /// Reads `apikey.permissions`, a JSON object of nouns with their actions. None, and the JSON `null`, grant everything; whatever
    /// else is not of that form grants nothing.
    #[must_use]
    pub fn parse(text: Option<&str>) -> Self {
        let Some(text) = text.map(str::trim).filter(|text| *text != "null") else {
            return Self::Everything;
        };
        match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(nouns)) => Self::Only(
                nouns
                    .into_iter()
                    .map(|(noun, actions)| (noun, words(&actions)))
                    .collect(),
            ),
            Ok(_) | Err(_) => Self::Only(HashMap::new()),
        }
    }

    /// Whether this action of this noun is granted.
    #[must_use]
    pub fn grant(&self, noun: &str, action: Access) -> bool {
        let Self::Only(nouns) = self else {
            return true;
        };
        [noun, ALL].iter().any(|name| {
            nouns.get(*name).is_some_and(|actions| {
                actions
                    .iter()
                    .any(|word| word == action.as_str() || word == ALL)
            })
        })
    }
}

fn words(actions: &Value) -> Vec<String> {
    let Value::Array(actions) = actions else {
        return Vec::new();
    };
    let texts = actions.iter().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(text: &str, noun: &str, action: Access) -> bool {
        Permissions::parse(Some(text)).grant(noun, action)
    }

    #[test]
    fn none_and_null_grant_everything() {
        for text in [None, Some("null"), Some(" null ")] {
            assert!(Permissions::parse(text).grant("agents", Access::Write));
        }
    }

    #[test]
    fn explicit_set_grants_only_that() {
        let some = r#"{"agents":["read"],"messages":["read","write"]}"#;
        assert!(granted(some, "agents", Access::Read));
        assert!(!granted(some, "agents", Access::Write));
        assert!(granted(some, "messages", Access::Write));
        assert!(!granted(some, "connections", Access::Read));
    }

    #[test]
    fn star_stands_for_every_noun_and_every_action() {
        assert!(granted(r#"{"agents":["*"]}"#, "agents", Access::Write));
        assert!(granted(r#"{"*":["read"]}"#, "agents", Access::Read));
        assert!(!granted(r#"{"*":["read"]}"#, "agents", Access::Write));
        assert!(granted(r#"{"*":["*"]}"#, "agents", Access::Write));
    }

    #[test]
    fn what_is_no_permission_grants_nothing() {
        for text in [
            "",
            "{}",
            "[]",
            "true",
            "\"*\"",
            r#"{"agents":"read"}"#,
            r#"{"agents":{"read":true}}"#,
            r#"{"agents":[["read"]]}"#,
            r#"{"Agents":["read"]}"#,
            r#"{"agents":["READ"]}"#,
            "{\"agents\":[\"read\"]",
        ] {
            assert!(!granted(text, "agents", Access::Read), "{text}");
        }
    }
}
