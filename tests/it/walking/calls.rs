//! Documents that call each root field of the schema, whatever it takes.

use std::collections::HashMap;

use serde_json::Value;

use super::printed_schema::{list, named, text, types};
use crate::support::Server;

/// Writes documents that call a field with the fewest arguments it takes.
pub(super) struct Writer {
    types: HashMap<String, Value>,
    text: &'static str,
}

/// A field of a root type.
pub(super) struct RootField {
    /// `Query`, `Mutation` or `Subscription`.
    pub(super) root: &'static str,
    pub(super) name: String,
    /// A document that calls it.
    pub(super) document: String,
}

impl Writer {
    pub(super) async fn of(server: &Server) -> Self {
        let types = types(server).await.into_iter();
        Self {
            types: types
                .map(|kind| (text(&kind, "name").to_owned(), kind))
                .collect(),
            text: "something",
        }
    }

    /// The same, with this for every text.
    pub(super) fn with_text(self, text: &'static str) -> Self {
        Self { text, ..self }
    }

    /// The fields of a root type, in the order of the schema.
    pub(super) fn fields(&self, root: &'static str) -> Vec<RootField> {
        let fields = list(&self.types[root], "fields").iter();
        let field = |field: &Value| RootField {
            root,
            name: text(field, "name").to_owned(),
            document: format!("{} {{ {} }}", root.to_lowercase(), self.call(field)),
        };
        fields.map(field).collect()
    }

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
            "Int" | "Float" | "SafeInt" => return "1".to_owned(),
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
            _ => format!("\"{}\"", self.text),
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
