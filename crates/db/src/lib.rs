//! The one door to SQL.
//!
//! The one rule: no connection without a [`Tenant`]. A [`Scope`] is a transaction that the database knows to act for that
//! tenant; every function of a noun takes one. The only look-ups without a tenant live in [`account`], [`session`], [`credential`],
//! [`verification`], [`rate_limit`], [`template`], [`whatsapp`] and [`whatsapp_link`], and reach the database through functions that return
//! the few columns they must. Two more
//! stand apart: [`proof`] and [`shape`] read nothing but the catalog, and [`rotation`], [`shape::amend`] and [`catalogue`] are the
//! owner's, never the service's.
//!
//! To add a noun: a file here named like it, with `find` (an `Option`), `list` (a [`Page`]), and
//! `insert`/`update`/`delete` that take a [`WriteScope`]; every statement goes through [`Tenant::scope`].

pub mod account;
pub mod agent;
pub mod agent_api_connection;
pub mod agent_feedback;
pub mod agent_message;
pub mod agent_version;
pub mod api_connection;
pub mod api_key;
pub mod audit;
pub mod catalogue;
pub mod conversation;
pub mod credential;
pub mod deletion;
mod doubt;
pub mod entity_type;
mod error;
pub mod export;
pub mod feedback_statistics;
mod finish;
pub mod fork;
pub mod hand_over;
mod id;
pub mod idempotency;
pub mod invitation;
mod keyset;
mod lease;
pub mod live;
pub mod member;
pub mod node;
pub mod organization;
mod pool;
pub mod profile;
pub mod proof;
pub mod rate_limit;
mod read;
mod refused;
pub mod reply;
pub mod rotation;
pub mod run;
mod scope;
pub mod sealed;
pub mod search;
pub mod session;
pub mod shape;
mod sql;
mod statements;
pub mod template;
pub mod template_install;
mod tenant;
pub mod usage;
pub mod user_profile;
pub mod verification;
pub mod whatsapp;
pub mod whatsapp_link;
mod write;

pub use agentry_entity as entity;
pub use agentry_entity::id as ids;
pub use error::{Constraint, DbError};
pub use id::new_id;
pub use keyset::{Cursor, Direction, Page, PageRequest, Position, Slice};
pub use lease::Lease;
pub use pool::{Db, PoolSettings, PoolStatus};
pub use read::ReadScope;
pub use refused::Refused;
pub use scope::Scope;
pub use sql::Through;
pub use statements::Statements;
pub use tenant::{Role, Tenant, UnsafeId};
pub use write::{AsDbError, WriteScope};
