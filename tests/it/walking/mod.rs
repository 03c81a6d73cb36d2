//! Tests that enumerate the database, so that nothing new can skip them.
//!
//! Each needs a migrated database of its own, reached as a superuser of the test cluster, and leaves it as it was: all they
//! do lies in one transaction that is rolled back. Where an outcome is kept in a file, `AGENTRY_SNAPSHOTS=write` writes it anew.

pub(crate) mod catalog;
mod grants;
pub(crate) mod loosen;
mod probe;
mod rules;
mod schema;
mod seed;
mod snapshot;
pub(crate) mod tenancy;
