//! The end of an account: said first, then done, and refused where it must be.

use serde_json::{Value, json};

use super::{delete, traces};
use crate::conversations::{agent, conversation, mutate};
use crate::organizations::founded;
use crate::support::{Caller, Server, Socket, until};

const PREVIEW: &str = "{ viewer { deletion { blocked needsPassword sessions apiKeys invitations organizations {
    slug personal fate agents sharedAgents apiConnections conversations conversationsOfOthers messages } } } }";

async fn preview(caller: &Caller) -> Value {
    caller.query(PREVIEW, json!({})).await["viewer"]["deletion"].take()
}

async fn say(caller: &Caller, conversation: &str) {
    let input = json!({ "conversationId": conversation, "role": "USER", "content": "Hello" });
    let said = mutate(caller, "appendMessage", "__typename", input).await;
    assert_eq!(said["__typename"], "AppendMessageSuccess", "{said}");
}

async fn owner_sql(server: &Server, statement: &'static str, user: &str) {
    let pool = server.owner_pool().await;
    let done = sqlx::query(statement).bind(user).execute(&pool).await;
    done.unwrap();
}

/// Ada alone at home and a member of Bob's team, with something of everything in both.
async fn furnished() -> (Server, Caller, Caller, Caller) {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let team = founded(&bob, "acme").await;
    let guest = server.join(&team, &ada, "admin").await;
    let own = agent(&ada, "Own", "PRIVATE").await;
    say(&ada, &conversation(&ada, &own).await).await;
    let shared = agent(&guest, "Shared", "ORGANIZATION").await;
    agent(&guest, "Secret", "PRIVATE").await;
    say(&guest, &conversation(&guest, &shared).await).await;
    say(&team, &conversation(&team, &shared).await).await;
    let bobs = agent(&team, "Bob's", "ORGANIZATION").await;
    say(&guest, &conversation(&guest, &bobs).await).await;
    for caller in [&ada, &guest, &team] {
        let input = json!({ "name": "Key", "service": "openai", "apiKey": "sk-0123456789abcdef" });
        mutate(caller, "createApiConnection", "__typename", input).await;
    }
    mutate(&ada, "createApiKey", "__typename", json!({ "name": "ci" })).await;
    mutate(
        &ada,
        "updateProfile",
        "__typename",
        json!({ "bio": "Here." }),
    )
    .await;
    let invited = json!({ "email": "new@example.com", "role": "MEMBER" });
    mutate(&guest, "inviteMember", "__typename", invited).await;
    (server, ada, guest, team)
}

#[tokio::test]
async fn what_goes_is_said_first_and_then_gone() {
    let (server, ada, guest, team) = furnished().await;
    let said = preview(&ada).await;
    let mut organizations = said["organizations"].as_array().unwrap().clone();
    organizations.sort_by_key(|one| one["personal"] == false);
    assert_eq!(
        json!(organizations),
        json!([
            { "slug": "ada", "personal": true, "fate": "GOES", "agents": 1, "sharedAgents": 0, "apiConnections": 1,
              "conversations": 1, "conversationsOfOthers": 0, "messages": 1 },
            { "slug": "acme", "personal": false, "fate": "STAYS", "agents": 2, "sharedAgents": 1, "apiConnections": 1,
              "conversations": 3, "conversationsOfOthers": 1, "messages": 3 },
        ])
    );
    let rest = [
        "blocked",
        "needsPassword",
        "sessions",
        "apiKeys",
        "invitations",
    ];
    let rest = rest.map(|field| said[field].clone());
    assert_eq!(json!(rest), json!([false, true, 1, 1, 1]));
    assert_eq!(preview(&guest).await, said, "wherever one acts");

    assert_eq!(delete(&ada, None).await["__typename"], "ValidationFailed");
    let wrong = delete(&ada, Some("wrong horse battery")).await;
    assert_eq!(wrong["__typename"], "Forbidden");
    assert_eq!(preview(&ada).await, said, "nothing happened so far");

    for trace in [&ada.user_id, &ada.organization_id, "ada@example.com"] {
        assert_ne!(traces(&server, trace).await, [""; 0], "{trace}");
    }
    let done = delete(&ada, Some(Caller::PASSWORD)).await;
    let expected = json!({ "__typename": "DeleteAccountSuccess", "deletedUserId": ada.user_id,
        "deletedOrganizationIds": [ada.organization_id] });
    assert_eq!(done, expected);
    assert_eq!(traces(&server, &ada.user_id).await, [""; 0]);
    assert_eq!(traces(&server, &ada.organization_id).await, [""; 0]);
    assert_eq!(traces(&server, "ada@example.com").await, [""; 0]);
    for caller in [&ada, &guest] {
        assert_eq!(caller.code(PREVIEW, json!({})).await, "UNAUTHENTICATED");
    }
    let kept = "{ agents { nodes { name } } conversations { totalCount }
        auditEvents(filter: { action: \"user.delete\" }) { nodes { actorUserId targetId metadata } }
        organization(by: { slug: \"acme\" }) { members { nodes { name } } } }";
    let kept = team.query(kept, json!({})).await;
    let metadata = json!({ "agents": 2, "apiConnections": 1, "conversations": 3 });
    assert_eq!(
        kept,
        json!({ "agents": { "nodes": [{ "name": "Bob's" }] }, "conversations": { "totalCount": 0 },
            "auditEvents": { "nodes": [{ "actorUserId": ada.user_id, "targetId": ada.user_id, "metadata": metadata }] },
            "organization": { "members": { "nodes": [{ "name": "Bob" }] } } })
    );
    // The address is free again.
    let again = server.sign_up("Ada").await;
    assert_ne!(again.user_id, ada.user_id);
}

#[tokio::test]
async fn only_owner_of_a_shared_organization_is_refused_by_its_name() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let team = founded(&ada, "acme").await;
    let alone = founded(&ada, "alone").await;
    let guest = server.join(&team, &bob, "admin").await;
    let said = preview(&ada).await;
    assert_eq!(said["blocked"], true);
    let refused = delete(&ada, Some(Caller::PASSWORD)).await;
    assert_eq!(refused["__typename"], "Conflict");
    let message = refused["message"].as_str().unwrap();
    assert!(
        message.contains("acme") && !message.contains("alone"),
        "{message}"
    );
    assert_eq!(preview(&ada).await, said, "nothing happened");

    let promoted = json!({ "userId": bob.user_id, "role": "OWNER" });
    mutate(&team, "updateMemberRole", "__typename", promoted).await;
    let done = delete(&team, Some(Caller::PASSWORD)).await;
    let gone = json!([ada.organization_id, alone.organization_id]);
    assert_eq!(done["deletedOrganizationIds"], gone, "oldest first");
    let role = guest.query("{ viewer { role } }", json!({})).await;
    assert_eq!(role["viewer"]["role"], "OWNER");
}

/// Somebody else owns it too by now: it is an organisation like any other from then on.
#[tokio::test]
async fn personal_organization_with_another_owner_stays_with_them() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let guest = server.join(&ada, &bob, "member").await;
    assert_eq!(
        delete(&ada, Some(Caller::PASSWORD)).await["__typename"],
        "Conflict"
    );
    let promoted = json!({ "userId": bob.user_id, "role": "OWNER" });
    mutate(&ada, "updateMemberRole", "__typename", promoted).await;
    let done = delete(&ada, Some(Caller::PASSWORD)).await;
    assert_eq!(done["deletedOrganizationIds"], json!([]), "{done}");
    let mine = "{ viewer { role organization { personal slug } } }";
    let seen = guest.query(mine, json!({})).await;
    assert_eq!(
        seen["viewer"],
        json!({ "role": "OWNER", "organization": { "personal": false, "slug": "ada" } })
    );
    let id = json!({ "id": guest.organization_id });
    let deleted = mutate(&guest, "deleteOrganization", "__typename", id).await;
    assert_eq!(
        deleted["__typename"], "DeleteOrganizationSuccess",
        "{deleted}"
    );
}

#[tokio::test]
async fn account_without_a_password_needs_a_fresh_session() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    owner_sql(
        &server,
        r#"DELETE FROM "account" WHERE "userId" = $1"#,
        &ada.user_id,
    )
    .await;
    assert_eq!(preview(&ada).await["needsPassword"], false);
    let given = delete(&ada, Some(Caller::PASSWORD)).await;
    assert_eq!(given["__typename"], "ValidationFailed");
    let aged =
        r#"UPDATE "session" SET "createdAt" = now() - interval '25 hours' WHERE "userId" = $1"#;
    owner_sql(&server, aged, &ada.user_id).await;
    assert_eq!(delete(&ada, None).await["__typename"], "Forbidden");
    let fresh =
        r#"UPDATE "session" SET "createdAt" = now() - interval '23 hours' WHERE "userId" = $1"#;
    owner_sql(&server, fresh, &ada.user_id).await;
    assert_eq!(
        delete(&ada, None).await["__typename"],
        "DeleteAccountSuccess"
    );
    assert_eq!(traces(&server, &ada.user_id).await, [""; 0]);
}

#[tokio::test]
async fn no_api_key_deletes_an_account_or_looks_at_what_would_go() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let input = json!({ "name": "all", "permissions": { "*": ["*"] } });
    let made = mutate(&ada, "createApiKey", "key", input).await;
    let key = made["key"].as_str().unwrap();
    let document = format!(
        "mutation {{ deleteAccount(input: {{ password: \"{}\" }}) {{ __typename }} }}",
        Caller::PASSWORD
    );
    for document in [
        document.as_str(),
        PREVIEW,
        "mutation { revokeAllSessions { __typename } }",
    ] {
        let request = Caller::nobody(&server).post(document, json!({}));
        let answer: Value = request
            .header("x-api-key", key)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], "FORBIDDEN",
            "{answer}"
        );
    }
    assert_eq!(preview(&ada).await["apiKeys"], 1);
}

#[tokio::test]
async fn deleting_clears_the_cookies_and_ends_subscriptions() {
    let server = Server::start_with(&["--recheck=1s"]).await;
    let ada = server.sign_up("Ada").await;
    let talk = conversation(&ada, &agent(&ada, "Own", "PRIVATE").await).await;
    let mut socket = Socket::open(&ada).await;
    let listen = "subscription($c: ID!) { messageAdded(conversationId: $c) { id } }";
    socket.subscribe("1", listen, json!({ "c": talk })).await;
    let document =
        "mutation($p: String!) { deleteAccount(input: { password: $p }) { __typename } }";
    let request = ada.post(document, json!({ "p": Caller::PASSWORD }));
    let response = request.send().await.unwrap();
    let cleared: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
    let names = cleared.iter().map(|cookie| cookie.to_str().unwrap());
    let names: Vec<_> = names
        .map(|cookie| cookie.split('=').next().unwrap())
        .collect();
    for name in [
        "better-auth.session_token",
        "__Secure-better-auth.session_token",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    let body: Value = response.json().await.unwrap();
    assert_eq!(
        body["data"]["deleteAccount"]["__typename"], "DeleteAccountSuccess",
        "{body}"
    );
    assert_eq!(socket.closed().await, 4403);
}

/// Left behind by leaving, out of their sight since, and deleted with them nonetheless.
#[tokio::test]
async fn what_was_left_behind_goes_too() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let team = founded(&bob, "acme").await;
    let guest = server.join(&team, &ada, "member").await;
    agent(&guest, "Left", "ORGANIZATION").await;
    let left = guest
        .query("mutation { leaveOrganization { __typename } }", json!({}))
        .await;
    assert_eq!(
        left["leaveOrganization"]["__typename"],
        "LeaveOrganizationSuccess"
    );
    assert_eq!(
        preview(&ada).await["organizations"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    delete(&ada, Some(Caller::PASSWORD)).await;
    assert_eq!(traces(&server, &ada.user_id).await, [""; 0]);
    let agents = team.query("{ agents { totalCount } }", json!({})).await;
    assert_eq!(agents["agents"]["totalCount"], 0);
}

#[tokio::test]
async fn all_sessions_end_at_once_and_api_keys_go_on() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let other = Caller::sign_in_at(&server.url, "Ada").await;
    let made = mutate(&ada, "createApiKey", "key", json!({ "name": "ci" })).await;
    let revoke = "mutation { revokeAllSessions { ... on RevokeAllSessionsSuccess { revoked } } }";
    let response = ada.post(revoke, json!({})).send().await.unwrap();
    assert!(response.headers().get("set-cookie").is_some());
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["data"]["revokeAllSessions"]["revoked"], 2, "{body}");
    for caller in [&ada, &other] {
        assert_eq!(
            caller.code("{ viewer { role } }", json!({})).await,
            "UNAUTHENTICATED"
        );
    }
    until("the key is good", || async {
        let request = Caller::nobody(&server).post("{ viewer { role } }", json!({}));
        let request = request.header("x-api-key", made["key"].as_str().unwrap());
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        (answer["data"]["viewer"]["role"] == "OWNER").then_some(())
    })
    .await;
}
