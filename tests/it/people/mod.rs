//! People: signing up, in and out, sessions, and the organisation one acts in.

mod better_auth;
mod organizations;
mod sessions;
mod sign_in;
mod sign_up;
mod throttle;

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::support::{Caller, Server};

const PASSWORD: &str = "correct horse battery";

const SIGN_UP: &str = "mutation($input: SignUpInput!) { signUp(input: $input) { __typename
    ... on SignedIn { token userId organizationId expiresAt }
    ... on ValidationFailed { fields { path message } }
    ... on TooManyRequests { retryAfter }
    ... on UserError { message } } }";

const SIGN_IN: &str = "mutation($input: SignInInput!) { signIn(input: $input) { __typename
    ... on SignedIn { token userId organizationId expiresAt }
    ... on TooManyRequests { retryAfter }
    ... on UserError { message } } }";

const VIEWER: &str = "{ viewer { role authMethod user { id name email emailVerified }
    organization { id name slug personal role } organizations { id personal role } } }";

/// What signing up so answers.
async fn sign_up(server: &Server, name: &str, email: &str, password: &str) -> Value {
    let input = json!({ "name": name, "email": email, "password": password });
    let nobody = Caller::nobody(server);
    nobody.query(SIGN_UP, json!({ "input": input })).await["signUp"].take()
}

/// What signing in so answers.
async fn sign_in(server: &Server, email: &str, password: &str) -> Value {
    let input = json!({ "email": email, "password": password });
    let nobody = Caller::nobody(server);
    nobody.query(SIGN_IN, json!({ "input": input })).await["signIn"].take()
}

/// The status and the body of an answer.
async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

/// A request for the viewer with these headers and no other credential.
fn ask(server: &Server, headers: &[(&str, &str)]) -> RequestBuilder {
    let request = Caller::nobody(server).post(VIEWER, json!({}));
    headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    })
}

/// The viewer as a request with these headers sees them, which is let through.
async fn viewer(server: &Server, headers: &[(&str, &str)]) -> Value {
    let (status, mut body) = read(ask(server, headers).send().await.unwrap()).await;
    assert_eq!(status, 200, "{body}");
    assert!(body.get("errors").is_none(), "{body}");
    body["data"]["viewer"].take()
}

/// The status and the code of a request with these headers, which is not let through.
async fn turned_away(server: &Server, headers: &[(&str, &str)]) -> (u16, String) {
    let (status, body) = read(ask(server, headers).send().await.unwrap()).await;
    assert!(body.get("data").is_none(), "{body}");
    let code = body["errors"][0]["extensions"]["code"].as_str().unwrap();
    (status, code.to_owned())
}

/// The `Set-Cookie` headers of an answer.
fn set_cookies(response: &Response) -> Vec<String> {
    let headers = response.headers().get_all("set-cookie").iter();
    headers
        .map(|header| header.to_str().unwrap().to_owned())
        .collect()
}

/// The `Cookie` header a browser makes of these.
fn cookie_header(set_cookies: &[String]) -> String {
    let pairs: Vec<_> = set_cookies
        .iter()
        .map(|cookie| cookie.split(';').next().unwrap())
        .collect();
    pairs.join("; ")
}

/// Signs in and keeps the cookies, as a browser does.
async fn browser(server: &Server, email: &str, remember: bool) -> (Vec<String>, Value) {
    let input = json!({ "email": email, "password": PASSWORD, "rememberMe": remember });
    let request = Caller::nobody(server).post(SIGN_IN, json!({ "input": input }));
    let response = request.send().await.unwrap();
    let cookies = set_cookies(&response);
    let (_, mut body) = read(response).await;
    assert_eq!(body["data"]["signIn"]["__typename"], "SignedIn", "{body}");
    (cookies, body["data"]["signIn"].take())
}

/// Runs a statement as the owner of the auth tables, as better-auth would.
async fn sql(server: &Server, statement: &'static str, values: &[&str]) {
    let mut query = sqlx::query(statement);
    for value in values {
        query = query.bind((*value).to_owned());
    }
    query.execute(&server.owner_pool().await).await.unwrap();
}
