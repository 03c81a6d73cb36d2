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
    /// The password of everyone who signs up through the harness.
    pub const PASSWORD: &str = "correct horse battery";

    /// A client without a credential of whoever listens on `url`.
    pub fn at(url: &str) -> Self {
        Self {
            token: String::new(),
            user_id: String::new(),
            organization_id: String::new(),
            url: url.to_owned(),
            http: Client::new(),
        }
    }

    /// A client without a credential.
    pub fn nobody(server: &Server) -> Self {
        Self::at(&server.url)
    }

    /// Somebody who signs up now. Their address is `name@example.com`, their password [`Caller::PASSWORD`].
    pub async fn sign_up_at(url: &str, name: &str) -> Self {
        let input = json!({ "name": name, "email": email(name), "password": Self::PASSWORD });
        Self::enter(url, "signUp", "SignUpInput", input).await
    }

    /// Somebody who signs up now with this address.
    pub async fn sign_up_with(url: &str, email: &str) -> Self {
        let input = json!({ "name": "Guest", "email": email, "password": Self::PASSWORD });
        Self::enter(url, "signUp", "SignUpInput", input).await
    }

    /// Somebody who signed up before and signs in now.
    pub async fn sign_in_at(url: &str, name: &str) -> Self {
        let input = json!({ "email": email(name), "password": Self::PASSWORD });
        Self::enter(url, "signIn", "SignInInput", input).await
    }

    async fn enter(url: &str, field: &str, ty: &str, input: Value) -> Self {
        let document = format!(
            "mutation($input: {ty}!) {{ {field}(input: $input) {{
               ... on SignedIn {{ token userId organizationId }} ... on UserError {{ message }} }} }}"
        );
        let nobody = Self::at(url);
        let data = nobody.query(&document, json!({ "input": input })).await;
        let session = &data[field];
        let text = |field: &str| {
            session[field]
                .as_str()
                .unwrap_or_else(|| panic!("{session}"))
                .to_owned()
        };
        Self {
            token: text("token"),
            user_id: text("userId"),
            organization_id: text("organizationId"),
            ..nobody
        }
    }

    /// The same person, speaking to another server on the same database.
    pub fn moved_to(&self, url: &str) -> Self {
        Self {
            url: url.to_owned(),
            ..self.clone()
        }
    }

    /// The same person, acting in another organisation.
    pub fn in_organization(&self, organization_id: &str) -> Self {
        Self {
            organization_id: organization_id.to_owned(),
            ..self.clone()
        }
    }

    /// The server they speak to.
    pub fn url(&self) -> &str {
        &self.url
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

fn email(name: &str) -> String {
    format!("{}@example.com", name.to_lowercase().replace(' ', "."))
}
