//! Messages of the program as a newcomer starts it.

use serde_json::json;

use super::ends;
use crate::support::{Agentry, Caller, Folder, letters, until};

#[tokio::test]
async fn messages_stay_in_the_data_folder_and_their_links_nowhere_else() {
    let folder = Folder::new();
    let running = Agentry::own(folder.path())
        .env("AGENTRY_LOG", "debug")
        .serve()
        .await;
    let outbox = folder.path().join("outbox");
    assert!(
        running.stdout().contains("  Mail       "),
        "{}",
        running.stdout()
    );
    let ada = Caller::sign_up_at(&running.url, "Ada").await;
    let nobody = Caller::at(&running.url);
    let asked = json!({ "email": "ada@example.com" });
    assert_eq!(
        ends(&nobody, "requestPasswordReset", asked).await,
        "RequestPasswordResetSuccess"
    );
    let sent = until("both messages are written", || async {
        Some(letters(&outbox)).filter(|letters| letters.len() == 2)
    })
    .await;
    for letter in &sent {
        // Its own address, though it was told port 0.
        let start = format!("{}/", running.url);
        assert!(letter.link.starts_with(&start), "{}", letter.link);
        let field = if letter.link.contains("/reset-password?") {
            "resetPassword"
        } else {
            "verifyEmail"
        };
        let mut input = json!({ "token": letter.token() });
        if field == "resetPassword" {
            input["newPassword"] = "another good password".into();
        }
        assert!(ends(&nobody, field, input).await.ends_with("Success"));
    }
    assert_eq!(
        ada.code("{ viewer { role } }", json!({})).await,
        "UNAUTHENTICATED"
    );
    let ended = running.stop().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let postgres = std::fs::read_to_string(folder.path().join("postgres.log")).unwrap();
    for text in [&ended.stdout, &ended.stderr, &postgres] {
        for letter in &sent {
            assert!(
                !text.contains(&letter.token()) && !text.contains("ada@example.com"),
                "{text}"
            );
        }
    }
    assert!(
        ended.stderr.contains("a message is in the outbox"),
        "{}",
        ended.stderr
    );
}

#[tokio::test]
async fn message_under_way_leaves_before_the_program_does() {
    let folder = Folder::new();
    let running = Agentry::own(folder.path()).serve().await;
    Caller::sign_up_at(&running.url, "Ada").await;
    let ended = running.stop().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let sent = letters(&folder.path().join("outbox"));
    assert_eq!(sent.len(), 1, "{ended:?}");
}

#[tokio::test]
async fn malformed_settings_are_refused_without_being_quoted() {
    for (name, value, said) in [
        (
            "AGENTRY_MAIL_URL",
            "imap://user:canary@mail.example",
            "AGENTRY_MAIL_URL is malformed",
        ),
        (
            "AGENTRY_MAIL_URL",
            "smtp://user:canary@mail.example",
            "AGENTRY_MAIL_FROM is missing",
        ),
        (
            "AGENTRY_MAIL_FROM",
            "canary",
            "AGENTRY_MAIL_FROM is malformed",
        ),
    ] {
        let folder = Folder::new();
        let ended = Agentry::own(folder.path()).env(name, value).refuse().await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(
            ended.stderr.contains(said) && !ended.stderr.contains("canary"),
            "{}",
            ended.stderr
        );
    }
}
