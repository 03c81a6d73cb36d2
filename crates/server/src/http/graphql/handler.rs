//! `/graphql` over HTTP: the order in which a request is looked at.

use std::net::IpAddr;
use std::sync::Arc;

use async_graphql::Executor;
use async_graphql::parser::types::OperationType;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use secrecy::SecretString;
use tracing::Instrument;

use super::accept::{Accept, Media};
use super::decode::{Params, check_content_type, params_from_json, params_from_url, read_body};
use super::document::kind_name;
use super::execute::execute;
use super::prepare::{Prepared, prepare};
use super::respond::{answer, refuse};
use crate::http::fault::Fault;
use crate::http::gate::{CallerContext, Presented};
use crate::http::operation_log::OperationLog;
use crate::http::options::HttpOptions;
use crate::http::request_id::RequestId;
use crate::http::serve::Peer;
use crate::http::state::HttpState;
use crate::http::{csrf, sse, ws};

/// Answers a request, or hands it on to the WebSocket or to the event stream.
pub(crate) async fn handler<E: Executor>(
    State(state): State<HttpState<E>>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let id = parts
        .extensions
        .get::<RequestId>()
        .cloned()
        .unwrap_or_else(RequestId::random);
    let caller = Caller::new(&parts, &state.shared.options, id);
    if ws::is_upgrade(&parts.headers) {
        return ws::upgrade(state, parts, caller).await;
    }
    let mut log = OperationLog::new("http", caller.id.clone());
    match ready(&state, &parts, body, &caller, &mut log).await {
        Ok(Ready::Document {
            prepared,
            context,
            media,
        }) => {
            let renewed = context.set_cookies();
            let settled = execute(&state, prepared, context, &caller.id).await;
            log.code(settled.code());
            answer(&settled, media, &renewed)
        }
        Ok(Ready::Stream { prepared, context }) => {
            sse::stream(state, prepared, context, &caller, log)
        }
        Ok(Ready::StreamFault(fault)) => {
            log.code(fault.code);
            sse::fault(&fault, &caller.id)
        }
        Err(fault) => {
            log.code(fault.code);
            refuse(&fault, &caller.id)
        }
    }
}

enum Ready {
    Document {
        prepared: Prepared,
        context: Arc<dyn CallerContext>,
        media: Media,
    },
    Stream {
        prepared: Prepared,
        context: Arc<dyn CallerContext>,
    },
    /// The document is at fault, and the client reads event streams only.
    StreamFault(Fault),
}

async fn ready<E: Executor>(
    state: &HttpState<E>,
    parts: &Parts,
    body: Body,
    caller: &Caller,
    log: &mut OperationLog,
) -> Result<Ready, Fault> {
    let options = &state.shared.options;
    let safe = match parts.method {
        Method::GET | Method::HEAD => true,
        Method::POST => false,
        _ => {
            return Err(Fault::method(
                "GraphQL takes GET and POST.",
                "GET, HEAD, POST",
            ));
        }
    };
    let accept = Accept::negotiate(&parts.headers)?;
    if accept.only_stream() {
        log.transport("sse");
    }
    csrf::check(&parts.headers, options)?;
    let params = params(parts, body, safe, options).await?;
    let prepared = match prepare(&state.shared, params) {
        Ok(prepared) => prepared,
        Err(fault) if accept.only_stream() => return Ok(Ready::StreamFault(fault)),
        Err(fault) => return Err(fault),
    };
    log.operation(prepared.name.as_deref(), kind_name(prepared.kind));
    if safe && prepared.kind == OperationType::Mutation {
        return Err(Fault::method("A mutation needs POST.", "POST"));
    }
    let subscription = prepared.kind == OperationType::Subscription;
    if subscription && !accept.stream {
        return Err(Fault::new(
            StatusCode::NOT_ACCEPTABLE,
            agentry_schema::code::BAD_USER_INPUT,
            "A subscription is answered over WebSocket, or as text/event-stream.",
        ));
    }
    let context = state
        .shared
        .gate
        .authenticate(caller.presented())
        .instrument(caller.id.span())
        .await?;
    log.context(Arc::clone(&context));
    Ok(match accept.document {
        Some(media) if !subscription => Ready::Document {
            prepared,
            context,
            media,
        },
        _ => {
            log.transport("sse");
            // A stream may stay for hours, and must not keep a connection for itself.
            let context = context.fork();
            log.context(Arc::clone(&context));
            Ready::Stream { prepared, context }
        }
    })
}

async fn params(
    parts: &Parts,
    body: Body,
    safe: bool,
    options: &HttpOptions,
) -> Result<Params, Fault> {
    if safe {
        return params_from_url(parts.uri.query().unwrap_or_default(), options);
    }
    check_content_type(&parts.headers)?;
    let body = read_body(body, options.body_bytes, options.timeouts.body).await?;
    params_from_json(&body, options)
}

/// What a request tells about who sends it.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) id: RequestId,
    pub(crate) client_ip: Option<IpAddr>,
    pub(crate) cookie: Option<SecretString>,
    pub(crate) api_key: Option<SecretString>,
    pub(crate) authorization: Option<SecretString>,
    pub(crate) organization: Option<String>,
    /// The last event that the client of an event stream has seen.
    pub(crate) last_event_id: Option<String>,
    user_agent: Option<String>,
}

impl Caller {
    pub(crate) fn new(parts: &Parts, options: &HttpOptions, id: RequestId) -> Self {
        // What is no text stays there as something no gate accepts: left out, it would act for nobody, or elsewhere.
        let text = |name: &str| {
            let value = parts.headers.get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.0.ip());
        let forwarded = if options.forwarded_for {
            last_forwarded(&parts.headers)
        } else {
            None
        };
        let authorization = text("authorization").map(SecretString::from);
        let api_key = csrf::API_KEY_HEADERS
            .iter()
            .find_map(|name| text(name))
            .map(SecretString::from);
        // A cookie never acts where its origin was not checked.
        let cookie = if csrf::cookie_counts(&parts.headers, options) {
            cookies(&parts.headers)
        } else {
            None
        };
        Self {
            id,
            client_ip: forwarded.or(peer),
            cookie,
            api_key,
            authorization,
            organization: text("x-organization-id"),
            last_event_id: text("last-event-id"),
            user_agent: text(header::USER_AGENT.as_str()),
        }
    }

    pub(crate) fn presented(&self) -> Presented {
        Presented {
            cookie: self.cookie.clone(),
            api_key: self.api_key.clone(),
            authorization: self.authorization.clone(),
            organization: self.organization.clone(),
            client_ip: self.client_ip,
            user_agent: self.user_agent.clone(),
            request_id: self.id.clone(),
        }
    }

    /// What the cap on open streams counts by.
    pub(crate) fn stream_key(&self, context: &dyn CallerContext) -> String {
        context.user_key().map_or_else(
            || {
                self.client_ip
                    .map_or_else(|| "unknown".to_owned(), |ip| format!("ip {ip}"))
            },
            |user| format!("user {user}"),
        )
    }
}

/// HTTP/2 may send one cookie a header (RFC 9113, 8.2.3).
fn cookies(headers: &HeaderMap) -> Option<SecretString> {
    let all: Vec<&str> = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    (!all.is_empty()).then(|| all.join("; ").into())
}

/// The address the nearest proxy saw; those before it are hearsay.
fn last_forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers
        .get_all("x-forwarded-for")
        .iter()
        .next_back()?
        .to_str()
        .ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}
