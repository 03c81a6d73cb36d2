//! Who may ask for what, and what comes of the rest.

use serde_json::{Value, json};

use super::{answer, ask, begin, done, echo, id, still, stored};
use crate::conversations::mutate;
use crate::support::{Caller, Server};

const NOWHERE: &str = "tz4a98xxat96iws9zmbrgj3a";

/// Ada with an agent that she shares, and her colleague Bob, whom it has answered once.
struct Team {
    server: Server,
    ada: Caller,
    bob: Caller,
    agent: String,
    bobs: Value,
}

impl Team {
    async fn start() -> Self {
        let server = still(&[]).await;
        let ada = server.sign_up("Ada").await;
        let bob = server.sign_up("Bob").await;
        let bob = server.join(&ada, &bob, "member").await;
        let agent = echo(&ada, "ORGANIZATION").await;
        let bobs = begin(&bob, &agent, "Hello").await;
        answer(&server, &bob, &bobs, "Reply").await;
        Self {
            server,
            ada,
            bob,
            agent,
            bobs,
        }
    }

    /// Every way to ask for something in Bob's conversation, with what it takes.
    fn ways(&self) -> [(&'static str, Value); 5] {
        let (message, reply) = (&self.bobs["message"]["id"], &self.bobs["run"]["replyId"]);
        [
            (
                "sendMessage",
                json!({ "conversationId": self.bobs["conversation"]["id"], "content": "x" }),
            ),
            ("regenerateMessage", json!({ "messageId": reply })),
            (
                "editMessage",
                json!({ "messageId": message, "content": "x" }),
            ),
            ("selectBranch", json!({ "messageId": message })),
            ("cancelRun", json!({ "runId": self.bobs["run"]["id"] })),
        ]
    }

    /// Every way comes to this outcome for this caller, and nothing is stored.
    async fn refused(&self, caller: &Caller, outcome: &str, but: &str) {
        let before = stored(&self.server).await;
        for (field, input) in self.ways() {
            if field != but {
                let refused = ask(caller, field, input).await;
                assert_eq!(refused["__typename"], outcome, "{field}: {refused}");
            }
        }
        assert_eq!(stored(&self.server).await, before);
    }
}

#[tokio::test]
async fn only_its_user_asks_in_a_conversation() {
    let team = Team::start().await;
    let eve = team.server.sign_up("Eve").await;
    team.refused(&eve, "NotFound", "").await;
    team.refused(&team.ada, "Forbidden", "").await;
    for (field, input) in [
        (
            "sendMessage",
            json!({ "conversationId": NOWHERE, "content": "x" }),
        ),
        ("sendMessage", json!({ "agentId": NOWHERE, "content": "x" })),
        ("sendMessage", json!({ "agentId": "a\0b", "content": "x" })),
        ("regenerateMessage", json!({ "messageId": NOWHERE })),
        ("editMessage", json!({ "messageId": "", "content": "x" })),
        ("selectBranch", json!({ "messageId": NOWHERE })),
        ("cancelRun", json!({ "runId": "a\0b" })),
    ] {
        let missing = ask(&team.bob, field, input).await;
        assert_eq!(missing["__typename"], "NotFound", "{field}: {missing}");
    }
    let foreign = ask(
        &eve,
        "sendMessage",
        json!({ "agentId": team.agent, "content": "x" }),
    )
    .await;
    assert_eq!(foreign["__typename"], "NotFound", "{foreign}");
}

#[tokio::test]
async fn archived_and_deleted_conversations_take_nothing() {
    let team = Team::start().await;
    let conversation = &team.bobs["conversation"]["id"];
    let archive = json!({ "id": conversation, "archived": true });
    mutate(&team.bob, "archiveConversation", "__typename", archive).await;
    team.refused(&team.bob, "Conflict", "cancelRun").await;
    let delete = json!({ "id": conversation });
    mutate(&team.bob, "deleteConversation", "__typename", delete).await;
    team.refused(&team.bob, "NotFound", "").await;
    assert_eq!(
        stored(&team.server).await,
        (0, 0, 0),
        "runs go with their conversation"
    );
}

#[tokio::test]
async fn agent_that_is_shared_no_more_answers_nobody_but_its_owner() {
    let team = Team::start().await;
    let hide = json!({ "id": team.agent, "visibility": "PRIVATE" });
    mutate(&team.ada, "updateAgent", "__typename", hide).await;
    team.refused(&team.bob, "Forbidden", "cancelRun").await;
    let input = json!({ "agentId": team.agent, "content": "x" });
    let missing = ask(&team.bob, "sendMessage", input.clone()).await;
    assert_eq!(missing["__typename"], "NotFound", "{missing}");
    done(&ask(&team.ada, "sendMessage", input).await);
}

#[tokio::test]
async fn key_needs_messages_to_send_and_conversations_to_begin_one() {
    let team = Team::start().await;
    let input = json!({ "name": "Bot", "permissions": { "messages": ["write"] } });
    let made = mutate(&team.bob, "createApiKey", "key", input).await;
    let key = made["key"]
        .as_str()
        .unwrap_or_else(|| panic!("{made}"))
        .to_owned();
    let mut bot = team.bob.clone();
    bot.token.clear();
    let ask = async |document: &str, variables: Value| -> Value {
        let request = bot.post(document, variables).header("x-api-key", &key);
        let request = request.header("x-organization-id", &bot.organization_id);
        request.send().await.unwrap().json().await.unwrap()
    };
    let into = json!({ "conversationId": team.bobs["conversation"]["id"], "content": "x" });
    let document = "mutation($input: SendMessageInput!) { sendMessage(input: $input) {
        __typename ... on SendMessageSuccess { run { id status } message { id } } } }";
    let sent = ask(document, json!({ "input": into })).await;
    let sent = &sent["data"]["sendMessage"];
    assert_eq!(sent["__typename"], "SendMessageSuccess", "{sent}");
    let anew = json!({ "agentId": team.agent, "content": "x" });
    let refused = ask(document, json!({ "input": anew })).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
    let read = "query($id: ID!) { run(id: $id) { id } }";
    let read = ask(read, json!({ "id": sent["run"]["id"] })).await;
    assert_eq!(read["errors"][0]["extensions"]["code"], "FORBIDDEN");
}

#[tokio::test]
async fn conversation_that_begins_with_a_message_is_noted_as_begun() {
    let team = Team::start().await;
    let document = "{ auditEvents(last: 1, filter: { action: \"conversation.create\" }) { nodes { action targetId } } }";
    let events = team.bob.query(document, json!({})).await;
    assert_eq!(
        events["auditEvents"]["nodes"],
        json!([{ "action": "conversation.create", "targetId": team.bobs["conversation"]["id"] }])
    );
}

#[tokio::test]
async fn what_cannot_be_answered_or_edited_is_said() {
    let server = still(&[]).await;
    let ada = server.sign_up("Ada").await;
    let sent = begin(&ada, &echo(&ada, "PRIVATE").await, "One").await;
    answer(&server, &ada, &sent, "Reply").await;
    let conversation = &sent["conversation"]["id"];
    let mut ids = Vec::new();
    for role in ["SYSTEM", "TOOL"] {
        let input = json!({ "conversationId": conversation, "role": role, "content": "x" });
        let added = mutate(&ada, "appendMessage", "appendedMessage { id }", input).await;
        ids.push(id(&added["appendedMessage"]));
    }
    let before = stored(&server).await;
    for id in &ids {
        let outcome = ask(&ada, "regenerateMessage", json!({ "messageId": id })).await;
        assert_eq!(outcome["fields"], json!([{ "path": ["messageId"] }]));
    }
    let reply = id(&json!({ "id": sent["run"]["replyId"] }));
    for id in ids.iter().chain([&reply]) {
        let input = json!({ "messageId": id, "content": "y" });
        let outcome = ask(&ada, "editMessage", input).await;
        assert_eq!(outcome["fields"], json!([{ "path": ["messageId"] }]));
    }
    for content in ["", "a\0b"] {
        let input = json!({ "messageId": sent["message"]["id"], "content": content });
        let outcome = ask(&ada, "editMessage", input).await;
        assert_eq!(outcome["fields"], json!([{ "path": ["content"] }]));
    }
    assert_eq!(stored(&server).await, before);
    let begun = json!({ "agentId": echo(&ada, "PRIVATE").await });
    let begun = mutate(&ada, "createConversation", "conversation { id }", begun).await;
    let greeting = json!({ "conversationId": begun["conversation"]["id"], "role": "ASSISTANT", "content": "Hi." });
    let greeting = mutate(&ada, "appendMessage", "appendedMessage { id }", greeting).await;
    let input = json!({ "messageId": greeting["appendedMessage"]["id"] });
    let outcome = ask(&ada, "regenerateMessage", input).await;
    assert_eq!(outcome["__typename"], "Conflict", "{outcome}");
}
