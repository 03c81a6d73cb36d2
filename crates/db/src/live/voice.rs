//! What a server says, and what it hears.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use super::ears::Ears;

/// `organisation:conversation:message` of a message that was stored.
const MESSAGES: &str = "agentry_message";
/// `organisation:conversation:run` of a run that changed.
const RUNS: &str = "agentry_run";
/// What `run_deltas_append` says: ids of runs of whose replies pieces were stored, with commas between.
const REPLIES: &str = "agentry_reply";
/// What the triggers on the auth tables say: the id of a user who may have lost a session, a key or a membership.
const REVOKED: &str = "agentry_revoked";
/// How many words go into one statement.
pub(super) const BATCH: usize = 256;
/// Every replica says something this often, so that a silent connection is known to be dead after [`SILENCE`].
const HEARTBEAT: Duration = Duration::from_secs(30);
const SILENCE: Duration = Duration::from_secs(90);
/// How long to wait before trying again after the database was lost.
const RETRY: Duration = Duration::from_millis(500);

/// What can be said.
#[derive(Debug)]
pub(super) enum Word {
    Message(String),
    Run(String),
}

pub(super) async fn listen(pool: PgPool, ears: Arc<Ears>) {
    loop {
        let ended = follow(&pool, &ears).await;
        ears.interrupt();
        let cause = ended
            .err()
            .map_or_else(|| "the connection was lost".to_owned(), |e| e.to_string());
        tracing::warn!(cause, "not listening for new messages; trying again");
        sleep(RETRY).await;
    }
}

/// Passes on what is heard until the connection is lost.
async fn follow(pool: &PgPool, ears: &Ears) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    listener
        .listen_all([MESSAGES, RUNS, REPLIES, REVOKED])
        .await?;
    ears.open();
    while let Ok(heard) = timeout(SILENCE, listener.try_recv()).await {
        let Some(notification) = heard? else { break };
        let payload = notification.payload();
        match notification.channel() {
            REPLIES => ears.replies(payload),
            MESSAGES => ears.message(payload),
            RUNS => ears.run(payload),
            _ => ears.revoked(payload),
        }
    }
    Ok(())
}

/// Ends when it is silenced and has said what was in the queue by then.
pub(super) async fn speak(
    pool: PgPool,
    mut queue: mpsc::Receiver<Word>,
    mut silenced: oneshot::Receiver<()>,
) {
    let mut words = Vec::with_capacity(BATCH);
    loop {
        let heard = tokio::select! {
            _ = &mut silenced, if !queue.is_closed() => {
                queue.close();
                continue;
            }
            heard = timeout(HEARTBEAT, queue.recv_many(&mut words, BATCH)) => heard,
        };
        match heard {
            Ok(0) => return,
            Ok(_) => {}
            Err(_) => words.push(Word::Message(String::new())),
        }
        while let Err(error) = say(&pool, &words).await {
            tracing::warn!(%error, "new messages could not be announced; trying again");
            sleep(RETRY).await;
        }
        words.clear();
    }
}

async fn say(pool: &PgPool, words: &[Word]) -> Result<(), sqlx::Error> {
    let (channels, payloads): (Vec<_>, Vec<_>) = words
        .iter()
        .map(|word| match word {
            Word::Message(payload) => (MESSAGES, payload.as_str()),
            Word::Run(payload) => (RUNS, payload.as_str()),
        })
        .unzip();
    let say = "SELECT pg_notify(channel, word) FROM unnest($1::text[], $2::text[]) AS said (channel, word)";
    sqlx::query(say)
        .bind(channels)
        .bind(payloads)
        .execute(pool)
        .await?;
    Ok(())
}
