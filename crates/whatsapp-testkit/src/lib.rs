//! A server on this machine that speaks Meta's Cloud API, and fails as it does; for tests alone.
//!
//! **The one rule:** it knows nothing of the crates that it tests, so that it cannot share their mistakes.
//!
//! ```no_run
//! # async fn example() {
//! use agentry_whatsapp_testkit::{CloudApi, Fault, Phone};
//!
//! let meta = CloudApi::start().await;
//! meta.next(Fault::refusal(429, 130_429));
//! let phone = Phone::new("106540352242922", "the app's secret");
//! let status = phone.text("http://127.0.0.1:4000/webhooks/whatsapp", "447700900001", "wamid.1", "Hello").await;
//! assert_eq!(status, 200);
//! assert_eq!(meta.wait_for(1).await[0].to, "447700900001");
//! # }
//! ```
//!
//! **How to add a fault:** a variant of [`Fault`].

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod phone;
mod server;

pub use phone::{Phone, sign};
pub use server::{CloudApi, Fault, Sent, meaning};
