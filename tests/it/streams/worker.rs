//! Who writes replies, as a server's worker does: in the service's name, through the database's own functions.

use sqlx::postgres::PgPool;

use crate::support::{Database, pool};

const NAME: &str = "the-only-worker";

/// Holds every run that it begins.
#[derive(Clone)]
pub(super) struct Worker {
    service: PgPool,
    root: PgPool,
}

impl Worker {
    pub(super) async fn of(database: &Database) -> Self {
        Self {
            // Whatever lies between the servers and the database does not lie between it and this.
            service: pool(&database.service_directly()).await,
            root: pool(&database.root).await,
        }
    }

    /// A run in this conversation, in line.
    pub(super) async fn queue(&self, conversation: &str) -> String {
        let id: String = agentry_db::new_id();
        let run = "INSERT INTO runs (organization_id, id, conversation_id, agent_id, agent_user_id, user_id, withheld, message_id, reply_id, model)
            SELECT organization_id, $2, id, agent_id, agent_user_id, user_id, withheld, 'm-' || $2, 'r-' || $2, 'echo'
            FROM conversations WHERE id = $1";
        let lease = "INSERT INTO run_leases (run_id, tenant, conversation_id, user_id, role)
            SELECT $2, organization_id, id, user_id, 'owner' FROM conversations WHERE id = $1";
        for statement in [run, lease] {
            let done = sqlx::query(statement).bind(conversation).bind(&id);
            assert_eq!(done.execute(&self.root).await.unwrap().rows_affected(), 1);
        }
        self.announce(&id).await;
        id
    }

    /// Takes it up.
    pub(super) async fn begin(&self, run: &str) {
        for statement in [
            "UPDATE run_leases SET worker = $2, lease_until = now() + interval '1 hour' WHERE run_id = $1",
            "UPDATE runs SET status = 'running', started_at = now(), attempts = attempts + 1 WHERE id = $1 AND $2 <> ''",
        ] {
            let done = sqlx::query(statement).bind(run).bind(NAME);
            assert_eq!(done.execute(&self.root).await.unwrap().rows_affected(), 1);
        }
        self.announce(run).await;
    }

    /// Says this as the next piece of a reply that has `sequence` characters with it.
    pub(super) async fn say(&self, run: &str, sequence: usize, text: &str) {
        self.say_all(&[(run, sequence, text)]).await;
    }

    /// The same for several in one statement.
    pub(super) async fn say_all(&self, pieces: &[(&str, usize, &str)]) {
        let runs: Vec<&str> = pieces.iter().map(|(run, ..)| *run).collect();
        let sequences: Vec<i32> = pieces
            .iter()
            .map(|(_, sequence, _)| i32::try_from(*sequence).unwrap())
            .collect();
        let texts: Vec<&str> = pieces.iter().map(|(.., text)| *text).collect();
        let organizations: Vec<String> = sqlx::query_scalar(
            "SELECT r.organization_id FROM unnest($1::text[]) WITH ORDINALITY AS f (id, place) JOIN runs r ON r.id = f.id ORDER BY place",
        )
        .bind(&runs)
        .fetch_all(&self.root)
        .await
        .unwrap();
        let append = "SELECT run_deltas_append($1, $2, $3, $4, $5)";
        let stored: Vec<String> = sqlx::query_scalar(append)
            .bind(NAME)
            .bind(organizations)
            .bind(&runs)
            .bind(sequences)
            .bind(texts)
            .fetch_all(&self.service)
            .await
            .unwrap();
        assert_eq!(stored.len(), pieces.len());
    }

    /// Says a text in pieces of these many characters, in turn.
    pub(super) async fn say_in_pieces(&self, run: &str, text: &str, sizes: &[usize]) {
        for (sequence, piece) in pieces(text, sizes) {
            self.say(run, sequence, &piece).await;
        }
    }

    /// Takes back what was said, as no worker does.
    pub(super) async fn forget(&self, run: &str) {
        let forget = "DELETE FROM run_deltas WHERE run_id = $1";
        let done = sqlx::query(forget).bind(run).execute(&self.root).await;
        done.unwrap();
    }

    /// Folds the pieces into a message, which holds `text`, ends the run so, and tells of it.
    pub(super) async fn finish(&self, run: &str, text: &str, status: &str) {
        self.finish_silently(run, text, status).await;
        self.announce(run).await;
    }

    /// The same, and dies before it tells.
    pub(super) async fn finish_silently(&self, run: &str, text: &str, status: &str) {
        let message = "INSERT INTO agent_messages (organization_id, conversation_id, id, agent_id, agent_user_id, user_id, withheld, role,
                content, parent_id, run_id, model)
            SELECT organization_id, conversation_id, reply_id, agent_id, agent_user_id, user_id, withheld, 'assistant', $2, message_id, id, model
            FROM runs WHERE id = $1 AND $2 <> ''";
        let mut fold = self.root.begin().await.unwrap();
        sqlx::query(message)
            .bind(run)
            .bind(text)
            .execute(&mut *fold)
            .await
            .unwrap();
        for statement in [
            "DELETE FROM run_deltas WHERE run_id = $1 AND $2 <> ''",
            "UPDATE runs SET status = $2, finished_at = now() WHERE id = $1",
            "DELETE FROM run_leases WHERE run_id = $1 AND $2 <> ''",
        ] {
            let fold = sqlx::query(statement)
                .bind(run)
                .bind(status)
                .execute(&mut *fold);
            fold.await.unwrap();
        }
        fold.commit().await.unwrap();
    }

    pub(super) async fn announce(&self, run: &str) {
        let word = "SELECT pg_notify('agentry_run', organization_id || ':' || conversation_id || ':' || id) FROM runs WHERE id = $1";
        sqlx::query(word)
            .bind(run)
            .execute(&self.root)
            .await
            .unwrap();
    }
}

/// A text in pieces of these many characters, in turn, each with how many there are with it.
pub(super) fn pieces(text: &str, sizes: &[usize]) -> Vec<(usize, String)> {
    let mut characters = text.chars().peekable();
    let mut sizes = sizes.iter().cycle();
    let (mut all, mut sequence) = (Vec::new(), 0);
    while characters.peek().is_some() {
        let piece: String = characters.by_ref().take(*sizes.next().unwrap()).collect();
        sequence += piece.chars().count();
        all.push((sequence, piece));
    }
    all
}
