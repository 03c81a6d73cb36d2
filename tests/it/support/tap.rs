//! Stands between a server and its database, and notes which statements are executed: by the messages of PostgreSQL's protocol
//! (version 3) themselves.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

use super::cluster::Database;
use super::folder::Folder;

/// Forwards a Unix socket of its own to the database's.
#[derive(Clone)]
pub struct Tap {
    heard: Arc<Mutex<Vec<Vec<String>>>>,
    _folder: Arc<Folder>,
}

impl Tap {
    /// Before `database`; and the same database, with the service going through the tap.
    pub fn before(database: &Database) -> (Self, Database) {
        let name = format!(".s.PGSQL.{}", database.service.get_port());
        let folder = Folder::new();
        let target = database.service.get_socket().unwrap().join(&name);
        let listener = UnixListener::bind(folder.path().join(&name)).unwrap();
        let service: PgConnectOptions = database.service.clone().socket(folder.path());
        let tap = Self {
            heard: Arc::default(),
            _folder: Arc::new(folder),
        };
        tokio::spawn(tap.clone().listen(listener, target));
        let database = Database {
            service,
            ..database.clone()
        };
        (tap, database)
    }

    /// What was executed so far, by connection, in order.
    pub fn heard(&self) -> Vec<Vec<String>> {
        self.heard.lock().unwrap().clone()
    }

    async fn listen(self, listener: UnixListener, target: PathBuf) {
        while let Ok((near, _)) = listener.accept().await {
            let far = UnixStream::connect(&target).await.unwrap();
            let connection = {
                let mut heard = self.heard.lock().unwrap();
                heard.push(Vec::new());
                heard.len() - 1
            };
            let tap = self.clone();
            // Either end may be closed at any time.
            tokio::spawn(async move {
                let _ = tap.forward(near, far, connection).await;
            });
        }
    }

    async fn forward(
        &self,
        near: UnixStream,
        far: UnixStream,
        connection: usize,
    ) -> std::io::Result<()> {
        let (mut asks, mut answered) = near.into_split();
        let (mut answers, mut asked) = far.into_split();
        tokio::spawn(async move { tokio::io::copy(&mut answers, &mut answered).await });
        // The first message, and what may come before it, has no kind.
        let mut is_open = false;
        let mut prepared = HashMap::new();
        loop {
            let kind = if is_open { asks.read_u8().await? } else { 0 };
            let length = asks.read_u32().await?;
            let mut body = vec![0; length as usize - 4];
            asks.read_exact(&mut body).await?;
            if is_open {
                if let Some(executed) = executed(kind, &body, &mut prepared) {
                    self.heard.lock().unwrap()[connection].push(executed);
                }
                asked.write_u8(kind).await?;
            }
            // 3.0; anything else asks for encryption, and is followed by it.
            is_open |= body.starts_with(&[0, 3, 0, 0]);
            asked.write_u32(length).await?;
            asked.write_all(&body).await?;
        }
    }
}

/// The statement that this message executes. Those that are prepared are kept by name until then.
fn executed(kind: u8, body: &[u8], prepared: &mut HashMap<String, String>) -> Option<String> {
    let mut texts = body.split(|byte| *byte == 0);
    let mut text = || String::from_utf8_lossy(texts.next().unwrap_or_default()).into_owned();
    match kind {
        b'Q' => Some(text()),
        b'P' => {
            let name = text();
            prepared.insert(name, text());
            None
        }
        b'B' => {
            let _portal = text();
            prepared.get(&text()).cloned()
        }
        _ => None,
    }
}
