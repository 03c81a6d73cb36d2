//! What providers do wrong, each by name: what the run says, and what of the reply is kept.

use agentry_provider_testkit::{Answer, FaultServer, Then, port_that_hangs_up, port_that_refuses};
use serde_json::json;

use super::{agent, ended, kept, linked, rows, send, served, try_send, working};

#[tokio::test]
async fn each_refusal_of_a_provider_is_told_apart() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let ada = server.sign_up("Ada").await;
    for (answer, code) in [
        (Answer::refusal(401, "canary"), "PROVIDER_UNAUTHORIZED"),
        (Answer::refusal(402, "pay"), "PROVIDER_PAYMENT_REQUIRED"),
        (
            Answer::refusal(404, "The model `gpt-4o` does not exist"),
            "PROVIDER_MODEL_NOT_FOUND",
        ),
        (
            Answer::refusal(429, "slow").with("retry-after", "30"),
            "PROVIDER_RATE_LIMITED",
        ),
        (Answer::refusal(500, "oops"), "PROVIDER_SERVER_ERROR"),
        (
            Answer::redirect("http://169.254.169.254/latest"),
            "PROVIDER_REDIRECTED",
        ),
    ] {
        // A connection of its own: what fails by one opens its circuit.
        let helper = agent(&ada, json!({})).await;
        linked(&ada, &provider, &helper, json!({})).await;
        provider.next(answer);
        let run = ended(&ada, &send(&ada, &helper, "Hello?").await).await;
        assert_eq!(kept(&run), ("FAILED", code, "-"), "{run}");
        let why = run["errorMessage"].as_str().unwrap();
        assert!(!why.is_empty() && !why.contains("canary"), "{why}");
        assert!(run["finishedAt"].is_string() && run["reply"].is_null());
    }
    assert_eq!(rows(&server, "run_leases").await, 0);
}

#[tokio::test]
async fn what_was_said_before_a_fault_is_kept() {
    let provider = FaultServer::start().await;
    let patience = [
        "--provider-silence-timeout=300ms",
        "--provider-first-token-timeout=300ms",
    ];
    let server = working(&provider, &patience).await;
    let ada = server.sign_up("Ada").await;
    let said = ["Half", " of it"];
    for (then, code) in [
        (Then::Cut, "PROVIDER_STREAM_CUT"),
        (Then::Stop, "PROVIDER_STREAM_CUT"),
        (Then::Silence, "PROVIDER_TIMED_OUT_BETWEEN_TOKENS"),
        (Then::BadJson, "PROVIDER_MALFORMED"),
        (Then::BadBytes, "PROVIDER_MALFORMED"),
        (Then::Fault, "PROVIDER_BROKE_OFF"),
    ] {
        let helper = agent(&ada, json!({})).await;
        linked(&ada, &provider, &helper, json!({})).await;
        provider.next(Answer::ending(said, then));
        let run = ended(&ada, &send(&ada, &helper, "Hello?").await).await;
        assert_eq!(
            kept(&run),
            ("FAILED", code, "Half of it"),
            "{then:?}: {run}"
        );
        assert_eq!(run["text"], "Half of it");
    }
    let helper = agent(&ada, json!({})).await;
    linked(&ada, &provider, &helper, json!({})).await;
    provider.next(Answer::Silence);
    let run = ended(&ada, &send(&ada, &helper, "Hello?").await).await;
    assert_eq!(
        kept(&run),
        ("FAILED", "PROVIDER_TIMED_OUT_BEFORE_FIRST_TOKEN", "-")
    );
    assert_eq!(rows(&server, "run_deltas").await, 0);
}

#[tokio::test]
async fn nobody_there_and_no_tls_are_unreachable() {
    let provider = FaultServer::start().await;
    let (refuses, hangs_up) = (port_that_refuses().await, port_that_hangs_up().await);
    let allow = format!("--allow-hosts={},127.0.0.1", provider.allowed());
    let server = working(&provider, &[allow.as_str()]).await;
    let ada = server.sign_up("Ada").await;
    for url in [
        format!("http://{refuses}/v1"),
        format!("http://{hangs_up}/v1"),
        format!("https://{}/v1", provider.address()),
    ] {
        let helper = agent(&ada, json!({})).await;
        linked(&ada, &provider, &helper, json!({ "baseUrl": url })).await;
        let run = ended(&ada, &send(&ada, &helper, "Hello?").await).await;
        assert_eq!(kept(&run), ("FAILED", "PROVIDER_UNREACHABLE", "-"), "{run}");
    }
}

#[tokio::test]
async fn an_address_inside_that_is_allowed_no_more_is_not_called() {
    let provider = FaultServer::start().await;
    let allowing = working(&provider, &["--run-workers=0"]).await;
    let (ada, helper) = served(&allowing, &provider).await;
    let sent = send(&ada, &helper, "Hello?").await;
    // Another server on the same database, whose operator allows nothing.
    let _strict = crate::support::Server::on(allowing.database.clone(), &super::flags(&[])).await;
    let run = ended(&ada, &sent).await;
    assert_eq!(
        kept(&run),
        ("FAILED", "PROVIDER_ADDRESS_REFUSED", "-"),
        "{run}"
    );
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn a_reply_of_ten_megabytes_ends_at_the_limit() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let (ada, helper) = served(&server, &provider).await;
    provider.next(Answer::words((0..1_000).map(|_| "x".repeat(10_000))));
    let run = ended(&ada, &send(&ada, &helper, "Hello?").await).await;
    assert_eq!(
        (&run["status"], &run["stopReason"]),
        (&json!("COMPLETED"), &json!("length"))
    );
    assert_eq!(run["reply"]["content"].as_str().unwrap().len(), 1_000_000);
}

#[tokio::test]
async fn a_model_that_nothing_serves_is_a_typed_outcome_before_and_a_code_after() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &["--run-workers=0"]).await;
    let (ada, helper) = served(&server, &provider).await;
    let other = agent(&ada, json!({ "model": "claude-sonnet-4-5" })).await;
    let missing = try_send(&ada, json!({ "agentId": other, "content": "Hello?" })).await;
    assert_eq!(
        (&missing["__typename"], &missing["service"]),
        (&json!("ConnectionMissing"), &json!("anthropic"))
    );
    // The link goes between the question and its turn.
    let sent = send(&ada, &helper, "Hello?").await;
    let mut root = server.database.root().await;
    sqlx::query("DELETE FROM agent_api_connections")
        .execute(&mut root)
        .await
        .unwrap();
    let _worker = crate::support::Server::on(server.database.clone(), &super::flags(&[])).await;
    let run = ended(&ada, &sent).await;
    assert_eq!(kept(&run), ("FAILED", "NO_CONNECTION", "-"), "{run}");
}

#[tokio::test]
async fn a_key_that_does_not_open_and_a_user_who_left_fail_honestly() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &["--run-workers=0"]).await;
    let (ada, helper) = served(&server, &provider).await;
    let unreadable = send(&ada, &helper, "Hello?").await;
    let bob = server.sign_up("Bob").await;
    let bob_here = server.join(&ada, &bob, "admin").await;
    let of_bob = send(&bob_here, &helper, "Hello?").await;
    let mut root = server.database.root().await;
    sqlx::query("UPDATE api_connections SET api_key = 'v1.test.AAAA'")
        .execute(&mut root)
        .await
        .unwrap();
    sqlx::query(r#"DELETE FROM "member" WHERE "userId" = $1 AND "organizationId" = $2"#)
        .bind(&bob.user_id)
        .bind(&ada.organization_id)
        .execute(&mut root)
        .await
        .unwrap();
    let allow = format!("--allow-hosts={}", provider.allowed());
    let _worker =
        crate::support::Server::on(server.database.clone(), &super::flags(&[allow.as_str()])).await;
    let run = ended(&ada, &unreadable).await;
    assert_eq!(kept(&run), ("FAILED", "KEY_UNREADABLE", "-"), "{run}");
    crate::support::until("Bob's run has failed", || async {
        let mut root = server.database.root().await;
        let code: Option<String> = sqlx::query_scalar("SELECT error_code FROM runs WHERE id = $1")
            .bind(of_bob["run"]["id"].as_str())
            .fetch_one(&mut root)
            .await
            .unwrap();
        (code.as_deref() == Some("NOT_A_MEMBER")).then_some(())
    })
    .await;
    assert!(provider.requests().is_empty());
    assert_eq!(rows(&server, "run_leases").await, 0);
}
