//! Stub.
pub mod code;
