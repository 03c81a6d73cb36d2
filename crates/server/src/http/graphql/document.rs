//! A document that was parsed and found within the limits.

use agentry_schema::code;
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType,
};
use async_graphql::parser::{Error, parse_query};
use async_graphql::{Name, Positioned};
use axum::http::StatusCode;

use super::limits::Measure;
use super::literal;
use super::types::InputTypes;
use crate::http::fault::Fault;
use crate::http::options::DocumentLimits;

/// A document and what is known about its operations.
#[derive(Clone, Debug)]
pub(crate) struct CheckedDocument {
    pub(super) document: ExecutableDocument,
    operations: Vec<OperationInfo>,
}

/// One operation of a document.
#[derive(Clone, Debug)]
pub(super) struct OperationInfo {
    pub(super) name: Option<Name>,
    pub(super) kind: OperationType,
    pub(super) root_fields: usize,
    pub(super) introspects: bool,
}

impl CheckedDocument {
    /// Parses a document whose tokens have been counted, and holds it against the limits and its literals against the schema.
    ///
    /// # Errors
    /// 400 when it does not parse, 422 for a limit or a rule broken.
    pub(super) fn parse(
        text: &str,
        limits: &DocumentLimits,
        types: &InputTypes,
    ) -> Result<Self, Fault> {
        let document = parse_query(text).map_err(|error| unparsable(&error))?;
        let mut measure = Measure::new(&document, limits, types);
        let mut operations = Vec::with_capacity(1);
        for (name, operation) in document.operations.iter() {
            for variable in &operation.node.variable_definitions {
                measure.directives(&variable.node.directives)?;
            }
            let totals = measure.operation(
                &operation.node.selection_set.node,
                &operation.node.directives,
            )?;
            operations.push(OperationInfo {
                name: name.cloned(),
                kind: operation.node.ty,
                root_fields: totals.fields,
                introspects: totals.introspects,
            });
        }
        if !measure.met_every_fragment() {
            return Err(Fault::invalid("A fragment is defined and not used."));
        }
        literal::check(&document, types)?;
        Ok(Self {
            document,
            operations,
        })
    }

    /// `GetOperation` of the GraphQL specification.
    ///
    /// # Errors
    /// 422 when it cannot be told which operation is meant.
    pub(super) fn operation(&self, name: Option<&str>) -> Result<&OperationInfo, Fault> {
        match (name, self.operations.as_slice()) {
            (None, [only]) => Ok(only),
            (None, _) => Err(Fault::invalid(
                "The document has several operations: `operationName` must name one.",
            )),
            (Some(name), operations) => operations
                .iter()
                .find(|operation| operation.name.as_deref() == Some(name))
                .ok_or_else(|| {
                    Fault::invalid("The document has no operation of the name in `operationName`.")
                }),
        }
    }

    pub(super) fn definition(&self, name: Option<&Name>) -> Option<&OperationDefinition> {
        match (&self.document.operations, name) {
            (DocumentOperations::Single(operation), None) => Some(operation),
            (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
            _ => None,
        }
        .map(|operation: &Positioned<OperationDefinition>| &operation.node)
    }
}

/// The word for a kind of operation.
pub(crate) fn kind_name(kind: OperationType) -> &'static str {
    match kind {
        OperationType::Query => "query",
        OperationType::Mutation => "mutation",
        OperationType::Subscription => "subscription",
    }
}

/// The parser's message shows the line it stopped at, secrets and all; its last part says what it expected.
fn unparsable(error: &Error) -> Fault {
    let text = error.to_string();
    let message = match error {
        Error::Syntax { .. } => match text.rsplit_once("\n  = ") {
            Some((_, expected)) => format!("The document does not parse: {}.", expected.trim()),
            None => "The document does not parse.".to_owned(),
        },
        Error::RecursionLimitExceeded => return Fault::over("levels of selections", 64),
        _ => format!("The document does not parse: {text}."),
    };
    let fault = Fault::new(StatusCode::BAD_REQUEST, code::GRAPHQL_PARSE_FAILED, message);
    match error.positions().next() {
        Some(pos) => fault.at(pos),
        None => fault,
    }
}
