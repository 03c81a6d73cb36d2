//! Another address for an account.

use serde_json::{Value, json};

use super::{PASSWORD, call, count, ends, events, signs_in};
use crate::support::{Caller, Outbox};

async fn change(caller: &Caller, email: &str, password: &str) -> String {
    let input = json!({ "newEmail": email, "currentPassword": password });
    ends(caller, "changeEmail", input).await
}

async fn me(caller: &Caller) -> Value {
    let mut data = caller
        .query("{ viewer { user { email emailVerified } } }", json!({}))
        .await;
    data["viewer"]["user"].take()
}

#[tokio::test]
async fn address_changes_when_the_new_one_is_shown_to_be_theirs() {
    let outbox = Outbox::new();
    let server = outbox.server(&[]).await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let nobody = Caller::nobody(&server);
    let asked = json!({ "email": "ada@example.com" });
    assert_eq!(
        ends(&nobody, "requestPasswordReset", asked).await,
        "RequestPasswordResetSuccess"
    );
    let reset = outbox
        .letter("ada@example.com", "reset-password", 1)
        .await
        .token();

    assert_eq!(
        change(&ada, "New.Ada@Example.com", "wrong password").await,
        "Forbidden"
    );
    assert_eq!(
        change(&ada, "ADA@example.com", PASSWORD).await,
        "ValidationFailed"
    );
    assert_eq!(change(&ada, "nothing", PASSWORD).await, "ValidationFailed");
    assert_eq!(
        change(&ada, "New.Ada@Example.com", PASSWORD).await,
        "ChangeEmailSuccess"
    );
    let letter = outbox
        .letter("new.ada@example.com", "verify-email", 1)
        .await;
    assert_eq!(
        me(&ada).await,
        json!({ "email": "ada@example.com", "emailVerified": false })
    );

    // Somebody else's session is no place to open it.
    let token = json!({ "token": letter.token() });
    assert_eq!(ends(&bob, "verifyEmail", token.clone()).await, "Forbidden");
    let done = json!({ "__typename": "VerifyEmailSuccess", "email": "new.ada@example.com", "changed": true });
    assert_eq!(call(&nobody, "verifyEmail", token.clone()).await, done);
    assert_eq!(
        me(&ada).await,
        json!({ "email": "new.ada@example.com", "emailVerified": true })
    );
    assert_eq!(
        signs_in(&server, "ada@example.com", PASSWORD).await,
        "Forbidden"
    );
    assert_eq!(
        signs_in(&server, "new.ada@example.com", PASSWORD).await,
        "SignedIn"
    );
    let changed = json!({ "before": { "email": "ada@example.com" }, "after": { "email": "new.ada@example.com" } });
    let event = json!([{ "credential": "LINK", "targetId": ada.user_id, "metadata": changed }]);
    assert_eq!(events(&ada, "user.change_email").await, event);

    // Links from before lead nowhere now: this one, and what the old address was sent.
    assert_eq!(ends(&nobody, "verifyEmail", token).await, "NotFound");
    let input = json!({ "token": reset, "newPassword": "another good password" });
    assert_eq!(ends(&nobody, "resetPassword", input).await, "NotFound");
    let old = outbox
        .letter("ada@example.com", "verify-email", 1)
        .await
        .token();
    assert_eq!(
        ends(&nobody, "verifyEmail", json!({ "token": old })).await,
        "NotFound"
    );
}

#[tokio::test]
async fn address_of_another_account_is_never_taken() {
    let outbox = Outbox::new();
    let server = outbox.server(&["--verify-on-sign-up=false"]).await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    // Whether an address is somebody's is not told to whoever asks for it.
    assert_eq!(
        change(&ada, "bob@example.com", PASSWORD).await,
        "ChangeEmailSuccess"
    );
    for caller in [&ada, &bob] {
        assert_eq!(
            change(caller, "free@example.com", PASSWORD).await,
            "ChangeEmailSuccess"
        );
    }
    outbox.letter("free@example.com", "verify-email", 2).await;
    server.drain_mail().await;
    let letters = outbox.letters();
    assert!(
        letters.iter().all(|letter| letter.to == "free@example.com"),
        "{letters:?}"
    );

    let nobody = Caller::nobody(&server);
    let open = |at: usize| {
        ends(
            &nobody,
            "verifyEmail",
            json!({ "token": letters[at].token() }),
        )
    };
    let (one, two) = tokio::join!(open(0), open(1));
    let mut ended = [one, two];
    ended.sort();
    assert_eq!(ended, ["Conflict", "VerifyEmailSuccess"]);
    let held = count(
        &server,
        r#"SELECT count(*) FROM "user" WHERE "email" = 'free@example.com'"#,
    )
    .await;
    assert_eq!(held, 1);
}

#[tokio::test]
async fn new_password_ends_a_change_of_address_that_was_begun_before() {
    let outbox = Outbox::new();
    let server = outbox.server(&["--verify-on-sign-up=false"]).await;
    let ada = server.sign_up("Ada").await;
    assert_eq!(
        change(&ada, "eve@example.com", PASSWORD).await,
        "ChangeEmailSuccess"
    );
    let begun = outbox.letter("eve@example.com", "verify-email", 1).await;
    // A token tells the second it was made in.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let new = "another good password";
    let input = json!({ "currentPassword": PASSWORD, "newPassword": new });
    assert_eq!(
        ends(&ada, "changePassword", input).await,
        "ChangePasswordSuccess"
    );
    let nobody = Caller::nobody(&server);
    let token = json!({ "token": begun.token() });
    assert_eq!(ends(&nobody, "verifyEmail", token).await, "NotFound");
    assert_eq!(me(&ada).await["email"], "ada@example.com");

    assert_eq!(
        change(&ada, "new.ada@example.com", new).await,
        "ChangeEmailSuccess"
    );
    let begun = outbox
        .letter("new.ada@example.com", "verify-email", 1)
        .await;
    let token = json!({ "token": begun.token() });
    assert_eq!(
        ends(&nobody, "verifyEmail", token).await,
        "VerifyEmailSuccess"
    );
}

#[tokio::test]
async fn no_api_key_changes_an_address() {
    let outbox = Outbox::new();
    let server = outbox.server(&[]).await;
    let ada = server.sign_up("Ada").await;
    let document =
        "mutation { createApiKey(input: { name: \"k\" }) { ... on CreateApiKeySuccess { key } } }";
    let made = ada.query(document, json!({})).await;
    let key = made["createApiKey"]["key"].as_str().unwrap();
    let document =
        "mutation($input: ChangeEmailInput!) { changeEmail(input: $input) { __typename } }";
    let input = json!({ "newEmail": "new@example.com", "currentPassword": PASSWORD });
    let request = Caller::nobody(&server).post(document, json!({ "input": input }));
    let answer: Value = request
        .header("x-api-key", key)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let code = &answer["errors"][0]["extensions"]["code"];
    assert_eq!(code, "FORBIDDEN", "{answer}");
}
