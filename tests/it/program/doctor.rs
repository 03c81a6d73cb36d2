use sqlx::Executor as _;

use crate::support::{Agentry, Database, Folder};

#[tokio::test]
async fn all_is_well_on_a_migrated_database() {
    let database = Database::copy().await;
    let ended = Agentry::serving(&database).run(&["doctor"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for line in [
        concat!("agentry ", env!("CARGO_PKG_VERSION")),
        "seals under test, opens test",
        "are applied",
        "is not a superuser",
        "row security is forced",
        "of at most 12 connections are open",
    ] {
        assert!(ended.stdout.contains(line), "{line}: {}", ended.stdout);
    }
    assert!(!ended.stdout.contains("FAIL"), "{}", ended.stdout);
    let name = database.service_url();
    let name = name.split('?').next().unwrap().rsplit('/').next().unwrap();
    let looked_at = format!("looks at the database {name} at ");
    assert!(ended.stdout.contains(&looked_at), "{}", ended.stdout);
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_remedy() {
    let database = Database::copy().await;
    let mut root = database.root().await;
    root.execute("ALTER TABLE agents DISABLE ROW LEVEL SECURITY")
        .await
        .unwrap();
    root.execute("DELETE FROM seaql_migrations WHERE version LIKE 'm0014%'")
        .await
        .unwrap();
    let ended = Agentry::serving(&database).run(&["doctor"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for line in [
        "FAIL table agents",
        "ALTER TABLE \"agents\" ENABLE ROW LEVEL SECURITY",
        "FAIL migrations",
        "run `agentry migrate`",
    ] {
        assert!(ended.stdout.contains(line), "{line}: {}", ended.stdout);
    }
    assert!(
        ended.stderr.contains("2 of the facts above do not hold"),
        "{ended:?}"
    );
}

#[tokio::test]
async fn an_empty_database_is_a_finding_and_one_that_is_away_an_error() {
    let empty = Database::empty().await;
    let ended = Agentry::serving(&empty).run(&["doctor"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("FAIL migrations"), "{ended:?}");
    let ended = Agentry::serving(&empty)
        .env("DATABASE_URL", "postgres://s@localhost/d?host=/nowhere")
        .env("AGENTRY_ACQUIRE_TIMEOUT", "200ms")
        .run(&["doctor"])
        .await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("unavailable"), "{ended:?}");
}

#[tokio::test]
async fn it_looks_at_the_database_of_a_running_service() {
    let folder = Folder::new();
    let running = Agentry::own(folder.path()).serve().await;
    let ended = Agentry::own(folder.path()).run(&["doctor"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let looked_at = format!("looks at the data folder {}\n", folder.path().display());
    assert!(ended.stdout.contains(&looked_at), "{}", ended.stdout);
    assert_eq!(running.stop().await.code, Some(0));
}

#[tokio::test]
async fn where_nothing_is_it_says_so_and_makes_nothing() {
    let folder = Folder::new();
    let missing = folder.path().join("missing");
    let ended = Agentry::own(&missing).run(&["doctor"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let said = format!("nothing is at {}", missing.display());
    assert!(ended.stderr.contains(&said), "{ended:?}");
    assert!(!ended.stdout.contains("FAIL"), "{ended:?}");
    assert!(!missing.exists());
}
