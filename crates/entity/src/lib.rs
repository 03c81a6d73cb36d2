//! SeaORM entities: one file a table, columns and nothing else.
//!
//! The one rule: an entity has no behaviour and no output form; it is a row. What a row may show is decided in
//! `agentry-schema`, and which rows there are to see in `agentry-db` and the policies behind it.
//!
//! To add a table: its migration first, then a file here named like the table's noun, with [`TenantOwned`] when it has an
//! `organization_id`. A secret column is a [`SealedColumn`].

pub mod agent;
pub mod agent_api_connection;
pub mod agent_feedback;
pub mod agent_message;
pub mod agent_version;
pub mod api_connection;
pub mod audit_event;
pub mod conversation;
mod credential_kind;
pub mod id;
mod message_role;
mod rating;
pub mod run;
pub mod run_delta;
mod run_status;
mod sealed_column;
mod tenant_owned;
mod tool_outcome;
mod visibility;

pub use credential_kind::CredentialKind;
pub use message_role::MessageRole;
pub use rating::Rating;
pub use run_status::RunStatus;
pub use sealed_column::SealedColumn;
pub use tenant_owned::TenantOwned;
pub use tool_outcome::ToolOutcome;
pub use visibility::Visibility;
