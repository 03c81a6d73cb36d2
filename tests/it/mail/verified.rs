//! Where only a verified address signs in.

use serde_json::{Value, json};

use super::{PASSWORD, count, ends, signs_in};
use crate::support::{Caller, Outbox};

#[tokio::test]
async fn account_is_signed_in_to_once_its_address_is_verified() {
    let outbox = Outbox::new();
    let server = outbox.server(&["--require-verified-email=true"]).await;
    let nobody = Caller::nobody(&server);
    let document = "mutation($input: SignUpInput!) { signUp(input: $input) { __typename ... on UserError { message } } }";
    let input = json!({ "name": "Ada", "email": "Ada@example.com", "password": PASSWORD });
    let request = nobody.post(document, json!({ "input": input }));
    let response = request.send().await.unwrap();
    assert!(response.headers().get("set-cookie").is_none());
    let answer: Value = response.json().await.unwrap();
    assert_eq!(
        answer["data"]["signUp"]["__typename"], "VerificationNeeded",
        "{answer}"
    );
    assert_eq!(count(&server, r#"SELECT count(*) FROM "session""#).await, 0);

    assert_eq!(
        signs_in(&server, "ada@example.com", "wrong password").await,
        "Forbidden"
    );
    assert_eq!(
        signs_in(&server, "eve@example.com", PASSWORD).await,
        "Forbidden"
    );
    assert_eq!(
        signs_in(&server, "ada@example.com", PASSWORD).await,
        "VerificationNeeded"
    );
    assert_eq!(count(&server, r#"SELECT count(*) FROM "session""#).await, 0);

    let token = outbox
        .letter("ada@example.com", "verify-email", 1)
        .await
        .token();
    assert_eq!(
        ends(&nobody, "verifyEmail", json!({ "token": token })).await,
        "VerifyEmailSuccess"
    );
    assert_eq!(
        signs_in(&server, "ada@example.com", PASSWORD).await,
        "SignedIn"
    );
}
