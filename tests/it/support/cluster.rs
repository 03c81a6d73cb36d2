//! One PostgreSQL for all tests of a run, with a migrated database that each test copies. It is gone when the run is.

use std::sync::atomic::{AtomicU32, Ordering};

use agentry_server::embedded::{EmbeddedOptions, EmbeddedPostgres};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};
use tokio::sync::{Mutex, OnceCell};

use super::folder::Folder;
use super::wait::until;

/// Owns the databases without being a superuser, as the owner of a managed database is.
const OWNER: &str = "agentry_migrator";
const TEMPLATE: &str = "agentry_template";

static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();

struct Cluster {
    postgres: EmbeddedPostgres,
    /// PostgreSQL copies a template for one database at a time.
    copying: Mutex<()>,
    copies: AtomicU32,
}

/// A database of one test's own.
#[derive(Clone)]
pub struct Database {
    /// As the cluster's superuser, who sees past row security.
    pub root: PgConnectOptions,
    /// As the owner of its tables.
    pub owner: PgConnectOptions,
    /// As the service's restricted login.
    pub service: PgConnectOptions,
}

impl Database {
    /// A fresh copy of the migrated database.
    pub async fn copy() -> Self {
        let cluster = CLUSTER.get_or_init(Cluster::start).await;
        let name = format!("copy_{}", cluster.copies.fetch_add(1, Ordering::Relaxed));
        let _one_at_a_time = cluster.copying.lock().await;
        let mut root = cluster
            .postgres
            .address()
            .owner_options()
            .database("postgres")
            .connect()
            .await
            .unwrap();
        run(
            &mut root,
            format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER {OWNER}"),
        )
        .await;
        root.close().await.unwrap();
        cluster.database(&name)
    }

    /// A fresh database with nothing in it.
    pub async fn empty() -> Self {
        let cluster = CLUSTER.get_or_init(Cluster::start).await;
        let name = format!("empty_{}", cluster.copies.fetch_add(1, Ordering::Relaxed));
        let mut root = cluster
            .postgres
            .address()
            .owner_options()
            .database("postgres")
            .connect()
            .await
            .unwrap();
        run(&mut root, format!("CREATE DATABASE {name} OWNER {OWNER}")).await;
        root.close().await.unwrap();
        cluster.database(&name)
    }

    /// As the service's login, past whatever stands before the database.
    pub fn service_directly(&self) -> PgConnectOptions {
        let socket = self.root.get_socket().unwrap().clone();
        self.service.clone().socket(socket)
    }

    /// The owner's login as a URL.
    pub fn owner_url(&self) -> String {
        url(&self.owner)
    }

    /// The service's login as a URL.
    pub fn service_url(&self) -> String {
        url(&self.service)
    }

    /// The superuser's login as a URL.
    pub fn root_url(&self) -> String {
        url(&self.root)
    }

    /// A connection as the superuser.
    pub async fn root(&self) -> PgConnection {
        self.root.connect().await.unwrap()
    }
}

/// A migrated database on a PostgreSQL of one test's own, which it may shut down. It is gone when this is.
pub struct OwnCluster {
    cluster: Cluster,
    /// The database.
    pub database: Database,
}

impl OwnCluster {
    /// One whose commits outlast its processes, though not the machine.
    pub async fn start(folder: &Folder) -> Self {
        let off = |name: &str| (name.to_owned(), "off".to_owned());
        let cluster = Cluster::start_with(EmbeddedOptions {
            remove_at_end: true,
            settings: vec![off("fsync"), off("full_page_writes")],
            ..EmbeddedOptions::durable(folder.path().join("own"))
        })
        .await;
        let database = cluster.database(TEMPLATE);
        Self { cluster, database }
    }

    /// Shuts PostgreSQL down (SIGINT: fast; SIGQUIT: immediately, as if it had crashed), and waits until it was started again.
    pub async fn restart(&self, way: Signal) {
        let before = self.cluster.postgres.pid().unwrap();
        kill_process(Pid::from_raw(before).unwrap(), way).unwrap();
        until("PostgreSQL was started again", || async {
            let pid = self.cluster.postgres.pid();
            pid.filter(|pid| *pid != before)
        })
        .await;
    }
}

fn url(options: &PgConnectOptions) -> String {
    format!(
        "postgres://{}@localhost:{}/{}?host={}&sslmode=disable",
        options.get_username(),
        options.get_port(),
        options.get_database().unwrap(),
        options.get_socket().unwrap().display()
    )
}

impl Cluster {
    async fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("agentry-tests-{}", std::process::id()));
        Self::start_with(EmbeddedOptions::throwaway(folder)).await
    }

    async fn start_with(mut options: EmbeddedOptions) -> Self {
        options
            .settings
            .push(("max_connections".to_owned(), "400".to_owned()));
        let postgres = EmbeddedPostgres::start(options).await.unwrap();
        let mut root = postgres
            .address()
            .owner_options()
            .database("postgres")
            .connect()
            .await
            .unwrap();
        run(
            &mut root,
            format!("CREATE ROLE {OWNER} LOGIN NOSUPERUSER NOBYPASSRLS CREATEROLE CREATEDB"),
        )
        .await;
        run(
            &mut root,
            format!("CREATE DATABASE {TEMPLATE} OWNER {OWNER}"),
        )
        .await;
        root.close().await.unwrap();
        let cluster = Self {
            postgres,
            copying: Mutex::default(),
            copies: AtomicU32::default(),
        };
        let template = cluster.database(TEMPLATE);
        agentry_migration::up(&template.owner).await.unwrap();
        agentry_migration::admit(&template.owner, template.service.get_username(), None)
            .await
            .unwrap();
        cluster
    }

    fn database(&self, name: &str) -> Database {
        let address = self.postgres.address();
        Database {
            root: address.owner_options().database(name),
            owner: address.owner_options().username(OWNER).database(name),
            service: address.service_options().database(name),
        }
    }
}

async fn run(connection: &mut PgConnection, statement: String) {
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(connection)
        .await
        .unwrap();
}
