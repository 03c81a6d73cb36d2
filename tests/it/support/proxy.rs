//! Stands between a server and its database, and takes the database away.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sqlx::postgres::PgConnectOptions;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};

use super::cluster::Database;
use super::folder::Folder;

/// Forwards a Unix socket of its own to the database's.
pub struct Proxy {
    folder: Folder,
    target: PathBuf,
    port: u16,
    listening: Mutex<Option<JoinHandle<()>>>,
}

impl Proxy {
    /// Before `database`; and the same database, with the service going through the proxy.
    pub fn before(database: &Database) -> (Arc<Self>, Database) {
        let port = database.service.get_port();
        let proxy = Self {
            folder: Folder::new(),
            target: socket(database.service.get_socket().unwrap(), port),
            port,
            listening: Mutex::default(),
        };
        proxy.restore();
        let service: PgConnectOptions = database.service.clone().socket(proxy.folder.path());
        let database = Database {
            service,
            ..database.clone()
        };
        (Arc::new(proxy), database)
    }

    /// Ends every connection and takes no more: the socket is there and nobody listens, as when PostgreSQL has died.
    pub async fn cut(&self) {
        let listening = self.listening.lock().unwrap().take();
        if let Some(listening) = listening {
            listening.abort();
            // Its listener and its connections are dropped with it.
            let _ = listening.await;
        }
    }

    /// Takes connections again.
    pub fn restore(&self) {
        let path = socket(self.folder.path(), self.port);
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        let listening = tokio::spawn(forward(listener, self.target.clone()));
        *self.listening.lock().unwrap() = Some(listening);
    }
}

fn socket(folder: &Path, port: u16) -> PathBuf {
    folder.join(format!(".s.PGSQL.{port}"))
}

async fn forward(listener: UnixListener, target: PathBuf) {
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    loop {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut far = UnixStream::connect(&target).await.unwrap();
        connections.spawn(async move {
            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        });
    }
}
