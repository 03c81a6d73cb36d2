//! Calls to language model providers: where they go, with which key, what comes back, and what went wrong.
//!
//! **The one rule:** what a provider or a user says is not believed. Addresses are checked where the connection is made, answers are
//! bounded in size and time, a stream counts as complete only with the provider's own end mark, and no text of a provider's is shown
//! before [`SafeText`] has seen it. Keys live as [`SecretString`](secrecy::SecretString) and in one header, nowhere else.
//!
//! **How to add a service:** one that speaks chat completions needs a line in `service.rs`, if it has one address for everybody, and
//! nothing otherwise. A new dialect is a variant of [`Dialect`] and a file beside those in `wire`.

mod address;
pub mod budget;
mod call;
mod circuit;
pub mod echo;
mod endpoint;
mod error;
mod event;
mod http;
mod outbound;
pub mod prices;
mod providers;
mod reply;
mod request;
mod retry;
mod safe;
mod service;
mod settings;
mod sse;
mod target;
#[cfg(test)]
mod tests;
mod wire;

pub use address::{AddressGuard, AllowList, AllowListError, Refusal};
pub use endpoint::{Endpoint, EndpointOptions};
pub use error::{ProviderError, Unreachable};
pub use event::{ChatEvent, StopReason, Usage};
pub use outbound::{Answer, Call, CallError, Outbound};
pub use prices::{Prices, PricesError};
pub use providers::{ChatStream, Providers, TestReport};
pub use request::{ChatMessage, ChatRequest, Role, ToolCall, ToolDefinition};
pub use safe::SafeText;
pub use service::{Dialect, Service};
pub use settings::{
    CircuitSettings, EchoSettings, Patience, Retries, Settings, SettingsError, Sizes,
};
