//! What agents used, told apart in every way, and what an organisation may spend.

mod bad_input;
mod bounds;
mod budget;
mod deletion;
mod estimates;
mod months;
mod sight;
mod sums;

use agentry_provider_testkit::{Answer, FaultServer, Script};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::answers::{ended, send};
use crate::organizations::call;
use crate::support::{Caller, Server, pool};

/// All that a report tells of a group.
const ROW: &str = "agentId model service connectionId userId period runs completedRuns failedRuns cancelledRuns titles promptTokens
    completionTokens costMicros estimatedCalls unpricedCalls";

/// An answer of these pieces, for which the provider counts this.
fn counting(words: &[&str], prompt: u32, completion: u32) -> Answer {
    Answer::Stream(Script {
        words: words.iter().map(ToString::to_string).collect(),
        usage: (prompt, completion),
        ..Script::default()
    })
}

/// Sends a message and waits for its answer, for which the provider counts this; the run.
async fn spend(
    provider: &FaultServer,
    caller: &Caller,
    agent: &Value,
    prompt: u32,
    completion: u32,
) -> Value {
    provider.next(counting(&["Yes."], prompt, completion));
    ended(caller, &send(caller, agent, "Hello?").await).await
}

/// What `usage` answers; `arguments` stand between its parentheses.
async fn report(caller: &Caller, arguments: &str) -> Value {
    let arguments = if arguments.is_empty() {
        String::new()
    } else {
        format!("({arguments})")
    };
    let total = ROW.split_once("period").unwrap().1;
    let document = format!("{{ usage{arguments} {{ rows {{ {ROW} }} total {{ {total} }} }} }}");
    caller.query(&document, json!({})).await["usage"].take()
}

async fn rows(caller: &Caller, arguments: &str) -> Vec<Value> {
    let mut report = report(caller, arguments).await;
    report["rows"].as_array_mut().unwrap().drain(..).collect()
}

/// Runs, tokens read and written, and cost.
fn sums(row: &Value) -> (i64, i64, i64, i64) {
    let number = |name: &str| row[name].as_i64().unwrap_or_else(|| panic!("{row}"));
    (
        number("runs"),
        number("promptTokens"),
        number("completionTokens"),
        number("costMicros"),
    )
}

async fn total(caller: &Caller) -> (i64, i64, i64, i64) {
    sums(&report(caller, "").await["total"])
}

/// Millionths of a dollar by gpt-4o's list price, rounded up.
fn gpt_4o(prompt: i64, completion: i64) -> i64 {
    (prompt * 25 + completion * 100 + 9) / 10
}

async fn set_budget(caller: &Caller, input: Value) -> Value {
    let budget = "... on SetBudgetSuccess { budget { monthlyCostMicros monthlyTokens spentCostMicros spentTokens resetsAt } }
        ... on ValidationFailed { fields { path } }";
    call(caller, "setBudget", input, budget).await
}

/// The budget of the organisation that the caller acts in.
async fn budget(caller: &Caller) -> Value {
    let document = "query($id: ID!) { organization(by: { id: $id }) { budget {
        monthlyCostMicros monthlyTokens spentCostMicros spentTokens resetsAt } } }";
    let mut data = caller
        .query(document, json!({ "id": caller.organization_id }))
        .await;
    data["organization"]["budget"].take()
}

/// What `sendMessage` answers.
async fn sent(caller: &Caller, input: Value) -> Value {
    asked(caller, "sendMessage", input).await
}

/// What a mutation that asks for a run answers.
async fn asked(caller: &Caller, field: &str, input: Value) -> Value {
    let noun = format!("{}{}", field[..1].to_uppercase(), &field[1..]);
    let selection = format!(
        "... on {noun}Success {{ message {{ id }} run {{ id }} conversation {{ id }} }} ... on BudgetExceeded {{ kind limit spent resetsAt }}"
    );
    call(caller, field, input, &selection).await
}

/// The database past row security.
async fn root(server: &Server) -> PgPool {
    pool(&server.database.root).await
}
