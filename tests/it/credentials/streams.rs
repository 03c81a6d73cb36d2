//! `WebSocket`s and event streams by API keys and JSON Web Tokens.

use serde_json::{Value, json};
use tokio::time::timeout;

use super::issuer::{claims, stage_with, token};
use super::{cookie, key, sql};
use crate::conversations::{agent, conversation, mutate};
use crate::support::{Caller, PATIENCE, Server, Socket};

const RECHECK: &str = "--recheck=100ms";
pub(super) const DOCUMENT: &str =
    "subscription($c: ID!) { messageAdded(conversationId: $c) { content } }";

/// A socket of this payload.
async fn open(server: &Server, payload: Value) -> Result<Socket, u16> {
    Socket::init(&server.url, &[], payload).await
}

/// An event stream of what is said in this conversation, with one header.
pub(super) async fn stream(
    caller: &Caller,
    conversation: &str,
    header: (&str, &str),
) -> reqwest::Response {
    let nobody = Caller::at(caller.url());
    let request = nobody.post(DOCUMENT, json!({ "c": conversation }));
    let request = request
        .header("accept", "text/event-stream")
        .header(header.0, header.1);
    request.send().await.unwrap()
}

/// Reads on until this comes; all that came.
pub(super) async fn read_until(stream: &mut reqwest::Response, enough: &str) -> String {
    let mut text = String::new();
    let reading = async {
        while !text.contains(enough) {
            let chunk = stream.chunk().await.unwrap();
            let chunk = chunk.unwrap_or_else(|| panic!("the stream ended: {text}"));
            text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    };
    timeout(PATIENCE, reading).await.expect("events in time");
    text
}

/// Says something again and again.
async fn talk(caller: &Caller, conversation: &str) {
    loop {
        let input = json!({ "conversationId": conversation, "role": "USER", "content": "hello" });
        mutate(caller, "appendMessage", "__typename", input).await;
    }
}

#[tokio::test]
async fn socket_is_opened_by_key_and_token_and_closed_on_what_is_no_good() {
    let (server, ada, pair) = stage_with(&[]).await;
    let bob = server.sign_up("Bob").await;
    let (text, _) = key(&ada, json!({ "name": "ci" })).await;
    let (bobs, _) = key(&bob, json!({ "name": "ci" })).await;
    let (team, _) = key(&ada, json!({ "name": "ci", "owner": "ORGANIZATION" })).await;
    let jwt = token(&pair, &claims(&ada.user_id));
    for payload in [
        json!({ "x-api-key": text }),
        json!({ "X-Agentuity-Auth-Api-Key": text, "x-api-key": "nonsense" }),
        json!({ "Authorization": format!("ApiKey {text}") }),
        json!({ "x-api-key": team, "x-organization-id": ada.organization_id }),
        json!({ "authorization": jwt }),
        json!({ "authorization": jwt, "x-api-key": text }),
    ] {
        let mut socket = open(&server, payload.clone()).await.expect("acknowledged");
        let viewer = "{ viewer { organization { id } } }";
        socket.subscribe("1", viewer, json!({})).await;
        let answer = socket.hear().await;
        let organization = &answer["payload"]["data"]["viewer"]["organization"]["id"];
        assert_eq!(*organization, ada.organization_id, "{payload}: {answer}");
    }
    let mut late = claims(&ada.user_id);
    late["exp"] = json!(chrono::Utc::now().timestamp() - 1);
    let expired = token(&pair, &late);
    let cookie = cookie(&server, "ada@example.com").await;
    for (payload, code) in [
        (json!({ "x-api-key": "nonsense" }), 4403),
        (json!({ "x-api-key": text.to_lowercase() }), 4403),
        (json!({ "authorization": format!("{jwt}A") }), 4403),
        (json!({ "authorization": expired }), 4403),
        (json!({ "authorization": jwt, "x-api-key": bobs }), 4403),
        (
            json!({ "x-api-key": bobs, "x-organization-id": ada.organization_id }),
            4403,
        ),
        (
            json!({ "x-api-key": team, "x-organization-id": bob.organization_id }),
            4403,
        ),
        (json!({ "x-api-key": [text] }), 4400),
    ] {
        let closed = open(&server, payload.clone()).await.err();
        assert_eq!(closed, Some(code), "{payload}");
    }
    // A cookie comes with the handshake.
    let headers = [("cookie", cookie.as_str())];
    let by = |payload: Value| Socket::init(&server.url, &headers, payload);
    assert!(by(json!({ "authorization": expired })).await.is_ok());
    assert!(by(json!({ "x-api-key": text })).await.is_ok());
    assert_eq!(by(json!({ "x-api-key": bobs })).await.err(), Some(4403));
    assert_eq!(by(json!({ "x-api-key": team })).await.err(), Some(4403));
}

#[tokio::test]
async fn socket_and_stream_are_one_use_each() {
    let server = Server::start_with(&[RECHECK]).await;
    let ada = server.sign_up("Ada").await;
    let helper = agent(&ada, "Helper", "PRIVATE").await;
    let there = conversation(&ada, &helper).await;
    let (text, id) = key(&ada, json!({ "name": "ci", "remaining": 2 })).await;
    let payload = json!({ "x-api-key": text });
    let mut socket = open(&server, payload.clone()).await.expect("acknowledged");
    for id in ["1", "2", "3"] {
        socket
            .subscribe(id, "{ agents { totalCount } }", json!({}))
            .await;
        assert_eq!(socket.hear().await["type"], "next");
        assert_eq!(socket.hear().await["type"], "complete");
    }
    let mut events = stream(&ada, &there, ("x-api-key", &text)).await;
    assert_eq!(events.status(), 200);
    tokio::select! {
        text = read_until(&mut events, "event: next") => assert!(text.contains("hello"), "{text}"),
        () = talk(&ada, &there) => unreachable!("it never stops"),
    }
    let left: i32 = sqlx::query_scalar(r#"SELECT "remaining" FROM "apikey" WHERE "id" = $1"#)
        .bind(&id)
        .fetch_one(&server.owner_pool().await)
        .await
        .unwrap();
    assert_eq!(left, 0);
    assert_eq!(open(&server, payload).await.err(), Some(1013));
    // Used up, it lets what is open go on: looking after it is no use of it.
    socket
        .subscribe("4", "{ agents { totalCount } }", json!({}))
        .await;
    assert_eq!(socket.hear().await["type"], "next");
}

#[tokio::test]
async fn what_happens_to_a_key_ends_what_it_opened() {
    let server = Server::start_with(&[RECHECK]).await;
    let ada = server.sign_up("Ada").await;
    let helper = agent(&ada, "Helper", "PRIVATE").await;
    let there = conversation(&ada, &helper).await;
    for (owner, change) in [
        (
            "USER",
            r#"UPDATE "apikey" SET "enabled" = false WHERE "id" = $1"#,
        ),
        ("USER", r#"DELETE FROM "apikey" WHERE "id" = $1"#),
        (
            "USER",
            r#"UPDATE "apikey" SET "expiresAt" = now() WHERE "id" = $1"#,
        ),
        (
            "USER",
            r#"UPDATE "apikey" SET "permissions" = '{}' WHERE "id" = $1"#,
        ),
        (
            "ORGANIZATION",
            r#"UPDATE "apikey" SET organization_role = 'admin' WHERE "id" = $1"#,
        ),
        ("ORGANIZATION", r#"DELETE FROM "apikey" WHERE "id" = $1"#),
    ] {
        let (text, id) = key(&ada, json!({ "name": "ci", "owner": owner })).await;
        let mut socket = open(&server, json!({ "x-api-key": text }))
            .await
            .expect("acknowledged");
        let mut events = match owner {
            "USER" => Some(stream(&ada, &there, ("x-api-key", &text)).await),
            _ => None,
        };
        sql(&server, change, &[&id]).await;
        assert_eq!(socket.closed().await, 4403, "{change}");
        if let Some(events) = &mut events {
            let text = read_until(events, "event: complete").await;
            assert!(text.contains("UNAUTHENTICATED"), "{text}");
        }
    }
}

#[tokio::test]
async fn what_happens_to_a_token_ends_what_it_opened() {
    let (server, ada, pair) = stage_with(&[RECHECK]).await;
    let helper = agent(&ada, "Helper", "PRIVATE").await;
    let there = conversation(&ada, &helper).await;
    let mut short = claims(&ada.user_id);
    short["exp"] = json!(chrono::Utc::now().timestamp() + 3);
    let sessions = ada.query("{ viewer { sessions { id } } }", json!({})).await;
    let mut of_session = claims(&ada.user_id);
    of_session["sessionId"] = sessions["viewer"]["sessions"][0]["id"].clone();
    let plain = claims(&ada.user_id);
    // One after the other: signing out ends what the next would need.
    for (claims, change) in [
        (short, None),
        (of_session, Some("sign out")),
        (plain, Some("withdraw the key")),
    ] {
        let jwt = token(&pair, &claims);
        let mut socket = open(&server, json!({ "authorization": jwt }))
            .await
            .expect("acknowledged");
        let mut events = stream(&ada, &there, ("authorization", &jwt)).await;
        assert_eq!(events.status(), 200);
        match change {
            None => {}
            Some("sign out") => {
                ada.query("mutation { signOut { __typename } }", json!({}))
                    .await;
            }
            Some(_) => sql(&server, r#"DELETE FROM "jwks""#, &[]).await,
        }
        assert_eq!(socket.closed().await, 4403, "{change:?}");
        let text = read_until(&mut events, "event: complete").await;
        assert!(text.contains("UNAUTHENTICATED"), "{text}");
    }
}
