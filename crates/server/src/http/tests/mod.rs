//! The face as a client sees it: a small schema behind a real socket.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod csrf;
mod documents;
mod errors;
mod http;
mod log;
#[allow(
    clippy::unused_async,
    reason = "async-graphql's macro takes async functions only"
)]
mod schema;
mod serve;
mod server;
mod sse;
mod ws;
