//! With a PostgreSQL of its own: the first start, the next ones, and every way to end.

use std::path::Path;

use reqwest::StatusCode;
use rustix::process::{Pid, test_kill_process};
use serde_json::Value;

use super::{agent_names, create_agent, sentence};
use crate::support::{Agentry, Caller, Ended, Folder, until};

/// The process id of the PostgreSQL that runs on the data folder.
fn postgres(data_dir: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(data_dir.join("postgres/postmaster.pid")).ok()?;
    Pid::from_raw(text.lines().next()?.parse().ok()?)
}

async fn status(url: &str, path: &str) -> StatusCode {
    let answer = reqwest::get(format!("{url}{path}")).await.unwrap();
    answer.status()
}

/// Nothing went wrong from start to stop, nor did anything seem to.
fn calm(ended: &Ended) {
    let alarms =
        |line: &&str| line.contains(r#""level":"WARN""#) || line.contains(r#""level":"ERROR""#);
    assert_eq!(ended.stderr.lines().find(alarms), None);
    assert!(ended.stderr.contains(r#""level":"INFO""#), "{ended:?}");
}

#[tokio::test]
async fn starts_with_nothing_stops_cleanly_and_keeps_its_data() {
    let folder = Folder::new();
    let data = folder.path().join("data");

    let first = Agentry::own(&data).serve().await;
    let url = first.url.clone();
    let told = first.stdout();
    for line in [
        format!("GraphQL    {url}/graphql"),
        format!("GraphiQL   {url}/"),
        format!("Schema     {url}/schema.graphql"),
        format!("Health     {url}/readyz"),
    ] {
        assert!(told.contains(&line), "{told}");
    }
    for path in ["/", "/livez", "/readyz", "/schema.graphql"] {
        assert_eq!(status(&url, path).await, StatusCode::OK, "{path}");
    }
    let ada = Caller::sign_up_at(&url, "Ada").await;
    create_agent(&ada, "Kept").await;
    let pid = postgres(&data).unwrap();
    assert!(test_kill_process(pid).is_ok());

    let ended = first.stop().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    calm(&ended);
    assert!(test_kill_process(pid).is_err(), "PostgreSQL is gone");
    assert_eq!(postgres(&data), None);
    assert!(reqwest::get(format!("{url}/livez")).await.is_err());

    let second = Agentry::own(&data).serve().await;
    // The secrets were kept too: the old session still holds, and the password still fits.
    assert_eq!(agent_names(&ada.moved_to(&second.url)).await, ["Kept"]);
    let ada = Caller::sign_in_at(&second.url, "Ada").await;
    assert_eq!(agent_names(&ada).await, ["Kept"]);
    assert_eq!(second.stop().await.code, Some(0));
}

#[tokio::test]
async fn a_second_start_on_the_folder_is_one_sentence() {
    let folder = Folder::new();
    let first = Agentry::own(folder.path()).serve().await;
    let ended = Agentry::own(folder.path()).refuse().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        sentence(&ended).starts_with("Agentry is already running on the data folder"),
        "{ended:?}"
    );
    assert_eq!(status(&first.url, "/readyz").await, StatusCode::OK);
    assert_eq!(first.stop().await.code, Some(0));
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_crash() {
    let folder = Folder::new();
    let first = Agentry::own(folder.path()).serve().await;
    let ada = Caller::sign_up_at(&first.url, "Ada").await;
    let mut acknowledged = Vec::new();
    for number in 0..20 {
        let name = format!("Agent {number:02}");
        create_agent(&ada, &name).await;
        acknowledged.push(name);
    }
    let ended = first.crash().await;
    assert_eq!(ended.code, None, "{ended:?}");

    let second = Agentry::own(folder.path()).serve().await;
    let mut found = agent_names(&ada.moved_to(&second.url)).await;
    found.sort();
    assert_eq!(found, acknowledged);
    assert_eq!(second.stop().await.code, Some(0));
}

#[tokio::test]
async fn a_postgresql_that_dies_is_started_again() {
    let folder = Folder::new();
    let running = Agentry::own(folder.path())
        .env("AGENTRY_ACQUIRE_TIMEOUT", "500ms")
        .serve()
        .await;
    let ada = Caller::sign_up_at(&running.url, "Ada").await;
    create_agent(&ada, "Kept").await;
    let before = postgres(folder.path()).unwrap();
    rustix::process::kill_process(before, rustix::process::Signal::KILL).unwrap();
    let url = running.url.as_str();
    until("it is ready on another PostgreSQL", || async {
        let other = postgres(folder.path()).is_some_and(|pid| pid != before);
        (other && status(url, "/readyz").await == StatusCode::OK).then_some(())
    })
    .await;
    assert_eq!(agent_names(&ada).await, ["Kept"]);
    let log: Vec<Value> = running
        .log()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let said = "PostgreSQL ended by itself and is being started again";
    assert!(log.iter().any(|line| line["message"] == said), "{log:?}");
    assert_eq!(running.stop().await.code, Some(0));
}
