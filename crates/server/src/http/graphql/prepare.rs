//! Everything between the parameters of a request and its execution, whatever the transport.

use std::sync::Arc;

use async_graphql::Request;
use async_graphql::parser::types::OperationType;

use super::coerce;
use super::decode::Params;
use super::document::CheckedDocument;
use super::scan::scan;
use crate::http::fault::Fault;
use crate::http::state::Shared;

/// A request ready to be executed.
pub(crate) struct Prepared {
    pub(crate) request: Request,
    pub(crate) name: Option<String>,
    pub(crate) kind: OperationType,
    /// Whether an answer without data means that nothing happened.
    pub(crate) atomic: bool,
}

/// Scans, parses, checks the limits, finds the operation and checks its variables. A document seen before is only cloned.
///
/// # Errors
/// The first thing wrong with the request. Validation against the schema is the executor's.
pub(crate) fn prepare(shared: &Shared, params: Params) -> Result<Prepared, Fault> {
    let checked = checked(shared, &params.query)?;
    let operation = checked.operation(params.operation_name.as_deref())?;
    let (name, kind, introspects) = (
        operation.name.clone(),
        operation.kind,
        operation.introspects,
    );
    // Of the specification's rules (5.2.3.1); two would be two streams whose events nobody could tell apart.
    if kind == OperationType::Subscription && operation.root_fields != 1 {
        return Err(Fault::invalid("A subscription has exactly one field."));
    }
    let atomic = kind == OperationType::Query || operation.root_fields <= 1;
    if introspects && !shared.options.introspection {
        return Err(Fault::invalid("Introspection is off."));
    }
    if let Some(definition) = checked.definition(name.as_ref()) {
        coerce::check(definition, &params.variables, &shared.types)?;
    }
    let mut request = Request::new(params.query).variables(params.variables);
    if !shared.options.introspection {
        request = request.disable_introspection();
    }
    request.extensions = params.extensions;
    let name = name.map(|name| name.to_string());
    request.operation_name.clone_from(&name);
    request.set_parsed_query(Arc::unwrap_or_clone(checked).document);
    Ok(Prepared {
        request,
        name,
        kind,
        atomic,
    })
}

fn checked(shared: &Shared, text: &str) -> Result<Arc<CheckedDocument>, Fault> {
    if let Some(known) = shared.documents.get(text) {
        return Ok(known);
    }
    let limits = &shared.options.limits;
    let scan = scan(text, limits)?;
    let checked = Arc::new(CheckedDocument::parse(text, limits, &shared.types)?);
    if !scan.has_text {
        shared.documents.put(text, &checked);
    }
    Ok(checked)
}
