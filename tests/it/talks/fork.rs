//! Forks: what was said up to a message, in a new conversation.

use serde_json::{Value, json};

use super::say;
use crate::conversations::{Team, agent, conversation, mutate};
use crate::support::{Caller, Server, pool};

const FORKED: &str = "conversation { id title agentId userId lastMessageAt
    forkedFrom { conversationId messageId conversation { id } message { content } }
    messages(first: 100) { nodes { id role content metadata parentId isCurrent createdAt run { id } } } }";

async fn fork(caller: &Caller, input: Value) -> Value {
    mutate(caller, "forkConversation", FORKED, input).await
}

fn contents(conversation: &Value) -> Vec<&str> {
    let nodes = conversation["messages"]["nodes"].as_array().unwrap();
    nodes
        .iter()
        .map(|node| node["content"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn fork_holds_what_was_said_up_to_the_message_in_its_order() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let helper = agent(&ada, "Guide", "PRIVATE").await;
    let input = json!({ "agentId": helper, "title": "Tea" });
    let made = mutate(&ada, "createConversation", "conversation { id }", input).await;
    let talk = made["conversation"]["id"].as_str().unwrap();
    say(&ada, talk, "USER", "one").await;
    let two = say(&ada, talk, "ASSISTANT", "two").await;
    say(&ada, talk, "USER", "three").await;
    let forked = fork(&ada, json!({ "messageId": two })).await;
    let made = &forked["conversation"];
    assert_eq!(contents(made), ["one", "two"], "{forked}");
    assert_eq!(made["title"], "Tea");
    assert_eq!(made["agentId"], helper.as_str());
    let nodes = made["messages"]["nodes"].as_array().unwrap();
    assert_eq!(nodes[0]["parentId"], Value::Null);
    assert_eq!(nodes[1]["parentId"], nodes[0]["id"]);
    assert_eq!(nodes[1]["role"], "ASSISTANT");
    assert_eq!(
        nodes[1]["metadata"],
        json!({ "forkedFrom": { "conversationId": talk, "messageId": two } })
    );
    assert!(nodes[0]["createdAt"].as_str() < nodes[1]["createdAt"].as_str());
    assert_eq!(made["lastMessageAt"], nodes[1]["createdAt"]);
    assert_eq!(made["forkedFrom"]["conversation"]["id"], talk);
    assert_eq!(made["forkedFrom"]["message"]["content"], "two");
    // Both go on apart.
    let id = made["id"].as_str().unwrap();
    say(&ada, id, "USER", "another three").await;
    let shown = "query($id: ID!) { conversation(id: $id) { forkedFrom { messageId conversation { id } message { id } }
                   messages(first: 9) { nodes { content } } } }";
    let data = ada.query(shown, json!({ "id": id })).await;
    assert_eq!(
        contents(&data["conversation"]),
        ["one", "two", "another three"]
    );
    let data = ada.query(shown, json!({ "id": talk })).await;
    assert_eq!(contents(&data["conversation"]), ["one", "two", "three"]);
    assert_eq!(data["conversation"]["forkedFrom"], Value::Null);
    // The fork outlives what it was copied from.
    let input = json!({ "id": talk });
    mutate(&ada, "deleteConversation", "deletedConversationId", input).await;
    let data = ada.query(shown, json!({ "id": id })).await;
    assert_eq!(
        data["conversation"]["forkedFrom"],
        json!({ "messageId": two, "conversation": null, "message": null })
    );
    assert_eq!(contents(&data["conversation"]).len(), 3);
}

#[tokio::test]
async fn one_key_makes_one_fork_however_often_it_is_sent() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let talk = conversation(&ada, &agent(&ada, "Guide", "PRIVATE").await).await;
    let message = say(&ada, &talk, "USER", "one").await;
    let input = json!({ "messageId": message, "title": "Fork", "idempotencyKey": "k" });
    let (one, two) = tokio::join!(fork(&ada, input.clone()), fork(&ada, input.clone()));
    assert_eq!(one["conversation"]["id"], two["conversation"]["id"]);
    assert_eq!(one["conversation"]["title"], "Fork");
    assert!(one["conversation"]["id"].is_string(), "{one}");
    let other = json!({ "messageId": message, "title": "Other", "idempotencyKey": "k" });
    assert_eq!(fork(&ada, other).await["__typename"], "Conflict");
    let count = "{ conversations { totalCount } }";
    let data = ada.query(count, json!({})).await;
    assert_eq!(data["conversations"]["totalCount"], 2);
}

#[tokio::test]
async fn only_ones_own_conversations_can_be_forked() {
    let team = Team::start().await;
    let (ada, bob) = (&team.ada, &team.bob);
    let message = say(bob, &team.bobs, "USER", "mine").await;
    let stranger = team.server.sign_up("Sam").await;
    let input = json!({ "messageId": message });
    // The agent's owner reads it, and cannot make it hers.
    assert_eq!(fork(ada, input.clone()).await["__typename"], "Forbidden");
    assert_eq!(
        fork(&stranger, input.clone()).await["__typename"],
        "NotFound"
    );
    for id in ["nope", "", "a\0b"] {
        let outcome = fork(bob, json!({ "messageId": id })).await;
        assert_eq!(outcome["__typename"], "NotFound");
    }
    for title in ["x".repeat(201), "two\nlines".to_owned()] {
        let outcome = fork(bob, json!({ "messageId": message, "title": title })).await;
        assert_eq!(outcome["__typename"], "ValidationFailed");
    }
    // An archived conversation is read, not changed.
    let archive = json!({ "id": team.bobs, "archived": true });
    mutate(bob, "archiveConversation", "conversation { id }", archive).await;
    let forked = fork(bob, input.clone()).await;
    assert_eq!(contents(&forked["conversation"]), ["mine"]);
    // With an agent that is shared no more nothing can begin.
    let hide = json!({ "id": team.agent, "visibility": "PRIVATE" });
    mutate(ada, "updateAgent", "agent { id }", hide).await;
    assert_eq!(fork(bob, input).await["__typename"], "Forbidden");
}

#[tokio::test]
async fn what_is_kept_from_the_agents_owner_stays_so() {
    let team = Team::start().await;
    let (ada, bob) = (&team.ada, &team.bob);
    let own = conversation(ada, &team.agent).await;
    let message = say(ada, &own, "USER", "to my own agent").await;
    let over = json!({ "id": team.agent, "newOwnerId": bob.user_id });
    let done = mutate(ada, "transferAgent", "agentId", over).await;
    assert_eq!(done["__typename"], "TransferAgentSuccess", "{done}");
    let outcome = fork(ada, json!({ "messageId": message })).await;
    assert_eq!(outcome["__typename"], "Forbidden");
    assert_eq!(
        fork(bob, json!({ "messageId": message })).await["__typename"],
        "NotFound"
    );
}

#[tokio::test]
async fn a_fork_holds_ten_thousand_messages_and_no_more() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let talk = conversation(&ada, &agent(&ada, "Guide", "PRIVATE").await).await;
    say(&ada, &talk, "USER", "0").await;
    let root = pool(&server.database.root).await;
    for statement in [
        "INSERT INTO agent_messages (organization_id, conversation_id, id, agent_id, agent_user_id, user_id, role, content, parent_id, created_at)
         SELECT m.organization_id, m.conversation_id, 'm' || n, m.agent_id, m.agent_user_id, m.user_id, 'user', n::text,
                CASE WHEN n = 1 THEN m.id ELSE 'm' || n - 1 END, m.created_at + n * interval '1 millisecond'
         FROM agent_messages m CROSS JOIN generate_series(1, 10000) n",
        "ANALYZE agent_messages",
    ] {
        sqlx::query(statement).execute(&root).await.unwrap();
    }
    let outcome = fork(&ada, json!({ "messageId": "m10000" })).await;
    assert_eq!(outcome["__typename"], "LimitReached");
    let forked = fork(&ada, json!({ "messageId": "m9999" })).await;
    let id = forked["conversation"]["id"].as_str().unwrap();
    let same: (i64, i64, String) = sqlx::query_as(
        "SELECT count(*), count(DISTINCT created_at), string_agg(content, ',' ORDER BY created_at) FROM agent_messages WHERE conversation_id = $1",
    )
    .bind(id)
    .fetch_one(&root)
    .await
    .unwrap();
    let expected = (0..10_000)
        .map(|n| n.to_string())
        .collect::<Vec<_>>()
        .join(",");
    assert_eq!(same, (10_000, 10_000, expected));
}
