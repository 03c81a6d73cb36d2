//! Runs: asked for, told of, cancelled, and how their replies take their places. Nobody works on them here: where one is to end, a test
//! ends it itself.

use agentry_db::entity::run::Model;
use agentry_db::run::{self, NewReply};
use agentry_db::{Db, DbError, PoolSettings, Role, Statements, Tenant};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Caller, Server, pool};

mod branches;
mod busy;
mod cancel;
mod connections;
mod edges;
mod lists;
mod order;
mod send;

/// A server on which runs stay in line.
async fn still(flags: &[&str]) -> Server {
    Server::start_with(flags).await
}

/// Sends a mutation with one `input`; its result, with what each kind of outcome says.
async fn ask(caller: &Caller, field: &str, input: Value) -> Value {
    let (first, rest) = field.split_at(1);
    let noun = format!("{}{rest}", first.to_uppercase());
    let success = match field {
        "cancelRun" => RUN.to_owned(),
        "selectBranch" => "conversation { id }".to_owned(),
        _ => format!("{RUN} message {{ {MESSAGE} }} conversation {{ id agentId title }}"),
    };
    let typed = match field {
        "cancelRun" | "selectBranch" => "",
        _ => {
            "... on ValidationFailed { fields { path } } ... on ConversationBusy { run { id status } }
             ... on ConnectionMissing { service model } ... on LimitReached { limit } ... on TooManyRequests { retryAfter }"
        }
    };
    let document = format!(
        "mutation($input: {noun}Input!) {{ {field}(input: $input) {{ __typename
           ... on {noun}Success {{ {success} }} ... on UserError {{ message }} {typed} }} }}"
    );
    caller.query(&document, json!({ "input": input })).await[field].take()
}

const RUN: &str =
    "run { id status service model conversationId agentId userId messageId replyId text errorCode
    cancelRequestedAt createdAt startedAt finishedAt activeIn: conversation { activeRun { id } } }";
const MESSAGE: &str =
    "id role content metadata conversationId parentId isCurrent createdAt run { id }";

/// A new agent that answers by itself; its id.
async fn echo(caller: &Caller, visibility: &str) -> String {
    agent(caller, "echo", visibility).await
}

/// A new agent with this model; its id.
async fn agent(caller: &Caller, model: &str, visibility: &str) -> String {
    let input = json!({ "name": "Helper", "systemPrompt": "Answer.", "model": model, "visibility": visibility });
    let document = "mutation($input: CreateAgentInput!) { createAgent(input: $input) { ... on CreateAgentSuccess { agent { id } } } }";
    let made = caller.query(document, json!({ "input": input })).await;
    id(&made["createAgent"]["agent"])
}

/// What was asked for.
fn done(outcome: &Value) -> &Value {
    let kind = outcome["__typename"].as_str().unwrap();
    assert!(kind.ends_with("Success"), "{outcome}");
    outcome
}

fn id(thing: &Value) -> String {
    let id = thing["id"].as_str();
    id.unwrap_or_else(|| panic!("no id: {thing}")).to_owned()
}

/// Sends a message into a new conversation with this agent.
async fn begin(caller: &Caller, agent: &str, content: &str) -> Value {
    let input = json!({ "agentId": agent, "content": content });
    done(&ask(caller, "sendMessage", input).await).clone()
}

/// Sends a message into a conversation, behind whatever it has to do.
async fn more(caller: &Caller, conversation: &str, content: &str) -> Value {
    let input = json!({ "conversationId": conversation, "content": content, "onBusy": "ENQUEUE" });
    done(&ask(caller, "sendMessage", input).await).clone()
}

/// What is shown of a conversation, or all there is: each message's content.
async fn shown(caller: &Caller, conversation: &str, branch: &str) -> Vec<String> {
    let document = format!(
        "query($id: ID!) {{ conversation(id: $id) {{ messages(first: 100, branch: {branch}) {{ totalCount nodes {{ content isCurrent }} }} }} }}"
    );
    let data = caller.query(&document, json!({ "id": conversation })).await;
    let messages = &data["conversation"]["messages"];
    let nodes = messages["nodes"].as_array().unwrap();
    assert_eq!(messages["totalCount"], nodes.len());
    if branch == "CURRENT" {
        assert!(nodes.iter().all(|node| node["isCurrent"] == true), "{data}");
    }
    let text = |node: &Value| node["content"].as_str().unwrap().to_owned();
    nodes.iter().map(text).collect()
}

/// What is shown of a conversation, along the chain of parents from its newest message; oldest first.
async fn chain(server: &Server, conversation: &str) -> Vec<String> {
    sqlx::query_scalar(
        "WITH RECURSIVE chain AS (
           SELECT m.*, 1 AS depth FROM conversations c JOIN agent_messages m ON m.id = c.head_id WHERE c.id = $1
           UNION ALL
           SELECT m.*, chain.depth + 1 FROM chain JOIN agent_messages m ON m.id = chain.parent_id
         ) SELECT content FROM chain ORDER BY depth DESC",
    )
    .bind(conversation)
    .fetch_all(&root(server).await)
    .await
    .unwrap()
}

async fn root(server: &Server) -> PgPool {
    pool(&server.database.root).await
}

/// Ends a run with this reply, as whoever works on it would; with none, as failed. Whether the reply is shown.
async fn answer(server: &Server, caller: &Caller, run: &Value, text: &str) -> bool {
    let db = Db::open(server.database.service.clone(), &PoolSettings::default());
    let (user, organization) = (&*caller.user_id, &*caller.organization_id);
    let tenant = Tenant::new(user.into(), organization.into(), Role::Member).unwrap();
    let run = run["run"]["id"].as_str().unwrap();
    let shown = db
        .write(
            &tenant,
            "test.answer",
            &Statements::default(),
            |scope| async move {
                if text.is_empty() {
                    return Ok(false);
                }
                let run = run::find(&scope, &run.into()).await?.unwrap();
                let placed = run::place_reply(&scope, &reply(run, text)).await?;
                Ok::<_, DbError>(placed.unwrap().is_current)
            },
        )
        .await
        .unwrap();
    let root = root(server).await;
    let end = if text.is_empty() {
        "UPDATE runs SET status = 'failed', error_code = 'PROVIDER_UNAUTHORIZED', error_message = 'No.', finished_at = now_ms() WHERE id = $1"
    } else {
        "UPDATE runs SET status = 'completed', finished_at = now_ms() WHERE id = $1"
    };
    for statement in [end, "DELETE FROM run_leases WHERE run_id = $1"] {
        let done = sqlx::query(statement).bind(run).execute(&root).await;
        assert_eq!(done.unwrap().rows_affected(), 1);
    }
    shown
}

fn reply(run: Model, text: &str) -> NewReply {
    NewReply {
        id: run.reply_id,
        conversation: run.conversation_id,
        after: run.message_id,
        run: run.id,
        asked: run.created_at,
        content: text.to_owned(),
        agent_version: Some(1),
        model: run.model,
        tool_calls: None,
    }
}

/// How many there are: messages, runs, and runs in line.
async fn stored(server: &Server) -> (i64, i64, i64) {
    sqlx::query_as(
        "SELECT (SELECT count(*) FROM agent_messages), (SELECT count(*) FROM runs), (SELECT count(*) FROM run_leases)",
    )
    .fetch_one(&root(server).await)
    .await
    .unwrap()
}
