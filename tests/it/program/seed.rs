use serde_json::json;

use super::{agent_names, sentence};
use crate::support::{Agentry, Caller, Database, Folder, PASSWORD};

#[tokio::test]
async fn the_demo_is_stored_once() {
    let folder = Folder::new();
    let database = Database::copy().await;
    let file = folder.path().join("demo.json");
    let demo = json!({
        "user": { "name": "Demo", "email": "demo@example.com", "password": PASSWORD },
        "agents": [
            { "name": "Support", "systemPrompt": "Be brief.", "visibility": "ORGANIZATION", "conversations": [] },
            { "name": "Tutor", "systemPrompt": "Ask back.", "temperature": 0.8, "conversations": [] },
        ],
    });
    std::fs::write(&file, demo.to_string()).unwrap();
    let file = format!("--file={}", file.display());

    let first = Agentry::given(&database).run(&["seed", &file]).await;
    assert_eq!(first.code, Some(0), "{first:?}");
    let told = format!("Sign in as demo@example.com with the password {PASSWORD}.");
    assert!(first.stdout.contains(&told), "{first:?}");
    let again = Agentry::given(&database).run(&["seed", &file]).await;
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(again.stdout.contains("nothing was changed"), "{again:?}");

    let running = Agentry::serving(&database).serve().await;
    let demo = Caller::sign_in_at(&running.url, "Demo").await;
    let mut names = agent_names(&demo).await;
    names.sort();
    assert_eq!(names, ["Support", "Tutor"]);
    assert_eq!(running.stop().await.code, Some(0));
}

#[tokio::test]
async fn a_file_that_is_missing_or_malformed_is_one_sentence() {
    let folder = Folder::new();
    let database = Database::copy().await;
    let file = folder.path().join("demo.json");
    for (content, said) in [
        (None, "could not read"),
        (Some("{}"), "the demo data is malformed"),
    ] {
        if let Some(content) = content {
            std::fs::write(&file, content).unwrap();
        }
        let argument = format!("--file={}", file.display());
        let ended = Agentry::given(&database).run(&["seed", &argument]).await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(sentence(&ended).starts_with(said), "{ended:?}");
    }
}
