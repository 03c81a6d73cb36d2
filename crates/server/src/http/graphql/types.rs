//! The types that values in a request can have, read from the schema's own text.

use std::collections::{HashMap, HashSet};

use async_graphql::Name;
use async_graphql::Positioned;
use async_graphql::parser::types::{
    BaseType, DirectiveLocation, FieldDefinition, OperationType, Type, TypeKind,
    TypeSystemDefinition,
};
use async_graphql::parser::{self, parse_schema};

/// The input types of a schema, where its fields take them, and the directives a document may use.
#[derive(Debug, Default)]
pub(crate) struct InputTypes {
    types: HashMap<String, InputType>,
    /// The fields of each object and interface.
    fields: HashMap<String, HashMap<Name, OutputField>>,
    roots: [Option<String>; 3],
    directives: HashSet<String>,
}

/// One field, as far as checking what it is given needs it.
#[derive(Debug)]
pub(super) struct OutputField {
    /// The type it has inside lists.
    pub(super) ty: Name,
    pub(super) arguments: HashMap<Name, Type>,
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
                        TypeKind::Object(kind) => {
                            let name = definition.node.name.node.to_string();
                            found.fields.insert(name, output_fields(kind.fields));
                            continue;
                        }
                        TypeKind::Interface(kind) => {
                            let name = definition.node.name.node.to_string();
                            found.fields.insert(name, output_fields(kind.fields));
                            continue;
                        }
                        TypeKind::Union(_) => continue,
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
                TypeSystemDefinition::Schema(schema) => {
                    let schema = schema.node;
                    found.roots = [schema.query, schema.mutation, schema.subscription]
                        .map(|root| root.map(|name| name.node.to_string()));
                }
            }
        }
        Ok(found)
    }

    pub(super) fn get(&self, name: &str) -> Option<&InputType> {
        self.types.get(name)
    }

    /// A field of an object or interface.
    pub(super) fn field(&self, ty: &str, name: &str) -> Option<&OutputField> {
        self.fields.get(ty)?.get(name)
    }

    /// The type whose fields an operation of this kind selects.
    pub(super) fn root(&self, kind: OperationType) -> Option<&str> {
        let [query, mutation, subscription] = &self.roots;
        match kind {
            OperationType::Query => query,
            OperationType::Mutation => mutation,
            OperationType::Subscription => subscription,
        }
        .as_deref()
    }

    pub(super) fn knows_directive(&self, name: &str) -> bool {
        self.directives.contains(name)
    }
}

fn output_fields(fields: Vec<Positioned<FieldDefinition>>) -> HashMap<Name, OutputField> {
    let fields = fields.into_iter().map(|field| {
        let field = field.node;
        let arguments = field.arguments.into_iter();
        let arguments = arguments.map(|argument| (argument.node.name.node, argument.node.ty.node));
        let output = OutputField {
            ty: bare(field.ty.node.base),
            arguments: arguments.collect(),
        };
        (field.name.node, output)
    });
    fields.collect()
}

fn bare(ty: BaseType) -> Name {
    match ty {
        BaseType::Named(name) => name,
        BaseType::List(inner) => bare(inner.base),
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
