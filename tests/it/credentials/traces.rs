//! By which session or key something was done, as the audit trail has it.

use serde_json::{Value, json};

use super::issuer::{claims, stage, token};
use super::{cookie, key, send};
use crate::support::{Caller, Server};

const MAKE: &str = r#"mutation { createAgent(input: { name: "A", systemPrompt: "p" }) { __typename
    ... on CreateAgentSuccess { agent { id } } } }"#;

/// Who did it by what, of all events that this filter leaves.
async fn told(caller: &Caller, filter: Value) -> Vec<Value> {
    let document = "query($f: AuditEventFilterInput) { auditEvents(filter: $f) { totalCount nodes {
        action actorUserId credential credentialId targetId } } }";
    let data = caller.query(document, json!({ "f": filter })).await;
    let events = data["auditEvents"]["nodes"].as_array().unwrap().clone();
    assert_eq!(data["auditEvents"]["totalCount"], events.len());
    events
}

/// Makes an agent; its id.
async fn made(server: &Server, header: (&str, &str)) -> String {
    let (status, body) = send(server, MAKE, &[header]).await;
    let id = body["data"]["createAgent"]["agent"]["id"].as_str();
    assert_eq!(status, 200, "{body}");
    id.unwrap_or_else(|| panic!("{body}")).to_owned()
}

#[tokio::test]
async fn audit_trail_tells_which_session_or_key_did_it() {
    let (server, ada, pair) = stage().await;
    let sessions = "{ viewer { sessions { id current } } }";
    let cookie = cookie(&server, "ada@example.com").await;
    let mut listed = ada.query(sessions, json!({})).await;
    let Value::Array(listed) = listed["viewer"]["sessions"].take() else {
        panic!("a list")
    };
    let of = |current: bool| {
        let one = listed.iter().find(|one| one["current"] == current);
        one.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (mine, browser) = (of(true), of(false));
    let (own, own_id) = key(&ada, json!({ "name": "own" })).await;
    let (other, other_id) = key(&ada, json!({ "name": "other" })).await;
    let team = json!({ "name": "team", "owner": "ORGANIZATION", "role": "ADMIN" });
    let (team, team_id) = key(&ada, team).await;
    let plain = token(&pair, &claims(&ada.user_id));
    let mut of_session = claims(&ada.user_id);
    of_session["sessionId"] = json!(browser);
    let of_session = token(&pair, &of_session);
    let bearer = format!("Bearer {}", ada.token);
    for (header, kind, id) in [
        (("authorization", &bearer), "BEARER", Some(&mine)),
        (("cookie", &cookie), "COOKIE", Some(&browser)),
        (("x-api-key", &own), "API_KEY", Some(&own_id)),
        (("x-api-key", &other), "API_KEY", Some(&other_id)),
        (("x-api-key", &team), "API_KEY", Some(&team_id)),
        (("authorization", &plain), "JWT", None),
        (("authorization", &of_session), "JWT", Some(&browser)),
    ] {
        let agent = made(&server, (header.0, header.1)).await;
        let events = told(&ada, json!({ "targetId": agent })).await;
        assert_eq!(events.len(), 1, "{kind}");
        assert_eq!(events[0]["credential"], kind);
        assert_eq!(events[0]["credentialId"], json!(id), "{kind}");
        if let Some(id) = id {
            let filter = json!({ "credentialId": id, "action": "agent.create", "targetId": agent });
            assert_eq!(told(&ada, filter).await, events, "{kind}");
        }
    }
    let by = async |id: &str| {
        told(
            &ada,
            json!({ "credentialId": id, "action": "agent.create" }),
        )
        .await
    };
    // The browser's cookie, and the token that was made from its session.
    assert_eq!(by(&browser).await.len(), 2);
    assert_eq!(by(&team_id).await.len(), 1);
    for nothing in ["", "nothing", "a\u{0}", &ada.user_id] {
        assert_eq!(by(nothing).await, [json!(null); 0], "{nothing:?}");
    }
    let all = told(&ada, json!({})).await;
    let mut by_password = 0;
    for event in all.iter().filter(|one| one["credential"] == "SIGN_IN") {
        assert_eq!(event["credentialId"], Value::Null, "{event}");
        by_password += 1;
    }
    assert_eq!(
        by_password, 3,
        "a sign-up with its session, and another session"
    );
    let text = json!(all).to_string();
    for secret in [&own, &other, &team, &ada.token] {
        assert!(!text.contains(secret.as_str()), "{text}");
    }
}

#[tokio::test]
async fn signing_out_is_told_of_the_session_that_it_ended() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let again = Caller::sign_in_at(&server.url, "Ada").await;
    again
        .query("mutation { signOut { __typename } }", json!({}))
        .await;
    let ended = told(&ada, json!({ "action": "session.revoke" })).await;
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0]["credentialId"], ended[0]["targetId"]);
}
