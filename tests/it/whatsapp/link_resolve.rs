//! `resolveWhatsAppSender`, for gateways.

use serde_json::{Value, json};

use super::{JID, PHONE, bot, db, linked};
use crate::support::{Caller, Server};
use crate::templates::{installed, mutate};

const RESOLVE: &str = "query($jid: String!) { resolveWhatsAppSender(jid: $jid) { waJid userId verifiedAt installs { installId templateId agentId } } }";

/// What an API key is answered.
pub(super) async fn resolve(server: &Server, key: &str, jid: &str) -> Value {
    reqwest::Client::new()
        .post(format!("{}/graphql", server.url))
        .header("x-api-key", key)
        .json(&json!({ "query": RESOLVE, "variables": { "jid": jid } }))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

/// A key of the organisation.
pub(super) async fn key(by: &Caller, role: &str, permissions: Value) -> String {
    let input = json!({ "name": "gateway", "owner": "ORGANIZATION", "role": role, "permissions": permissions });
    let made = mutate(by, "createApiKey", "key", input).await;
    made["key"]
        .as_str()
        .unwrap_or_else(|| panic!("{made}"))
        .to_owned()
}

#[tokio::test]
async fn a_key_with_the_permission_learns_which_member_writes_and_what_they_may_use() {
    let server = Server::start().await;
    let template = bot(&server, "helper").await;
    let bob = linked(&server, &db(&server), "Bob", PHONE).await;
    let key = key(&bob, "ADMIN", json!({ "whatsapp": ["read"] })).await;
    let answer = resolve(&server, &key, "447123456789:3@C.US").await;
    let sender = &answer["data"]["resolveWhatsAppSender"];
    assert_eq!(
        (&sender["waJid"], &sender["userId"]),
        (&json!(JID), &json!(bob.user_id)),
        "{answer}"
    );
    assert_eq!(sender["installs"], json!([]));
    let done = installed(&bob, json!({ "slug": "helper" })).await;
    let answer = resolve(&server, &key, JID).await;
    let install = json!([{ "installId": done["install"]["id"], "agentId": done["agent"]["id"], "templateId": template.as_str() }]);
    assert_eq!(answer["data"]["resolveWhatsAppSender"]["installs"], install);
}

#[tokio::test]
async fn nobody_elsewhere_is_told_and_strangers_look_like_nobody() {
    let server = Server::start().await;
    let bob = linked(&server, &db(&server), "Bob", PHONE).await;
    let eve = server.sign_up("Eve").await;
    let foreign = key(&eve, "OWNER", json!({ "whatsapp": ["read"] })).await;
    for jid in [JID, "15551234567"] {
        let answer = resolve(&server, &foreign, jid).await;
        assert_eq!(answer, json!({ "data": { "resolveWhatsAppSender": null } }));
    }
    // A claim is nothing yet.
    super::code(&eve, "+15551234567").await;
    let answer = resolve(&server, &foreign, "15551234567").await;
    assert_eq!(answer["data"]["resolveWhatsAppSender"], Value::Null);
    server.join(&eve, &bob, "member").await;
    let answer = resolve(&server, &foreign, JID).await;
    assert_eq!(
        answer["data"]["resolveWhatsAppSender"]["userId"],
        bob.user_id
    );
}

#[tokio::test]
async fn it_takes_a_key_with_the_permission_and_a_role_above_members() {
    let server = Server::start().await;
    let bob = linked(&server, &db(&server), "Bob", PHONE).await;
    for (role, permissions) in [
        ("ADMIN", json!({ "agents": ["*"] })),
        ("ADMIN", json!({ "whatsapp": ["write"] })),
        ("MEMBER", json!({ "whatsapp": ["read"] })),
    ] {
        let key = key(&bob, role, permissions).await;
        let answer = resolve(&server, &key, JID).await;
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], "FORBIDDEN",
            "{answer}"
        );
    }
    assert_eq!(bob.code(RESOLVE, json!({ "jid": JID })).await, "FORBIDDEN");
}

#[tokio::test]
async fn what_is_no_person_is_refused() {
    let server = Server::start().await;
    let bob = server.sign_up("Bob").await;
    let key = key(&bob, "OWNER", json!({ "whatsapp": ["read"] })).await;
    for jid in [
        "",
        "120363025246125486@g.us",
        "status@broadcast",
        "1203630252@newsletter",
        "123456789012345@lid",
        "447123456789@whatsapp.com",
        "no\u{0}thing",
    ] {
        let answer = resolve(&server, &key, jid).await;
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT",
            "{jid}: {answer}"
        );
    }
}
