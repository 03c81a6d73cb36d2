//! How many statements an operation costs: as its own line in the log tells, and the same whatever the page size.

use serde_json::{Value, json};

use crate::conversations::{agent, conversation, mutate};
use crate::support::{Agentry, Caller, Database, Ended};

/// What the log says that this operation, sent once, cost.
fn cost(ended: &Ended, operation: &str) -> u64 {
    let lines = ended.stderr.lines();
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found: Vec<Value> = lines
        .filter(|line| line["target"] == "agentry::operation" && line["operation"] == operation)
        .collect();
    let [line] = found.as_slice() else {
        panic!("{operation}: {found:?}")
    };
    assert_eq!(line["code"], "ok", "{line}");
    line["statements"].as_u64().unwrap()
}

/// An agent with two connections and seven messages, every other with feedback; the ids of all of them.
async fn furnish(ada: &Caller, number: usize, connections: &[Value]) -> Vec<Value> {
    let agent = agent(ada, &format!("Agent {number}"), "PRIVATE").await;
    let change = json!({ "id": agent, "systemPrompt": "Be brief." });
    let changed = mutate(ada, "updateAgent", "agent { version }", change).await;
    assert_eq!(changed["agent"]["version"], 2, "{changed}");
    for connection in connections {
        let pair = json!({ "agentId": agent, "apiConnectionId": connection });
        let linked = mutate(ada, "linkApiConnection", "__typename", pair).await;
        assert_eq!(linked["__typename"], "LinkApiConnectionSuccess", "{linked}");
    }
    let conversation = conversation(ada, &agent).await;
    let mut ids = vec![json!(agent), json!(conversation)];
    for n in 0..7 {
        let input = json!({ "conversationId": conversation, "role": "USER", "content": "x" });
        let mut added = mutate(ada, "appendMessage", "appendedMessage { id }", input).await;
        let message = added["appendedMessage"]["id"].take();
        if n % 2 == 0 {
            let input = json!({ "messageId": message, "rating": "UP", "comment": "Good." });
            let mut given = mutate(ada, "giveFeedback", "feedback { id }", input).await;
            ids.push(given["feedback"]["id"].take());
        }
        ids.push(message);
    }
    ids
}

/// Agents with their versions, and what came before each of these.
fn versions(agents: usize) -> String {
    format!(
        "query VersionsOf{agents} {{ agents(first: {agents}) {{ nodes {{ version
           versions(last: 2) {{ nodes {{ version changed agent {{ id }} previous {{ version }} }} }}
           messages(last: 5) {{ nodes {{ writtenBy {{ version }} }} }} }} }} }}"
    )
}

/// W3 of the benchmark, of this many agents.
fn overview(agents: usize) -> String {
    format!(
        "query OverviewOf{agents} {{ agents(first: {agents}) {{ nodes {{
           id name apiConnections {{ id name service }}
           messages(last: 5) {{ nodes {{ id content feedback {{ rating comment }} }} }} }} }} }}"
    )
}

#[tokio::test]
async fn statements_do_not_grow_with_the_page() {
    let database = Database::copy().await;
    let running = Agentry::given(&database).serve().await;
    let ada = Caller::sign_up_at(&running.url, "Ada").await;
    let mut connections = Vec::new();
    for name in ["One", "Two"] {
        let input = json!({ "name": name, "service": "openai", "apiKey": "sk-0123456789abcdef" });
        let mut made = mutate(&ada, "createApiConnection", "apiConnection { id }", input).await;
        connections.push(made["apiConnection"]["id"].take());
    }
    let mut ids = connections.clone();
    for number in 0..20 {
        ids.extend(furnish(&ada, number, &connections).await);
    }

    for agents in [5, 20] {
        let data = ada.query(&overview(agents), json!({})).await;
        let nodes = data["agents"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), agents);
        for node in nodes {
            assert_eq!(
                node["apiConnections"].as_array().unwrap().len(),
                2,
                "{node}"
            );
            let messages = node["messages"]["nodes"].as_array().unwrap();
            let rated = messages
                .iter()
                .filter(|message| message["feedback"][0]["rating"] == "UP");
            assert_eq!((messages.len(), rated.count()), (5, 3), "{node}");
        }
    }
    for agents in [5, 20] {
        let data = ada.query(&versions(agents), json!({})).await;
        let nodes = data["agents"]["nodes"].as_array().unwrap();
        let two = nodes.iter().filter(|node| {
            let versions = &node["versions"]["nodes"];
            versions[1]["previous"]["version"] == 1 && node["version"] == 2
        });
        assert_eq!(two.count(), agents, "{data}");
    }
    for (name, count) in [("Uncounted", ""), ("Counted", "totalCount")] {
        let document = format!(
            "query {name} {{ agents(first: 3) {{ {count} nodes {{ id messages(last: 2) {{ {count} nodes {{ id }} }}
               conversations(last: 2) {{ {count} nodes {{ id }} }} }} }} }}"
        );
        let data = ada.query(&document, json!({})).await;
        let total = if count.is_empty() {
            Value::Null
        } else {
            json!(20)
        };
        assert_eq!(data["agents"]["totalCount"], total);
    }
    // As many kinds as there are, a hundred of them, and a tenth of it.
    let picked = |step: usize| ids.iter().step_by(step).take(100).collect::<Vec<_>>();
    let kinds = |data: &Value| {
        let nodes = data["nodes"].as_array().unwrap().iter();
        let names = nodes.map(|node| node["__typename"].as_str().unwrap().to_owned());
        names.collect::<std::collections::BTreeSet<_>>()
    };
    let hundred = picked(2);
    let few: Vec<_> = ids.iter().take(10).collect();
    assert_eq!((hundred.len(), few.len()), (100, 10));
    for (name, ids) in [("Hundred", hundred), ("Few", few)] {
        let document =
            format!("query {name}($ids: [ID!]!) {{ nodes(ids: $ids) {{ __typename id }} }}");
        let data = ada.query(&document, json!({ "ids": ids })).await;
        assert_eq!(
            kinds(&data).into_iter().collect::<Vec<_>>(),
            [
                "Agent",
                "ConnectedApi",
                "Conversation",
                "Feedback",
                "Message"
            ]
        );
    }

    let ended = running.stop().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // The agents, their connections, their messages, the feedback on these; and the message that begins the transaction.
    assert_eq!(
        (cost(&ended, "OverviewOf5"), cost(&ended, "OverviewOf20")),
        (5, 5)
    );
    assert_eq!(cost(&ended, "VersionsOf5"), cost(&ended, "VersionsOf20"));
    assert!(cost(&ended, "VersionsOf20") <= 8);
    // Each count is a statement of its own, and of all agents at once.
    assert_eq!(cost(&ended, "Counted"), cost(&ended, "Uncounted") + 3);
    assert_eq!(cost(&ended, "Hundred"), cost(&ended, "Few"));
    assert!(cost(&ended, "Hundred") <= 10, "{}", cost(&ended, "Hundred"));
}
