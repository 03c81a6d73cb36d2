//! The server under test, and requests to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::schema::{PATIENCE, ToyGate, ToyReadiness, toy};
use crate::http::{HttpOptions, HttpState, serve};

pub(super) const GRAPHQL_RESPONSE: &str = "application/graphql-response+json; charset=utf-8";
pub(super) const JSON: &str = "application/json; charset=utf-8";

pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) gate: Arc<ToyGate>,
    pub(super) ready: Arc<ToyReadiness>,
    pub(super) client: Client,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<std::io::Result<()>>,
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Server {
    pub(super) async fn start(options: HttpOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let gate = Arc::new(ToyGate::default());
        let ready = Arc::new(ToyReadiness(AtomicBool::new(true)));
        let schema = toy();
        let text = schema.sdl();
        let state = HttpState::new(schema, gate.clone(), ready.clone(), text, options).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(serve(listener, state, axum::Router::new(), async {
            let _ = stopped.await;
        }));
        Self {
            address,
            gate,
            ready,
            client: Client::new(),
            stop: Some(stop),
            task,
        }
    }

    pub(super) async fn plain() -> Self {
        Self::start(HttpOptions::default()).await
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A POST of a JSON body.
    pub(super) fn post(&self, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.client
            .post(self.url("/graphql"))
            .header("content-type", "application/json")
            .body(body)
    }

    pub(super) async fn query(&self, query: &str) -> Answer {
        send(self.post(serde_json::json!({ "query": query }).to_string())).await
    }

    pub(super) async fn query_with(&self, query: &str, variables: Value) -> Answer {
        send(self.post(serde_json::json!({ "query": query, "variables": variables }).to_string()))
            .await
    }

    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    /// Asks the server to stop; the handle ends when it has.
    pub(super) fn stop(mut self) -> JoinHandle<std::io::Result<()>> {
        self.stop.take().unwrap().send(()).unwrap();
        self.task
    }
}

pub(super) async fn send(request: RequestBuilder) -> Answer {
    let response = request.timeout(PATIENCE).send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer {
        status,
        headers,
        text: response.text().await.unwrap(),
    }
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(super) fn code(&self) -> String {
        self.json()["errors"][0]["extensions"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Not executed: this status and code, no `data`, and a body that says what it is.
    #[track_caller]
    pub(super) fn refused(&self, status: StatusCode, code: &str) {
        assert_eq!(
            (self.status, self.code().as_str()),
            (status.as_u16(), code),
            "{}",
            self.text
        );
        assert!(self.json().get("data").is_none(), "{}", self.text);
        assert_eq!(self.header("content-type"), GRAPHQL_RESPONSE);
    }
}

pub(super) fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap()
}
