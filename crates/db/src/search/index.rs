use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, Value};
use tokio::sync::Semaphore;

use super::terms::add_words;
use crate::sql;
use crate::{Db, DbError, Statements, Tenant, WriteScope};

/// One at a time in a process: searching is quicker with it and right without it.
static TURN: Semaphore = Semaphore::const_new(1);
/// How long one turn goes on at most.
const MOST_TIME: Duration = Duration::from_secs(20);
/// The most different words that are kept of what is read of a conversation at once.
const MOST_WORDS: usize = 20_000;

/// Reads what was said in the caller's conversations since they were last read, and keeps their words: in short transactions, the
/// conversations that were last added to first. Does nothing while another one does it in this process; what is left when its time
/// is up is for the next time.
///
/// # Errors
/// [`DbError`] as the database answers; what was read until then is kept.
pub async fn catch_up(db: &Db, tenant: &Tenant) -> Result<(), DbError> {
    let Ok(_turn) = TURN.try_acquire() else {
        return Ok(());
    };
    let began = Instant::now();
    while began.elapsed() < MOST_TIME {
        let step = |scope| async move { step(&scope).await };
        let statements = Statements::default();
        let is_done = db.write(tenant, "search.catch_up", &statements, step);
        if is_done.await? {
            break;
        }
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct Unread {
    conversation_id: String,
    last_message_at: DateTime<Utc>,
    created_at: Option<DateTime<Utc>>,
    content: Option<String>,
}

/// What was read of one conversation.
struct Read {
    until: DateTime<Utc>,
    words: BTreeSet<String>,
}

/// Reads some. Whether there was nothing to read.
async fn step(scope: &WriteScope) -> Result<bool, DbError> {
    let tenant = scope.tenant();
    let who: [Value; 2] = [
        tenant.organization().as_str().into(),
        tenant.user().as_str().into(),
    ];
    let rows: Vec<Unread> = sql::all(scope, UNREAD, who.clone()).await?;
    if rows.is_empty() {
        return Ok(true);
    }
    let mut of: BTreeMap<String, Read> = BTreeMap::new();
    for row in rows {
        let until = row.created_at.unwrap_or(row.last_message_at);
        let read = of.entry(row.conversation_id).or_insert(Read {
            until,
            words: BTreeSet::new(),
        });
        read.until = read.until.max(until);
        let content = row.content.unwrap_or_default();
        add_words(&content, &mut read.words, MOST_WORDS);
    }
    // In order, so that two who keep the same words wait for each other in one direction.
    let (mut ids, mut words) = (Vec::new(), Vec::new());
    let (mut read, mut times, mut partial) = (Vec::new(), Vec::new(), Vec::new());
    for (id, Read { until, words: own }) in of {
        partial.push(own.len() > MOST_WORDS);
        for word in own.into_iter().take(MOST_WORDS) {
            ids.push(id.clone());
            words.push(word);
        }
        read.push(id);
        times.push(until);
    }
    let values = [who.to_vec(), vec![ids.into(), words.into()]].concat();
    sql::run(scope, KEEP, values).await?;
    let own: [Value; 3] = [read.into(), times.into(), partial.into()];
    sql::run(scope, NOTE, [who.to_vec(), own.to_vec()].concat()).await?;
    Ok(false)
}

const UNREAD: &str = "
SELECT c.id AS conversation_id, c.last_message_at, m.created_at, m.content FROM (
  SELECT c.id, c.last_message_at, coalesce(i.indexed_until, '-infinity') AS until
  FROM conversations c LEFT JOIN conversation_indexes i ON i.organization_id = $1 AND i.conversation_id = c.id
  WHERE c.organization_id = $1 AND c.user_id = $2 AND c.last_message_at > coalesce(i.indexed_until, '-infinity')
  ORDER BY c.last_message_at DESC LIMIT 8
) c LEFT JOIN LATERAL (
  SELECT m.created_at, m.content FROM (
    SELECT m.created_at, m.content,
           sum(octet_length(m.content)) OVER (ORDER BY m.created_at, m.id) - octet_length(m.content) AS bytes_before
    FROM (SELECT m.created_at, m.id, m.content FROM agent_messages m
          WHERE m.organization_id = $1 AND m.conversation_id = c.id AND m.created_at > c.until
          ORDER BY m.created_at, m.id LIMIT 100) m
  ) m WHERE m.bytes_before < 131072
) m ON true";

const KEEP: &str = "
INSERT INTO conversation_words (organization_id, conversation_id, word, user_id)
SELECT $1, w.id, w.word, $2 FROM unnest($3::text[], $4::text[]) AS w(id, word)
ON CONFLICT DO NOTHING";

// Whoever deletes a conversation meanwhile has its rows go with it, or makes this one fail: then it is tried again another time.
const NOTE: &str = "
INSERT INTO conversation_indexes AS i (organization_id, conversation_id, user_id, indexed_until, is_partial)
SELECT $1, r.id, $2, r.until, r.partial FROM unnest($3::text[], $4::timestamptz[], $5::bool[]) AS r(id, until, partial)
ON CONFLICT (organization_id, conversation_id)
DO UPDATE SET indexed_until = GREATEST(i.indexed_until, excluded.indexed_until), is_partial = i.is_partial OR excluded.is_partial";
