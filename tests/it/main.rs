//! End to end: a real server on a real PostgreSQL, over HTTP and WebSocket.
//!
//! The one rule: every test starts a [`support::Server`] of its own, on its own copy of the database, and speaks to it as a
//! client would. To add a test: a function in the file of its noun, named after the claim it proves.
// The futures of the merged mutations lie one inside another; see agentry-schema.
#![recursion_limit = "256"]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_lines,
    clippy::needless_pass_by_value,
    clippy::cloned_ref_to_slice_refs,
    unreachable_pub,
    reason = "a test may stop at what it did not expect, and shares its helpers with the others"
)]

mod accounts;
mod agents;
mod answers;
mod api_connections;
mod audit;
mod auth_shapes;
mod bench;
mod conversations;
mod credentials;
mod faults;
mod feedback;
mod kill;
mod links;
mod logs;
mod mail;
mod messages;
mod organizations;
mod pages;
mod people;
mod plans;
mod program;
mod runs;
mod schema;
mod sessions;
mod statements;
mod store;
mod streams;
mod subscriptions;
mod support;
mod talks;
mod templates;
mod tools;
mod usage;
mod versions;
mod walking;
mod whatsapp;
