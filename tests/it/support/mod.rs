//! What every test stands on.

mod caller;
mod cluster;
mod server;

pub use caller::Caller;
pub(crate) use cluster::Database;
pub use server::Server;
pub(crate) use server::pool;
