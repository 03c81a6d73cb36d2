//! Conversations.

use serde_json::{Value, json};

use crate::support::{Caller, Server};

const FIELDS: &str =
    "id agentId userId title lastMessageAt archivedAt createdAt updatedAt agent { id }";

/// Sends a mutation with one `input` and these fields of its success; its result.
pub(crate) async fn mutate(caller: &Caller, field: &str, success: &str, input: Value) -> Value {
    let (first, rest) = field.split_at(1);
    let noun = format!("{}{rest}", first.to_uppercase());
    let document = format!(
        "mutation($input: {noun}Input!) {{ {field}(input: $input) {{ __typename
           ... on {noun}Success {{ {success} }}
           ... on UserError {{ message }} }} }}"
    );
    caller.query(&document, json!({ "input": input })).await[field].take()
}

/// A new agent's id.
pub(crate) async fn agent(caller: &Caller, name: &str, visibility: &str) -> String {
    let input = json!({ "name": name, "systemPrompt": "Be kind.", "visibility": visibility });
    let made = mutate(caller, "createAgent", "agent { id }", input).await;
    made["agent"]["id"].as_str().unwrap().to_owned()
}

async fn create(caller: &Caller, input: Value) -> Value {
    let fields = format!("conversation {{ {FIELDS} }}");
    mutate(caller, "createConversation", &fields, input).await
}

/// A new conversation's id.
pub(crate) async fn conversation(caller: &Caller, agent: &str) -> String {
    let made = create(caller, json!({ "agentId": agent })).await;
    let id = made["conversation"]["id"].as_str();
    id.unwrap_or_else(|| panic!("{made}")).to_owned()
}

/// Ada with an agent that she shares, and her colleague Bob with a conversation of his with it.
pub(crate) struct Team {
    pub(crate) server: Server,
    pub(crate) ada: Caller,
    pub(crate) bob: Caller,
    pub(crate) agent: String,
    pub(crate) bobs: String,
}

impl Team {
    pub(crate) async fn start() -> Self {
        let server = Server::start().await;
        let ada = server.sign_up("Ada").await;
        let bob = server.sign_up("Bob").await;
        let bob = server.join(&ada, &bob, "member").await;
        let agent = agent(&ada, "Shared", "ORGANIZATION").await;
        let bobs = conversation(&bob, &agent).await;
        Self {
            server,
            ada,
            bob,
            agent,
            bobs,
        }
    }
}

async fn titles(caller: &Caller, arguments: &str) -> Vec<String> {
    let document = format!("{{ conversations{arguments} {{ nodes {{ title }} }} }}");
    let data = caller.query(&document, json!({})).await;
    let nodes = data["conversations"]["nodes"].as_array().unwrap();
    let title = |node: &Value| node["title"].as_str().unwrap().to_owned();
    nodes.iter().map(title).collect()
}

#[tokio::test]
async fn a_conversation_reads_back_as_it_was_made() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let agent = agent(&ada, "Helper", "PRIVATE").await;
    let made = create(&ada, json!({ "agentId": agent, "title": "  Plans " })).await;
    let made = &made["conversation"];
    assert_eq!(made["title"], "Plans");
    assert_eq!(made["agent"]["id"], json!(agent));
    assert_eq!(made["userId"], json!(ada.user_id));
    assert_eq!(
        (&made["lastMessageAt"], &made["archivedAt"]),
        (&Value::Null, &Value::Null)
    );
    let read = format!(
        "query($id: ID!) {{ conversation(id: $id) {{ {FIELDS} }} node(id: $id) {{ __typename id }} }}"
    );
    let read = ada.query(&read, json!({ "id": made["id"] })).await;
    assert_eq!(read["conversation"], *made);
    assert_eq!(read["node"]["__typename"], "Conversation");
}

#[tokio::test]
async fn an_idempotency_key_makes_one_conversation() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let agent = agent(&ada, "Helper", "PRIVATE").await;
    let input = json!({ "agentId": agent, "title": "Once", "idempotencyKey": "k" });
    let first = create(&ada, input.clone()).await;
    assert_eq!(create(&ada, input).await, first);
    let other = json!({ "agentId": agent, "title": "Twice", "idempotencyKey": "k" });
    assert_eq!(create(&ada, other).await["__typename"], "Conflict");
    assert_eq!(titles(&ada, "").await, ["Once"]);
}

#[tokio::test]
async fn bad_titles_and_unseen_agents_are_typed_failures() {
    let server = Server::start().await;
    let (ada, eve) = (server.sign_up("Ada").await, server.sign_up("Eve").await);
    let private = agent(&ada, "Helper", "PRIVATE").await;
    for title in ["a\nb", "a\0b", &"x".repeat(201)] {
        let made = create(&ada, json!({ "agentId": private, "title": title })).await;
        assert_eq!(made["__typename"], "ValidationFailed", "{title:?}: {made}");
    }
    for id in [private.as_str(), "tz4a98xxat96iws9zmbrgj3a", "", "a\0b"] {
        let made = create(&eve, json!({ "agentId": id })).await;
        assert_eq!(made["__typename"], "NotFound", "{id:?}: {made}");
    }
}

#[tokio::test]
async fn only_its_user_changes_a_conversation() {
    let team = Team::start().await;
    let eve = team.server.sign_up("Eve").await;
    for (field, more) in [
        ("renameConversation", json!({ "title": "Mine" })),
        ("archiveConversation", json!({ "archived": true })),
        ("deleteConversation", json!({})),
    ] {
        let mut input = more;
        for (caller, id, outcome) in [
            (&team.ada, team.bobs.as_str(), "Forbidden"),
            (&eve, &team.bobs, "NotFound"),
            (&team.bob, "tz4a98xxat96iws9zmbrgj3a", "NotFound"),
        ] {
            input["id"] = json!(id);
            let done = mutate(caller, field, "__typename", input.clone()).await;
            assert_eq!(done["__typename"], outcome, "{field}: {done}");
        }
    }
    let read = team
        .bob
        .query(
            "query($id: ID!) { conversation(id: $id) { title archivedAt } }",
            json!({ "id": team.bobs }),
        )
        .await;
    assert_eq!(
        read["conversation"],
        json!({ "title": null, "archivedAt": null })
    );
}

#[tokio::test]
async fn its_user_renames_archives_and_deletes_it() {
    let team = Team::start().await;
    let (bob, bobs) = (&team.bob, &team.bobs);
    let fields = "conversation { title archivedAt }";
    let named = json!({ "id": bobs, "title": "New" });
    let named = mutate(bob, "renameConversation", fields, named).await;
    assert_eq!(named["conversation"]["title"], "New");
    let unsaid = mutate(bob, "renameConversation", fields, json!({ "id": bobs })).await;
    assert_eq!(unsaid["conversation"]["title"], "New");
    let unnamed = json!({ "id": bobs, "title": null });
    let unnamed = mutate(bob, "renameConversation", fields, unnamed).await;
    assert_eq!(unnamed["conversation"]["title"], Value::Null);

    let archive = async |archived: bool| {
        let input = json!({ "id": bobs, "archived": archived });
        mutate(bob, "archiveConversation", fields, input).await["conversation"]["archivedAt"].take()
    };
    let away = archive(true).await;
    assert!(away.is_string());
    assert_eq!(archive(true).await, away, "archived once");
    assert_eq!(archive(false).await, Value::Null);

    let gone = mutate(
        bob,
        "deleteConversation",
        "deletedConversationId",
        json!({ "id": bobs }),
    )
    .await;
    assert_eq!(gone["deletedConversationId"], json!(bobs));
    let read = bob
        .query(
            "query($id: ID!) { conversation(id: $id) { id } }",
            json!({ "id": bobs }),
        )
        .await;
    assert_eq!(read["conversation"], Value::Null);
}

#[tokio::test]
async fn an_agents_owner_sees_every_conversation_with_it_and_others_their_own() {
    let team = Team::start().await;
    let (ada, bob) = (&team.ada, &team.bob);
    let cid = team.server.sign_up("Cid").await;
    let cid = team.server.join(ada, &cid, "admin").await;
    conversation(ada, &team.agent).await;
    conversation(&cid, &team.agent).await;
    let lists = "{ conversations { totalCount nodes { userId } }
        viewer { conversations { totalCount } }
        agents { nodes { conversations(last: 5) { totalCount nodes { userId } } } } }";
    for (caller, users) in [
        (ada, vec![&bob.user_id, &ada.user_id, &cid.user_id]),
        (bob, vec![&bob.user_id]),
        (&cid, vec![&cid.user_id]),
    ] {
        let data = caller.query(lists, json!({})).await;
        let nodes: Vec<_> = users.iter().map(|user| json!({ "userId": user })).collect();
        let list = json!({ "totalCount": users.len(), "nodes": nodes });
        assert_eq!(data["conversations"], list);
        assert_eq!(data["viewer"]["conversations"]["totalCount"], users.len());
        assert_eq!(data["agents"]["nodes"][0]["conversations"], list);
    }
    let eve = team.server.sign_up("Eve").await;
    let data = eve
        .query("{ conversations { totalCount } }", json!({}))
        .await;
    assert_eq!(data["conversations"]["totalCount"], 0);
}

#[tokio::test]
async fn an_agent_no_longer_shared_is_null_and_takes_no_messages() {
    let team = Team::start().await;
    let private = json!({ "id": team.agent, "visibility": "PRIVATE" });
    mutate(&team.ada, "updateAgent", "__typename", private).await;
    let read = "query($id: ID!) { conversation(id: $id) { agent { id } } }";
    let read = team.bob.query(read, json!({ "id": team.bobs })).await;
    assert_eq!(read["conversation"]["agent"], Value::Null);
    let input = json!({ "conversationId": team.bobs, "role": "USER", "content": "x" });
    let added = mutate(&team.bob, "appendMessage", "__typename", input).await;
    assert_eq!(added["__typename"], "Forbidden", "{added}");
}

#[tokio::test]
async fn filters_orders_and_pages_agree() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let (one, two) = (
        agent(&ada, "One", "PRIVATE").await,
        agent(&ada, "Two", "PRIVATE").await,
    );
    let mut ids = Vec::new();
    for (agent, title) in [(&one, "a"), (&two, "b"), (&one, "c"), (&one, "d")] {
        let made = create(&ada, json!({ "agentId": agent, "title": title })).await;
        ids.push(made["conversation"]["id"].as_str().unwrap().to_owned());
    }
    let archive = json!({ "id": ids[2], "archived": true });
    mutate(&ada, "archiveConversation", "__typename", archive).await;
    let append = json!({ "conversationId": ids[0], "role": "USER", "content": "x" });
    mutate(&ada, "appendMessage", "__typename", append).await;

    assert_eq!(titles(&ada, "").await, ["a", "b", "c", "d"]);
    assert_eq!(titles(&ada, "(last: 2)").await, ["c", "d"]);
    let with_one = format!(r#"(filter: {{ agentId: "{one}" }})"#);
    assert_eq!(titles(&ada, &with_one).await, ["a", "c", "d"]);
    assert_eq!(titles(&ada, "(filter: { archived: true })").await, ["c"]);
    let live = format!(r#"(filter: {{ agentId: "{one}", archived: false }})"#);
    assert_eq!(titles(&ada, &live).await, ["a", "d"]);
    let newest = "(orderBy: { field: UPDATED_AT, direction: DESC })";
    assert_eq!(titles(&ada, newest).await, ["a", "c", "d", "b"]);

    let page = "query($after: String) { conversations(first: 3, after: $after) {
        nodes { title } pageInfo { endCursor hasNextPage } } }";
    let first = ada.query(page, json!({})).await;
    assert_eq!(first["conversations"]["pageInfo"]["hasNextPage"], true);
    create(&ada, json!({ "agentId": one, "title": "e" })).await;
    let after = &first["conversations"]["pageInfo"]["endCursor"];
    let rest = ada.query(page, json!({ "after": after })).await;
    assert_eq!(
        rest["conversations"]["nodes"],
        json!([{ "title": "d" }, { "title": "e" }])
    );
    for foreign in [
        "query($c: String) { agents(after: $c) { totalCount } }",
        "query($c: String) { conversations(after: $c, orderBy: { field: UPDATED_AT }) { totalCount } }",
        "query($c: String) { agents { nodes { messages(after: $c) { totalCount } } } }",
    ] {
        let code = ada.code(foreign, json!({ "c": after })).await;
        assert_eq!(code, "BAD_USER_INPUT", "{foreign}");
    }
}
