//! By reference: an install writes as much for five hundred types as for one, and reading one costs no more statements.

use std::collections::BTreeMap;

use serde_json::json;

use super::{installed, offer, publisher, with_types};
use crate::support::{Agentry, Caller, Database, Server, until};

type Written = BTreeMap<String, i64>;

/// How many rows have been inserted, updated and deleted so far, by table. Sessions hand their counts in when they end.
async fn written(server: &Server) -> Written {
    const OTHERS: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND query NOT LIKE 'LISTEN%'";
    let root = tokio::sync::Mutex::new(server.database.root().await);
    until("all sessions have ended", || async {
        let mut root = root.lock().await;
        let others: i64 = sqlx::query_scalar(OTHERS)
            .fetch_one(&mut *root)
            .await
            .unwrap();
        (others == 0).then_some(())
    })
    .await;
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT relname::text, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables WHERE relname <> 'rate_limits'",
    )
    .fetch_all(&mut root.into_inner())
    .await
    .unwrap();
    rows.into_iter().collect()
}

#[tokio::test]
async fn rows_written_do_not_depend_on_the_size_of_the_template() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "small", with_types("Small", 1)).await;
    offer(&acme, "large", with_types("Large", 500)).await;
    let (bob, eve) = (server.sign_up("Bob").await, server.sign_up("Eve").await);
    let mut costs = Vec::new();
    for (caller, slug, types) in [(&bob, "small", 1), (&eve, "large", 500)] {
        let before = written(&server).await;
        let done = installed(caller, json!({ "slug": slug })).await;
        assert_eq!(done["provides"]["entityTypes"], types);
        let after = written(&server).await;
        let cost: Written = after
            .into_iter()
            .map(|(table, count)| (table.clone(), count - before[&table]))
            .filter(|(_, count)| *count > 0)
            .collect();
        costs.push(cost);
    }
    // The agent and its install; that it happened; and that the template is in use by one more.
    let wanted = [
        "agents",
        "audit_events",
        "template_installs",
        "template_uses",
    ];
    let wanted: Written = wanted
        .into_iter()
        .map(|table| (table.to_owned(), 1))
        .collect();
    assert_eq!(costs, [wanted.clone(), wanted]);
}

/// What the log says that this operation, sent once, cost in statements.
fn cost(log: &str, operation: &str) -> u64 {
    let lines = log
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let found: Vec<_> = lines
        .filter(|line| line["target"] == "agentry::operation" && line["operation"] == operation)
        .collect();
    assert_eq!(found.len(), 1, "{operation}: {found:?}");
    found[0]["statements"].as_u64().unwrap()
}

#[tokio::test]
async fn statements_are_the_same_for_installed_and_plain_agents_and_for_one_and_many() {
    let database = Database::copy().await;
    let running = Agentry::given(&database).serve().await;
    let ada = Caller::sign_up_at(&running.url, "Ada").await;
    let input = json!({ "name": "acme", "slug": "acme" });
    let made = super::mutate(&ada, "createOrganization", "organization { id }", input).await;
    let acme = ada.in_organization(made["organization"]["id"].as_str().unwrap());
    let bob = Caller::sign_up_at(&running.url, "Bob").await;
    let mut ids = Vec::new();
    for n in 0..12 {
        let slug = format!("template-{n}");
        offer(&acme, &slug, with_types(&slug, 3)).await;
        ids.push(installed(&bob, json!({ "slug": slug })).await["agent"]["id"].take());
    }
    let input = json!({ "name": "Plain", "systemPrompt": "p" });
    let plain = super::mutate(&bob, "createAgent", "agent { id }", input).await;
    let one = "($id: ID!) { agent(id: $id) { name systemPrompt model } }";
    bob.query(
        &format!("query Plain{one}"),
        json!({ "id": plain["agent"]["id"] }),
    )
    .await;
    bob.query(&format!("query Installed{one}"), json!({ "id": ids[0] }))
        .await;
    for (name, count) in [("Few", 2), ("Many", 12)] {
        let document = format!(
            "query {name} {{ agents(first: {count}) {{ nodes {{ systemPrompt install {{ version template {{ slug }} requirements {{ met }} upgradeAvailable {{ version }}
             watchers {{ key }} classifiers {{ key }} effective }} }} }} }}"
        );
        let data = bob.query(&document, json!({})).await;
        let nodes = data["agents"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), count);
        assert!(
            nodes
                .iter()
                .all(|node| node["systemPrompt"] == "Help with money."
                    && node["install"]["version"] == 1),
            "{data}"
        );
    }
    for (name, count) in [("OwnFew", 2), ("OwnMany", 12)] {
        let document = format!(
            "query {name} {{ viewer {{ templates(first: {count}) {{ nodes {{ installCount versions(first: 3) {{ version definition }} }} }} }} }}"
        );
        let data = acme.query(&document, json!({})).await;
        let nodes = data["viewer"]["templates"]["nodes"].as_array().unwrap();
        let complete = nodes.iter().filter(|node| {
            node["installCount"] == 1 && node["versions"][0]["definition"]["name"].is_string()
        });
        assert_eq!(complete.count(), count, "{data}");
    }
    let ended = running.stop().await;
    let log = &ended.stderr;
    assert_eq!(cost(log, "OwnFew"), cost(log, "OwnMany"));
    assert_eq!(cost(log, "Plain"), cost(log, "Installed"));
    assert_eq!(cost(log, "Few"), cost(log, "Many"));
}
