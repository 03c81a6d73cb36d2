//! Values written in a document, against the types of the arguments and variables they are given to.
//!
//! async-graphql takes a string for the value of an enum, looks into no argument that holds a variable which was left out, and
//! lets what is no object pass for an input object until the field runs. The specification (5.6, Values) refuses all three
//! before anything is executed. As with variables, the message names the place and not the value.

use async_graphql::parser::types::{
    BaseType, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet, Type,
};
use async_graphql::{Name, Positioned};
use async_graphql_value::Value;

use super::misfit::Misfit;
use super::types::{InputType, InputTypes};
use crate::http::fault::Fault;

/// Checks every literal of a document whose depth is known to be bounded. Each fragment is looked at once, by itself: its
/// type is written on it. What the schema does not know is left to validation.
///
/// # Errors
/// The first literal that does not fit.
pub(super) fn check(document: &ExecutableDocument, types: &InputTypes) -> Result<(), Fault> {
    for (_, operation) in document.operations.iter() {
        defaults(&operation.node, types)?;
        let root = types.root(operation.node.ty);
        set(&operation.node.selection_set.node, root, types)?;
    }
    for fragment in document.fragments.values() {
        let on = fragment.node.type_condition.node.on.node.as_str();
        set(&fragment.node.selection_set.node, Some(on), types)?;
    }
    Ok(())
}

fn defaults(operation: &OperationDefinition, types: &InputTypes) -> Result<(), Fault> {
    for definition in &operation.variable_definitions {
        let definition = &definition.node;
        if let Some(default) = &definition.default_value {
            let ty = &definition.var_type.node;
            if let Some(misfit) = misfit(&default.node.clone().into_value(), ty, types) {
                let place = misfit.place(format!("${}", definition.name.node));
                let message = format!(
                    "The default of variable \"{place}\" of type \"{ty}\" {}.",
                    misfit.what
                );
                return Err(Fault::invalid(message).at(default.pos));
            }
        }
    }
    Ok(())
}

fn set(set: &SelectionSet, parent: Option<&str>, types: &InputTypes) -> Result<(), Fault> {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => self::field(&field.node, parent, types)?,
            Selection::InlineFragment(inline) => {
                let condition = inline.node.type_condition.as_ref();
                let on =
                    condition.map_or(parent, |condition| Some(condition.node.on.node.as_str()));
                self::set(&inline.node.selection_set.node, on, types)?;
            }
            Selection::FragmentSpread(_) => {}
        }
    }
    Ok(())
}

fn field(field: &Field, parent: Option<&str>, types: &InputTypes) -> Result<(), Fault> {
    let Some(known) = parent.and_then(|parent| types.field(parent, &field.name.node)) else {
        return Ok(());
    };
    for (name, value) in &field.arguments {
        if let Some(ty) = known.arguments.get(&name.node) {
            argument(name, value, ty, types)?;
        }
    }
    set(&field.selection_set.node, Some(&known.ty), types)
}

fn argument(
    name: &Positioned<Name>,
    value: &Positioned<Value>,
    ty: &Type,
    types: &InputTypes,
) -> Result<(), Fault> {
    let Some(misfit) = misfit(&value.node, ty, types) else {
        return Ok(());
    };
    let place = misfit.place(name.node.to_string());
    let message = format!("Argument \"{place}\" of type \"{ty}\" {}.", misfit.what);
    Err(Fault::invalid(message).at(value.pos))
}

fn misfit(value: &Value, ty: &Type, types: &InputTypes) -> Option<Misfit> {
    match (&ty.base, value) {
        // Whether a variable may stand here is a matter of its declared type.
        (_, Value::Variable(_)) => None,
        (_, Value::Null) => (!ty.nullable).then(Misfit::null),
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
        // Any whole number, as in variables.
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
    match (types.get(name)?, value) {
        (InputType::Scalar, _) => None,
        (InputType::Enum(values), Value::Enum(text)) if values.contains(text.as_str()) => None,
        (InputType::Enum(_), _) => Some(Misfit::value_of(name)),
        (InputType::Object { fields, one_of }, Value::Object(given)) => {
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
        (InputType::Object { .. }, _) => Some(Misfit::object(name)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use async_graphql::parser::parse_query;

    use super::*;

    const SCHEMA: &str = "
        scalar DateTime
        enum Mood { GOOD BAD }
        input Note { text: String!, mood: Mood = GOOD, tags: [String!], at: DateTime }
        input Pick @oneOf { id: ID, name: String }
        interface Named { name(mood: Mood): String }
        type Thing implements Named { name(mood: Mood): String, things(first: Int): [Thing!]! }
        union Any = Thing
        type Query { note(note: Note, mood: Mood, pick: Pick, n: Int, f: Float, b: Boolean, id: ID, s: [String!]): Int
                     things: [[Thing!]!]!, any: Any, named: Named }
        type Mutation { mood(mood: Mood!): Int }
        type Subscription { mood(moods: [Mood!]): Int }
        schema { query: Query mutation: Mutation subscription: Subscription }
    ";

    fn verdict(document: &str) -> Result<(), String> {
        let types = InputTypes::parse(SCHEMA).unwrap();
        let document = parse_query(document).unwrap();
        check(&document, &types).map_err(|fault| fault.message.into_owned())
    }

    #[test]
    fn fitting_literals_pass() {
        for document in [
            "{ note(mood: GOOD, n: 5000000000, f: 1, b: true, id: 7, s: \"x\") }",
            "{ note(note: { text: \"x\", mood: BAD, tags: [\"a\"], at: 3 }, pick: { id: \"1\" }) }",
            "{ note(note: { text: \"x\", at: ANYTHING, tags: null }, id: \"7\", s: [\"x\"]) }",
            "query($v: Mood = BAD, $t: String!) { note(mood: $v, note: { text: $t, mood: $v }) }",
            "query($v: Note = { text: \"x\" }) { note(note: $v) }",
            "mutation { mood(mood: GOOD) }",
            "subscription { mood(moods: GOOD) }",
            // Not ours to judge.
            "{ unknown(mood: \"GOOD\") note(unknown: \"GOOD\") }",
            "{ __typename any { __typename ... on Unknown { name(mood: \"GOOD\") } } }",
        ] {
            assert_eq!(verdict(document), Ok(()), "{document}");
        }
    }

    #[test]
    fn misfits_are_named_by_place_and_never_by_value() {
        for (document, place) in [
            ("{ note(mood: \"GOOD\") }", "\"mood\""),
            ("{ note(mood: HUSH) }", "\"mood\""),
            ("{ note(mood: 1) }", "\"mood\""),
            (
                "{ note(note: { text: \"x\", mood: \"GOOD\" }) }",
                "\"note.mood\"",
            ),
            (
                "query($t: String) { note(note: { text: $t, mood: \"GOOD\" }) }",
                "\"note.mood\"",
            ),
            ("{ note(note: \"HUSH\") }", "\"note\""),
            ("{ note(note: { mood: GOOD }) }", "\"note.text\""),
            ("{ note(note: { text: null }) }", "\"note.text\""),
            ("{ note(note: { text: \"x\", HUSH: 1 }) }", "\"note\""),
            (
                "{ note(note: { text: \"x\", tags: [\"a\", HUSH] }) }",
                "\"note.tags[1]\"",
            ),
            ("{ note(n: \"HUSH\") }", "\"n\""),
            ("{ note(n: 1.5) }", "\"n\""),
            ("{ note(f: \"HUSH\") }", "\"f\""),
            ("{ note(b: \"true\") }", "\"b\""),
            ("{ note(b: 1) }", "\"b\""),
            ("{ note(id: HUSH) }", "\"id\""),
            ("{ note(s: [\"a\", 1]) }", "\"s[1]\""),
            ("{ note(s: HUSH) }", "\"s\""),
            ("{ note(pick: { id: 1, name: \"HUSH\" }) }", "\"pick\""),
            ("{ note(pick: { id: null }) }", "\"pick\""),
            ("mutation { mood(mood: null) }", "\"mood\""),
            (
                "subscription { mood(moods: [GOOD, \"HUSH\"]) }",
                "\"moods[1]\"",
            ),
            ("query($v: Mood = \"GOOD\") { note(mood: $v) }", "\"$v\""),
            ("query($v: [Mood] = [GOOD, \"BAD\"]) { note }", "\"$v[1]\""),
            (
                "{ things { things { things(first: \"1\") { name } } } }",
                "\"first\"",
            ),
            ("{ named { name(mood: \"GOOD\") } }", "\"mood\""),
            (
                "{ any { ... on Thing { name(mood: \"GOOD\") } } }",
                "\"mood\"",
            ),
            (
                "{ things { ... { ...F } } } fragment F on Thing { name(mood: \"GOOD\") }",
                "\"mood\"",
            ),
        ] {
            let message = verdict(document).unwrap_err();
            assert!(message.contains(place), "{document}: {message}");
            assert!(!message.contains("HUSH"), "{message}");
        }
    }
}
