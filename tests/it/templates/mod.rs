//! Templates: publishing, the catalogue, installing by reference, and what becomes of installs.

mod agents;
mod brought;
mod catalogue;
mod deletion;
mod homes;
mod install;
mod life;
mod limits;
mod nodes;
mod overrides;
mod publishing;
mod reference;
mod refusals;
mod seeds;
mod trail;
mod types;

mod vocabulary;

use serde_json::{Value, json};

use crate::support::{Caller, Server};

/// Sends a mutation with one `input`; its result.
pub(crate) async fn mutate(caller: &Caller, field: &str, selection: &str, input: Value) -> Value {
    let (first, rest) = field.split_at(1);
    let noun = format!("{}{rest}", first.to_uppercase());
    let document = format!(
        "mutation($input: {noun}Input!) {{ {field}(input: $input) {{ __typename
           ... on {noun}Success {{ {selection} }} ... on UserError {{ message }}
           {} }} }}",
        FAILURES
            .iter()
            .filter(|(of, _)| of.contains(&field))
            .map(|(_, selection)| *selection)
            .collect::<String>()
    );
    caller.query(&document, json!({ "input": input })).await[field].take()
}

/// What failures say beyond a message, of the mutations that have them.
const FAILURES: [(&[&str], &str); 4] = [
    (
        &[
            "publishTemplateVersion",
            "installTemplate",
            "upgradeTemplate",
            "forkTemplate",
        ],
        "... on InstallRefused { code names } ",
    ),
    (
        &[
            "publishTemplateVersion",
            "updateInstall",
            "resetOverride",
            "createEntityType",
            "updateEntityType",
        ],
        "... on DefinitionRejected { problems { code path } } ",
    ),
    (
        &["installTemplate"],
        "... on TooManyRequests { retryAfter } ",
    ),
    (
        &[
            "installTemplate",
            "publishTemplateVersion",
            "createEntityType",
            "updateEntityType",
        ],
        "... on ValidationFailed { fields { path } } ",
    ),
];

const INSTALL: &str =
    "install { id version pinnedVersion overrides agentId uninstalledAt provides { entityTypes }
      template { slug status } requirements { kind name met }
      upgradeAvailable { version requiresConsent diff { services tools domains } } }";

/// Somebody with an organisation of their own to publish from, of which they are the owner.
pub(crate) async fn publisher(server: &Server, name: &str, slug: &str) -> Caller {
    let founder = server.sign_up(name).await;
    let input = json!({ "name": slug, "slug": slug });
    let made = mutate(&founder, "createOrganization", "organization { id }", input).await;
    founder.in_organization(made["organization"]["id"].as_str().unwrap())
}

pub(crate) fn definition(name: &str) -> Value {
    json!({ "name": name, "agent": { "systemPrompt": "Help with money.", "model": "gpt-4o", "temperature": 0.25 } })
}

/// Two entity types, one relationship type, a watcher and a classifier.
pub(crate) fn finance() -> Value {
    json!({
        "name": "Personal finance", "description": "Keeps an eye on money.",
        "agent": { "systemPrompt": "Help with money.", "model": "gpt-4o" },
        "entityTypes": {
            "account": { "name": "Account" },
            "transaction": { "name": "Transaction", "metadataSchema": { "type": "object", "properties": { "amount": { "type": "number" } } } } },
        "relationshipTypes": { "booked-on": { "name": "Booked on", "from": ["transaction"], "to": ["account"] } },
        "watchers": { "monthly": { "name": "Monthly", "prompt": "Sum up.", "guidance": "Be brief.", "schedule": "0 8 1 * *", "types": ["transaction"] } },
        "classifiers": { "category": { "name": "Category", "attribute": "category", "watcher": "monthly", "fallback": "other",
            "values": { "food": "What is eaten" }, "extractionConfig": { "depth": 2 } } },
    })
}

fn with_types(name: &str, count: usize) -> Value {
    let mut document = definition(name);
    let types = (0..count).map(|n| (format!("type-{n}"), json!({ "name": format!("Type {n}") })));
    document["entityTypes"] = Value::Object(types.collect());
    document
}

/// Publishes a version; the template's id and the version's number.
pub(crate) async fn publish(caller: &Caller, slug: &str, definition: Value) -> (Value, Value) {
    let input = json!({ "slug": slug, "definition": definition });
    let selection = "template { id } templateVersion { version }";
    let mut done = mutate(caller, "publishTemplateVersion", selection, input).await;
    assert_eq!(
        done["__typename"], "PublishTemplateVersionSuccess",
        "{done}"
    );
    (
        done["template"]["id"].take(),
        done["templateVersion"]["version"].take(),
    )
}

/// Publishes a version for everyone to find; the template's id.
pub(crate) async fn offer(caller: &Caller, slug: &str, definition: Value) -> Value {
    let (id, _) = publish(caller, slug, definition).await;
    set_status(caller, &id, "PUBLISHED").await;
    id
}

pub(crate) async fn set_status(caller: &Caller, id: &Value, status: &str) {
    let input = json!({ "id": id, "status": status });
    let done = mutate(caller, "setTemplateStatus", "template { status }", input).await;
    assert_eq!(done["template"]["status"], status, "{done}");
}

/// What installing answers.
pub(crate) async fn install(caller: &Caller, input: Value) -> Value {
    let selection = format!(
        "created redirectTo shadowedTypes organization {{ id slug }} agent {{ id name model systemPrompt temperature maxTokens description visibility }}
         {INSTALL} provides {{ entityTypes entityRelationshipTypes eventClassifiers watchers }}"
    );
    mutate(caller, "installTemplate", &selection, input).await
}

/// The same, done.
pub(crate) async fn installed(caller: &Caller, input: Value) -> Value {
    let done = install(caller, input).await;
    assert_eq!(done["__typename"], "InstallTemplateSuccess", "{done}");
    done
}

/// Why not.
async fn refusal(caller: &Caller, input: Value) -> String {
    let refused = install(caller, input).await;
    assert_eq!(refused["__typename"], "InstallRefused", "{refused}");
    refused["code"].as_str().unwrap().to_owned()
}

/// The agent as `caller` reads it.
pub(crate) async fn agent(caller: &Caller, id: &Value) -> Value {
    let document = "query($id: ID!) { agent(id: $id) { id name description systemPrompt model temperature maxTokens archivedAt
        install { version overrides } } }";
    caller.query(document, json!({ "id": id })).await["agent"].take()
}

/// How many rows a table has, whoever's they are.
pub(crate) async fn rows(server: &Server, table: &str) -> i64 {
    let mut root = server.database.root().await;
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
        .fetch_one(&mut root)
        .await
        .unwrap()
}
