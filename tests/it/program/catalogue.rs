//! The templates that come with the program: where they are published by themselves, and where only when told.

use serde_json::{Value, json};

use super::sentence;
use crate::support::{Agentry, Caller, Database, Folder};

const SLUGS: [&str; 3] = ["help-desk", "meeting-notes", "personal-finance"];

/// Slug, publisher and version of every template of the catalogue.
async fn catalogue(url: &str) -> Vec<(String, String, i64)> {
    let document = "{ templates { nodes { slug version publisher { slug } } } }";
    let data = Caller::at(url).query(document, json!({})).await;
    let nodes = data["templates"]["nodes"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut all: Vec<_> = nodes
        .iter()
        .map(|node| {
            let publisher = text(&node["publisher"]["slug"]);
            (
                text(&node["slug"]),
                publisher,
                node["version"].as_i64().unwrap(),
            )
        })
        .collect();
    all.sort();
    all
}

fn built_in() -> Vec<(String, String, i64)> {
    let entry = |slug: &str| (slug.to_owned(), "agentry".to_owned(), 1);
    SLUGS.map(entry).to_vec()
}

#[tokio::test]
async fn with_its_own_database_they_are_there_from_the_first_start_on() {
    let folder = Folder::new();
    let first = Agentry::own(folder.path()).serve().await;
    assert_eq!(catalogue(&first.url).await, built_in());
    let ended = first.stop().await;
    for slug in SLUGS {
        let told = format!("Published {slug}, version 1.");
        assert!(ended.stderr.contains(&told), "{ended:?}");
    }
    let again = Agentry::own(folder.path()).serve().await;
    assert_eq!(catalogue(&again.url).await, built_in());
    // Beside a running service, too.
    let seeded = Agentry::own(folder.path())
        .run(&["seed", "--demo=false"])
        .await;
    assert_eq!(seeded.code, Some(0), "{seeded:?}");
    let told = "personal-finance is there already, as version 1.";
    assert!(seeded.stdout.contains(told), "{seeded:?}");
    assert!(!again.stop().await.stderr.contains("Published"));
}

#[tokio::test]
async fn what_comes_with_the_program_can_be_left_out() {
    let folder = Folder::new();
    let without = Agentry::own(folder.path()).env("AGENTRY_CATALOGUE", "false");
    let running = without.serve().await;
    assert_eq!(catalogue(&running.url).await, []);
    assert_eq!(running.stop().await.code, Some(0));
}

#[tokio::test]
async fn a_given_database_has_them_when_told() {
    let database = Database::copy().await;
    let running = Agentry::given(&database).serve().await;
    assert_eq!(catalogue(&running.url).await, []);
    let seeded = Agentry::given(&database)
        .run(&["seed", "--demo=false"])
        .await;
    assert_eq!(seeded.code, Some(0), "{seeded:?}");
    let told: Vec<_> = seeded.stdout.lines().collect();
    assert_eq!(
        told,
        SLUGS.map(|slug| format!("Published {slug}, version 1."))
    );
    // The service that runs has them at once.
    assert_eq!(catalogue(&running.url).await, built_in());
    assert_eq!(running.stop().await.code, Some(0));
    let doctor = Agentry::serving(&database).run(&["doctor"]).await;
    assert_eq!(doctor.code, Some(0), "{doctor:?}");
}

#[tokio::test]
async fn replicas_that_are_told_to_publish_at_their_start_do_it_once() {
    let database = Database::copy().await;
    let start = || {
        Agentry::given(&database)
            .env("AGENTRY_CATALOGUE", "true")
            .serve()
    };
    let (one, two, three) = tokio::join!(start(), start(), start());
    for replica in [&one, &two, &three] {
        assert_eq!(catalogue(&replica.url).await, built_in());
    }
    let mut published = 0;
    for replica in [one, two, three] {
        let ended = replica.stop().await;
        published += ended.stderr.matches("Published ").count();
    }
    assert_eq!(published, SLUGS.len());
}

#[tokio::test]
async fn publishing_takes_the_owners_login_and_says_so_before_anything_is_done() {
    let database = Database::copy().await;
    let refused = Agentry::serving(&database)
        .env("AGENTRY_CATALOGUE", "true")
        .refuse()
        .await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(sentence(&refused).starts_with("DATABASE_OWNER_URL is missing"));
    let refused = Agentry::serving(&database).run(&["seed"]).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(sentence(&refused).starts_with("DATABASE_OWNER_URL is missing"));
    // The demo alone does not need it, and was not made by the run before.
    let demo = Agentry::serving(&database)
        .run(&["seed", "--catalogue=false"])
        .await;
    assert_eq!(demo.code, Some(0), "{demo:?}");
    assert!(demo.stdout.starts_with("Sign in as"), "{demo:?}");
}
