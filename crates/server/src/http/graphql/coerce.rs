//! `CoerceVariableValues` of the GraphQL specification, as a check before execution.
//!
//! async-graphql looks at a variable only where it is used, and then some failures are errors of a field, with the value in
//! the message. Here a variable that does not fit is an error of the request, and the message names the place, not the value.

use async_graphql::parser::types::{BaseType, OperationDefinition, Type};
use async_graphql::{Name, Variables};

use super::misfit::Misfit;
use super::types::{InputType, InputTypes};
use crate::http::fault::Fault;

type Value = async_graphql::Value;

/// Checks the variables of an operation against their declared types.
///
/// # Errors
/// The first variable that does not fit.
pub(super) fn check(
    operation: &OperationDefinition,
    variables: &Variables,
    types: &InputTypes,
) -> Result<(), Fault> {
    for definition in &operation.variable_definitions {
        let name = &definition.node.name.node;
        let ty = &definition.node.var_type.node;
        let misfit = match variables.get(name) {
            Some(value) => misfit(value, ty, types),
            None if ty.nullable || definition.node.default_value.is_some() => None,
            None => Some(Misfit::missing()),
        };
        if let Some(misfit) = misfit {
            let place = misfit.place(format!("${name}"));
            return Err(Fault::invalid(format!(
                "Variable \"{place}\" of type \"{ty}\" {}.",
                misfit.what
            ))
            .at(definition.pos));
        }
    }
    Ok(())
}

fn misfit(value: &Value, ty: &Type, types: &InputTypes) -> Option<Misfit> {
    if *value == Value::Null {
        return (!ty.nullable).then(Misfit::null);
    }
    match (&ty.base, value) {
        (BaseType::List(inner), Value::List(list)) => {
            list.iter().enumerate().find_map(|(index, item)| {
                misfit(item, inner, types).map(|misfit| misfit.inside(format!("[{index}]")))
            })
        }
        // One item stands for a list of one.
        (BaseType::List(inner), item) => misfit(item, inner, types),
        (BaseType::Named(name), value) => named(value, name, types),
    }
}

fn named(value: &Value, name: &str, types: &InputTypes) -> Option<Misfit> {
    let fits = match (name, value) {
        // Any whole number: some of our fields count beyond 32 bits, and those that do not say so themselves.
        ("Int" | "ID", Value::Number(number)) => number.is_i64() || number.is_u64(),
        ("Float", Value::Number(_))
        | ("String" | "ID", Value::String(_))
        | ("Boolean", Value::Boolean(_)) => true,
        ("Int" | "Float" | "String" | "Boolean" | "ID", _) => false,
        _ => return declared(value, name, types),
    };
    (!fits).then(|| Misfit::scalar(name))
}

fn declared(value: &Value, name: &str, types: &InputTypes) -> Option<Misfit> {
    // A type that is not an input type is a matter of validation.
    match types.get(name)? {
        InputType::Scalar => None,
        InputType::Enum(values) => {
            let fits = match value {
                Value::String(text) => values.contains(text),
                Value::Enum(text) => values.contains(text.as_str()),
                _ => false,
            };
            (!fits).then(|| Misfit::value_of(name))
        }
        InputType::Object { fields, one_of } => {
            let Value::Object(given) = value else {
                return Some(Misfit::object(name));
            };
            if given.keys().any(|key| !fields.contains_key(key)) {
                return Some(Misfit::unknown_field(name));
            }
            if *one_of && (given.len() != 1 || given.values().any(|value| *value == Value::Null)) {
                return Some(Misfit::one_of(name));
            }
            fields.iter().find_map(|(key, field): (&Name, _)| {
                let misfit = match given.get(key) {
                    Some(value) => misfit(value, &field.ty, types),
                    None if field.ty.nullable || field.has_default => None,
                    None => Some(Misfit::missing()),
                };
                misfit.map(|misfit| misfit.inside(format!(".{key}")))
            })
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use async_graphql::parser::parse_query;
    use serde_json::json;

    const SCHEMA: &str = "
        scalar DateTime
        enum Mood { GOOD BAD }
        input Note { text: String!, mood: Mood = GOOD, tags: [String!], at: DateTime }
        input Pick @oneOf { id: ID, name: String }
        type Query { a(note: Note, pick: Pick): Int }
    ";

    fn verdict(declared: &str, value: serde_json::Value) -> Result<(), String> {
        let document = parse_query(format!("query($v: {declared}) {{ a }}")).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let types = InputTypes::parse(SCHEMA).unwrap();
        let variables = Variables::from_json(value);
        check(&operation.node, &variables, &types).map_err(|fault| fault.message.into_owned())
    }

    #[test]
    fn fitting_values_pass() {
        for (declared, value) in [
            ("Int!", json!({"v": 5_000_000_000_i64})),
            ("Float", json!({"v": 1})),
            ("ID!", json!({"v": 7})),
            ("[Int!]!", json!({"v": 1})),
            ("[[Int]]", json!({"v": [[1, null], null]})),
            (
                "Note!",
                json!({"v": {"text": "x", "mood": "BAD", "tags": ["a"], "at": 3}}),
            ),
            ("Pick", json!({"v": {"id": "1"}})),
            ("String", json!({})),
            ("String! = \"x\"", json!({})),
            ("String", json!({"v": null, "unused": 1})),
        ] {
            assert_eq!(verdict(declared, value), Ok(()), "{declared}");
        }
    }

    #[test]
    fn misfits_are_named_by_place_and_never_by_value() {
        for (declared, value, place) in [
            ("Int!", json!({}), "\"$v\""),
            ("Int!", json!({"v": null}), "\"$v\""),
            ("Int", json!({"v": "hush-hush"}), "\"$v\""),
            ("Int", json!({"v": 1.5}), "\"$v\""),
            ("String", json!({"v": 5}), "\"$v\""),
            ("Boolean", json!({"v": "hush-hush"}), "\"$v\""),
            ("[Int!]", json!({"v": [1, null]}), "\"$v[1]\""),
            ("Note", json!({"v": "hush-hush"}), "\"$v\""),
            ("Note", json!({"v": {}}), "\"$v.text\""),
            (
                "Note",
                json!({"v": {"text": "x", "mood": "hush-hush"}}),
                "\"$v.mood\"",
            ),
            (
                "Note",
                json!({"v": {"text": "x", "tags": ["a", 1]}}),
                "\"$v.tags[1]\"",
            ),
            (
                "Note",
                json!({"v": {"text": "x", "hush-hush": 1}}),
                "\"$v\"",
            ),
            (
                "Pick",
                json!({"v": {"id": "1", "name": "hush-hush"}}),
                "\"$v\"",
            ),
            ("Pick", json!({"v": {"id": null}}), "\"$v\""),
        ] {
            let message = verdict(declared, value).unwrap_err();
            assert!(message.contains(place), "{message}");
            assert!(!message.contains("hush-hush"), "{message}");
        }
    }
}
