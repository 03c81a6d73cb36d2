//! How to connect to the embedded server.

use std::path::{Path, PathBuf};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::form_urlencoded::byte_serialize;

use super::folder::{self, PORT};
use super::{DATABASE, OWNER_ROLE, SERVICE_ROLE, pidfile, process};

/// The socket of a server and the logins behind it. Holds no secret: who may enter the socket's folder may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub(crate) socket_dir: PathBuf,
}

impl Address {
    /// The server another Agentry runs on `data_dir` at this moment, if it is ready.
    #[must_use]
    pub fn of_running(data_dir: &Path) -> Option<Self> {
        let cluster = folder::cluster(&data_dir.canonicalize().ok()?);
        let file = pidfile::read(&cluster)?;
        let running =
            file.ready && process::exists(file.pid) && process::serves(file.pid, &cluster);
        running.then_some(Self {
            socket_dir: file.socket_dir?,
        })
    }

    /// The folder of the Unix socket.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// Connects as the owner, for migrations.
    #[must_use]
    pub fn owner_options(&self) -> PgConnectOptions {
        self.options(OWNER_ROLE, DATABASE)
    }

    /// Connects as the service.
    #[must_use]
    pub fn service_options(&self) -> PgConnectOptions {
        self.options(SERVICE_ROLE, DATABASE)
    }

    /// The owner's connection as a URL that libpq and sqlx both read.
    #[must_use]
    pub fn owner_url(&self) -> String {
        self.url(OWNER_ROLE)
    }

    /// The service's connection as a URL that libpq and sqlx both read.
    #[must_use]
    pub fn service_url(&self) -> String {
        self.url(SERVICE_ROLE)
    }

    pub(crate) fn options(&self, role: &str, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.socket_dir)
            .port(PORT)
            .username(role)
            .database(database)
            // A socket in a closed folder has nobody to hide from, whatever PGSSLMODE says.
            .ssl_mode(PgSslMode::Disable)
    }

    fn url(&self, role: &str) -> String {
        let host: String = byte_serialize(self.socket_dir.as_os_str().as_encoded_bytes()).collect();
        // A space is `+` in forms but `%20` to libpq.
        let host = host.replace('+', "%20");
        format!("postgresql://{role}@localhost:{PORT}/{DATABASE}?host={host}&sslmode=disable")
    }
}
