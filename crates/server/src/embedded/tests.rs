//! The embedded server against the PostgreSQL installed here, and helpers for the tests beside the code.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};

use super::postmaster::poll;
use super::watchdog::Watchdog;
use super::*;

/// A folder of its own, removed when dropped.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "agentry-unit-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o711)).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Programs that say they are PostgreSQL `version`.
pub(crate) fn fake_server(dir: &Path, version: &str) {
    for program in ["postgres", "initdb"] {
        let path = dir.join(program);
        fs::write(
            &path,
            format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version} (Test)'\n"),
        )
        .unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    }
}

fn options(dir: &TempDir) -> EmbeddedOptions {
    EmbeddedOptions {
        remove_at_end: false,
        ..EmbeddedOptions::throwaway(dir.path().join("data"))
    }
}

async fn text(connect: PgConnectOptions, query: &'static str) -> Result<String, sqlx::Error> {
    let mut connection: PgConnection = connect.connect().await?;
    let answer = sqlx::query_scalar(query).fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(answer)
}

async fn run(connect: PgConnectOptions, statements: &'static str) {
    let mut connection = connect.connect().await.unwrap();
    sqlx::raw_sql(statements)
        .execute(&mut connection)
        .await
        .unwrap();
}

#[tokio::test]
async fn data_survives_a_restart_and_an_interrupted_initdb_is_not_taken_as_good() {
    let dir = TempDir::new();
    let options = options(&dir);
    let unfinished = options.data_dir.join("postgres.unfinished");
    fs::create_dir_all(&unfinished).unwrap();
    fs::set_permissions(&options.data_dir, Permissions::from_mode(0o711)).unwrap();
    fs::write(unfinished.join("PG_VERSION"), "15\n").unwrap();

    let server = EmbeddedPostgres::start(options.clone()).await.unwrap();
    assert!(!unfinished.exists());
    let second = EmbeddedPostgres::start(options.clone()).await.unwrap_err();
    assert!(
        matches!(second, EmbeddedError::AlreadyRunning { .. }),
        "{second}"
    );
    run(
        server.address().owner_options(),
        "CREATE TABLE kept (t text); INSERT INTO kept VALUES ('Ärger')",
    )
    .await;
    let facts = "SELECT concat_ws(' ', current_setting('data_checksums'), current_setting('server_encoding'),
        current_setting('listen_addresses') = '', current_setting('fsync'), lower('É'), current_user, d.datcollate)
        FROM pg_database d WHERE datname = current_database()";
    let seen = text(server.address().service_url().parse().unwrap(), facts)
        .await
        .unwrap();
    assert_eq!(seen, "on UTF8 t off é agentry_service C");
    let pid = server.pid().unwrap();
    assert_eq!(
        Address::of_running(&options.data_dir).as_ref(),
        Some(server.address())
    );
    server.stop().await.unwrap();
    assert!(!process::exists(pid));
    assert_eq!(Address::of_running(&options.data_dir), None);

    let server = EmbeddedPostgres::start(options).await.unwrap();
    assert_eq!(
        text(
            server.address().owner_url().parse().unwrap(),
            "SELECT t FROM kept"
        )
        .await
        .unwrap(),
        "Ärger"
    );
    let service =
        "SELECT concat_ws(' ', rolsuper, rolbypassrls, rolcreatedb, rolcreaterole) FROM pg_roles
        WHERE rolname = current_user";
    assert_eq!(
        text(server.address().service_options(), service)
            .await
            .unwrap(),
        "f f f f"
    );
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_server_comes_back_by_itself_with_its_data_also_under_a_long_path() {
    let dir = TempDir::new();
    let mut options = options(&dir);
    options.data_dir = dir.path().join("long".repeat(40));
    // What was committed must be there after a kill, which only a durable cluster promises.
    options.durable = true;
    let server = EmbeddedPostgres::start(options).await.unwrap();
    run(
        server.address().owner_options(),
        "CREATE TABLE kept (t text); INSERT INTO kept VALUES ('here')",
    )
    .await;
    let first = server.pid().unwrap();
    assert!(process::signal(first, Signal::KILL));

    let give_up = tokio::time::Instant::now() + Duration::from_secs(30);
    let answer = loop {
        match text(server.address().owner_options(), "SELECT t FROM kept").await {
            Ok(answer) if server.pid().is_some_and(|pid| pid != first) => break answer,
            other => assert!(tokio::time::Instant::now() < give_up, "{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(answer, "here");
    let socket_dir = server.address().socket_dir().to_path_buf();
    assert!(!socket_dir.starts_with(dir.path()));
    server.stop().await.unwrap();
    assert!(!socket_dir.exists());
}

#[tokio::test]
async fn what_a_killed_agentry_or_a_killed_server_left_behind_is_recovered_from() {
    let dir = TempDir::new();
    let options = options(&dir);
    // An Agentry killed at once: the server runs on, the lock is free.
    let Cluster {
        folder, postmaster, ..
    } = Cluster::open(&options).unwrap();
    let mut orphan = postmaster.start(&AtomicBool::new(false)).unwrap();
    drop(folder);
    let server = EmbeddedPostgres::start(options.clone()).await.unwrap();
    assert!(
        orphan.wait().unwrap().success(),
        "the orphan was stopped the clean way"
    );
    server.stop().await.unwrap();

    // The server killed as well, and its process id meanwhile given to somebody else of the same account.
    let mut killed = postmaster.start(&AtomicBool::new(false)).unwrap();
    killed.kill().unwrap();
    killed.wait().unwrap();
    let mut somebody = postmaster
        .account
        .command(Path::new("sleep"))
        .arg("60")
        .spawn()
        .unwrap();
    let pid_file = postmaster.cluster.join("postmaster.pid");
    let stale = fs::read_to_string(&pid_file).unwrap();
    let (_, rest) = stale.split_once('\n').unwrap();
    fs::write(&pid_file, format!("{}\n{rest}", somebody.id())).unwrap();
    let server = EmbeddedPostgres::start(options).await.unwrap();
    assert_eq!(
        text(server.address().owner_options(), "SELECT 'up'")
            .await
            .unwrap(),
        "up"
    );
    assert_eq!(
        somebody.try_wait().unwrap(),
        None,
        "the stranger was left alone"
    );
    somebody.kill().unwrap();
    somebody.wait().unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_start_given_up_leaves_no_server_behind() {
    let dir = TempDir::new();
    let options = options(&dir);
    let cluster = options.data_dir.join("postgres");
    let mut start = Box::pin(EmbeddedPostgres::start(options.clone()));
    // Polled until the server process has been started, then dropped.
    while pidfile::read(&cluster).is_none() {
        let pause = tokio::time::sleep(Duration::from_millis(1));
        assert!(tokio::select! { started = &mut start => started.is_ok(), () = pause => true });
    }
    drop(start);
    assert!(poll(Duration::from_secs(30), || pidfile::read(&cluster)
        .is_none()));
}

#[tokio::test]
async fn a_server_that_cannot_start_shows_the_end_of_its_log() {
    let dir = TempDir::new();
    let mut options = options(&dir);
    options
        .settings
        .push(("shared_buffers".to_owned(), "plenty".to_owned()));
    let message = EmbeddedPostgres::start(options)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("ended at once") && message.contains("\"shared_buffers\": \"plenty\""),
        "{message}"
    );
}

#[test]
fn the_watchdog_ends_the_server_and_removes_the_folder_when_its_pipe_closes() {
    let dir = TempDir::new();
    let folder = dir.path().join("with space");
    fs::create_dir(&folder).unwrap();
    let mut server = Command::new("sleep").arg("60").spawn().unwrap();
    let watchdog = Watchdog::start(false, Some(&folder)).unwrap();
    watchdog.watch(i32::try_from(server.id()).unwrap());
    drop(watchdog);
    assert!(poll(Duration::from_secs(10), || server
        .try_wait()
        .unwrap()
        .is_some()));
    assert!(poll(Duration::from_secs(10), || !folder.exists()));
}

#[test]
fn a_dismissed_watchdog_leaves_processes_alone() {
    let mut server = Command::new("sleep").arg("60").spawn().unwrap();
    let watchdog = Watchdog::start(true, None).unwrap();
    watchdog.watch(i32::try_from(server.id()).unwrap());
    watchdog.dismiss();
    assert_eq!(server.try_wait().unwrap(), None);
    server.kill().unwrap();
    server.wait().unwrap();
}
