//! API connections.

use serde_json::{Value, json};

use crate::support::{Caller, Server};

mod bad_input;
mod given;
mod isolation;
mod life;
mod sealing;

pub(crate) const FIELDS: &str = "id ownerId name service keyHint baseUrl metadata visibility status lastUsedAt rotatedAt createdAt updatedAt";
const KEY: &str = "sk-canary-0123456789abcdef-wxyz";
const NOWHERE: &str = "tz4a98xxat96iws9zmbrgj3a";

/// Sends a mutation with one `input`; its result.
pub(crate) async fn mutate(caller: &Caller, field: &str, input: Value) -> Value {
    let document = document(field);
    caller.query(&document, json!({ "input": input })).await[field].take()
}

fn document(field: &str) -> String {
    let (first, rest) = field.split_at(1);
    let verb = format!("{}{rest}", first.to_uppercase());
    let success = match field {
        "deleteApiConnection" => "deletedApiConnectionId".to_owned(),
        "linkApiConnection" => "agent { id apiConnections { id } } apiConnection { id }".to_owned(),
        "unlinkApiConnection" => "agentId apiConnectionId".to_owned(),
        _ => format!("apiConnection {{ {FIELDS} }}"),
    };
    let failures = match field {
        "createApiConnection" | "updateApiConnection" | "rotateApiConnectionKey" => {
            "... on ValidationFailed { fields { path message } }"
        }
        "linkApiConnection" => "... on LimitReached { limit }",
        _ => "",
    };
    format!(
        "mutation($input: {verb}Input!) {{ {field}(input: $input) {{ __typename
           ... on {verb}Success {{ {success} }} ... on UserError {{ message }} {failures} }} }}"
    )
}

/// A new connection of the caller's; `more` joins or replaces what the input says.
pub(crate) async fn create(caller: &Caller, name: &str, more: Value) -> Value {
    let made = mutate(caller, "createApiConnection", input(name, more)).await;
    assert_eq!(made["__typename"], "CreateApiConnectionSuccess", "{made}");
    made["apiConnection"].clone()
}

fn input(name: &str, more: Value) -> Value {
    let mut input = json!({ "name": name, "service": "openai", "apiKey": KEY });
    for (field, value) in more.as_object().unwrap() {
        input[field] = value.clone();
    }
    input
}

async fn find(caller: &Caller, id: &Value) -> Value {
    let query = format!("query($id: ID!) {{ apiConnection(id: $id) {{ {FIELDS} }} }}");
    caller.query(&query, json!({ "id": id })).await["apiConnection"].take()
}

async fn names(caller: &Caller, arguments: &str) -> Vec<String> {
    let query = format!("{{ apiConnections{arguments} {{ nodes {{ name }} }} }}");
    let data = caller.query(&query, json!({})).await;
    let nodes = data["apiConnections"]["nodes"].as_array().unwrap();
    let name = |node: &Value| node["name"].as_str().unwrap().to_owned();
    nodes.iter().map(name).collect()
}

/// Runs a statement on an organisation's sealed keys, as the keeper: the owner of the database sees no tenant's rows.
async fn keep(server: &Server, organization: &str, statement: &'static str) -> Vec<String> {
    let mut keeper = server.owner_pool().await.begin().await.unwrap();
    let enter = "SELECT set_config('role', 'agentry_keeper', true), set_config('app.current_org_id', $1, true)";
    let entered = sqlx::query(enter).bind(organization);
    entered.execute(&mut *keeper).await.unwrap();
    let answer = sqlx::query_scalar(statement).fetch_all(&mut *keeper).await;
    keeper.commit().await.unwrap();
    answer.unwrap()
}

/// Stores connections of the caller's without a key that opens; their ids.
pub(crate) async fn store_many(server: &Server, caller: &Caller, count: i32) -> Vec<String> {
    let mut service = server.service_pool().await.begin().await.unwrap();
    let act = "SELECT set_config('app.current_org_id', $1, true), set_config('app.current_user_id', $2, true)";
    let acting = sqlx::query(act)
        .bind(&caller.organization_id)
        .bind(&caller.user_id);
    acting.execute(&mut *service).await.unwrap();
    let store = "INSERT INTO api_connections (organization_id, id, user_id, name, service, api_key)
        SELECT $1, 'stored' || n, $2, 'stored', 'openai', 'x' FROM generate_series(1, $3) n RETURNING id";
    let stored = sqlx::query_scalar(store).bind(&caller.organization_id);
    let stored = stored.bind(&caller.user_id).bind(count);
    let ids = stored.fetch_all(&mut *service).await.unwrap();
    service.commit().await.unwrap();
    ids
}
