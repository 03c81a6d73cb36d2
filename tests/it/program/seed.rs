use serde_json::json;

use super::{agent_names, sentence};
use crate::support::{Agentry, Caller, Database, Folder};

#[tokio::test]
async fn the_demo_is_stored_once() {
    let database = Database::copy().await;
    let first = Agentry::given(&database).run(&["seed"]).await;
    assert_eq!(first.code, Some(0), "{first:?}");
    let told = "Sign in as demo@example.com with the password demo-password.";
    assert!(first.stdout.contains(told), "{first:?}");
    assert!(first.stdout.starts_with("Published help-desk"), "{first:?}");
    let again = Agentry::given(&database).run(&["seed"]).await;
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(again.stdout.contains("nothing was changed"), "{again:?}");

    let running = Agentry::serving(&database).serve().await;
    let sign_in = "mutation($input: SignInInput!) { signIn(input: $input) {
        ... on SignedIn { token organizationId } ... on UserError { message } } }";
    let input = json!({ "email": "demo@example.com", "password": "demo-password" });
    let mut demo = Caller::at(&running.url);
    let data = demo.query(sign_in, json!({ "input": input })).await;
    let text = |field: &str| data["signIn"][field].as_str().unwrap().to_owned();
    (demo.token, demo.organization_id) = (text("token"), text("organizationId"));
    let mut names = agent_names(&demo).await;
    names.sort();
    assert_eq!(names, ["Release notes", "Support", "Tutor"]);
    let conversations = "{ conversations { nodes { title messages { totalCount } } } }";
    let data = demo.query(conversations, json!({})).await;
    assert_eq!(
        data["conversations"]["nodes"],
        json!([{ "title": "Where is my parcel?", "messages": { "totalCount": 3 } }])
    );
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
