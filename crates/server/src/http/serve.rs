//! The accept loop: time limits on request heads, and a stop that drains.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use async_graphql::Executor;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use super::router::router;
use super::state::{HttpState, Shared};

/// The peer a request came from.
#[derive(Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Serves until `shutdown` ends, then stops accepting, closes sockets with 1001 and event streams, lets running requests
/// finish, and returns when all have, or after the drain time, whichever is first.
///
/// # Errors
/// None once the listener is bound: a connection that cannot be accepted is logged and the loop goes on.
pub async fn serve<E: Executor>(
    listener: TcpListener,
    state: HttpState<E>,
    pages: Router,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let shared = std::sync::Arc::clone(&state.shared);
    let timeouts = shared.options.timeouts;
    let app = router(state, pages);
    let graceful = GracefulShutdown::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => connection(stream, peer, &app, &shared, graceful.watcher()),
            Err(error) => {
                // Out of descriptors, or a peer already gone: neither is a reason to stop serving the others.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    shared.stop();
    let drained = async {
        tokio::join!(graceful.shutdown(), shared.streams.all_closed());
    };
    if tokio::time::timeout(timeouts.drain, drained).await.is_err() {
        tracing::warn!("the drain time is over; open connections are cut");
    }
    Ok(())
}

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    app: &Router,
    shared: &Shared,
    watcher: Watcher,
) {
    // Answers are written whole; waiting to fill a packet only costs the client time.
    let _ = stream.set_nodelay(true);
    let service = app
        .clone()
        .map_request(move |request: Request<hyper::body::Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            request
        });
    let header = shared.options.timeouts.header;
    let stopped = shared.stopped();
    tokio::spawn(async move {
        let version = tokio::select! {
            version = tokio::time::timeout(header, version(&stream)) => version,
            () = stopped => return,
        };
        let Ok(Ok(version)) = version else { return };
        let mut builder = Builder::new(TokioExecutor::new());
        builder = match version {
            Version::Http1 => builder.http1_only(),
            Version::Http2 => builder.http2_only(),
        };
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(header)
            .max_buf_size(64 * 1024);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(header)
            .max_header_list_size(16 * 1024)
            .max_concurrent_streams(100);
        let connection = builder
            .serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service))
            .into_owned();
        // A peer that broke off, or sent no HTTP: its own affair.
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended early");
        }
    });
}

enum Version {
    Http1,
    Http2,
}

/// Looks at the first bytes without taking them. hyper-util can do this too, but waits for them without a time limit.
async fn version(stream: &TcpStream) -> io::Result<Version> {
    const PREFACE: &[u8; 4] = b"PRI ";
    let mut seen = [0_u8; PREFACE.len()];
    loop {
        let length = stream.peek(&mut seen).await?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if seen[..length] != PREFACE[..length] {
            return Ok(Version::Http1);
        }
        if length == PREFACE.len() {
            return Ok(Version::Http2);
        }
        // A preface in pieces: `peek` would answer at once with what is there already.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
