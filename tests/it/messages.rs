//! Messages, as they are added, listed and waited for.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::conversations::{Team, agent, conversation, mutate};
use crate::support::{Caller, Server};

const FIELDS: &str = "appendedMessage { id conversationId agentId userId role content metadata createdAt updatedAt }";

async fn append(caller: &Caller, input: Value) -> Value {
    mutate(caller, "appendMessage", FIELDS, input).await
}

/// A new message of this content.
async fn say(caller: &Caller, conversation: &str, content: &str) -> Value {
    let input = json!({ "conversationId": conversation, "role": "USER", "content": content });
    let mut added = append(caller, input).await;
    assert_eq!(added["__typename"], "AppendMessageSuccess", "{added}");
    added["appendedMessage"].take()
}

/// Ada, her private agent, and a conversation with it.
async fn alone() -> (Server, Caller, String, String) {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let agent = agent(&ada, "Helper", "PRIVATE").await;
    let conversation = conversation(&ada, &agent).await;
    (server, ada, agent, conversation)
}

#[tokio::test]
async fn a_message_is_kept_exactly_as_it_was_given() {
    let (_server, ada, agent, conversation) = alone().await;
    let content = " \n\u{feff}e\u{301}🦀\t</script>\r\n ";
    let metadata = json!({ "tokens": 12, "nested": [{ "ü": null }], "f": 0.5 });
    for role in ["USER", "ASSISTANT", "SYSTEM", "TOOL"] {
        let added = append(
            &ada,
            json!({ "conversationId": conversation, "role": role, "content": content, "metadata": metadata }),
        )
        .await;
        let message = &added["appendedMessage"];
        assert_eq!(message["content"], json!(content));
        assert_eq!(message["metadata"], metadata);
        assert_eq!(message["role"], json!(role));
        assert_eq!(message["agentId"], json!(agent));
        assert_eq!(message["createdAt"], message["updatedAt"]);
        let read = format!(
            "query($id: ID!, $c: ID!) {{ {} conversation(id: $c) {{ lastMessageAt }} node(id: $id) {{ __typename }} }}",
            FIELDS.replace("appendedMessage", "message(id: $id)")
        );
        let read = ada
            .query(&read, json!({ "id": message["id"], "c": conversation }))
            .await;
        assert_eq!(read["message"], *message);
        assert_eq!(read["conversation"]["lastMessageAt"], message["createdAt"]);
        assert_eq!(read["node"]["__typename"], "Message");
    }
    let plain = say(&ada, &conversation, "x").await;
    assert_eq!(plain["metadata"], json!({}));
}

#[tokio::test]
async fn fifty_at_once_are_all_kept_each_later_than_the_one_before() {
    let (_server, ada, _, conversation) = alone().await;
    let texts: BTreeSet<String> = (0..50).map(|n| format!("{n}")).collect();
    let added = join_all(texts.iter().map(|text| say(&ada, &conversation, text))).await;
    let read = "query($c: ID!) { conversation(id: $c) { messages(first: 100) {
        totalCount nodes { content createdAt } } } }";
    let read = ada.query(read, json!({ "c": conversation })).await;
    let messages = &read["conversation"]["messages"];
    assert_eq!(messages["totalCount"], 50);
    let nodes = messages["nodes"].as_array().unwrap();
    let times: Vec<_> = nodes
        .iter()
        .map(|node| node["createdAt"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted_by(|one, next| one < next), "{times:?}");
    let kept = nodes
        .iter()
        .map(|node| node["content"].as_str().unwrap().to_owned());
    assert_eq!(kept.collect::<BTreeSet<_>>(), texts);
    assert_eq!(added.len(), 50);
}

#[tokio::test]
async fn an_idempotency_key_adds_one_message_however_many_send_it_at_once() {
    let (_server, ada, _, conversation) = alone().await;
    let input = json!({ "conversationId": conversation, "role": "USER", "content": "x", "idempotencyKey": "k" });
    let added = join_all((0..8).map(|_| append(&ada, input.clone()))).await;
    assert!(added.iter().all(|one| *one == added[0]), "{added:?}");
    let mut other = input;
    other["content"] = json!("y");
    assert_eq!(append(&ada, other).await["__typename"], "Conflict");
    let read = "query($c: ID!) { conversation(id: $c) { messages { totalCount } } }";
    let read = ada.query(read, json!({ "c": conversation })).await;
    assert_eq!(read["conversation"]["messages"]["totalCount"], 1);
}

#[tokio::test]
async fn bad_input_is_a_typed_failure_that_names_its_field() {
    let server = Server::start_with(&["--max-message=1000"]).await;
    let ada = server.sign_up("Ada").await;
    let agent = agent(&ada, "Helper", "PRIVATE").await;
    let conversation = conversation(&ada, &agent).await;
    let deep = (0..17).fold(json!(1), |inner, _| json!({ "a": inner }));
    for (field, value) in [
        ("content", json!("")),
        ("content", json!("a\0b")),
        ("content", json!("é".repeat(1_001))),
        ("metadata", json!([])),
        ("metadata", json!("x")),
        ("metadata", json!({ "a": "\0" })),
        ("metadata", json!({ "\0": 1 })),
        ("metadata", json!({ "a": "x".repeat(16_384) })),
        ("metadata", deep),
        ("idempotencyKey", json!("")),
        ("idempotencyKey", json!("x".repeat(256))),
    ] {
        let mut input = json!({ "conversationId": conversation, "role": "USER", "content": "x" });
        input[field] = value;
        let document = "mutation($input: AppendMessageInput!) { appendMessage(input: $input) {
            __typename ... on ValidationFailed { fields { path } } } }";
        let outcome = ada.query(document, json!({ "input": input })).await;
        assert_eq!(
            outcome["appendMessage"],
            json!({ "__typename": "ValidationFailed", "fields": [{ "path": [field] }] }),
            "{input}"
        );
    }
    say(&ada, &conversation, &"é".repeat(1_000)).await;
}

#[tokio::test]
async fn what_the_schema_or_json_cannot_say_is_refused_before_anything_runs() {
    let (_server, ada, _, conversation) = alone().await;
    let document =
        "mutation($input: AppendMessageInput!) { appendMessage(input: $input) { __typename } }";
    for (field, value) in [
        ("role", json!("ROBOT")),
        ("role", json!(1)),
        ("content", json!(7)),
        ("content", json!(null)),
    ] {
        let mut input = json!({ "conversationId": conversation, "role": "USER", "content": "x" });
        input[field] = value;
        let answer = ada
            .post(document, json!({ "input": input }))
            .send()
            .await
            .unwrap();
        assert!(
            answer.status().is_client_error(),
            "{input}: {}",
            answer.status()
        );
    }
    let input = json!({ "conversationId": conversation, "role": "USER", "content": "lone" });
    let body = json!({ "query": document, "variables": { "input": input } }).to_string();
    let answer = ada
        .post(document, json!({}))
        .body(body.replace("lone", r"\ud800"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 400, "a lone surrogate is no text");
}

#[tokio::test]
async fn only_an_open_conversation_of_ones_own_takes_messages() {
    let team = Team::start().await;
    let eve = team.server.sign_up("Eve").await;
    let input = |id: &str| json!({ "conversationId": id, "role": "USER", "content": "x" });
    for (caller, id, outcome) in [
        (&team.ada, team.bobs.as_str(), "Forbidden"),
        (&eve, &team.bobs, "NotFound"),
        (&team.bob, "tz4a98xxat96iws9zmbrgj3a", "NotFound"),
        (&team.bob, "a\0b", "NotFound"),
        (&team.bob, &team.bobs, "AppendMessageSuccess"),
    ] {
        let added = append(caller, input(id)).await;
        assert_eq!(added["__typename"], outcome, "{added}");
    }
    let archive = json!({ "id": team.bobs, "archived": true });
    mutate(&team.bob, "archiveConversation", "__typename", archive).await;
    let added = append(&team.bob, input(&team.bobs)).await;
    assert_eq!(added["__typename"], "Conflict", "{added}");
}

#[tokio::test]
async fn a_foreign_message_reads_as_missing_and_an_agents_owner_reads_all() {
    let team = Team::start().await;
    let eve = team.server.sign_up("Eve").await;
    let adas = conversation(&team.ada, &team.agent).await;
    let (his, hers) = (
        say(&team.bob, &team.bobs, "his").await["id"].clone(),
        say(&team.ada, &adas, "hers").await["id"].clone(),
    );
    let read = "query($his: ID!, $hers: ID!) { nodes(ids: [$his, $hers]) { id }
        his: message(id: $his) { content } hers: message(id: $hers) { content }
        agents { nodes { messages(last: 9) { totalCount nodes { content } } } } }";
    for (caller, visible) in [
        (&team.ada, vec!["his", "hers"]),
        (&team.bob, vec!["his"]),
        (&eve, vec![]),
    ] {
        let data = caller
            .query(read, json!({ "his": his, "hers": hers }))
            .await;
        for (name, id, at) in [("his", &his, 0), ("hers", &hers, 1)] {
            let seen = visible.contains(&name);
            assert_eq!(data[name].is_object(), seen, "{name}: {data}");
            let node = if seen {
                json!({ "id": id })
            } else {
                Value::Null
            };
            assert_eq!(data["nodes"][at], node);
        }
        if let Some(agent) = data["agents"]["nodes"].get(0) {
            let nodes: Vec<_> = visible
                .iter()
                .map(|name| json!({ "content": name }))
                .collect();
            assert_eq!(
                agent["messages"],
                json!({ "totalCount": visible.len(), "nodes": nodes })
            );
        }
    }
}

#[tokio::test]
async fn pages_hold_still_while_messages_arrive() {
    let (_server, ada, agent, conversation) = alone().await;
    for n in 0..7 {
        say(&ada, &conversation, &n.to_string()).await;
    }
    for list in [
        "conversation(id: $c) { messages(last: 3, before: $before)",
        "agent(id: $a) { messages(last: 3, before: $before)",
    ] {
        let document = format!(
            "query($c: ID!, $a: ID!, $before: String) {{ conversation(id: $c) {{ id }} agent(id: $a) {{ id }}
               list: {list} {{ nodes {{ content }} pageInfo {{ startCursor hasPreviousPage hasNextPage }} }} }} }}"
        );
        let mut before = Value::Null;
        let mut seen: Vec<String> = Vec::new();
        let mut pages = 0;
        loop {
            let variables = json!({ "c": conversation, "a": agent, "before": before });
            let data = ada.query(&document, variables).await;
            let page = &data["list"]["messages"];
            let nodes = page["nodes"].as_array().unwrap();
            let content = |node: &Value| node["content"].as_str().unwrap().to_owned();
            seen.splice(0..0, nodes.iter().map(content));
            pages += 1;
            assert_eq!(page["pageInfo"]["hasNextPage"], pages > 1);
            if page["pageInfo"]["hasPreviousPage"] == false {
                break;
            }
            before = page["pageInfo"]["startCursor"].clone();
            say(&ada, &conversation, "later").await;
        }
        let numbers: Vec<_> = seen.iter().filter(|text| *text != "later").collect();
        assert_eq!(numbers, ["0", "1", "2", "3", "4", "5", "6"], "{list}");
    }
}

/// The data of one server-sent event.
async fn event(stream: &mut reqwest::Response) -> Value {
    let mut text = String::new();
    loop {
        let chunk = timeout(Duration::from_secs(20), stream.chunk()).await;
        let chunk = chunk
            .expect("an event in time")
            .unwrap()
            .expect("more events");
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        for line in text.lines().filter_map(|line| line.strip_prefix("data:")) {
            if let Ok(data) = serde_json::from_str(line.trim()) {
                return data;
            }
        }
    }
}

async fn subscribe(caller: &Caller, conversation: &str) -> reqwest::Response {
    let document = "subscription($c: ID!) { messageAdded(conversationId: $c) { content feedback { rating } } }";
    let request = caller.post(document, json!({ "c": conversation }));
    let request = request.header("accept", "text/event-stream");
    request.send().await.unwrap()
}

#[tokio::test]
async fn new_messages_reach_whoever_may_see_the_conversation() {
    let team = Team::start().await;
    let mut adas = subscribe(&team.ada, &team.bobs).await;
    let mut bobs = subscribe(&team.bob, &team.bobs).await;
    // A stream begins a little after its headers: whoever talks on is heard.
    let talk = async {
        loop {
            say(&team.bob, &team.bobs, "live").await;
        }
    };
    let events = tokio::select! {
        events = join(event(&mut adas), event(&mut bobs)) => events,
        () = talk => unreachable!("it never stops"),
    };
    for event in [events.0, events.1] {
        let expected = json!({ "messageAdded": { "content": "live", "feedback": [] } });
        assert_eq!(event["data"], expected, "{event}");
    }
    let eve = team.server.sign_up("Eve").await;
    let mut refused = subscribe(&eve, &team.bobs).await;
    let event = event(&mut refused).await;
    assert_eq!(
        event["errors"][0]["extensions"]["code"], "NOT_FOUND",
        "{event}"
    );
}
