//! The `agentry` binary's insides: command line, configuration, secrets, logging, the embedded PostgreSQL.
//!
//! The one rule: nothing here decides what a tenant may see or do. This crate starts things, joins them and stops them.
//!
//! To add a setting: a field in the fitting file of [`config`], with its flag, variable, default and a sentence; then
//! `AGENTRY_WRITE_DOCS=1 cargo test configuration_page` writes it into `docs/configuration.md`.

// The futures of merged objects nest as deep as there are of them; see agentry-schema.
#![recursion_limit = "256"]

pub mod app;
pub mod cli;
pub mod commands;
pub mod config;
pub mod embedded;
mod front;
pub mod gate;
pub mod graphiql;
pub mod http;
mod pages;
pub mod readiness;
mod rest;
pub mod secrets;
pub mod store;
pub mod telemetry;
mod webhooks;
