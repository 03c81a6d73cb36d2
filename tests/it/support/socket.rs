//! A WebSocket that speaks `graphql-transport-ws`.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::caller::Caller;
use super::wait::PATIENCE;

/// An acknowledged connection.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens one with this caller's credential.
    pub async fn open(caller: &Caller) -> Self {
        let payload = json!({
            "authorization": format!("Bearer {}", caller.token),
            "x-organization-id": caller.organization_id,
        });
        Self::open_with(caller.url(), payload).await
    }

    /// Opens one at this server with the credential of this payload.
    pub async fn open_with(url: &str, payload: Value) -> Self {
        let opened = Self::init(url, &[], payload).await;
        opened.unwrap_or_else(|code| panic!("closed with {code}"))
    }

    /// Opens one with these headers of the handshake and this payload of `connection_init`; or the code it is closed with.
    pub async fn init(
        url: &str,
        headers: &[(&'static str, &str)],
        payload: Value,
    ) -> Result<Self, u16> {
        let url = format!("{}/graphql", url.replacen("http", "ws", 1));
        let mut request = url.into_client_request().unwrap();
        let protocol = HeaderValue::from_static("graphql-transport-ws");
        let sent = request.headers_mut();
        sent.insert("sec-websocket-protocol", protocol);
        for (name, value) in headers {
            sent.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let (stream, _) = connect_async(request).await.unwrap();
        let mut socket = Self(stream);
        let init = json!({ "type": "connection_init", "payload": payload });
        socket.say(init).await;
        match socket.next().await {
            Message::Text(text) => assert_eq!(text.as_str(), r#"{"type":"connection_ack"}"#),
            Message::Close(frame) => return Err(frame.unwrap().code.into()),
            other => panic!("{other:?}"),
        }
        Ok(socket)
    }

    /// Starts an operation.
    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.say(json!({ "type": "subscribe", "id": id, "payload": payload }))
            .await;
    }

    /// The next message of the protocol.
    pub async fn hear(&mut self) -> Value {
        match self.next().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The next message of the protocol, or the code with which the server closes it.
    pub async fn hear_or_close(&mut self) -> Result<Value, u16> {
        match self.next().await {
            Message::Text(text) => Ok(serde_json::from_str(&text).unwrap()),
            Message::Close(frame) => Err(frame.unwrap().code.into()),
            other => panic!("{other:?}"),
        }
    }

    /// The code with which the server closes it, whatever it says before.
    pub async fn closed(&mut self) -> u16 {
        loop {
            if let Message::Close(frame) = self.next().await {
                return frame.unwrap().code.into();
            }
        }
    }

    async fn say(&mut self, message: Value) {
        let text = Message::text(message.to_string());
        self.0.send(text).await.unwrap();
    }

    /// The next message but pings.
    async fn next(&mut self) -> Message {
        let next = async {
            loop {
                match self
                    .0
                    .next()
                    .await
                    .expect("no end without a close")
                    .unwrap()
                {
                    Message::Ping(_) | Message::Pong(_) => {}
                    message => return message,
                }
            }
        };
        timeout(PATIENCE, next).await.expect("a message in time")
    }
}
