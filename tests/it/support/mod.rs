//! What every test stands on.

mod caller;
mod cluster;
mod folder;
mod outbox;
mod program;
mod proxy;
mod server;
mod smtp;
mod socket;
mod tap;
mod wait;

pub use caller::Caller;
pub use cluster::{Database, OwnCluster};
pub use folder::Folder;
pub use outbox::{Outbox, letters};
pub use program::{Agentry, Ended, Running, program};
pub use proxy::Proxy;
pub(crate) use server::pool;
pub use server::{AUTH_SECRET, Server, TEST_KEY};
pub use smtp::{Smtp, Turn};
pub use socket::Socket;
pub use tap::Tap;
pub use wait::{PATIENCE, until, waiting_for_locks};
