//! Who came in, who went and who was not let in, as the audit trail has it.

use serde_json::{Value, json};

use crate::support::{Agentry, Caller, Database, Server, until};

const EVENTS: &str = "query($f: AuditEventFilterInput) { auditEvents(filter: $f) { nodes {
    action actorUserId credential targetType targetId metadata ip } } }";

async fn events(caller: &Caller, filter: Value) -> Vec<Value> {
    let data = caller.query(EVENTS, json!({ "f": filter })).await;
    data["auditEvents"]["nodes"].as_array().unwrap().clone()
}

async fn sign_in(url: &str, email: &str, password: &str) -> Value {
    let document = "mutation($input: SignInInput!) { signIn(input: $input) { __typename
        ... on UserError { message } ... on TooManyRequests { retryAfter } } }";
    let input = json!({ "email": email, "password": password });
    let nobody = Caller::at(url);
    nobody.query(document, json!({ "input": input })).await["signIn"].take()
}

/// Every refused sign-in that was noted: whose, and why.
async fn refusals(database: &Database) -> Vec<(String, String)> {
    sqlx::query_as(
        "SELECT actor_user_id, metadata ->> 'reason' FROM audit_events WHERE action = 'session.refuse' ORDER BY created_at, id",
    )
    .fetch_all(&mut database.root().await)
    .await
    .unwrap()
}

#[tokio::test]
async fn signing_up_in_and_out_is_noted_at_home() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let again = Caller::sign_in_at(&server.url, "Ada").await;
    again
        .query("mutation { signOut { __typename } }", json!({}))
        .await;
    let mut told = events(&ada, Value::Null).await;
    // The last two are of one moment.
    told[2..].sort_by_key(|event| event["action"].to_string());
    let what = |event: &Value| json!([event["action"], event["credential"], event["targetType"]]);
    assert_eq!(
        told.iter().map(what).collect::<Vec<_>>(),
        [
            json!(["session.revoke", "BEARER", "Session"]),
            json!(["session.create", "SIGN_IN", "Session"]),
            json!(["session.create", "SIGN_IN", "Session"]),
            json!(["user.sign_up", "SIGN_IN", "User"]),
        ]
    );
    for event in &told {
        assert_eq!(event["actorUserId"], ada.user_id);
        assert_eq!(event["ip"], "127.0.0.1");
    }
    assert_eq!(told[0]["metadata"], json!({ "signedOut": true }));
    assert_eq!(
        told[0]["targetId"], told[1]["targetId"],
        "the session that began"
    );
    assert_eq!(told[3]["targetId"], ada.user_id);
    let text = json!(told).to_string();
    for secret in [ada.token.as_str(), &again.token, Caller::PASSWORD] {
        assert!(!text.contains(secret));
    }
    let of_one = json!({ "targetId": told[0]["targetId"] });
    assert_eq!(events(&ada, of_one).await.len(), 2);
    assert_eq!(events(&ada, json!({ "targetId": "a\u{0}" })).await.len(), 0);
}

/// Made by another program, at home nowhere yet: a home is made, and the session that it is for is noted there.
#[tokio::test]
async fn first_sign_in_of_somebody_elsewhere_is_noted_in_their_new_home() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let pool = server.owner_pool().await;
    let gone = r#"DELETE FROM "organization" WHERE personal_user_id = $1"#;
    sqlx::query(gone)
        .bind(&ada.user_id)
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(
        sign_in(&server.url, "ada@example.com", "wrong horse battery").await["__typename"],
        "Forbidden"
    );
    let again = Caller::sign_in_at(&server.url, "Ada").await;
    assert_ne!(again.organization_id, ada.organization_id);
    let told = events(&again, Value::Null).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["action"], "session.create");
}

#[tokio::test]
async fn refused_sign_in_is_noted_for_the_account_that_was_meant_and_answered_as_for_none() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let nobody = sign_in(&server.url, "nobody@example.com", "wrong horse battery").await;
    let wrong = sign_in(&server.url, "ADA@example.com", "wrong horse battery").await;
    assert_eq!(wrong["__typename"], "Forbidden");
    assert_eq!(wrong, nobody);
    let refused = json!({ "action": "session.refuse" });
    let told = until("the refusal is noted", || async {
        let told = events(&ada, refused.clone()).await;
        (!told.is_empty()).then_some(told)
    })
    .await;
    assert_eq!(
        told,
        [json!({
            "action": "session.refuse", "actorUserId": ada.user_id, "credential": "SIGN_IN", "targetType": "User",
            "targetId": ada.user_id, "metadata": { "reason": "password", "userAgent": null }, "ip": "127.0.0.1",
        })]
    );
}

#[tokio::test]
async fn account_that_is_tried_too_often_is_noted_once_a_minute() {
    let server = Server::start_with(&["--sign-in-per-account=1"]).await;
    let ada = server.sign_up("Ada").await;
    for _ in 0..6 {
        sign_in(&server.url, "ada@example.com", "wrong horse battery").await;
    }
    let ada = &ada.user_id;
    let expected = |why: &str| (ada.clone(), why.to_owned());
    until("both kinds are noted", || async {
        let mut noted = refusals(&server.database).await;
        noted.sort();
        noted.dedup();
        (noted == [expected("password"), expected("too_many")]).then_some(())
    })
    .await;
    // Five attempts were over the limit; over two windows of the counter at most two are noted.
    let noted = refusals(&server.database).await;
    let often = noted.iter().filter(|one| **one == expected("too_many"));
    assert!(often.count() <= 2, "{noted:?}");
}

/// The answer does not wait for the note; the end does.
#[tokio::test]
async fn refusals_that_wait_are_written_before_the_end() {
    let database = Database::copy().await;
    let running = Agentry::given(&database).serve().await;
    let ada = Caller::sign_up_at(&running.url, "Ada").await;
    for _ in 0..5 {
        let refused = sign_in(&running.url, "ada@example.com", "wrong horse battery").await;
        assert_eq!(refused["__typename"], "Forbidden");
    }
    let ended = running.stop().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        !ended.stderr.contains("example.com"),
        "no address in the log"
    );
    let one = (ada.user_id.clone(), "password".to_owned());
    assert_eq!(refusals(&database).await, vec![one; 5]);
}
