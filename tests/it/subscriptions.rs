//! `messageAdded` over a WebSocket: what reaches the subscriber, and every way in which it ends.

use serde_json::{Value, json};

use crate::conversations::{Team, agent, conversation, mutate};
use crate::support::{Caller, Server, Socket};

const DOCUMENT: &str =
    "subscription($c: ID!) { messageAdded(conversationId: $c) { id content role userId } }";

async fn say(caller: &Caller, conversation: &str, content: &str) -> Value {
    let input = json!({ "conversationId": conversation, "role": "USER", "content": content });
    let mut added = mutate(caller, "appendMessage", "appendedMessage { id }", input).await;
    added["appendedMessage"]["id"].take()
}

async fn listen(socket: &mut Socket, id: &str, conversation: &str) {
    socket
        .subscribe(id, DOCUMENT, json!({ "c": conversation }))
        .await;
}

/// Talks until the subscriber hears of it: a subscription begins a little after it was asked for. What was heard first.
async fn heard(socket: &mut Socket, speaker: &Caller, conversation: &str) -> Value {
    let talk = async {
        loop {
            say(speaker, conversation, "hello").await;
        }
    };
    tokio::select! {
        heard = socket.hear() => heard,
        () = talk => unreachable!("it never stops"),
    }
}

/// Reads on until this content comes.
async fn until_content(socket: &mut Socket, content: &str) -> Value {
    loop {
        let next = socket.hear().await;
        assert_eq!(next["type"], "next", "{next}");
        if next["payload"]["data"]["messageAdded"]["content"] == content {
            return next;
        }
    }
}

/// Reads on until the operation fails, which ends it; the code. An error of the field is an event and is followed by the end;
/// an error of the whole is the end.
async fn failed(socket: &mut Socket, id: &str) -> Value {
    loop {
        let mut message = socket.hear().await;
        assert_eq!(message["id"], id, "{message}");
        if message["type"] == "error" {
            return message["payload"][0]["extensions"]["code"].take();
        }
        assert_eq!(message["type"], "next", "{message}");
        if message["payload"]["errors"].is_array() {
            let complete = socket.hear().await;
            assert_eq!(complete, json!({ "type": "complete", "id": id }));
            return message["payload"]["errors"][0]["extensions"]["code"].take();
        }
    }
}

/// Ada's conversation with an agent of hers, and an open subscription to it.
async fn subscribed(flags: &[&str]) -> (Server, Caller, String, Socket) {
    let server = Server::start_with(flags).await;
    let ada = server.sign_up("Ada").await;
    let agent = agent(&ada, "Helper", "PRIVATE").await;
    let conversation = conversation(&ada, &agent).await;
    let mut socket = Socket::open(&ada).await;
    listen(&mut socket, "1", &conversation).await;
    let first = heard(&mut socket, &ada, &conversation).await;
    assert_eq!(first["type"], "next", "{first}");
    (server, ada, conversation, socket)
}

#[tokio::test]
async fn each_message_reaches_all_who_may_see_it_and_nobody_else() {
    let team = Team::start().await;
    let eve = team.server.sign_up("Eve").await;
    let (mut adas, mut bobs) = (Socket::open(&team.ada).await, Socket::open(&team.bob).await);
    for socket in [&mut adas, &mut bobs] {
        listen(socket, "live", &team.bobs).await;
        let first = heard(socket, &team.bob, &team.bobs).await;
        assert_eq!(first["type"], "next", "{first}");
    }
    // Nobody hears of a conversation beside theirs.
    let beside = conversation(&team.bob, &team.agent).await;
    say(&team.bob, &beside, "beside").await;
    let id = say(&team.bob, &team.bobs, "last").await;
    let message =
        json!({ "id": id, "content": "last", "role": "USER", "userId": team.bob.user_id });
    for socket in [&mut adas, &mut bobs] {
        let last = until_content(socket, "last").await;
        assert_eq!(
            last,
            json!({ "type": "next", "id": "live", "payload": { "data": { "messageAdded": message } } })
        );
    }
    let mut eves = Socket::open(&eve).await;
    for id in [team.bobs.as_str(), "tz4a98xxat96iws9zmbrgj3a", "a\0b"] {
        listen(&mut eves, "live", id).await;
        assert_eq!(failed(&mut eves, "live").await, "NOT_FOUND", "{id}");
    }
}

#[tokio::test]
async fn a_message_is_not_shown_to_one_who_has_signed_out() {
    let (server, ada, conversation, mut socket) = subscribed(&["--recheck=1h"]).await;
    let again = Caller::sign_in_at(&server.url, "Ada").await;
    ada.query("mutation { signOut { __typename } }", json!({}))
        .await;
    say(&again, &conversation, "secret").await;
    loop {
        match socket.hear_or_close().await {
            Ok(message) => assert!(!message.to_string().contains("secret"), "{message}"),
            Err(code) => return assert_eq!(code, 4403),
        }
    }
}

#[tokio::test]
async fn what_no_word_came_of_is_seen_at_the_next_look() {
    let (server, ada, _, mut socket) = subscribed(&["--recheck=100ms"]).await;
    let owner = server.owner_pool().await;
    // As where the triggers are missing, or the word of them was lost.
    sqlx::raw_sql(r#"ALTER TABLE "session" DISABLE TRIGGER session_say_revoked"#)
        .execute(&owner)
        .await
        .unwrap();
    sqlx::query(r#"DELETE FROM "session" WHERE "userId" = $1"#)
        .bind(&ada.user_id)
        .execute(&owner)
        .await
        .unwrap();
    assert_eq!(socket.closed().await, 4403);
}

#[tokio::test]
async fn a_reader_that_falls_behind_is_told_so() {
    let (server, ada, conversation, mut socket) = subscribed(&[]).await;
    // Word of many messages at once, faster than each can be looked for.
    let mut root = server.database.root().await;
    sqlx::query("SELECT pg_notify('agentry_message', $1 || ':' || $2 || ':m' || n) FROM generate_series(1, 2000) n")
        .bind(&ada.organization_id)
        .bind(&conversation)
        .execute(&mut root)
        .await
        .unwrap();
    assert_eq!(failed(&mut socket, "1").await, "UNAVAILABLE");
    // Subscribed again, on the same socket, it hears what comes next.
    listen(&mut socket, "2", &conversation).await;
    let next = heard(&mut socket, &ada, &conversation).await;
    assert_eq!(
        (&next["type"], &next["id"]),
        (&json!("next"), &json!("2")),
        "{next}"
    );
}

#[tokio::test]
async fn a_lost_listener_ends_the_stream_and_is_back_for_the_next() {
    let (server, ada, conversation, mut socket) = subscribed(&[]).await;
    let mut root = server.database.root().await;
    let ended: Vec<bool> = sqlx::query_scalar(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND query LIKE 'LISTEN%'",
    )
    .fetch_all(&mut root)
    .await
    .unwrap();
    assert_eq!(ended, [true]);
    assert_eq!(failed(&mut socket, "1").await, "UNAVAILABLE");
    listen(&mut socket, "2", &conversation).await;
    let next = heard(&mut socket, &ada, &conversation).await;
    assert_eq!(
        (&next["type"], &next["id"]),
        (&json!("next"), &json!("2")),
        "{next}"
    );
}

#[tokio::test]
async fn a_server_that_stops_says_that_it_goes_away() {
    let (server, .., mut socket) = subscribed(&[]).await;
    drop(server);
    assert_eq!(socket.closed().await, 1001);
}
