//! The GraphQL surface: one file a noun, with its type, inputs, results, queries and mutations.
//!
//! The one rule: nothing is read or written here but through a scope of the request's own tenant, which is to be had only for a
//! [`Noun`] to read or an [`Action`] to do, and no column reaches a client unless a `From<Model>` names it. Expected outcomes
//! of a mutation are data; everything else is a coded error.
//!
//! To add a field: name it in the noun's `From<Model>` (the build breaks until you do), then `make schema`.
//! To add a mutation: its function in `agentry-db`, its action in `agentry_auth::policy`, then `VerbNounInput` and
//! `VerbNounResult` in the noun's file, with `failure::mutation_result`. To add a type with an id: a variant of [`node::Node`].

// The futures of merged objects nest as deep as there are of them.
#![recursion_limit = "256"]
#![expect(
    clippy::too_many_arguments,
    clippy::unused_async,
    reason = "a GraphQL argument is an argument of its resolver, and every resolver is async"
)]

use std::sync::Arc;

use async_graphql::{Schema, SchemaBuilder};

pub mod account;
pub mod agent;
pub mod agent_version;
pub mod api_connection;
pub mod api_key;
pub mod audit_event;
mod check;
pub mod code;
pub mod connection;
mod context;
pub mod conversation;
pub mod entity_type;
mod error;
mod event_ids;
pub mod export;
#[expect(
    missing_docs,
    reason = "the Interface derive writes a method without them"
)]
pub mod failure;
pub mod feedback;
mod idempotency;
mod limits;
mod loader;
mod mail;
pub mod message;
mod mutation;
#[expect(
    missing_docs,
    reason = "the Interface derive writes a method without them"
)]
pub mod node;
pub mod organization;
mod query;
pub mod run;
mod safe_int;
pub mod search;
mod secret;
mod services;
mod subscription;
pub mod template;
pub mod tool;
pub mod usage;
pub mod user;
pub mod viewer;
mod visibility;
pub mod whatsapp;
pub mod whatsapp_number;

pub use agentry_auth::policy::{Action, Noun};
pub use context::{Doing, Door, RequestContext};
pub use error::ApiError;
pub use event_ids::EventIds;
pub use limits::Limits;
pub use mail::Mail;
pub use mutation::Mutation;
pub use query::Query;
pub use safe_int::SafeInt;
pub use secret::Secret;
pub use services::Services;
pub use subscription::Subscription;
pub use whatsapp_number::WhatsApp;

/// The schema that is served.
pub type AgentrySchema = Schema<Query, Mutation, Subscription>;

/// Builds the schema for these services. Complexity is limited here; everything that can be counted without the schema (depth,
/// aliases, tokens, nesting of values) is limited before a document comes this far.
#[must_use]
pub fn build(services: Arc<Services>, introspection: bool) -> AgentrySchema {
    let limits = services.limits.clone();
    let mut builder = types().data(services).limit_complexity(limits.complexity);
    if !introspection {
        builder = builder.disable_introspection();
    }
    builder.finish()
}

/// The schema's own text (SDL), sorted, as it is kept in `schema.graphql`.
#[must_use]
pub fn sdl() -> String {
    let export = async_graphql::SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items();
    types()
        .finish()
        .sdl_with_options(export.include_specified_by())
}

fn types() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(
        Query::default(),
        Mutation::default(),
        Subscription::default(),
    )
    .register_output_type::<node::Node>()
    .register_output_type::<failure::UserError>()
    .disable_suggestions()
}
