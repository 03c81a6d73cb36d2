//! How often one may try.

use serde_json::{Value, json};

use super::{PASSWORD, SIGN_IN, SIGN_UP, sign_in, sign_up};
use crate::support::{Caller, Server};

fn is_throttled(result: &Value) -> bool {
    let throttled = result["__typename"] == "TooManyRequests";
    if throttled {
        let wait = result["retryAfter"].as_i64().unwrap();
        // What was counted in ten minutes fades over the next ten.
        assert!((1..=1_200).contains(&wait), "{result}");
    }
    throttled
}

/// Sends a mutation as if a proxy had taken it from this address.
async fn from(server: &Server, address: &str, document: &str, input: Value) -> Value {
    let request = Caller::nobody(server).post(document, json!({ "input": input }));
    let request = request.header("x-forwarded-for", format!("203.0.113.99, {address}"));
    let mut body: Value = request.send().await.unwrap().json().await.unwrap();
    let data = body["data"].take();
    data.as_object().unwrap().values().next().unwrap().clone()
}

#[tokio::test]
async fn account_takes_so_many_attempts_whether_or_not_it_exists() {
    let server = Server::start_with(&["--sign-in-per-account=3"]).await;
    server.sign_up("Ada").await;
    server.sign_up("Bob").await;
    for account in [
        ["ada@example.com", "ADA@example.com", " ada@Example.com"],
        ["no@example.com"; 3],
    ] {
        for email in account {
            let result = sign_in(&server, email, "wrong password").await;
            assert_eq!(result["__typename"], "Forbidden", "{email}: {result}");
        }
        for password in ["wrong password", PASSWORD] {
            let result = sign_in(&server, account[0], password).await;
            assert!(is_throttled(&result), "{result}");
        }
    }
    let bob = sign_in(&server, "bob@example.com", PASSWORD).await;
    assert_eq!(bob["__typename"], "SignedIn", "{bob}");
}

#[tokio::test]
async fn attempts_at_once_are_counted_one_by_one() {
    let server = Server::start_with(&["--sign-in-per-account=3"]).await;
    server.sign_up("Ada").await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let server = server.clone();
            tokio::spawn(async move { sign_in(&server, "ada@example.com", "wrong password").await })
        })
        .collect();
    let mut throttled = 0;
    for task in tasks {
        throttled += usize::from(is_throttled(&task.await.unwrap()));
    }
    assert_eq!(throttled, 5);
}

#[tokio::test]
async fn address_takes_so_many_attempts_over_all_accounts() {
    let server = Server::start_with(&["--sign-in-per-address=3", "--trust-proxy=true"]).await;
    server.sign_up("Ada").await;
    let right = json!({ "email": "ada@example.com", "password": PASSWORD });
    for number in 0..3 {
        let input =
            json!({ "email": format!("guess{number}@example.com"), "password": "wrong password" });
        let result = from(&server, "192.0.2.1", SIGN_IN, input).await;
        assert_eq!(result["__typename"], "Forbidden", "{result}");
    }
    assert!(is_throttled(
        &from(&server, "192.0.2.1", SIGN_IN, right.clone()).await
    ));
    let other = from(&server, "192.0.2.2", SIGN_IN, right.clone()).await;
    assert_eq!(other["__typename"], "SignedIn", "{other}");
    // Of IPv6, whoever has one address has its whole /64.
    for host in 1..=3 {
        let result = from(
            &server,
            &format!("2001:db8::{host}"),
            SIGN_IN,
            right.clone(),
        )
        .await;
        assert_eq!(result["__typename"], "SignedIn", "{result}");
    }
    assert!(is_throttled(
        &from(&server, "2001:db8::4", SIGN_IN, right).await
    ));
}

#[tokio::test]
async fn address_makes_so_many_accounts_and_typing_errors_do_not_count() {
    let server = Server::start_with(&["--sign-up-per-address=2"]).await;
    for _ in 0..5 {
        let result = sign_up(&server, "", "ada@example.com", PASSWORD).await;
        assert_eq!(result["__typename"], "ValidationFailed");
    }
    for number in 0..2 {
        let email = format!("ada{number}@example.com");
        let result = sign_up(&server, "Ada", &email, PASSWORD).await;
        assert_eq!(result["__typename"], "SignedIn", "{result}");
    }
    assert!(is_throttled(
        &sign_up(&server, "Ada", "ada9@example.com", PASSWORD).await
    ));
    // What a client writes into the header itself is not believed without a proxy.
    let input = json!({ "name": "Ada", "email": "ada9@example.com", "password": PASSWORD });
    assert!(is_throttled(
        &from(&server, "192.0.2.1", SIGN_UP, input).await
    ));
    assert_eq!(
        sign_in(&server, "ada9@example.com", PASSWORD).await["__typename"],
        "Forbidden"
    );
}
