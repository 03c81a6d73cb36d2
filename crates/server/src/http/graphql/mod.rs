//! GraphQL over HTTP, by the specification's edition of September 2026.

mod accept;
mod cache;
mod coerce;
mod decode;
mod document;
mod execute;
mod handler;
mod limits;
mod literal;
mod mask;
mod misfit;
mod prepare;
mod respond;
mod scan;
mod types;

pub(crate) use cache::DocumentCache;
pub(crate) use decode::{Params, check_content_type, params_from_json, read_body};
pub(crate) use document::kind_name;
pub(crate) use execute::{execute, subscribe};
pub(crate) use handler::{Caller, handler};
pub(crate) use mask::Settled;
pub(crate) use prepare::{Prepared, prepare};
pub(crate) use respond::{body as fault_body, refuse};
pub(crate) use scan::json_nesting;
pub(crate) use types::InputTypes;
