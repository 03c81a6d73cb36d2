//! One who listens to a subscription, in either way.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{Caller, PATIENCE};

/// How one listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Socket,
    Events,
}

/// An open subscription.
pub(crate) enum Ear {
    Socket(Box<WebSocketStream<MaybeTlsStream<TcpStream>>>),
    Events(Events),
}

/// The connection broke.
#[derive(Debug)]
pub(crate) struct Lost;

/// What comes on a subscription.
#[derive(Debug)]
pub(crate) enum Came {
    /// An answer, with the id of its event if it has one.
    Next(Value, Option<String>),
    /// Nothing was executed: the errors.
    Refused(Value),
    /// It is over.
    Complete,
    /// The socket was closed with this code.
    Closed(u16),
}

/// An event stream.
pub(crate) struct Events {
    response: reqwest::Response,
    text: Vec<u8>,
}

impl Ear {
    pub(crate) async fn open(
        caller: &Caller,
        way: Way,
        document: &str,
        variables: Value,
    ) -> Result<Self, Lost> {
        match way {
            Way::Socket => socket(caller, document, variables).await,
            Way::Events => {
                let request = caller.post(document, variables);
                let request = request.header("accept", "text/event-stream");
                Events::open(request).await.map(Self::Events)
            }
        }
    }

    /// What comes next.
    pub(crate) async fn came(&mut self) -> Result<Came, Lost> {
        let came = async {
            match self {
                Self::Socket(socket) => heard(socket).await,
                Self::Events(events) => events.next().await,
            }
        };
        timeout(PATIENCE, came).await.expect("an event in time")
    }

    /// The next answer, which has no errors.
    pub(crate) async fn event(&mut self) -> Value {
        match self.came().await.expect("the connection lasts") {
            Came::Next(answer, _) => {
                assert!(answer.get("errors").is_none(), "{answer}");
                answer
            }
            other => panic!("{other:?}"),
        }
    }

    /// The end, which is next.
    pub(crate) async fn completed(&mut self) {
        let came = self.came().await.expect("the connection lasts");
        assert!(matches!(came, Came::Complete), "{came:?}");
    }

    /// The first error that comes, after whatever else.
    pub(crate) async fn error(&mut self) -> Value {
        loop {
            match self.came().await.expect("the connection lasts") {
                Came::Next(mut answer, _) if answer["errors"].is_array() => {
                    return answer["errors"][0].take();
                }
                Came::Refused(mut errors) => return errors[0].take(),
                Came::Next(..) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

async fn socket(caller: &Caller, document: &str, variables: Value) -> Result<Ear, Lost> {
    let url = format!("{}/graphql", caller.url().replacen("http", "ws", 1));
    let mut request = url.into_client_request().unwrap();
    let protocol = HeaderValue::from_static("graphql-transport-ws");
    request
        .headers_mut()
        .insert("sec-websocket-protocol", protocol);
    let (mut stream, _) = connect_async(request).await.map_err(|_| Lost)?;
    let credential = json!({
        "authorization": format!("Bearer {}", caller.token),
        "x-organization-id": caller.organization_id,
    });
    let payload = json!({ "query": document, "variables": variables });
    for message in [
        json!({ "type": "connection_init", "payload": credential }),
        json!({ "type": "subscribe", "id": "1", "payload": payload }),
    ] {
        // Not before it is acknowledged.
        if message["type"] == "subscribe" {
            let Ok(acknowledged) = text(&mut stream).await? else {
                return Err(Lost);
            };
            assert!(acknowledged.contains("connection_ack"));
        }
        let message = Message::text(message.to_string());
        stream.send(message).await.map_err(|_| Lost)?;
    }
    Ok(Ear::Socket(Box::new(stream)))
}

/// The next message of the protocol, or the code with which the socket is closed.
async fn text(
    stream: &mut WebSocketStream<MaybeTlsStream<TcpStream>>,
) -> Result<Result<String, u16>, Lost> {
    loop {
        match stream.next().await {
            Some(Ok(Message::Text(text))) => return Ok(Ok(text.to_string())),
            Some(Ok(Message::Close(Some(frame)))) => return Ok(Err(frame.code.into())),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            None | Some(Ok(Message::Close(None)) | Err(_)) => return Err(Lost),
            Some(Ok(other)) => panic!("{other:?}"),
        }
    }
}

async fn heard(stream: &mut WebSocketStream<MaybeTlsStream<TcpStream>>) -> Result<Came, Lost> {
    let text = match text(stream).await? {
        Ok(text) => text,
        Err(code) => return Ok(Came::Closed(code)),
    };
    let mut message: Value = serde_json::from_str(&text).unwrap();
    let payload = message["payload"].take();
    Ok(match message["type"].as_str().unwrap() {
        "next" => Came::Next(payload, None),
        "error" => Came::Refused(payload),
        "complete" => Came::Complete,
        other => panic!("{other}"),
    })
}

impl Events {
    pub(crate) async fn open(request: reqwest::RequestBuilder) -> Result<Self, Lost> {
        let response = request.send().await.map_err(|_| Lost)?;
        if response.status() == 503 {
            return Err(Lost);
        }
        assert_eq!(response.status(), 200);
        Ok(Self {
            response,
            text: Vec::new(),
        })
    }

    /// The next event; comments are passed over.
    pub(crate) async fn next(&mut self) -> Result<Came, Lost> {
        loop {
            if let Some(end) = self.text.windows(2).position(|two| two == b"\n\n") {
                let event: Vec<u8> = self.text.drain(..end + 2).collect();
                if let Some(came) = read(std::str::from_utf8(&event).unwrap()) {
                    return Ok(came);
                }
                continue;
            }
            match self.response.chunk().await {
                Ok(Some(chunk)) => self.text.extend(chunk),
                Ok(None) | Err(_) => return Err(Lost),
            }
        }
    }
}

/// One event, by its fields; `None` for a comment.
pub(crate) fn read(text: &str) -> Option<Came> {
    let (mut kind, mut id, mut data) = ("", None, "");
    for line in text.lines() {
        match line.split_once(':') {
            Some(("event", value)) => kind = value.trim_start(),
            Some(("id", value)) => id = Some(value.trim_start().to_owned()),
            Some(("data", value)) => data = value.trim_start(),
            _ => {}
        }
    }
    match kind {
        "" => None,
        "next" => {
            let mut answer: Value = serde_json::from_str(data).unwrap();
            if answer.get("data").is_none() {
                return Some(Came::Refused(answer["errors"].take()));
            }
            Some(Came::Next(answer, id))
        }
        "complete" => Some(Came::Complete),
        other => panic!("{other}"),
    }
}
