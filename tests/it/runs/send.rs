//! `sendMessage`.

use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::postgres::PgListener;
use tokio::time::timeout;

use super::{answer, ask, begin, chain, done, echo, id, more, root, shown, still, stored};
use crate::support::{PATIENCE, Socket};

#[tokio::test]
async fn message_and_run_are_there_at_once_and_the_conversation_waits_for_the_reply() {
    let server = still(&[]).await;
    let ada = server.sign_up("Ada").await;
    let agent = echo(&ada, "PRIVATE").await;
    let content = " \n\u{feff}e\u{301}🦀\t</script>\r\n ";
    let metadata = json!({ "from": "tests" });
    let input = json!({ "agentId": agent, "content": content, "metadata": metadata });
    let sent = ask(&ada, "sendMessage", input).await;
    let sent = done(&sent);
    let (message, run, conversation) = (&sent["message"], &sent["run"], &sent["conversation"]);
    assert_eq!(
        (&message["content"], &message["metadata"], &message["role"]),
        (&json!(content), &metadata, &json!("USER"))
    );
    assert_eq!(
        (&message["parentId"], &message["isCurrent"], &message["run"]),
        (&Value::Null, &json!(true), &Value::Null)
    );
    for (field, value) in [
        ("status", json!("QUEUED")),
        ("service", json!("echo")),
        ("model", json!("echo")),
        ("text", json!("")),
        ("agentId", json!(agent)),
        ("userId", json!(ada.user_id)),
        ("messageId", message["id"].clone()),
        ("conversationId", conversation["id"].clone()),
        ("errorCode", Value::Null),
        ("startedAt", Value::Null),
        ("finishedAt", Value::Null),
    ] {
        assert_eq!(run[field], value, "{field}");
    }
    assert!(run["createdAt"].as_str() > message["createdAt"].as_str());
    assert_eq!(conversation["agentId"], json!(agent));
    assert_eq!(run["activeIn"]["activeRun"]["id"], run["id"]);

    let read = "query($run: ID!, $reply: ID!) { node(id: $run) { __typename ... on Run { id } }
        run(id: $run) { message { id } reply { id } agent { id } conversation { id } connection { id } agentVersion }
        message(id: $reply) { id } }";
    let read = ada
        .query(read, json!({ "run": run["id"], "reply": run["replyId"] }))
        .await;
    assert_eq!(
        read["node"],
        json!({ "__typename": "Run", "id": run["id"] })
    );
    assert_eq!(
        read["run"],
        json!({ "message": { "id": message["id"] }, "reply": null, "agent": { "id": agent },
                "conversation": { "id": conversation["id"] }, "connection": null, "agentVersion": null })
    );
    assert_eq!(read["message"], Value::Null);
    let lease: (String, String, String, String) =
        sqlx::query_as("SELECT run_id, tenant, user_id, role FROM run_leases")
            .fetch_one(&root(&server).await)
            .await
            .unwrap();
    let owner = (id(run), ada.organization_id, ada.user_id, "owner".into());
    assert_eq!(lease, owner);
}

#[tokio::test]
async fn conversation_goes_on_from_its_newest_message() {
    let server = still(&[]).await;
    let ada = server.sign_up("Ada").await;
    let first = begin(&ada, &echo(&ada, "PRIVATE").await, "One").await;
    let conversation = id(&first["conversation"]);
    assert!(answer(&server, &ada, &first, "Reply one").await);
    let second = more(&ada, &conversation, "Two").await;
    assert_eq!(second["message"]["parentId"], first["run"]["replyId"]);
    assert!(answer(&server, &ada, &second, "Reply two").await);
    let said = ["One", "Reply one", "Two", "Reply two"];
    assert_eq!(shown(&ada, &conversation, "CURRENT").await, said);
    assert_eq!(chain(&server, &conversation).await, said);
    let read =
        "query($id: ID!) { run(id: $id) { status text activeIn: conversation { activeRun { id } }
        reply { id role content parentId run { id } model agentVersion siblings { id } } } }";
    let mut read = ada.query(read, json!({ "id": first["run"]["id"] })).await;
    let reply = &first["run"]["replyId"];
    assert_eq!(
        read["run"].take(),
        json!({ "status": "COMPLETED", "text": "Reply one", "activeIn": { "activeRun": null },
                "reply": { "id": reply, "role": "ASSISTANT", "content": "Reply one", "parentId": first["message"]["id"],
                           "run": { "id": first["run"]["id"] }, "model": "echo", "agentVersion": 1, "siblings": [{ "id": reply }] } })
    );
}

#[tokio::test]
async fn agent_and_conversation_must_fit_and_one_must_be_given() {
    let server = still(&[]).await;
    let ada = server.sign_up("Ada").await;
    let (agent, other) = (echo(&ada, "PRIVATE").await, echo(&ada, "PRIVATE").await);
    let conversation = id(&begin(&ada, &agent, "One").await["conversation"]);
    let before = stored(&server).await;
    for input in [
        json!({ "content": "x" }),
        json!({ "content": "x", "agentId": other, "conversationId": conversation, "onBusy": "ENQUEUE" }),
    ] {
        let outcome = ask(&ada, "sendMessage", input).await;
        assert_eq!(outcome["__typename"], "ValidationFailed", "{outcome}");
        assert_eq!(
            outcome["fields"],
            json!([{ "path": ["agentId"] }]),
            "{outcome}"
        );
    }
    assert_eq!(stored(&server).await, before);
    let both = json!({ "content": "x", "agentId": agent, "conversationId": conversation, "onBusy": "ENQUEUE" });
    let sent = ask(&ada, "sendMessage", both).await;
    assert_eq!(id(&done(&sent)["conversation"]), conversation);
}

#[tokio::test]
async fn bad_input_names_its_field_and_stores_nothing() {
    let server = still(&["--max-message=1000"]).await;
    let ada = server.sign_up("Ada").await;
    let agent = echo(&ada, "PRIVATE").await;
    for (field, value) in [
        ("content", json!("")),
        ("content", json!("a\0b")),
        ("content", json!("é".repeat(1_001))),
        ("metadata", json!([])),
        ("metadata", json!({ "a": "x".repeat(16_384) })),
        ("idempotencyKey", json!("")),
        ("idempotencyKey", json!("x".repeat(256))),
    ] {
        let mut input = json!({ "agentId": agent, "content": "x" });
        input[field] = value;
        let outcome = ask(&ada, "sendMessage", input).await;
        assert_eq!(outcome["fields"], json!([{ "path": [field] }]), "{outcome}");
    }
    assert_eq!(stored(&server).await, (0, 0, 0));
    begin(&ada, &agent, &"é".repeat(1_000)).await;
}

#[tokio::test]
async fn key_sends_once_however_many_send_it_at_once() {
    let server = still(&[]).await;
    let ada = server.sign_up("Ada").await;
    let agent = echo(&ada, "PRIVATE").await;
    let input = json!({ "agentId": agent, "content": "x", "idempotencyKey": "k" });
    let sent = join_all((0..8).map(|_| ask(&ada, "sendMessage", input.clone()))).await;
    for one in &sent {
        assert_eq!(done(one), &sent[0]);
    }
    assert_eq!(stored(&server).await, (1, 1, 1));
    answer(&server, &ada, &sent[0], "Reply").await;
    let again = ask(&ada, "sendMessage", input.clone()).await;
    assert_eq!(
        (&again["run"]["id"], &again["run"]["status"]),
        (&sent[0]["run"]["id"], &json!("COMPLETED"))
    );
    let message = sent[0]["message"]["id"].clone();
    for (field, input) in [
        (
            "sendMessage",
            json!({ "agentId": agent, "content": "y", "idempotencyKey": "k" }),
        ),
        (
            "regenerateMessage",
            json!({ "messageId": message, "idempotencyKey": "k" }),
        ),
        (
            "editMessage",
            json!({ "messageId": message, "content": "x", "idempotencyKey": "k" }),
        ),
    ] {
        let outcome = ask(&ada, field, input).await;
        assert_eq!(outcome["__typename"], "Conflict", "{field}: {outcome}");
    }
    assert_eq!(stored(&server).await, (2, 1, 0));
}

#[tokio::test]
async fn subscribers_hear_of_the_message_and_replicas_of_the_run() {
    let server = still(&[]).await;
    let ada = server.sign_up("Ada").await;
    let first = begin(&ada, &echo(&ada, "PRIVATE").await, "One").await;
    let conversation = id(&first["conversation"]);
    let mut listener = PgListener::connect_with(&root(&server).await)
        .await
        .unwrap();
    listener.listen("agentry_run").await.unwrap();
    let mut socket = Socket::open(&ada).await;
    let document = "subscription($c: ID!) { messageAdded(conversationId: $c) { id content } }";
    socket
        .subscribe("1", document, json!({ "c": conversation }))
        .await;
    let heard = async {
        let talk = async {
            for n in 0..19 {
                more(&ada, &conversation, &format!("{n}")).await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! { heard = socket.hear() => heard, () = talk => unreachable!("it never ends") }
    };
    let heard = timeout(PATIENCE, heard).await.unwrap();
    assert_eq!(heard["type"], "next", "{heard}");
    let word = timeout(PATIENCE, listener.recv()).await.unwrap().unwrap();
    let parts: Vec<&str> = word.payload().split(':').collect();
    assert_eq!(
        parts[..2],
        [ada.organization_id.as_str(), conversation.as_str()]
    );
    let run: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM runs WHERE id = $1)")
        .bind(parts[2])
        .fetch_one(&root(&server).await)
        .await
        .unwrap();
    assert!(run, "{parts:?}");
}
