//! What goes wrong around a request, and that the service is itself again afterwards.

mod crossing;
mod disconnect;
mod outage;
mod pool;
mod timeout;

use reqwest::{RequestBuilder, StatusCode, header};
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection, Postgres, Transaction};

use crate::support::Caller;

const CREATE_AGENT: &str = "mutation($input: CreateAgentInput!) { createAgent(input: $input) {
    ... on CreateAgentSuccess { agent { name } } ... on UserError { message } } }";

/// An answer, with what HTTP says about it.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    retry_after: Option<u64>,
    body: Value,
}

impl Answer {
    async fn to(request: RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        let retry_after = answer.headers().get(header::RETRY_AFTER);
        Self {
            status: answer.status(),
            retry_after: retry_after.map(|value| value.to_str().unwrap().parse().unwrap()),
            body: answer.json().await.unwrap(),
        }
    }

    fn code(&self) -> &str {
        let code = self.body["errors"][0]["extensions"]["code"].as_str();
        code.unwrap_or_else(|| panic!("no error: {self:?}"))
    }

    /// Nothing was executed for want of the database, and the client learns when to come again.
    fn assert_unavailable(&self) {
        assert_eq!(self.code(), "UNAVAILABLE", "{self:?}");
        assert_eq!(self.status, StatusCode::SERVICE_UNAVAILABLE, "{self:?}");
        assert_eq!(self.retry_after, Some(1), "{self:?}");
        let extensions = &self.body["errors"][0]["extensions"];
        assert_eq!(extensions["retryAfter"], 1, "{self:?}");
    }

    fn assert_made(&self, name: &str) {
        let agent = &self.body["data"]["createAgent"]["agent"];
        assert_eq!(agent["name"], name, "{self:?}");
    }
}

fn create_agent(caller: &Caller, name: &str) -> RequestBuilder {
    let input = json!({ "name": name, "systemPrompt": "Be kind." });
    caller.post(CREATE_AGENT, json!({ "input": input }))
}

fn agents(caller: &Caller) -> RequestBuilder {
    caller.post("{ agents { nodes { name } } }", json!({}))
}

/// The names of the caller's agents, from a request that must succeed.
async fn names(caller: &Caller) -> Vec<String> {
    let answer = Answer::to(agents(caller)).await;
    let nodes = answer.body["data"]["agents"]["nodes"].as_array();
    let nodes = nodes.unwrap_or_else(|| panic!("{answer:?}"));
    nodes
        .iter()
        .map(|node| node["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Lets nobody write agents until the transaction ends.
async fn lock_agents(root: &mut PgConnection) -> Transaction<'_, Postgres> {
    let mut lock = root.begin().await.unwrap();
    lock.execute("LOCK TABLE agents IN EXCLUSIVE MODE")
        .await
        .unwrap();
    lock
}
