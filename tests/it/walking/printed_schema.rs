//! The printed schema: what it says of itself, and what it never shows.

use serde_json::{Value, json};

use crate::support::{Caller, Server};

const TYPE: &str = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";

/// Every type of the schema that is not GraphQL's own, as introspection tells them.
pub(super) async fn types(server: &Server) -> Vec<Value> {
    let document = format!(
        "{{ __schema {{ queryType {{ name }} mutationType {{ name }} subscriptionType {{ name }} types {{ kind name description
             fields(includeDeprecated: true) {{ name description type {{ {TYPE} }} args {{ name description defaultValue type {{ {TYPE} }} }} }}
             inputFields {{ name description defaultValue type {{ {TYPE} }} }}
             enumValues(includeDeprecated: true) {{ name description }}
             possibleTypes {{ name }} }} }} }}"
    );
    let mut schema = Caller::nobody(server).query(&document, json!({})).await;
    let types = schema["__schema"]["types"].take();
    let Value::Array(types) = types else {
        panic!("{types}")
    };
    types
        .into_iter()
        .filter(|kind| !text(kind, "name").starts_with("__"))
        .collect()
}

/// GraphQL's own scalars.
const BUILT_IN: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];

pub(super) fn list<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value[member].as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

#[tokio::test]
async fn everything_in_the_schema_is_described() {
    let server = Server::start().await;
    let mut silent = Vec::new();
    let mut seen = 0;
    let mut check = |place: String, what: &Value| {
        seen += 1;
        if text(what, "description").trim().is_empty() {
            silent.push(place);
        }
    };
    for kind in &types(&server).await {
        let name = text(kind, "name");
        if BUILT_IN.contains(&name) {
            continue;
        }
        check(name.to_owned(), kind);
        for field in list(kind, "fields") {
            let place = format!("{name}.{}", text(field, "name"));
            for argument in list(field, "args") {
                check(format!("{place}({})", text(argument, "name")), argument);
            }
            check(place, field);
        }
        for member in list(kind, "inputFields")
            .iter()
            .chain(list(kind, "enumValues"))
        {
            check(format!("{name}.{}", text(member, "name")), member);
        }
    }
    assert!(silent.is_empty(), "without a description: {silent:#?}");
    assert!(seen > 100, "the walk went astray: {seen}");
}

/// Whether a field of this name would show a secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    let words = [
        "apikey",
        "password",
        "token",
        "secret",
        "cipher",
        "sealed",
        "hash",
        "privatekey",
        "credential",
    ];
    words.iter().any(|word| name.contains(word))
}

#[tokio::test]
async fn no_output_shows_a_secret() {
    // Each with the reason why it is none, or why it must be shown.
    let known = [
        "AuditEvent.credentialId", // an id, which opens nothing, and a test looks that it is none of the credentials
        "RegisterWhatsAppNumberSuccess.verifyToken", // made just now, for the one who asked, once
        "RotateWhatsAppNumberSuccess.verifyToken",
        "SignedIn.token", // the session just made, for the one who made it
    ];
    let server = Server::start().await;
    let types = types(&server).await;
    let mut shown = Vec::new();
    for kind in types
        .iter()
        .filter(|kind| kind["kind"] == "OBJECT" || kind["kind"] == "INTERFACE")
    {
        // Numbers and enums hold no secret, and what an object shows its own fields show.
        for field in list(kind, "fields") {
            let (of, sort) = named(&field["type"]);
            let could = sort == "SCALAR" && !matches!(of, "Int" | "Float" | "Boolean" | "SafeInt");
            if could && is_secret(text(field, "name")) {
                shown.push(format!("{}.{}", text(kind, "name"), text(field, "name")));
            }
        }
    }
    shown.sort_unstable();
    assert_eq!(shown, known);
}

/// The name and the kind of the type inside lists and non-nulls.
pub(super) fn named(reference: &Value) -> (&str, &str) {
    match text(reference, "kind") {
        "NON_NULL" | "LIST" => named(&reference["ofType"]),
        kind => (text(reference, "name"), kind),
    }
}

#[tokio::test]
async fn introspection_and_the_printed_schema_tell_of_the_same_types() {
    let server = Server::start().await;
    let printed = agentry_schema::sdl();
    for kind in types(&server).await {
        let (name, keyword) = (text(&kind, "name"), text(&kind, "kind"));
        if BUILT_IN.contains(&name) {
            continue;
        }
        let keyword = match keyword {
            "OBJECT" => "type",
            "INPUT_OBJECT" => "input",
            "INTERFACE" => "interface",
            "UNION" => "union",
            "ENUM" => "enum",
            "SCALAR" => "scalar",
            other => panic!("{other}"),
        };
        let wanted = format!("{keyword} {name}");
        let found = printed.lines().any(|line| {
            line.strip_prefix(&wanted)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        });
        assert!(found, "{wanted} is not printed");
    }
}
