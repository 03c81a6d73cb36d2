//! How versions come to be, and how they are read.

use serde_json::{Value, json};

use super::{agent, root, update, versions};
use crate::conversations::mutate;
use crate::support::Server;

#[tokio::test]
async fn what_an_agent_is_made_of_makes_a_version_and_nothing_else_does() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let id = agent(&ada, "One.", "PRIVATE").await;
    for (changes, version) in [
        (
            json!({ "name": "New", "description": "Not it.", "visibility": "ORGANIZATION" }),
            1,
        ),
        (
            json!({ "systemPrompt": "One.", "temperature": 0.7, "maxTokens": null }),
            1,
        ),
        (json!({ "systemPrompt": "Two." }), 2),
        (json!({ "model": "echo", "name": "Echo" }), 3),
        (json!({ "temperature": 0.1234 }), 4),
        (json!({ "maxTokens": 10 }), 5),
        (json!({ "systemPrompt": "Six.", "maxTokens": null }), 6),
    ] {
        assert_eq!(
            update(&ada, &id, changes.clone()).await,
            version,
            "{changes}"
        );
    }
    // Whoever writes, beside the service too, and in whatever organisation they act.
    let root = root(&server).await;
    let sql = "UPDATE agents SET model = 'o4-mini', version = 70 WHERE id = $1 RETURNING version";
    let version: i32 = sqlx::query_scalar(sql)
        .bind(&id)
        .fetch_one(&root)
        .await
        .unwrap();
    assert_eq!(version, 7);

    let all = versions(&ada, &id).await;
    let told = |names: &[&str]| -> Vec<Value> {
        let one = |version: &Value| names.iter().map(|name| version[*name].clone()).collect();
        all.iter().map(one).collect()
    };
    let me = json!(ada.user_id);
    assert_eq!(
        told(&["version", "changed", "createdById"]),
        [
            json!([1, [], me]),
            json!([2, ["SYSTEM_PROMPT"], me]),
            json!([3, ["MODEL"], me]),
            json!([4, ["TEMPERATURE"], me]),
            json!([5, ["MAX_TOKENS"], me]),
            json!([6, ["SYSTEM_PROMPT", "MAX_TOKENS"], me]),
            json!([7, ["MODEL"], null]),
        ]
    );
    assert_eq!(
        told(&["systemPrompt", "model", "temperature", "maxTokens", "tools"]),
        [
            json!(["One.", "gpt-3.5-turbo", 0.7, null, []]),
            json!(["Two.", "gpt-3.5-turbo", 0.7, null, []]),
            json!(["Two.", "echo", 0.7, null, []]),
            json!(["Two.", "echo", 0.1234, null, []]),
            json!(["Two.", "echo", 0.1234, 10, []]),
            json!(["Six.", "echo", 0.1234, null, []]),
            json!(["Six.", "o4-mini", 0.1234, null, []]),
        ]
    );
    for (index, version) in all.iter().enumerate() {
        assert_eq!(version["agentId"], json!(id));
        let before = version["previous"]["version"].as_u64();
        assert_eq!(before, (index > 0).then_some(index as u64));
    }
    let sums: std::collections::HashSet<_> = all
        .iter()
        .map(|version| version["checksum"].as_str().unwrap())
        .collect();
    assert_eq!(sums.len(), 7);
}

#[tokio::test]
async fn copies_begin_anew_and_versions_alike_have_one_checksum() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let id = agent(&ada, "One.", "PRIVATE").await;
    update(&ada, &id, json!({ "systemPrompt": "Two." })).await;
    update(&ada, &id, json!({ "systemPrompt": "One." })).await;
    let fields =
        "agent { id version versions { totalCount nodes { version systemPrompt checksum } } }";
    let copy = mutate(&ada, "duplicateAgent", fields, json!({ "id": id })).await;
    let all = versions(&ada, &id).await;
    assert_eq!(all[0]["checksum"], all[2]["checksum"]);
    assert_ne!(all[0]["checksum"], all[1]["checksum"]);
    assert_eq!(
        (&copy["agent"]["version"], &copy["agent"]["versions"]),
        (
            &json!(1),
            &json!({ "totalCount": 1, "nodes": [{ "version": 1, "systemPrompt": "One.", "checksum": all[0]["checksum"] }] })
        )
    );
    // As anybody can compute it: SHA-256 of the parts as PostgreSQL writes a JSON array.
    let parts = r#"["One.", "gpt-3.5-turbo", 0.7000, null, null]"#;
    let sum: String = sqlx::query_scalar("SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')")
        .bind(parts)
        .fetch_one(&root(&server).await)
        .await
        .unwrap();
    assert_eq!(all[0]["checksum"], json!(sum));
}

#[tokio::test]
async fn versions_are_read_in_pages_one_by_one_and_by_id() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let id = agent(&ada, "1", "PRIVATE").await;
    for n in 2..=12 {
        update(&ada, &id, json!({ "systemPrompt": n.to_string() })).await;
    }
    let page = async |arguments: &str| {
        let document = format!(
            "query($id: ID!) {{ agent(id: $id) {{ versions({arguments}) {{ totalCount nodes {{ version }}
               pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"
        );
        let mut data = ada.query(&document, json!({ "id": id })).await;
        let mut page = data["agent"]["versions"].take();
        let nodes = page["nodes"].take();
        let numbers: Vec<i64> = nodes
            .as_array()
            .unwrap()
            .iter()
            .map(|node| node["version"].as_i64().unwrap())
            .collect();
        assert_eq!(page["totalCount"], 12);
        (numbers, page["pageInfo"].take())
    };
    let (first, info) = page("first: 5").await;
    assert_eq!(first, [1, 2, 3, 4, 5]);
    assert_eq!(
        (&info["hasNextPage"], &info["hasPreviousPage"]),
        (&json!(true), &json!(false))
    );
    // By number and not as text: 10 comes after 9.
    let (next, info) = page(&format!("first: 5, after: {}", info["endCursor"])).await;
    assert_eq!(next, [6, 7, 8, 9, 10]);
    let (before, _) = page(&format!("last: 2, before: {}", info["startCursor"])).await;
    assert_eq!(before, [4, 5]);
    let (last, _) = page("last: 3").await;
    assert_eq!(last, [10, 11, 12]);

    let document = "query($id: ID!, $n: Int!) { agentVersion(agentId: $id, version: $n) { id systemPrompt agent { id version } } }";
    let one = ada.query(document, json!({ "id": id, "n": 3 })).await;
    let one = &one["agentVersion"];
    assert_eq!(one["systemPrompt"], "3");
    assert_eq!(one["agent"], json!({ "id": id, "version": 12 }));
    let node =
        "query($id: ID!) { node(id: $id) { __typename id ... on AgentVersion { version } } }";
    let node = ada.query(node, json!({ "id": one["id"] })).await;
    assert_eq!(
        node["node"],
        json!({ "__typename": "AgentVersion", "id": one["id"], "version": 3 })
    );
    for number in [0, -1, 13, i32::MAX, i32::MIN] {
        let none = ada.query(document, json!({ "id": id, "n": number })).await;
        assert_eq!(none["agentVersion"], Value::Null, "{number}");
    }
    let foreign = "{ agents { pageInfo { endCursor } } }";
    let cursor = ada.query(foreign, json!({})).await["agents"]["pageInfo"]["endCursor"].take();
    let document =
        "query($id: ID!, $c: String) { agentVersions(agentId: $id, after: $c) { totalCount } }";
    for cursor in [cursor, json!(""), json!("ZTppZDp4")] {
        let code = ada.code(document, json!({ "id": id, "c": cursor })).await;
        assert_eq!(code, "BAD_USER_INPUT", "{cursor}");
    }
}
