//! Runs as they are listed, what they say so far, and what that costs.

use serde_json::{Value, json};

use super::{answer, begin, echo, id, more, root, still};
use crate::support::{Agentry, Caller, Database, Ended, Server};

async fn runs(caller: &Caller, arguments: &str) -> Vec<String> {
    let document = format!("{{ runs{arguments} {{ totalCount nodes {{ id }} }} }}");
    let data = caller.query(&document, json!({})).await;
    let nodes = data["runs"]["nodes"].as_array().unwrap();
    if !arguments.contains("after:") && !arguments.contains("last:") {
        assert_eq!(data["runs"]["totalCount"], nodes.len(), "{data}");
    }
    nodes.iter().map(id).collect()
}

fn run(sent: &Value) -> String {
    id(&sent["run"])
}

#[tokio::test]
async fn lists_show_ones_own_runs_and_those_of_ones_agents_and_narrow() {
    let server = still(&[]).await;
    let ada = server.sign_up("Ada").await;
    let bob = server.sign_up("Bob").await;
    let bob = server.join(&ada, &bob, "member").await;
    let eve = server.sign_up("Eve").await;
    let (shared, own) = (
        echo(&ada, "ORGANIZATION").await,
        echo(&bob, "PRIVATE").await,
    );
    let adas = begin(&ada, &shared, "1").await;
    let bobs = begin(&bob, &shared, "2").await;
    let bobs_own = begin(&bob, &own, "3").await;
    let conversation = id(&bobs["conversation"]);
    answer(&server, &bob, &bobs, "Reply").await;
    let next = more(&bob, &conversation, "4").await;
    let (a, b, c, d) = (run(&adas), run(&bobs), run(&bobs_own), run(&next));

    assert_eq!(runs(&bob, "").await, [&*b, &c, &d]);
    assert_eq!(runs(&ada, "").await, [&*a, &b, &d]);
    assert!(runs(&eve, "").await.is_empty());
    for (narrow, found) in [
        (format!("conversationId: \"{conversation}\""), vec![&b, &d]),
        (format!("agentId: \"{own}\""), vec![&c]),
        (format!("agentId: \"{shared}\""), vec![&b, &d]),
        ("status: QUEUED".to_owned(), vec![&c, &d]),
        ("status: COMPLETED".to_owned(), vec![&b]),
        ("status: RUNNING".to_owned(), vec![]),
        (
            format!("agentId: \"{shared}\", conversationId: \"{conversation}\", status: QUEUED"),
            vec![&d],
        ),
        ("agentId: \"a\\u0000b\"".to_owned(), vec![]),
    ] {
        let arguments = format!("(filter: {{ {narrow} }})");
        let found: Vec<String> = found.into_iter().cloned().collect();
        assert_eq!(runs(&bob, &arguments).await, found, "{narrow}");
    }
    assert_eq!(
        runs(&ada, &format!("(filter: {{ agentId: \"{shared}\" }})")).await,
        [&*a, &b, &d]
    );
    assert_eq!(runs(&bob, "(last: 2)").await, [&*c, &d]);
    let read = "{ runs(first: 1) { pageInfo { endCursor hasNextPage } } }";
    let read = bob.query(read, json!({})).await;
    let info = &read["runs"]["pageInfo"];
    assert_eq!(info["hasNextPage"], true);
    let after = format!("(after: {})", info["endCursor"]);
    assert_eq!(runs(&bob, &after).await, [&*c, &d]);
    let foreign = "query($id: ID!) { run(id: $id) { id } node(id: $id) { id } }";
    let foreign = eve.query(foreign, json!({ "id": b })).await;
    assert_eq!(foreign, json!({ "run": null, "node": null }));
    let theirs =
        "query($id: ID!) { conversation(id: $id) { runs(last: 1) { totalCount nodes { id } } } }";
    let theirs = ada.query(theirs, json!({ "id": conversation })).await;
    assert_eq!(
        theirs["conversation"]["runs"],
        json!({ "totalCount": 2, "nodes": [{ "id": d }] })
    );
}

#[tokio::test]
async fn text_is_what_there_is_so_far_and_the_reply_afterwards() {
    let server = still(&[]).await;
    let ada = server.sign_up("Ada").await;
    let eve = server.sign_up("Eve").await;
    let sent = begin(&ada, &echo(&ada, "PRIVATE").await, "1").await;
    let text = async |caller: &Caller| {
        let read = "query($id: ID!) { run(id: $id) { text } }";
        let data = caller.query(read, json!({ "id": run(&sent) })).await;
        data["run"]["text"].clone()
    };
    // Ten pieces, of which the tenth must not come before the second.
    for (n, piece) in "né 🦀 abcde".chars().enumerate() {
        insert(&server, &run(&sent), n + 1, &piece.to_string()).await;
    }
    assert_eq!(text(&ada).await, "né 🦀 abcde");
    assert_eq!(text(&eve).await, Value::Null);
    answer(&server, &ada, &sent, "né 🦀 abcdefg").await;
    assert_eq!(text(&ada).await, "né 🦀 abcdefg");
}

async fn insert(server: &Server, run: &str, sequence: usize, text: &str) {
    sqlx::query(
        "INSERT INTO run_deltas (organization_id, run_id, sequence, agent_user_id, user_id, withheld, text)
         SELECT organization_id, id, $2, agent_user_id, user_id, withheld, $3 FROM runs WHERE id = $1",
    )
    .bind(run)
    .bind(i32::try_from(sequence).unwrap())
    .bind(text)
    .execute(&root(server).await)
    .await
    .unwrap();
}

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

#[tokio::test]
async fn statements_do_not_grow_with_the_runs() {
    let database = Database::copy().await;
    // Nothing is answered: what is counted must not depend on how fast.
    let still = Agentry::given(&database).env("AGENTRY_RUN_WORKERS", "0");
    let running = still.serve().await;
    let ada = Caller::sign_up_at(&running.url, "Ada").await;
    let agent = echo(&ada, "PRIVATE").await;
    for n in 0..12 {
        let sent = begin(&ada, &agent, &format!("{n}")).await;
        more(&ada, &id(&sent["conversation"]), "more").await;
    }
    for size in [2, 12] {
        let document = format!(
            "query Runs{size} {{ runs(first: {size}) {{ nodes {{
               text message {{ id siblings {{ id run {{ id }} }} }} reply {{ id }} agent {{ id }} connection {{ id }}
               conversation {{ id activeRun {{ id }} runs(first: 1) {{ totalCount nodes {{ id }} }}
                               messages(last: 2) {{ totalCount nodes {{ content }} }} }} }} }} }}"
        );
        let data = ada.query(&document, json!({})).await;
        let nodes = data["runs"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), size);
        for node in nodes {
            let conversation = &node["conversation"];
            assert_eq!(conversation["messages"]["totalCount"], 2, "{node}");
            assert_eq!(conversation["runs"]["totalCount"], 2, "{node}");
        }
    }
    let ended = running.stop().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(cost(&ended, "Runs2"), cost(&ended, "Runs12"));
    assert!(cost(&ended, "Runs12") <= 14, "{}", cost(&ended, "Runs12"));
}
