use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt::{self, Formatter};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::serve::{Listener, ListenerExt as _};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt as _, future, stream};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};
use url::Url;

use crate::tls::TlsListener;
use crate::{Answer, Script, Then, anthropic, openai};

/// The longest that a test waits for a request.
const PATIENCE: Duration = Duration::from_secs(10);

/// The server; it ends when this is dropped.
#[derive(Debug)]
pub struct FaultServer {
    address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    /// What is done with the next requests.
    queue: Mutex<VecDeque<Answer>>,
    /// What is done with all others.
    always: Mutex<Arc<Always>>,
    requests: Mutex<Vec<Recorded>>,
    arrived: tokio::sync::Notify,
    /// Connections that were ever made.
    connections: AtomicUsize,
    live: Arc<AtomicUsize>,
}

type Always = dyn Fn(&Recorded) -> Answer + Send + Sync;

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its method.
    pub method: String,
    /// Its path, with the query.
    pub path: String,
    /// Its headers, in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body; null where it is no JSON.
    pub body: Value,
}

impl Recorded {
    /// The header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find_map(|(other, value)| (other == name).then_some(value.as_str()))
    }
}

impl FaultServer {
    /// Starts on a free port of this machine. Until told otherwise it answers everything with "Hello there".
    ///
    /// # Panics
    ///
    /// Where there is no free port.
    pub async fn start() -> Self {
        let (listener, address) = free_port().await;
        Self::serve(listener, address, "http")
    }

    /// The same over TLS, with a certificate that [`AUTHORITY`](crate::AUTHORITY) issued.
    ///
    /// # Panics
    ///
    /// Where there is no free port.
    pub async fn start_tls() -> Self {
        let (listener, address) = free_port().await;
        Self::serve(TlsListener::new(listener), address, "https")
    }

    fn serve<L>(listener: L, address: SocketAddr, scheme: &'static str) -> Self
    where
        L: Listener<Addr = SocketAddr>,
    {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            always: Mutex::new(Arc::new(|_: &Recorded| Answer::words(["Hello", " there"]))),
            requests: Mutex::default(),
            arrived: tokio::sync::Notify::new(),
            connections: AtomicUsize::new(0),
            live: Arc::default(),
        });
        let app = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shared));
        let counting = Arc::clone(&shared);
        let listener = listener.tap_io(move |_| {
            counting.connections.fetch_add(1, Ordering::SeqCst);
        });
        let task = tokio::spawn(async move {
            axum::serve(listener, app)
                .await
                .expect("serving does not end");
        });
        Self {
            address,
            scheme,
            shared,
            task,
        }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The entry for a list of allowed addresses.
    #[must_use]
    pub fn allowed(&self) -> String {
        self.address.to_string()
    }

    /// The base URL of a service that speaks chat completions.
    #[must_use]
    pub fn openai_url(&self) -> Url {
        self.url("/v1")
    }

    /// The base URL of a service that speaks Anthropic's messages.
    #[must_use]
    pub fn anthropic_url(&self) -> Url {
        self.url("")
    }

    /// This path here.
    ///
    /// # Panics
    ///
    /// Where it is no path.
    #[must_use]
    pub fn url(&self, path: &str) -> Url {
        Url::parse(&format!("{}://{}{path}", self.scheme, self.address)).expect("a path")
    }

    /// What is done with the next request that nothing was said for yet.
    pub fn next(&self, answer: Answer) {
        lock(&self.shared.queue).push_back(answer);
    }

    /// What is done with requests that nothing was said for.
    pub fn always(&self, answer: Answer) {
        self.answer_each(move |_| answer.clone());
    }

    /// The same, by what is asked.
    pub fn answer_each(&self, answer: impl Fn(&Recorded) -> Answer + Send + Sync + 'static) {
        *lock(&self.shared.always) = Arc::new(answer);
    }

    /// What was asked so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        lock(&self.shared.requests).clone()
    }

    /// Waits until so many requests came.
    ///
    /// # Panics
    ///
    /// Where they do not come in ten seconds.
    pub async fn wait_for(&self, count: usize) -> Vec<Recorded> {
        let waiting = async {
            loop {
                let arrived = self.shared.arrived.notified();
                let requests = self.requests();
                if requests.len() >= count {
                    return requests;
                }
                arrived.await;
            }
        };
        timeout(PATIENCE, waiting).await.expect("requests in time")
    }

    /// How many connections were made so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many streams are open now.
    #[must_use]
    pub fn live(&self) -> usize {
        self.shared.live.load(Ordering::SeqCst)
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Response, Infallible> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX)
        .await
        .unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let recorded = Recorded {
        method: head.method.to_string(),
        path: head
            .uri
            .path_and_query()
            .map(ToString::to_string)
            .unwrap_or_default(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
            .collect(),
        body: body.clone(),
    };
    let next = lock(&shared.queue).pop_front();
    let answer = next.unwrap_or_else(|| {
        let always = Arc::clone(&lock(&shared.always));
        always(&recorded)
    });
    lock(&shared.requests).push(recorded);
    shared.arrived.notify_waiters();
    let is_anthropic = head.uri.path().ends_with("/messages");
    let respond = |status: u16, kind: &str, body: Body| {
        Response::builder()
            .status(status)
            .header("content-type", kind)
            .body(body)
            .expect("a response")
    };
    Ok(match answer {
        Answer::Stream(_) | Answer::Speech(_) if head.method == "GET" => {
            let list = json!({ "data": [{ "id": "model-b" }, { "id": "model-a" }] });
            respond(200, "application/json", Body::from(list.to_string()))
        }
        Answer::Stream(script) => {
            let frames = pieces(&script, is_anthropic, &body).boxed();
            respond(200, EVENTS, counted(frames, &shared))
        }
        Answer::Speech(speech) => {
            let frames = speech.frames(is_anthropic, &body);
            let frames = frames.map(|frame| Ok(Bytes::from(frame))).boxed();
            respond(200, EVENTS, counted(frames, &shared))
        }
        Answer::Status {
            status,
            headers,
            body,
        } => {
            let response = Response::builder().status(status);
            headers
                .iter()
                .fold(response, |response, (name, value)| {
                    response.header(name, value)
                })
                .body(Body::from(body))
                .expect("a response")
        }
        Answer::Silence => future::pending().await,
    })
}

const EVENTS: &str = "text/event-stream; charset=utf-8";

type Piece = Result<Bytes, io::Error>;

/// These, as a stream that counts while it is open.
fn counted(frames: BoxStream<'static, Piece>, shared: &Shared) -> Body {
    let live = Live::new(&shared.live);
    Body::from_stream(frames.map(move |piece| {
        let _ = &live;
        piece
    }))
}

fn pieces(script: &Script, is_anthropic: bool, body: &Value) -> impl Stream<Item = Piece> + use<> {
    let (frames, end) = if is_anthropic {
        anthropic::frames(script, body)
    } else {
        openai::frames(script, body)
    };
    let ping = if is_anthropic {
        anthropic::PING
    } else {
        openai::PING
    };
    let bytes = |text: String| Ok(Bytes::from(text));
    let paced = paced(frames.into_iter(), script.pace).map(bytes);
    let last = match script.then {
        Then::End | Then::EndWithoutMark | Then::Stop | Then::Fault => stream::empty().boxed(),
        Then::Cut => {
            // What was said before it must be on its way first.
            let broken = async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Err(io::Error::other("cut"))
            };
            stream::once(broken).boxed()
        }
        Then::Silence | Then::Linger => stream::pending().boxed(),
        Then::Pings => {
            let pings = std::iter::repeat(ping.to_owned());
            self::paced(pings, Duration::from_millis(10))
                .map(bytes)
                .boxed()
        }
        Then::BadJson => stream::iter([bytes("data: {\"choices\": [\n\n".to_owned())]).boxed(),
        Then::BadBytes => stream::iter([Ok(Bytes::from_static(b"data: \xff\xfe\n\n"))]).boxed(),
        Then::NoEvents => {
            stream::iter([bytes("<html><body>Bad gateway</body></html>\n".to_owned())]).boxed()
        }
        Then::Flood(size) => {
            let begin = stream::iter([bytes("data: ".to_owned())]);
            let part = Bytes::from_static(&[b'x'; 1 << 14]);
            let parts = std::iter::repeat_n(part, size.div_ceil(1 << 14)).map(Ok);
            begin.chain(stream::iter(parts)).boxed()
        }
    };
    paced
        .chain(stream::iter(end.into_iter().map(bytes)))
        .chain(last)
}

/// These, one each `pace`.
fn paced(
    frames: impl Iterator<Item = String> + Send + 'static,
    pace: Duration,
) -> impl Stream<Item = String> + Send {
    let ticks = (!pace.is_zero()).then(|| {
        let mut ticks = interval(pace);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        ticks
    });
    stream::unfold((frames, ticks), |(mut frames, mut ticks)| async move {
        let frame = frames.next()?;
        if let Some(ticks) = &mut ticks {
            ticks.tick().await;
        }
        Some((frame, (frames, ticks)))
    })
}

/// Counts a stream while it is open.
struct Live(Arc<AtomicUsize>);

impl Live {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn free_port() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    (listener, address)
}
