//! What every test stands on.

mod caller;
mod cluster;
mod server;

pub use caller::Caller;
pub use server::Server;
