//! Every root field of the schema, called by nobody.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::printed_schema::{list, named, text, types};
use crate::support::{Caller, Server};

/// What nobody may call, and why.
const PUBLIC: [(&str, &str); 3] = [
    ("viewer", "null tells a page that nobody is signed in"),
    ("signUp", "makes the credential"),
    ("signIn", "makes the credential"),
];

/// Writes documents that call a field with the fewest arguments it takes.
struct Writer {
    types: HashMap<String, Value>,
}

impl Writer {
    /// A literal of this type that fits it; what is optional is left out.
    fn literal(&self, reference: &Value, depth: u32) -> String {
        assert!(depth < 8, "an input that needs itself: {reference}");
        match text(reference, "kind") {
            "NON_NULL" => return self.literal(&reference["ofType"], depth),
            "LIST" => return format!("[{}]", self.literal(&reference["ofType"], depth + 1)),
            _ => {}
        }
        let name = text(reference, "name");
        match name {
            "Int" | "Float" => return "1".to_owned(),
            "Boolean" => return "true".to_owned(),
            "ID" => return "\"tz4a98xxat96iws9zmbrgj3a\"".to_owned(),
            "DateTime" => return "\"2026-01-01T00:00:00Z\"".to_owned(),
            "JSON" => return "{}".to_owned(),
            _ => {}
        }
        let kind = &self.types[name];
        match text(kind, "kind") {
            "ENUM" => text(&list(kind, "enumValues")[0], "name").to_owned(),
            "INPUT_OBJECT" => {
                let fields = list(kind, "inputFields");
                let required = self.arguments(fields, depth + 1);
                // Where nothing is required, one of several may be meant.
                let chosen = if required.is_empty() {
                    fields.first().map(|field| self.argument(field, depth + 1))
                } else {
                    Some(required.join(", "))
                };
                format!("{{ {} }}", chosen.unwrap_or_default())
            }
            _ => "\"something\"".to_owned(),
        }
    }

    fn argument(&self, argument: &Value, depth: u32) -> String {
        format!(
            "{}: {}",
            text(argument, "name"),
            self.literal(&argument["type"], depth)
        )
    }

    fn arguments(&self, arguments: &[Value], depth: u32) -> Vec<String> {
        arguments
            .iter()
            .filter(|argument| {
                argument["type"]["kind"] == "NON_NULL" && argument["defaultValue"].is_null()
            })
            .map(|argument| self.argument(argument, depth))
            .collect()
    }

    fn call(&self, field: &Value) -> String {
        let arguments = self.arguments(list(field, "args"), 0);
        let arguments = if arguments.is_empty() {
            String::new()
        } else {
            format!("({})", arguments.join(", "))
        };
        let selection = match named(&field["type"]).1 {
            "SCALAR" | "ENUM" => "",
            _ => " { __typename }",
        };
        format!("{}{arguments}{selection}", text(field, "name"))
    }
}

#[tokio::test]
async fn nobody_is_told_who_is_missing_at_every_field_that_is_not_public() {
    let server = Server::start().await;
    let types = types(&server).await;
    let by_name = types
        .iter()
        .map(|kind| (text(kind, "name").to_owned(), kind.clone()));
    let writer = Writer {
        types: by_name.collect(),
    };
    let nobody = Caller::nobody(&server);
    let (mut open, mut calls) = (Vec::new(), 0);
    for (root, keyword) in [("Query", "query"), ("Mutation", "mutation")] {
        for field in list(&writer.types[root], "fields") {
            let name = text(field, "name");
            let answer = nobody
                .answer(
                    &format!("{keyword} {{ {} }}", writer.call(field)),
                    json!({}),
                )
                .await;
            calls += 1;
            let code = text(&answer["errors"][0]["extensions"], "code");
            assert_ne!(code, "GRAPHQL_VALIDATION_FAILED", "{root}.{name}: {answer}");
            let public = PUBLIC.iter().any(|(public, _)| *public == name);
            if (code == "UNAUTHENTICATED") == public {
                open.push(format!("{root}.{name}: {answer}"));
            }
        }
    }
    assert!(
        open.is_empty(),
        "not as the list of public fields says: {open:#?}"
    );
    assert!(calls > 10, "the walk went astray: {calls}");
}
