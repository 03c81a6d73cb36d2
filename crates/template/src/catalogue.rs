//! The templates that come with the program: the files of the folder `catalogue`, each a definition as anyone could publish it.

use serde_json::Value;

use crate::{Definition, Problem, ProblemCode};

/// A template that comes with the program.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Its short name in addresses, and its file's.
    pub slug: &'static str,
    /// What it is filed under.
    pub category: &'static str,
    /// Its picture: an emoji.
    pub icon: &'static str,
    file: &'static str,
}

/// All of them.
pub const CATALOGUE: [Entry; 3] = [
    Entry {
        slug: "help-desk",
        category: "support",
        icon: "🛟",
        file: include_str!("../../../catalogue/help-desk.json"),
    },
    Entry {
        slug: "meeting-notes",
        category: "work",
        icon: "📝",
        file: include_str!("../../../catalogue/meeting-notes.json"),
    },
    Entry {
        slug: "personal-finance",
        category: "money",
        icon: "💶",
        file: include_str!("../../../catalogue/personal-finance.json"),
    },
];

impl Entry {
    /// What its file defines. Where its schema lies from there is for editors and means nothing elsewhere, so that is left out.
    ///
    /// # Errors
    /// Every [`Problem`] found; a test holds that there is none.
    pub fn definition(&self) -> Result<Definition, Vec<Problem>> {
        let read: Result<Value, _> = serde_json::from_str(self.file);
        let mut document = read.map_err(|error| {
            let message = format!("This is not JSON: {error}");
            vec![Problem::new(ProblemCode::Invalid, "", message)]
        })?;
        if let Some(members) = document.as_object_mut() {
            members.remove("$schema");
        }
        Definition::read(document)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeSet;
    use std::path::Path;

    use jsonschema::{Draft, PatternOptions, Validator};
    use serde_json::json;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_a_definition_that_loses_nothing() {
        for entry in CATALOGUE {
            let read = entry.definition();
            let definition = read.unwrap_or_else(|problems| panic!("{}: {problems:?}", entry.slug));
            assert_eq!(definition.stripped, Vec::<String>::new(), "{}", entry.slug);
            assert!(!definition.capabilities.is_empty(), "{}", entry.slug);
            assert!(definition.provides.entity_types >= 5, "{}", entry.slug);
            assert!(definition.provides.watchers >= 1 && definition.provides.classifiers >= 1);
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalogue");
        let files = std::fs::read_dir(folder).unwrap();
        let found: BTreeSet<String> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        let listed = CATALOGUE.map(|entry| format!("{}.json", entry.slug));
        assert_eq!(found, BTreeSet::from(listed));
    }

    #[test]
    fn every_type_is_described_and_every_entity_type_says_what_is_known_of_it() {
        for entry in CATALOGUE {
            let document = entry.definition().unwrap().document;
            for (slug, kind) in document["entityTypes"].as_object().unwrap() {
                for member in ["description", "icon", "color", "metadataSchema"] {
                    assert!(
                        kind.get(member).is_some(),
                        "{}: {slug}: {member}",
                        entry.slug
                    );
                }
                // A misspelt member is found instead of kept.
                let open = &kind["metadataSchema"]["additionalProperties"];
                assert_eq!(open, false, "{}: {slug}", entry.slug);
            }
            let used = |part: &str, member: &str| {
                let entries = document[part].as_object().unwrap().values();
                let names = entries.filter_map(|one| one[member].as_array()).flatten();
                names
                    .map(|name| name.as_str().unwrap().to_owned())
                    .collect::<BTreeSet<_>>()
            };
            let (from, to) = (
                used("relationshipTypes", "from"),
                used("relationshipTypes", "to"),
            );
            let declared = document["entityTypes"].as_object().unwrap().keys();
            let alone: Vec<_> = declared
                .filter(|slug| !from.contains(*slug) && !to.contains(*slug))
                .collect();
            assert_eq!(alone, Vec::<&String>::new(), "{}", entry.slug);
        }
    }

    /// What the schema of a type says of a thing.
    fn fits(slug: &str, kind: &str, thing: &Value) -> bool {
        let entry = CATALOGUE.iter().find(|entry| entry.slug == slug).unwrap();
        let document = entry.definition().unwrap().document;
        let schema: Validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex())
            .build(&document["entityTypes"][kind]["metadataSchema"])
            .unwrap();
        schema.is_valid(thing)
    }

    #[test]
    fn schemas_take_what_is_meant_and_refuse_what_is_not() {
        let fine = [
            (
                "personal-finance",
                "account",
                json!({ "kind": "credit-card", "currency": "EUR", "creditLimit": "2500", "lastFour": "0042" }),
            ),
            (
                "personal-finance",
                "transaction",
                json!({ "amount": "-12.50", "currency": "EUR", "bookedOn": "2026-05-02",
                "original": { "amount": "-11.00", "currency": "GBP" } }),
            ),
            (
                "personal-finance",
                "recurring-payment",
                json!({ "amount": "9.99", "currency": "EUR", "every": { "count": 1, "unit": "month" }, "nextOn": "2026-06-01" }),
            ),
            (
                "personal-finance",
                "bill",
                json!({ "amount": "80", "currency": "EUR", "dueOn": "2026-06-01", "status": "paid", "paidOn": "2026-05-30" }),
            ),
            (
                "help-desk",
                "ticket",
                json!({ "subject": "No parcel", "status": "open", "priority": "high", "openedAt": "2026-05-02T08:00:00Z" }),
            ),
            (
                "meeting-notes",
                "task",
                json!({ "what": "Send the offer", "status": "open", "due": "2026-05-08" }),
            ),
        ];
        for (template, kind, thing) in fine {
            assert!(fits(template, kind, &thing), "{template}: {kind}: {thing}");
        }
        let wrong = [
            (
                "personal-finance",
                "account",
                json!({ "kind": "savings", "currency": "EUR", "creditLimit": "2500" }),
            ),
            (
                "personal-finance",
                "account",
                json!({ "kind": "cash", "currency": "euro" }),
            ),
            (
                "personal-finance",
                "account",
                json!({ "kind": "credit-card", "currency": "EUR", "lastFour": "4111111111111111" }),
            ),
            (
                "personal-finance",
                "transaction",
                json!({ "amount": -12.5, "currency": "EUR", "bookedOn": "2026-05-02" }),
            ),
            (
                "personal-finance",
                "transaction",
                json!({ "amount": "-12.50", "currency": "EUR", "bookedOn": "2026-05-02", "ammount": "1" }),
            ),
            (
                "personal-finance",
                "bill",
                json!({ "amount": "80", "currency": "EUR", "dueOn": "2026-06-01", "status": "paid" }),
            ),
            (
                "personal-finance",
                "debt",
                json!({ "principal": "100", "currency": "EUR", "outstanding": "50" }),
            ),
            (
                "help-desk",
                "ticket",
                json!({ "subject": "x", "status": "solved", "priority": "high", "openedAt": "2026-05-02T08:00:00Z" }),
            ),
            (
                "meeting-notes",
                "question",
                json!({ "question": "When?", "answer": "Soon." }),
            ),
        ];
        for (template, kind, thing) in wrong {
            assert!(!fits(template, kind, &thing), "{template}: {kind}: {thing}");
        }
    }
}
