use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use tokio::task::spawn_blocking;

use super::{Fault, Transport};
use crate::Message;
use crate::sender::Sender;

/// Messages stay on the machine, one file each, for nobody but the account the service runs as.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self(path)
    }
}

#[async_trait]
impl Transport for Folder {
    async fn deliver(&self, sender: &Sender, message: &Message) -> Result<(), Fault> {
        let text = message.mime(sender)?.formatted();
        let (folder, kind) = (self.0.clone(), message.kind().as_str());
        let written = spawn_blocking(move || write(&folder, kind, &text)).await;
        let path = written
            .unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into()))
            .map_err(|error| {
                Fault::Temporary(format!(
                    "the outbox {} cannot be written: {error}",
                    self.0.display()
                ))
            })?;
        tracing::info!(mail.kind = kind, mail.file = %path.display(), "a message is in the outbox");
        Ok(())
    }
}

/// Named by time, so that the newest comes last; whole or not there at all.
fn write(folder: &Path, kind: &str, text: &[u8]) -> io::Result<PathBuf> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let name = format!("{:013}-{kind}-{}", now.as_millis(), cuid2::create_id());
    let (draft, path) = (
        folder.join(format!(".{name}")),
        folder.join(format!("{name}.eml")),
    );
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| file.write_all(text))
        .and_then(|()| std::fs::rename(&draft, &path));
    if written.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    written.map(|()| path)
}
