//! `/api/conversations/{id}/export`: a conversation as a document, sent as fast as its reader takes it and no faster.

use std::sync::Arc;

use agentry_schema::export::{
    ConversationExportFormat, Export, ExportRequest, FileName, branch_from_name,
};
use agentry_schema::{ApiError, code};
use async_graphql::Executor;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret as _;
use tokio::time::Instant;
use tracing::Instrument as _;
use url::form_urlencoded;

use super::csrf;
use super::fault::Fault;
use super::gate::CallerContext;
use super::graphql::{Caller, refuse};
use super::operation_log::OperationLog;
use super::request_id::RequestId;
use super::state::{HttpState, OpenStream, Shared};

/// Answers with the document, or says why not.
pub(crate) async fn handler<E: Executor>(
    State(state): State<HttpState<E>>,
    id: Result<Path<String>, axum::extract::rejection::PathRejection>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let request_id = parts.extensions.get::<RequestId>().cloned();
    let request_id = request_id.unwrap_or_else(RequestId::random);
    let caller = Caller::new(&parts, &state.shared.options, request_id);
    let mut log = OperationLog::new("http", caller.id.clone());
    log.operation(Some("exportConversation"), "export");
    // What is no text is the id of nothing.
    let id = id.map_or_else(|_| String::new(), |Path(id)| id);
    match begin(&state.shared, &parts, &caller, id, &mut log).await {
        Ok(begun) => begun.respond(Arc::clone(&state.shared), &caller, log),
        Err(fault) => {
            log.code(fault.code);
            refuse(&fault, &caller.id)
        }
    }
}

struct Begun {
    context: Arc<dyn CallerContext>,
    export: Export,
    open: OpenStream,
}

async fn begin(
    shared: &Shared,
    parts: &Parts,
    caller: &Caller,
    id: String,
    log: &mut OperationLog,
) -> Result<Begun, Fault> {
    csrf::check(&parts.headers, &shared.options)?;
    let request = wanted(id, parts.uri.query().unwrap_or_default())?;
    let presented = caller.presented();
    let authenticated = shared.gate.authenticate(presented);
    let context = authenticated.instrument(caller.id.span()).await?;
    let mut open = shared.streams.open();
    if !shared
        .streams
        .claim(&mut open, caller.stream_key(&*context))
    {
        let limit = shared.options.sockets.per_user;
        let message = format!("There are {limit} open streams already, which is the limit.");
        return Err(Fault {
            retry_after: Some(5),
            ..Fault::new(StatusCode::TOO_MANY_REQUESTS, code::RATE_LIMITED, message)
        });
    }
    log.context(Arc::clone(&context));
    let export = Arc::clone(&context).export(request);
    let export = export.instrument(caller.id.span());
    let within = shared.options.timeouts.operation;
    let export = tokio::time::timeout(within, export).await;
    let export = export.map_err(|_| Fault::timeout())??;
    Ok(Begun {
        context,
        export,
        open,
    })
}

/// What the address says. Names it does not know are passed over.
fn wanted(id: String, query: &str) -> Result<ExportRequest, Fault> {
    let mut request = ExportRequest {
        id,
        format: ConversationExportFormat::Json,
        branch: agentry_db::agent_message::Branch::Current,
    };
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "format" => {
                request.format = ConversationExportFormat::from_name(&value)
                    .ok_or_else(|| Fault::malformed("format must be json or markdown."))?;
            }
            "branch" => {
                request.branch = branch_from_name(&value)
                    .ok_or_else(|| Fault::malformed("branch must be current or all."))?;
            }
            _ => {}
        }
    }
    Ok(request)
}

impl Begun {
    fn respond(self, shared: Arc<Shared>, caller: &Caller, log: OperationLog) -> Response {
        let Export {
            file_name,
            media_type,
            pieces,
        } = self.export;
        let renewed = self.context.set_cookies();
        let running = Running {
            pieces,
            stopped: shared.stopped().boxed(),
            checked: Instant::now(),
            shared,
            context: self.context,
            id: caller.id.clone(),
            log,
            _open: self.open,
        };
        let body = stream::try_unfold(running, |mut running| async move {
            let piece = running.next().await?;
            Ok::<_, CutShort>(piece.map(|piece| (piece, running)))
        });
        let mut response = Response::new(Body::from_stream(body));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        if let Some(value) = disposition(&file_name) {
            headers.insert(header::CONTENT_DISPOSITION, value);
        }
        for cookie in renewed {
            if let Ok(value) = HeaderValue::from_str(cookie.expose_secret()) {
                headers.append(header::SET_COOKIE, value);
            }
        }
        response
    }
}

/// RFC 6266: the plain name, and the full one for those who read it (RFC 8187).
fn disposition(name: &FileName) -> Option<HeaderValue> {
    let FileName { plain, full } = name;
    let full = utf8_percent_encode(full, NON_ALPHANUMERIC);
    HeaderValue::from_str(&format!(
        "attachment; filename=\"{plain}\"; filename*=UTF-8''{full}"
    ))
    .ok()
}

/// The document ends before its end: the connection is cut, so that nobody takes it for whole.
#[derive(Debug, thiserror::Error)]
#[error("the document was cut short")]
struct CutShort;

struct Running {
    pieces: BoxStream<'static, Result<String, ApiError>>,
    stopped: BoxFuture<'static, ()>,
    /// When the credential was last looked at.
    checked: Instant,
    shared: Arc<Shared>,
    context: Arc<dyn CallerContext>,
    id: RequestId,
    log: OperationLog,
    _open: OpenStream,
}

impl Running {
    /// The next piece, read when the one before it has been taken.
    async fn next(&mut self) -> Result<Option<String>, CutShort> {
        if self.checked.elapsed() >= self.shared.options.sockets.recheck {
            if !self.shared.gate.still_valid(&*self.context).await {
                self.log.code(code::UNAUTHENTICATED);
                return Err(CutShort);
            }
            self.checked = Instant::now();
        }
        let span = self.id.span();
        let piece = tokio::select! {
            biased;
            () = &mut self.stopped => return Err(CutShort),
            piece = self.pieces.next().instrument(span) => piece,
        };
        match piece {
            Some(Ok(piece)) => Ok(Some(piece)),
            Some(Err(error)) => {
                self.log.code(Fault::from(error).code);
                Err(CutShort)
            }
            None => {
                self.log.code("ok");
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use ConversationExportFormat::{Json, Markdown};

    #[test]
    fn a_file_name_of_any_letters_is_a_header() {
        let name = FileName {
            plain: "conversation-1.md".into(),
            full: "東京-1.md".into(),
        };
        let value = disposition(&name).unwrap();
        assert_eq!(
            value,
            "attachment; filename=\"conversation-1.md\"; filename*=UTF-8''%E6%9D%B1%E4%BA%AC%2D1%2Emd"
        );
    }

    #[test]
    fn the_address_says_what_is_wanted() {
        let told = |query| {
            let request = wanted("c".into(), query).map_err(|fault| fault.code);
            request.map(|r| (r.format, r.branch == agentry_db::agent_message::Branch::All))
        };
        assert_eq!(told(""), Ok((Json, false)));
        assert_eq!(told("branch=all&format=markdown&x=1"), Ok((Markdown, true)));
        assert_eq!(told("format=pdf"), Err(code::BAD_USER_INPUT));
        assert_eq!(told("branch="), Err(code::BAD_USER_INPUT));
    }
}
