use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::Phone;

/// The longest that a test waits for a message.
const PATIENCE: Duration = Duration::from_mins(1);
/// How soon it is told again what was not heard for now, at first and at last,
const AGAIN: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(400)];
/// and for how long: a server can be started again meanwhile.
const GIVEN_UP: Duration = Duration::from_mins(2);

/// The server; it ends when this is dropped.
#[derive(Debug)]
pub struct CloudApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    faults: Mutex<VecDeque<Fault>>,
    sent: Mutex<Vec<Sent>>,
    /// Tokens that are not accepted.
    refused: Mutex<Vec<String>>,
    /// Where it is told what became of messages, by whom.
    callbacks: Mutex<Option<(String, Phone)>>,
    asked: Mutex<usize>,
    arrived: Notify,
}

/// What is done with a message instead of taking it, or with it.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It is refused.
    Refuse {
        /// With this status,
        status: u16,
        /// Meta's code, if it gives one,
        code: Option<i64>,
        /// and when to come again.
        retry_after: Option<u64>,
    },
    /// It is not taken, and nothing is answered.
    Silence,
    /// It is taken, and nothing is answered.
    TakeInSilence,
}

/// A message that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// By which number.
    pub number: String,
    /// With which token.
    pub token: String,
    /// To whom.
    pub to: String,
    /// What it says.
    pub text: String,
    /// What it is told by.
    pub reference: String,
    /// The id it was given.
    pub id: String,
}

impl Fault {
    /// A refusal with this status and this code.
    #[must_use]
    pub const fn refusal(status: u16, code: i64) -> Self {
        Self::Refuse {
            status,
            code: Some(code),
            retry_after: None,
        }
    }
}

impl CloudApi {
    /// Starts on a free port of this machine.
    ///
    /// # Panics
    ///
    /// Where there is no free port.
    pub async fn start() -> Self {
        Self::start_at(0).await
    }

    /// Starts on this port of this machine.
    ///
    /// # Panics
    ///
    /// Where the port is taken.
    pub async fn start_at(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared::default());
        let app = Router::new()
            .route("/v23.0/{number}", get(shown))
            .route("/v23.0/{number}/messages", post(take))
            .with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            axum::serve(listener, app)
                .await
                .expect("serving does not end");
        });
        Self {
            address,
            shared,
            task,
        }
    }

    /// Where the API is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/v23.0", self.address)
    }

    /// What is done with the next message for which nothing was said yet.
    pub fn next(&self, fault: Fault) {
        lock(&self.shared.faults).push_back(fault);
    }

    /// Refuses this token from now on, or takes it again.
    pub fn refuse_token(&self, token: &str, refuse: bool) {
        let mut refused = lock(&self.shared.refused);
        refused.retain(|other| other != token);
        if refuse {
            refused.push(token.to_owned());
        }
    }

    /// From now on what becomes of each message that is taken is told here, until it is heard or refused.
    pub fn call_back(&self, url: &str, phone: &Phone) {
        *lock(&self.shared.callbacks) = Some((url.to_owned(), phone.clone()));
    }

    /// What was taken so far, oldest first.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        lock(&self.shared.sent).clone()
    }

    /// How often somebody asked to send, taken or not.
    #[must_use]
    pub fn asked(&self) -> usize {
        *lock(&self.shared.asked)
    }

    /// Waits until so many were taken.
    ///
    /// # Panics
    ///
    /// Where they are not in a minute.
    pub async fn wait_for(&self, count: usize) -> Vec<Sent> {
        let Ok(sent) = timeout(PATIENCE, self.wait_on_for(count)).await else {
            panic!("not {count} messages in time: {:?}", self.sent());
        };
        sent
    }

    /// The same, however long it takes.
    pub async fn wait_on_for(&self, count: usize) -> Vec<Sent> {
        loop {
            let arrived = self.shared.arrived.notified();
            let sent = self.sent();
            if sent.len() >= count {
                return sent;
            }
            arrived.await;
        }
    }
}

impl Drop for CloudApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refusal(status: u16, code: Option<i64>, retry_after: Option<u64>) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    let body = code.map_or_else(
        || "<html>Bad gateway</html>".to_owned(),
        |code| {
            json!({ "error": { "message": "(refused)", "type": "OAuthException", "code": code } })
                .to_string()
        },
    );
    let mut response = (status, body).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert("retry-after", seconds.into());
    }
    response
}

/// The token, if it is accepted.
fn token(shared: &Shared, headers: &HeaderMap) -> Option<String> {
    let header = headers.get("authorization")?.to_str().ok()?;
    let token = header.strip_prefix("Bearer ")?.to_owned();
    (!lock(&shared.refused).contains(&token)).then_some(token)
}

async fn shown(
    State(shared): State<Arc<Shared>>,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Response {
    if token(&shared, &headers).is_none() {
        return refusal(401, Some(190), None);
    }
    if number.ends_with('0') {
        return refusal(400, Some(100), None);
    }
    // A short id is one of many numbers.
    let phone = match number.len() {
        0..=5 => format!("+44 7900 1{number:0>5}"),
        _ => "+44 7900 000001".to_owned(),
    };
    axum::Json(json!({ "display_phone_number": phone, "id": number })).into_response()
}

async fn take(
    State(shared): State<Arc<Shared>>,
    Path(number): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    *lock(&shared.asked) += 1;
    let Some(token) = token(&shared, &headers) else {
        return refusal(401, Some(190), None);
    };
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let fault = lock(&shared.faults).pop_front();
    match fault {
        Some(Fault::Refuse {
            status,
            code,
            retry_after,
        }) => return refusal(status, code, retry_after),
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::TakeInSilence) | None => {}
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let whole = body["messaging_product"] == "whatsapp" && body["type"] == "text";
    let to = [text(&body["to"]), text(&body["recipient"])].concat();
    let content = text(&body["text"]["body"]);
    if !whole || to.is_empty() || content.is_empty() || content.encode_utf16().count() > 4_096 {
        return refusal(400, Some(100), None);
    }
    let sent = {
        let mut all = lock(&shared.sent);
        let sent = Sent {
            number,
            token,
            to,
            text: content,
            reference: text(&body["biz_opaque_callback_data"]),
            id: format!("wamid.out.{}", all.len()),
        };
        all.push(sent.clone());
        sent
    };
    shared.arrived.notify_waiters();
    let callbacks = lock(&shared.callbacks).clone();
    if let Some((url, phone)) = callbacks {
        tokio::spawn(tell(url, phone, sent.clone()));
    }
    if matches!(fault, Some(Fault::TakeInSilence)) {
        std::future::pending::<()>().await;
    }
    axum::Json(json!({ "messaging_product": "whatsapp", "messages": [{ "id": sent.id }] }))
        .into_response()
}

/// Tells what became of a message until somebody hears it. What is refused is not told again: it would be refused again.
async fn tell(url: String, phone: Phone, sent: Sent) {
    for status in ["sent", "delivered"] {
        let told = json!({ "id": sent.id, "status": status, "timestamp": "1700000000", "recipient_id": sent.to,
                           "biz_opaque_callback_data": sent.reference });
        let body = phone.delivery(json!({ "statuses": [told] }));
        let began = Instant::now();
        let [mut wait, most] = AGAIN;
        loop {
            let answer = phone.deliver(&url, body.clone()).await;
            if answer == 200 {
                break;
            }
            if (400..500).contains(&answer) || began.elapsed() > GIVEN_UP {
                let why = meaning(answer);
                warn(&format!(
                    "(nobody hears that a message was {status}: {why})"
                ));
                return;
            }
            sleep(wait).await;
            wait = (wait * 2).min(most);
        }
    }
}

/// What a person who delivers needs to know of an answer.
#[must_use]
pub fn meaning(answer: u16) -> String {
    match answer {
        0 => "there is no answer. Does the server run?".to_owned(),
        401 => "401: is the app secret right, and the number's publisher trusted?".to_owned(),
        other => other.to_string(),
    }
}

#[expect(clippy::print_stderr, reason = "it is read by whoever tries a bot")]
fn warn(text: &str) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A server that answers with these, the last of them from then on, and how often it was asked.
    async fn hears(answers: &'static [u16]) -> (String, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let answer = move || async move {
            let n = count.fetch_add(1, Ordering::SeqCst);
            StatusCode::from_u16(answers[n.min(answers.len() - 1)]).expect("a status")
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("its address"));
        let app = Router::new().route("/", post(answer));
        tokio::spawn(async move { axum::serve(listener, app).await });
        (url, asked)
    }

    async fn told(answers: &'static [u16]) -> usize {
        let (url, asked) = hears(answers).await;
        let sent = Sent {
            number: "1".into(),
            token: "token".into(),
            to: "447700900001".into(),
            text: "Hello".into(),
            reference: "r".into(),
            id: "wamid.out.0".into(),
        };
        let told = tell(url, Phone::new("1", "secret"), sent);
        timeout(PATIENCE, told).await.expect("it ends");
        asked.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn what_is_refused_is_told_once() {
        assert_eq!(told(&[401]).await, 1);
        assert_eq!(told(&[200, 400]).await, 2);
    }

    #[tokio::test]
    async fn what_is_not_heard_for_now_is_told_again() {
        assert_eq!(told(&[503, 500, 200]).await, 4);
    }
}
