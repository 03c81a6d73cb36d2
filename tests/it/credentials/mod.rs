//! API keys and JSON Web Tokens: whom they act for, what they may do, and what is refused.

mod api_keys;
mod banned;
mod hostile;
pub(crate) mod issuer;
mod jwt;
mod limits;
mod organization_keys;
mod permissions;
mod settings;
mod storage;
mod streams;
mod traces;

use serde_json::{Value, json};

use crate::support::{Caller, Server};

const VIEWER: &str = "{ viewer { authMethod role user { id } organization { id } apiKey { id name start permissions } } }";

const CREATE: &str = "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { __typename
    ... on CreateApiKeySuccess { key apiKey { id name start prefix enabled remaining permissions expiresAt lastRequest
      rateLimit { max windowSeconds } refill { amount intervalSeconds } } }
    ... on ValidationFailed { fields { path } } ... on UserError { message } } }";

/// What making a key so answers.
async fn create(by: &Caller, input: Value) -> Value {
    by.query(CREATE, json!({ "input": input })).await["createApiKey"].take()
}

/// A new key, and its id.
async fn key(by: &Caller, input: Value) -> (String, String) {
    let made = create(by, input).await;
    let text = |value: &Value| {
        value
            .as_str()
            .unwrap_or_else(|| panic!("{made}"))
            .to_owned()
    };
    (text(&made["key"]), text(&made["apiKey"]["id"]))
}

/// The status and the body that a document with these headers gets.
async fn send(server: &Server, document: &str, headers: &[(&str, &str)]) -> (u16, Value) {
    let mut request = Caller::nobody(server).post(document, json!({}));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// The viewer of a request that is let through.
async fn viewer(server: &Server, headers: &[(&str, &str)]) -> Value {
    let (status, mut body) = send(server, VIEWER, headers).await;
    assert!(
        status == 200 && body.get("errors").is_none(),
        "{status} {body}"
    );
    body["data"]["viewer"].take()
}

/// The status and the code of a request that is not.
async fn refused(server: &Server, headers: &[(&str, &str)]) -> (u16, String) {
    let (status, body) = send(server, VIEWER, headers).await;
    assert!(body.get("data").is_none(), "{body}");
    let code = body["errors"][0]["extensions"]["code"].as_str().unwrap();
    (status, code.to_owned())
}

fn unauthenticated() -> (u16, String) {
    (401, "UNAUTHENTICATED".to_owned())
}

/// Runs a statement as the owner of the auth tables, as better-auth would.
async fn sql(server: &Server, statement: &'static str, values: &[&str]) {
    let mut query = sqlx::query(statement);
    for value in values {
        query = query.bind((*value).to_owned());
    }
    query.execute(&server.owner_pool().await).await.unwrap();
}

/// The `Cookie` header of somebody's session.
async fn cookie(server: &Server, email: &str) -> String {
    let document = r#"mutation($email: String!) { signIn(input: { email: $email, password: "correct horse battery" }) { __typename } }"#;
    let request = Caller::nobody(server).post(document, json!({ "email": email }));
    let response = request.send().await.unwrap();
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}
