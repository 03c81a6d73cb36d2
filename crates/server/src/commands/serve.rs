//! `agentry serve`: starts everything, waits to be told to stop, stops everything.

use std::net::SocketAddr;
use std::time::Duration;

use agentry_db::{Db, proof, shape};
use agentry_mail::Way;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::signal::StopSignals;
use super::{CommandError, catalogue, migrate, say};
use crate::app::App;
use crate::config::Config;
use crate::http;
use crate::store::Store;

/// How long requests that outlasted the drain time may keep their connections to the database.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// How long messages under way may take when nothing is served any more.
const MAIL_WITHIN: Duration = Duration::from_secs(5);

pub(super) async fn run(config: &Config) -> Result<(), CommandError> {
    let mut signals = StopSignals::listen().map_err(CommandError::Signals)?;
    let store = tokio::select! {
        store = Store::open(&config.base) => store?,
        // A start that is dropped half-way takes its server down with it.
        signal = signals.wait() => {
            tracing::info!(signal, "stopped while starting");
            return Ok(());
        }
    };
    if let Some(server) = &store.embedded {
        tracing::info!(
            postgres.version = server.version(),
            postgres.pid = server.pid(),
            data_dir = %server.data_dir().display(),
            "PostgreSQL runs"
        );
    }
    let mut config = config.clone();
    if let Some(server) = &store.embedded {
        config.mail.stay_in(server.data_dir());
    }
    let config = &config;
    let db = store.pool(&config.base.database);
    let served = serve(config, &store, &db, &mut signals).await;
    if timeout(CLOSE_WITHIN, db.close()).await.is_err() {
        tracing::warn!("requests that outlasted the drain time are cut");
    }
    store.close().await?;
    tracing::info!("stopped");
    served
}

async fn serve(
    config: &Config,
    store: &Store,
    db: &Db,
    signals: &mut StopSignals,
) -> Result<(), CommandError> {
    if let Some(owner) = &store.owner {
        let up = migrate::bring_up(owner, &store.service, store.service_password.as_ref()).await?;
        for piece in &up.amended {
            tracing::info!(
                sql = piece.statement(),
                "amended: {}: {}",
                piece.subject,
                piece.sentence
            );
        }
        tracing::info!(applied = up.applied, "the database is up to date");
    }
    if let Some(reason) = proof::prove(db).await?.refusal() {
        return Err(CommandError::NotProven(reason));
    }
    let shape = shape::examine(db).await?;
    if let Some(reasons) = shape.refusal() {
        return Err(CommandError::Misshapen(reasons));
    }
    for limit in shape.limits() {
        tracing::warn!("{limit}");
    }
    if config.catalogue.at_start(store.embedded.is_some()) {
        catalogue::at_start(store.owner()?).await?;
    }
    let (listener, bound) = bind(config.http.bind).await?;
    let mut config = config.clone();
    config.http.bind = bound;
    let config = &config;
    let app = App::new(config, &store.secrets, db.clone())?;
    let (auth, live, mailer) = (app.auth.clone(), app.live.clone(), app.mailer.clone());
    let (replies, courier) = (app.replies.clone(), app.courier.clone());
    let served = listen(config, listener, app, signals).await;
    courier.close().await;
    auth.close().await;
    mailer.close(MAIL_WITHIN).await;
    replies.close();
    live.close().await;
    served
}

/// Takes the address before anything is made that names it, in links and as an issuer: for port 0 the system chooses one.
async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), CommandError> {
    let listening = |source| CommandError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listening)?;
    let bound = listener.local_addr().map_err(listening)?;
    Ok((listener, bound))
}

async fn listen(
    config: &Config,
    listener: TcpListener,
    app: App,
    signals: &mut StopSignals,
) -> Result<(), CommandError> {
    let App {
        state,
        pages,
        runner,
        ..
    } = app;
    greet(config);
    let (tell, told) = oneshot::channel::<()>();
    let stopped = async move {
        let signal = signals.wait().await;
        tracing::info!(signal, "stopping");
        drop(tell);
    };
    // Replies end while those who read them are still served.
    let drained = async {
        let _ = told.await;
        runner.close().await;
    };
    let served = http::serve(listener, state, pages, stopped);
    let (served, ()) = tokio::join!(served, drained);
    served.map_err(CommandError::Serve)
}

/// Tells the person at the keyboard where everything is.
fn greet(config: &Config) {
    let address = config.http.bind;
    let base = config.http.public_url.as_ref().map_or_else(
        || format!("http://{address}"),
        |url| url.origin().ascii_serialization(),
    );
    tracing::info!(%address, url = base, "serving");
    say(&format!("Agentry {} is ready.", env!("CARGO_PKG_VERSION")));
    say(&format!("  GraphQL    {base}/graphql"));
    if config.http.graphiql {
        say(&format!("  GraphiQL   {base}/"));
    }
    if config.http.introspection {
        say(&format!("  Schema     {base}/schema.graphql"));
    }
    if let Ok(Way::Folder(outbox)) = config.mail.way() {
        say(&format!("  Mail       {}", outbox.display()));
    }
    say(&format!("  Health     {base}/readyz"));
}
