//! A schema with one field for each thing that can happen.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_graphql::{
    Context, Enum, Error, ErrorExtensions, InputObject, Object, Request, Result, Schema,
    Subscription,
};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, stream};
use secrecy::ExposeSecret;
use tokio::sync::watch;

use crate::http::{CallerContext, Check, Gate, OperationSummary, Presented, Readiness, Refusal};

pub(super) type Toy = Schema<Query, Mutation, Feed>;

pub(super) fn toy() -> Toy {
    Schema::build(Query, Mutation, Feed).finish()
}

pub(super) struct Query;

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Good,
    Bad,
}

#[derive(InputObject)]
struct Note {
    text: String,
    mood: Option<Mood>,
    inner: Option<Box<Note>>,
}

struct Node;

#[Object]
impl Node {
    async fn id(&self) -> &str {
        "n"
    }
    async fn child(&self) -> Node {
        Node
    }
}

fn coded(message: &str, code: &'static str) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("code", code))
}

#[Object]
impl Query {
    async fn hello(
        &self,
        #[graphql(default_with = "String::from(\"you\")")] name: String,
    ) -> String {
        format!("hello {name}")
    }
    async fn me(&self, context: &Context<'_>) -> Option<String> {
        context.data_unchecked::<Arc<ToyContext>>().user.clone()
    }
    async fn organization(&self, context: &Context<'_>) -> Option<String> {
        context
            .data_unchecked::<Arc<ToyContext>>()
            .organization
            .clone()
    }
    async fn node(&self) -> Node {
        Node
    }
    async fn mood(&self, mood: Mood) -> bool {
        mood == Mood::Good
    }
    async fn note(&self, note: Note) -> usize {
        note.text.len() + usize::from(note.mood.is_some()) + usize::from(note.inner.is_some())
    }
    async fn day(&self, at: chrono::DateTime<chrono::Utc>) -> i64 {
        at.timestamp()
    }
    async fn maybe(&self) -> Option<Result<bool>> {
        Some(Err(coded("not for you", "NOT_FOUND")))
    }
    async fn limited(&self) -> Result<bool> {
        Err(coded("slow down", "RATE_LIMITED")
            .extend_with(|_, extensions| extensions.set("retryAfter", 7)))
    }
    async fn away(&self) -> Result<bool> {
        Err(coded("the database is away", "UNAVAILABLE")
            .extend_with(|_, extensions| extensions.set("retryAfter", 3)))
    }
    async fn uncoded(&self) -> Result<bool> {
        Err(Error::new("relation \"agents\" does not exist"))
    }
    async fn panics(&self, #[graphql(default = true)] really: bool) -> bool {
        assert!(!really, "a panic with a canary-5up3r");
        really
    }
    async fn slow(&self) -> bool {
        std::future::pending().await
    }
    async fn long(&self) -> String {
        "long ".repeat(4_000)
    }
    async fn cookie(&self, context: &Context<'_>) -> bool {
        context.append_http_header("set-cookie", "a=1; HttpOnly");
        context.append_http_header("set-cookie", "b=2; HttpOnly");
        context.append_http_header("content-type", "text/html");
        true
    }
}

pub(super) struct Mutation;

#[Object]
impl Mutation {
    async fn bump(&self, context: &Context<'_>) -> u32 {
        context
            .data_unchecked::<Arc<ToyContext>>()
            .bumps
            .fetch_add(1, Ordering::SeqCst)
            + 1
    }
    async fn away(&self) -> Result<bool> {
        Err(coded("the database is away", "UNAVAILABLE"))
    }
}

pub(super) struct Feed;

#[Subscription]
impl Feed {
    async fn count(&self, to: u32) -> impl Stream<Item = u32> {
        stream::iter(1..=to)
    }
    async fn forever(&self) -> impl Stream<Item = u32> {
        stream::once(async { 1 }).chain(stream::pending())
    }
    async fn broken(&self) -> impl Stream<Item = u32> {
        stream::iter(1..=2).map(|n| {
            assert!(n < 2, "canary-5up3r");
            n
        })
    }
}

/// Accepts `Bearer good` and the cookie `session=good`.
#[derive(Default)]
pub(super) struct ToyGate {
    pub(super) revoked: AtomicBool,
    /// Told when open streams are to look again.
    pub(super) rechecks: watch::Sender<()>,
    pub(super) bumps: Arc<AtomicU32>,
    /// What was presented, for the tests to look at.
    pub(super) seen: Mutex<Vec<String>>,
}

pub(super) struct ToyContext {
    user: Option<String>,
    organization: Option<String>,
    bumps: Arc<AtomicU32>,
}

#[async_trait::async_trait]
impl Gate for ToyGate {
    async fn authenticate(&self, presented: Presented) -> Result<Arc<dyn CallerContext>, Refusal> {
        self.seen.lock().unwrap().push(format!(
            "{:?} {:?} {}",
            presented.client_ip, presented.organization, presented.request_id
        ));
        let credential = presented
            .authorization
            .as_ref()
            .or(presented.cookie.as_ref());
        let user = match credential.map(ExposeSecret::expose_secret) {
            None => None,
            Some("Bearer good" | "session=good") => Some("ann".to_owned()),
            Some("Bearer away") => return Err(Refusal::Unavailable { retry_after: 2 }),
            Some("Bearer broken") => return Err(Refusal::Internal),
            Some("Bearer trap") => panic!("canary-5up3r"),
            Some("Bearer outsider") => return Err(Refusal::Forbidden),
            Some(_) => return Err(Refusal::Unauthenticated),
        };
        Ok(Arc::new(ToyContext {
            user,
            organization: presented.organization,
            bumps: Arc::clone(&self.bumps),
        }))
    }

    async fn still_valid(&self, _context: &dyn CallerContext) -> bool {
        !self.revoked.load(Ordering::SeqCst)
    }

    fn rechecks(&self, _context: &dyn CallerContext) -> BoxStream<'static, ()> {
        let rechecks = self.rechecks.subscribe();
        stream::unfold(rechecks, async |mut rechecks| {
            rechecks.changed().await.ok()?;
            Some(((), rechecks))
        })
        .boxed()
    }
}

#[async_trait::async_trait]
impl CallerContext for ToyContext {
    fn attach(self: Arc<Self>, request: Request) -> Request {
        request.data(self)
    }
    fn fork(&self) -> Arc<dyn CallerContext> {
        Arc::new(Self {
            user: self.user.clone(),
            organization: self.organization.clone(),
            bumps: Arc::clone(&self.bumps),
        })
    }
    async fn release(&self) {}
    fn summary(&self) -> OperationSummary {
        OperationSummary {
            organization: self.organization.clone(),
            statements: 3,
        }
    }
    async fn export(
        self: Arc<Self>,
        _: agentry_schema::export::ExportRequest,
    ) -> Result<agentry_schema::export::Export, agentry_schema::ApiError> {
        Err(agentry_schema::ApiError::Unauthenticated)
    }

    fn user_key(&self) -> Option<String> {
        self.user.clone()
    }
}

pub(super) struct ToyReadiness(pub(super) AtomicBool);

#[async_trait::async_trait]
impl Readiness for ToyReadiness {
    async fn check(&self) -> Vec<Check> {
        vec![Check {
            name: "database",
            ok: self.0.load(Ordering::SeqCst),
            detail: "looked at",
        }]
    }
}

/// How long a test waits for what must come.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
