//! How often one may have messages sent, and try their tokens.

use serde_json::json;

use super::ends;
use crate::support::{Caller, Outbox, Server};

#[tokio::test]
async fn address_is_sent_so_many_messages_whether_or_not_it_has_an_account() {
    let outbox = Outbox::new();
    let flags = ["--mail-per-account=2", "--verify-on-sign-up=false"];
    let server = outbox.server(&flags).await;
    server.sign_up("Ada").await;
    let nobody = Caller::nobody(&server);
    for email in ["ada@example.com", "eve@example.com"] {
        for field in ["requestPasswordReset", "sendVerificationEmail"] {
            let ask = || ends(&nobody, field, json!({ "email": email }));
            for _ in 0..2 {
                assert!(ask().await.ends_with("Success"), "{field} {email}");
            }
            assert_eq!(ask().await, "TooManyRequests", "{field} {email}");
        }
    }
    server.drain_mail().await;
    assert_eq!(outbox.letters().len(), 4);
}

#[tokio::test]
async fn network_has_so_many_messages_sent_over_all_addresses() {
    let outbox = Outbox::new();
    let server = outbox.server(&["--mail-per-address=3"]).await;
    let nobody = Caller::nobody(&server);
    let ask = |number: usize| {
        let email = format!("ada{number}@example.com");
        ends(&nobody, "requestPasswordReset", json!({ "email": email }))
    };
    for number in 0..3 {
        assert_eq!(ask(number).await, "RequestPasswordResetSuccess");
    }
    assert_eq!(ask(3).await, "TooManyRequests");
    // A mistyped address costs nothing.
    let typed = json!({ "email": "ada" });
    assert_eq!(
        ends(&nobody, "requestPasswordReset", typed).await,
        "ValidationFailed"
    );
}

#[tokio::test]
async fn tokens_are_not_tried_without_end() {
    let server = Server::start_with(&["--sign-in-per-address=3"]).await;
    let nobody = Caller::nobody(&server);
    let attempt = || {
        let input =
            json!({ "token": "v2m0O4oSnYRQMZwN2o1dJzhI", "newPassword": "a good password" });
        ends(&nobody, "resetPassword", input)
    };
    for _ in 0..3 {
        assert_eq!(attempt().await, "NotFound");
    }
    assert_eq!(attempt().await, "TooManyRequests");
}
