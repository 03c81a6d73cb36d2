//! Names that one part of a definition uses of another.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::problem::below;
use crate::{Problem, ProblemCode};

/// What uses what: the part, the member of each of its entries, and the part that declares the names in it.
const USES: [(&str, &str, &str); 5] = [
    ("relationshipTypes", "from", "entityTypes"),
    ("relationshipTypes", "to", "entityTypes"),
    ("relationshipTypes", "inverse", "relationshipTypes"),
    ("watchers", "types", "entityTypes"),
    ("classifiers", "watcher", "watchers"),
];

/// A type that a definition uses and does not declare: one of its catalogs must bring it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenReference {
    /// `entity` or `relationship`.
    pub kind: &'static str,
    /// The slug.
    pub slug: String,
}

/// Every name that is used and not declared. A definition with catalogs may mean the types of those; they are returned.
pub(crate) fn check(definition: &Value, problems: &mut Vec<Problem>) -> BTreeSet<OpenReference> {
    let mut open = BTreeSet::new();
    let has_catalogs = definition
        .get("catalogs")
        .and_then(Value::as_array)
        .is_some_and(|catalogs| !catalogs.is_empty());
    for (part, member, declared) in USES {
        let kind = match declared {
            "entityTypes" => Some("entity"),
            "relationshipTypes" => Some("relationship"),
            _ => None,
        };
        let entries = definition.get(part).and_then(Value::as_object);
        for (key, entry) in entries.into_iter().flatten() {
            let used: Vec<&str> = match entry.get(member) {
                Some(Value::String(name)) => vec![name],
                Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
                _ => Vec::new(),
            };
            let is_declared = |name: &str| {
                let declared = definition.get(declared);
                declared.and_then(|all| all.get(name)).is_some()
            };
            for slug in used.into_iter().filter(|name| !is_declared(name)) {
                if let Some(kind) = kind.filter(|_| has_catalogs) {
                    let slug = slug.to_owned();
                    open.insert(OpenReference { kind, slug });
                    continue;
                }
                let path = below(&below(&format!("/{part}"), key), member);
                let message = format!("It names something that is not among the {declared}.");
                problems.push(Problem::new(ProblemCode::UnknownReference, path, message));
                break;
            }
        }
    }
    open
}
