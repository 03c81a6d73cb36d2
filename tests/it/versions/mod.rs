//! Versions of agents, and what people thought of what each of them wrote.

use agentry_db::{Db, PoolSettings, Role, Tenant};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::conversations::mutate;
use crate::support::{Caller, Server, pool};

mod isolation;
mod life;
mod migration;
mod races;
mod restore;
mod sight;
mod statistics;

const VERSION: &str = "id agentId version systemPrompt model temperature maxTokens tools { name } checksum createdById createdAt changed
    previous { version }";

/// A new agent; its id.
async fn agent(caller: &Caller, prompt: &str, visibility: &str) -> String {
    let input = json!({ "name": "Helper", "systemPrompt": prompt, "visibility": visibility });
    let made = mutate(caller, "createAgent", "agent { id version }", input).await;
    assert_eq!(made["agent"]["version"], 1, "{made}");
    made["agent"]["id"].as_str().unwrap().to_owned()
}

/// Changes an agent; the number of its newest version.
async fn update(caller: &Caller, agent: &str, mut changes: Value) -> i64 {
    changes["id"] = json!(agent);
    let done = mutate(caller, "updateAgent", "agent { version }", changes).await;
    let version = done["agent"]["version"].as_i64();
    version.unwrap_or_else(|| panic!("{done}"))
}

/// All versions of an agent that the caller may see, oldest first.
async fn versions(caller: &Caller, agent: &str) -> Vec<Value> {
    let document = format!(
        "query($id: ID!) {{ agentVersions(agentId: $id, first: 100) {{ totalCount nodes {{ {VERSION} }} }} }}"
    );
    let mut data = caller.query(&document, json!({ "id": agent })).await;
    let mut versions = data["agentVersions"].take();
    let Value::Array(nodes) = versions["nodes"].take() else {
        panic!("{versions}")
    };
    assert_eq!(versions["totalCount"], nodes.len());
    nodes
}

async fn restore(caller: &Caller, agent: &str, version: i32, key: Option<&str>) -> Value {
    let input = json!({ "agentId": agent, "version": version, "idempotencyKey": key });
    let fields = format!(
        "agent {{ id name version systemPrompt model temperature maxTokens }} agentVersion {{ {VERSION} }}"
    );
    mutate(caller, "restoreAgentVersion", &fields, input).await
}

async fn root(server: &Server) -> PgPool {
    pool(&server.database.root).await
}

/// The database as the server holds it, and the caller in it.
fn acting(server: &Server, caller: &Caller, role: Role) -> (Db, Tenant) {
    let db = Db::open(server.database.service.clone(), &PoolSettings::default());
    let (user, organization) = (&*caller.user_id, &*caller.organization_id);
    let tenant = Tenant::new(user.into(), organization.into(), role).unwrap();
    (db, tenant)
}
