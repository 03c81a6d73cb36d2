//! Somebody who speaks to a server.

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use super::Server;

/// A client with a bearer token, or none.
#[derive(Clone)]
pub struct Caller {
    /// Their token; empty when nobody is signed in.
    pub token: String,
    /// Who they are.
    pub user_id: String,
    /// The organisation they act in.
    pub organization_id: String,
    url: String,
    http: Client,
}

impl Caller {
    pub(super) fn new(
        server: &Server,
        token: String,
        user_id: String,
        organization_id: String,
    ) -> Self {
        Self {
            token,
            user_id,
            organization_id,
            url: server.url.clone(),
            http: Client::new(),
        }
    }

    /// A client without a credential.
    pub fn nobody(server: &Server) -> Self {
        Self::new(server, String::new(), String::new(), String::new())
    }

    /// The same person, acting in another organisation.
    pub fn in_organization(&self, organization_id: &str) -> Self {
        Self {
            organization_id: organization_id.to_owned(),
            ..self.clone()
        }
    }

    /// A POST of this operation, with their credential.
    pub fn post(&self, query: &str, variables: Value) -> RequestBuilder {
        let mut request = self.http.post(format!("{}/graphql", self.url));
        if !self.token.is_empty() {
            request = request
                .bearer_auth(&self.token)
                .header("x-organization-id", &self.organization_id);
        }
        request.json(&json!({ "query": query, "variables": variables }))
    }

    /// What the server answers, whole.
    pub async fn answer(&self, query: &str, variables: Value) -> Value {
        self.post(query, variables)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    /// The `data` of an answer without errors.
    pub async fn query(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.answer(query, variables).await;
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"].take()
    }

    /// The `errors` of an answer that has some.
    pub async fn errors(&self, query: &str, variables: Value) -> Vec<Value> {
        let mut answer = self.answer(query, variables).await;
        let errors = answer["errors"].take();
        errors
            .as_array()
            .cloned()
            .unwrap_or_else(|| panic!("no errors: {answer}"))
    }

    /// The code of the first error.
    pub async fn code(&self, query: &str, variables: Value) -> String {
        let errors = self.errors(query, variables).await;
        errors[0]["extensions"]["code"]
            .as_str()
            .unwrap_or_else(|| panic!("no code: {errors:?}"))
            .to_owned()
    }
}
