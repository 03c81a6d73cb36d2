//! A server of one test's own.

use std::sync::Arc;

use agentry_courier::Courier;
use agentry_mail::Mailer;
use agentry_runner::Runner;
use agentry_server::app::{self, App};
use agentry_server::cli::{self, Command};
use agentry_server::http;
use agentry_server::secrets::{AuthSecrets, Secrets};
use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::Caller;
use super::PATIENCE;
use super::cluster::Database;

/// The key that seals in tests.
pub const TEST_KEY: &str = "test:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// What signs sessions in tests.
pub const AUTH_SECRET: &str = "test-secret-for-better-auth-interop-0123456789";

/// What every test server is told, unless the test says otherwise.
const SETTINGS: [&str; 10] = [
    "--pool-size=4",
    "--sign-in-per-account=100000",
    "--sign-in-per-address=100000",
    "--sign-up-per-address=100000",
    "--mail-per-account=100000",
    "--mail-per-address=100000",
    // Runs wait, unless a test has them worked on.
    "--run-workers=0",
    "--whatsapp-workers=0",
    "--whatsapp-publishers=*",
    "--echo-delay=1ms",
];

/// A running server. It stops when this is dropped.
#[derive(Clone)]
pub struct Server {
    /// Where it listens: `http://127.0.0.1:port`.
    pub url: String,
    /// Its database.
    pub database: Database,
    mailer: Mailer,
    /// Its workers.
    pub runner: Runner,
    /// Its courier.
    pub courier: Courier,
    _stop: Arc<oneshot::Sender<()>>,
}

impl Server {
    /// A server on a fresh copy of the migrated database.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with settings of the test's own, as flags.
    pub async fn start_with(flags: &[&str]) -> Self {
        Self::on(Database::copy().await, flags).await
    }

    /// A server on this database.
    pub async fn on(database: Database, flags: &[&str]) -> Self {
        let name = |flag: &str| flag.split('=').next().map(str::to_owned);
        let settings = SETTINGS
            .iter()
            .filter(|setting| flags.iter().all(|flag| name(flag) != name(setting)));
        let arguments = ["agentry"].iter().chain(settings).chain(flags).copied();
        let Command::Serve(mut config) = cli::parse_from(arguments).unwrap() else {
            panic!("flags only")
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        config.http.bind = listener.local_addr().unwrap();
        let secrets = Secrets {
            encryption_keys: TEST_KEY.into(),
            auth: AuthSecrets::Single(AUTH_SECRET.into()),
        };
        let db = app::open_pool(&database.service, &config.base.database);
        let App {
            state,
            pages,
            mailer,
            runner,
            courier,
            ..
        } = App::new(&config, &secrets, db).unwrap();
        let url = format!("http://{}", config.http.bind);
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(http::serve(listener, state, pages, async move {
            let _ = stopped.await;
        }));
        Self {
            url,
            database,
            mailer,
            runner,
            courier,
            _stop: Arc::new(stop),
        }
    }

    /// Waits until every message it was asked for is sent or is not to be; it sends no more.
    pub async fn drain_mail(&self) {
        self.mailer.close(PATIENCE).await;
    }

    /// Somebody who signs up now.
    pub async fn sign_up(&self, name: &str) -> Caller {
        Caller::sign_up_at(&self.url, name).await
    }

    /// Makes `newcomer` a member of the organisation that `host` acts in; the newcomer, acting there.
    pub async fn join(&self, host: &Caller, newcomer: &Caller, role: &str) -> Caller {
        sqlx::query(r#"INSERT INTO "member" ("id", "organizationId", "userId", "role", "createdAt") VALUES ($1, $2, $3, $4, now())"#)
            .bind(agentry_db::new_id::<String>())
            .bind(&host.organization_id)
            .bind(&newcomer.user_id)
            .bind(role)
            .execute(&self.owner_pool().await)
            .await
            .unwrap();
        newcomer.in_organization(&host.organization_id)
    }

    /// The database as its owner, who sees the auth tables and nothing of any tenant.
    pub async fn owner_pool(&self) -> PgPool {
        pool(&self.database.owner).await
    }

    /// The database as the service.
    pub async fn service_pool(&self) -> PgPool {
        pool(&self.database.service).await
    }
}

/// A small pool of connections.
pub(crate) async fn pool(options: &sqlx::postgres::PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(2)
        .connect_with(options.clone())
        .await
        .unwrap()
}
