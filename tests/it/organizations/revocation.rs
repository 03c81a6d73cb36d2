//! Open streams hear at once, on every replica, that their credential or membership is not what it was. The next look is an hour
//! off in all of these.

use serde_json::{Value, json};

use super::{call, ends, founded, sql};
use crate::conversations::{agent, conversation, mutate};
use crate::support::{Caller, Server, Socket};

const ADDED: &str = "subscription($c: ID!) { messageAdded(conversationId: $c) { content } }";

/// A team, a guest in it, and another replica where the guest listens to a conversation of theirs.
struct Scene {
    server: Server,
    replica: Server,
    ada: Caller,
    team: Caller,
    bob: Caller,
    guest: Caller,
    conversation: String,
}

impl Scene {
    async fn start(role: &str) -> Self {
        let server = Server::start_with(&["--recheck=1h"]).await;
        let replica = Server::on(server.database.clone(), &["--recheck=1h"]).await;
        let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
        let team = founded(&ada, "acme").await;
        let guest = server.join(&team, &bob, role).await;
        let agent = agent(&team, "Shared", "ORGANIZATION").await;
        let conversation = conversation(&guest, &agent).await;
        Self {
            server,
            replica,
            ada,
            team,
            bob,
            guest,
            conversation,
        }
    }

    /// An open subscription of this person at the other replica, which has heard something.
    async fn listening(&self, caller: &Caller) -> Socket {
        let socket = Socket::open(&caller.moved_to(&self.replica.url)).await;
        self.heard(socket).await
    }

    async fn heard(&self, mut socket: Socket) -> Socket {
        let variables = json!({ "c": self.conversation });
        socket.subscribe("1", ADDED, variables).await;
        let talk = async {
            loop {
                self.say("hello").await;
            }
        };
        let first = tokio::select! {
            first = socket.hear() => first,
            () = talk => unreachable!("it never stops"),
        };
        assert_eq!(first["type"], "next", "{first}");
        socket
    }

    async fn say(&self, content: &str) {
        let input =
            json!({ "conversationId": self.conversation, "role": "USER", "content": content });
        mutate(&self.guest, "appendMessage", "__typename", input).await;
    }
}

#[tokio::test]
async fn removal_closes_what_is_open_there_and_nothing_else() {
    let scene = Scene::start("member").await;
    let mut there = scene.listening(&scene.guest).await;
    let mut home = Socket::open(&scene.bob.moved_to(&scene.replica.url)).await;
    let out = json!({ "userId": scene.bob.user_id });
    assert_eq!(
        ends(&scene.team, "removeMember", out).await,
        "RemoveMemberSuccess"
    );
    assert_eq!(there.closed().await, 4403);
    // The same session goes on in the organisation that its person is still a member of.
    home.subscribe("2", "{ viewer { role } }", json!({})).await;
    let answer = home.hear().await;
    assert_eq!(answer["payload"]["data"]["viewer"]["role"], "OWNER");
}

#[tokio::test]
async fn a_role_made_less_or_more_closes_what_is_open_in_the_old_one() {
    let scene = Scene::start("admin").await;
    for role in ["MEMBER", "ADMIN"] {
        let mut socket = scene.listening(&scene.guest).await;
        let change = json!({ "userId": scene.bob.user_id, "role": role });
        assert_eq!(
            ends(&scene.team, "updateMemberRole", change).await,
            "UpdateMemberRoleSuccess"
        );
        assert_eq!(socket.closed().await, 4403, "{role}");
    }
    // By another program too.
    let mut socket = scene.listening(&scene.guest).await;
    sql(
        &scene.server,
        r#"UPDATE "member" SET "role" = 'member' WHERE "userId" = $1"#,
        &[&scene.bob.user_id],
    )
    .await;
    assert_eq!(socket.closed().await, 4403);
}

#[tokio::test]
async fn leaving_and_the_organizations_end_close_what_is_open_there() {
    let scene = Scene::start("member").await;
    let mut socket = scene.listening(&scene.guest).await;
    let leave = "mutation { leaveOrganization { __typename } }";
    scene.guest.query(leave, json!({})).await;
    assert_eq!(socket.closed().await, 4403);

    let scene = Scene::start("member").await;
    let mut socket = scene.listening(&scene.guest).await;
    let this = json!({ "id": scene.team.organization_id });
    assert_eq!(
        ends(&scene.team, "deleteOrganization", this).await,
        "DeleteOrganizationSuccess"
    );
    assert_eq!(socket.closed().await, 4403);
}

#[tokio::test]
async fn a_session_that_ends_takes_its_sockets_along() {
    let scene = Scene::start("member").await;
    let sign_out = "mutation { signOut { __typename } }";
    let others = "mutation { revokeOtherSessions { __typename } }";
    let password = r#"mutation { changePassword(input: { currentPassword: "correct horse battery",
        newPassword: "another long one", revokeOtherSessions: true }) { __typename } }"#;
    for document in [sign_out, others, password] {
        let second = Caller::sign_in_at(&scene.server.url, "Bob").await;
        let second = second.in_organization(&scene.team.organization_id);
        let mut socket = scene.listening(&second).await;
        let mut kept = Socket::open(&scene.guest.moved_to(&scene.replica.url)).await;
        let by = if document == sign_out {
            &second
        } else {
            &scene.guest
        };
        by.query(document, json!({})).await;
        assert_eq!(socket.closed().await, 4403, "{document}");
        kept.subscribe("2", "{ viewer { role } }", json!({})).await;
        assert_eq!(kept.hear().await["type"], "next", "{document}");
    }
    let mut socket = scene.listening(&scene.guest).await;
    sql(
        &scene.server,
        r#"UPDATE "session" SET "expiresAt" = now() - interval '1 second' WHERE "userId" = $1"#,
        &[&scene.bob.user_id],
    )
    .await;
    assert_eq!(socket.closed().await, 4403);
}

#[tokio::test]
async fn a_key_switched_off_or_deleted_takes_its_sockets_along() {
    let scene = Scene::start("member").await;
    for (field, more) in [
        ("updateApiKey", json!({ "enabled": false })),
        ("deleteApiKey", json!({})),
    ] {
        let made = call(
            &scene.bob,
            "createApiKey",
            json!({ "name": "socket", "rateLimit": null }),
            "... on CreateApiKeySuccess { key apiKey { id } }",
        )
        .await;
        let payload =
            json!({ "x-api-key": made["key"], "x-organization-id": scene.team.organization_id });
        let socket = Socket::open_with(&scene.replica.url, payload).await;
        let mut socket = scene.heard(socket).await;
        let mut input = more;
        input["id"] = made["apiKey"]["id"].clone();
        let ended = ends(&scene.bob, field, input).await;
        assert!(ended.ends_with("Success"), "{field}: {ended}");
        assert_eq!(socket.closed().await, 4403, "{field}");
    }
}

#[tokio::test]
async fn an_event_stream_ends_as_a_socket_does() {
    let scene = Scene::start("member").await;
    let listener = scene.guest.moved_to(&scene.replica.url);
    let request = listener.post(ADDED, json!({ "c": scene.conversation }));
    let request = request.header("accept", "text/event-stream");
    let stream = request.send().await.unwrap();
    let out = json!({ "userId": scene.bob.user_id });
    ends(&scene.team, "removeMember", out).await;
    let text = tokio::time::timeout(crate::support::PATIENCE, stream.text());
    let text = text.await.unwrap().unwrap();
    assert!(
        text.contains("UNAUTHENTICATED") && text.contains("event: complete"),
        "{text}"
    );
}

#[tokio::test]
async fn what_happened_while_nobody_listened_is_looked_at_afterwards() {
    let scene = Scene::start("member").await;
    let mut socket = Socket::open(&scene.guest.moved_to(&scene.replica.url)).await;
    let owner = scene.server.owner_pool().await;
    let mut root = scene.server.database.root().await;
    sqlx::raw_sql(r#"ALTER TABLE "member" DISABLE TRIGGER member_say_revoked"#)
        .execute(&owner)
        .await
        .unwrap();
    let out = json!({ "userId": scene.bob.user_id });
    ends(&scene.team, "removeMember", out).await;
    // No word came; the listener is lost and back, and does not know what it missed.
    let listening = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    sqlx::query(listening).execute(&mut root).await.unwrap();
    assert_eq!(socket.closed().await, 4403);
    let home = scene.ada.query("{ viewer { role } }", json!({})).await;
    assert_ne!(home["viewer"]["role"], Value::Null);
}
