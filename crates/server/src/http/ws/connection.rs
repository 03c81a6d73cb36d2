//! One socket, from the handshake to the close.

use std::sync::Arc;

use async_graphql::Executor;
use axum::extract::ws::{Message, WebSocket};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::Instrument;

use super::close::Close;
use super::message::{self, ClientMessage, Credentials};
use super::operations::Operations;
use crate::http::gate::{CallerContext, Refusal};
use crate::http::graphql::Caller;
use crate::http::sse::every;
use crate::http::state::{HttpState, OpenStream};

/// The socket is of no use any more.
enum End {
    /// We say why.
    Close(Close),
    /// The client has closed it.
    Closed,
    /// There is nobody to say anything to.
    Gone,
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

/// Serves the socket. `open` is its place in the count of open streams.
pub(super) async fn run<E: Executor>(
    socket: WebSocket,
    state: HttpState<E>,
    caller: Caller,
    open: OpenStream,
) {
    let write = state.shared.options.sockets.write;
    let acceptable = socket.protocol().is_some();
    let mut connection = Connection {
        operations: Operations::new(state.clone()),
        socket,
        state,
        caller,
        open,
        context: None,
        rechecks: stream::pending().boxed(),
    };
    let end = if acceptable {
        connection.talk().await
    } else {
        Close::Subprotocol.into()
    };
    let said = match end {
        End::Gone => return,
        End::Closed => true,
        End::Close(close) => {
            tracing::debug!(code = close.code(), request_id = %connection.caller.id, "a socket is closed");
            let farewell = connection.socket.send(Message::Close(Some(close.frame())));
            matches!(timeout(write, farewell).await, Ok(Ok(())))
        }
    };
    if said {
        // Sends our answer to the client's close, or waits for its answer to ours: what is cut off before is read as a failure.
        let both = async { while let Some(Ok(_)) = connection.socket.recv().await {} };
        let _ = timeout(CLOSE_WAIT, both).await;
    }
}

/// How long a client has to answer a close.
const CLOSE_WAIT: std::time::Duration = std::time::Duration::from_secs(2);

struct Connection<E> {
    socket: WebSocket,
    state: HttpState<E>,
    caller: Caller,
    open: OpenStream,
    /// Set once the caller is acknowledged.
    context: Option<Arc<dyn CallerContext>>,
    /// When to look again whether the caller may go on, besides now and then.
    rechecks: BoxStream<'static, ()>,
    operations: Operations<E>,
}

impl<E: Executor> Connection<E> {
    async fn talk(&mut self) -> End {
        let limits = self.state.shared.options.sockets;
        let stopped = self.state.shared.stopped();
        tokio::pin!(stopped);
        let init_until = Instant::now() + limits.init;
        let mut keep_alive = every(limits.keep_alive);
        let mut recheck = every(limits.recheck);
        let mut heard = Instant::now();
        loop {
            let done = tokio::select! {
                biased;
                () = &mut stopped => Err(Close::GoingAway.into()),
                () = sleep_until(init_until), if self.context.is_none() => Err(Close::InitTimeout.into()),
                // Before what the client sends, so that no flood of it keeps them from their turn.
                _ = recheck.tick() => self.recheck().await,
                Some(()) = self.rechecks.next() => self.recheck().await,
                _ = keep_alive.tick() => {
                    if heard.elapsed() > limits.keep_alive * 2 {
                        Err(End::Gone)
                    } else {
                        self.send_message(Message::Ping(axum::body::Bytes::new())).await
                    }
                }
                received = self.socket.recv() => {
                    heard = Instant::now();
                    self.received(received).await
                }
                text = self.operations.next() => self.send(text).await,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn received(
        &mut self,
        received: Option<Result<Message, axum::Error>>,
    ) -> Result<(), End> {
        match received {
            Some(Ok(Message::Text(text))) => {
                let message = message::parse(&text, &self.state.shared.options)?;
                self.act(message).await
            }
            Some(Ok(Message::Binary(_))) => Err(Close::BadMessage("Messages are text").into()),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Ok(Message::Close(_))) => Err(End::Closed),
            None => Err(End::Gone),
            Some(Err(error)) => Err(unreadable(&error)),
        }
    }

    async fn act(&mut self, message: ClientMessage) -> Result<(), End> {
        match message {
            ClientMessage::Init(credentials) => self.init(credentials).await,
            ClientMessage::Ping(payload) => self.send(message::pong(payload.as_ref())).await,
            ClientMessage::Pong => Ok(()),
            ClientMessage::Subscribe { id, payload } => {
                let Some(context) = &self.context else {
                    return Err(Close::Unauthorized.into());
                };
                if self.operations.is_open(&id) {
                    return Err(Close::Subscriber(id).into());
                }
                let context = context.fork();
                match self.operations.start(id, payload, context)? {
                    Some(refused) => self.send(refused).await,
                    None => Ok(()),
                }
            }
            ClientMessage::Complete { id } => {
                self.operations.stop(&id);
                Ok(())
            }
        }
    }

    /// Checks the credential: that of the message, or else that of the handshake.
    async fn init(&mut self, credentials: Credentials) -> Result<(), End> {
        if self.context.is_some() {
            return Err(Close::TooManyInits.into());
        }
        if let Some(authorization) = credentials.authorization {
            self.caller.authorization = Some(authorization);
        }
        if let Some(api_key) = credentials.api_key {
            self.caller.api_key = Some(api_key);
        }
        if credentials.organization.is_some() {
            self.caller.organization = credentials.organization;
        }
        let shared = Arc::clone(&self.state.shared);
        // Forked at once: nothing runs on this one, and what a socket holds, it holds for long.
        let context = shared
            .gate
            .authenticate(self.caller.presented())
            .instrument(self.caller.id.span())
            .await
            .map_err(|refusal| match refusal {
                Refusal::Unauthenticated | Refusal::Forbidden => Close::Forbidden,
                Refusal::RateLimited { .. } | Refusal::Unavailable { .. } => Close::TryAgainLater,
                Refusal::Internal => Close::Internal,
            })?
            .fork();
        if !shared
            .streams
            .claim(&mut self.open, self.caller.stream_key(&*context))
        {
            return Err(Close::TooManySockets.into());
        }
        self.rechecks = shared.gate.rechecks(&*context);
        self.context = Some(context);
        self.send(message::ACK.to_owned()).await
    }

    async fn recheck(&mut self) -> Result<(), End> {
        match &self.context {
            Some(context) if !self.state.shared.gate.still_valid(&**context).await => {
                Err(Close::Forbidden.into())
            }
            _ => Ok(()),
        }
    }

    async fn send(&mut self, text: String) -> Result<(), End> {
        self.send_message(Message::text(text)).await
    }

    async fn send_message(&mut self, message: Message) -> Result<(), End> {
        match timeout(
            self.state.shared.options.sockets.write,
            self.socket.send(message),
        )
        .await
        {
            Ok(Ok(())) => Ok(()),
            // Gone, or so slow that what we have to say would pile up here.
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }
}

/// Of what can be wrong with a frame, size and text that is not UTF-8 have a close code of their own.
fn unreadable(error: &axum::Error) -> End {
    let text = error.to_string();
    if text.contains("too long") || text.contains("too big") {
        Close::TooBig.into()
    } else if text.contains("UTF-8") {
        Close::BadMessage("Messages are UTF-8").into()
    } else {
        End::Gone
    }
}
