//! The types a variable can have, read from the schema's own text.

use std::collections::{HashMap, HashSet};

use async_graphql::Name;
use async_graphql::parser::types::{DirectiveLocation, Type, TypeKind, TypeSystemDefinition};
use async_graphql::parser::{self, parse_schema};

/// The input types of a schema, and the directives a document may use.
#[derive(Debug, Default)]
pub(crate) struct InputTypes {
    types: HashMap<String, InputType>,
    directives: HashSet<String>,
}

/// One input type, as far as checking a value needs it.
#[derive(Debug)]
pub(super) enum InputType {
    Enum(HashSet<String>),
    Object {
        fields: HashMap<Name, InputField>,
        one_of: bool,
    },
    /// Of the scalars only the five of the language are known from outside.
    Scalar,
}

#[derive(Debug)]
pub(super) struct InputField {
    pub(super) ty: Type,
    pub(super) has_default: bool,
}

impl InputTypes {
    /// Reads the schema definition language.
    pub(crate) fn parse(schema: &str) -> Result<Self, parser::Error> {
        let mut found = Self::default();
        found
            .directives
            .extend(["skip".to_owned(), "include".to_owned()]);
        for definition in parse_schema(schema)?.definitions {
            match definition {
                TypeSystemDefinition::Type(definition) => {
                    let directives = definition.node.directives;
                    let ty = match definition.node.kind {
                        TypeKind::Scalar => InputType::Scalar,
                        TypeKind::Enum(kind) => InputType::Enum(
                            kind.values
                                .into_iter()
                                .map(|value| value.node.value.node.to_string())
                                .collect(),
                        ),
                        TypeKind::InputObject(kind) => InputType::Object {
                            fields: kind
                                .fields
                                .into_iter()
                                .map(|field| {
                                    let has_default = field.node.default_value.is_some();
                                    (
                                        field.node.name.node,
                                        InputField {
                                            ty: field.node.ty.node,
                                            has_default,
                                        },
                                    )
                                })
                                .collect(),
                            one_of: directives
                                .iter()
                                .any(|directive| directive.node.name.node == "oneOf"),
                        },
                        TypeKind::Object(_) | TypeKind::Interface(_) | TypeKind::Union(_) => {
                            continue;
                        }
                    };
                    found
                        .types
                        .insert(definition.node.name.node.to_string(), ty);
                }
                TypeSystemDefinition::Directive(directive) => {
                    if directive
                        .node
                        .locations
                        .iter()
                        .any(|location| is_executable(location.node))
                    {
                        found
                            .directives
                            .insert(directive.node.name.node.to_string());
                    }
                }
                TypeSystemDefinition::Schema(_) => {}
            }
        }
        Ok(found)
    }

    pub(super) fn get(&self, name: &str) -> Option<&InputType> {
        self.types.get(name)
    }

    pub(super) fn knows_directive(&self, name: &str) -> bool {
        self.directives.contains(name)
    }
}

fn is_executable(location: DirectiveLocation) -> bool {
    use DirectiveLocation::{
        Field, FragmentDefinition, FragmentSpread, InlineFragment, Mutation, Query, Subscription,
        VariableDefinition,
    };
    matches!(
        location,
        Query
            | Mutation
            | Subscription
            | Field
            | FragmentDefinition
            | FragmentSpread
            | InlineFragment
            | VariableDefinition
    )
}
