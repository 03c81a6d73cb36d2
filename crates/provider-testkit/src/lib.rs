//! A server on this machine that speaks as providers do, chat completions and Anthropic's messages both, and fails as they do; for
//! tests alone.
//!
//! **The one rule:** it knows nothing of the crates that it tests, so that it cannot share their mistakes.
//!
//! ```no_run
//! # async fn example() {
//! use agentry_provider_testkit::{Answer, FaultServer};
//!
//! let server = FaultServer::start().await;
//! server.next(Answer::refusal(429, "slow down").with("retry-after", "1"));
//! server.always(Answer::words(["Hello", " there"]));
//! // ... call `server.openai_url()` or `server.anthropic_url()`; then see what was asked:
//! assert_eq!(server.requests()[1].header("authorization"), Some("Bearer key"));
//! # }
//! ```
//!
//! **How to add a fault:** a variant of [`Then`], where it happens in a stream, or of [`Answer`], where there is none.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod answer;
mod anthropic;
mod openai;
mod port;
mod server;
mod speech;
mod tls;

pub use answer::{Answer, Script, Then};
pub use port::{port_that_hangs_up, port_that_refuses};
pub use server::{FaultServer, Recorded};
pub use speech::Speech;
pub use tls::{AUTHORITY, NAME};
