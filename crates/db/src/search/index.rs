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
/// The most different words that are kept of a conversation.
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
    words: Option<String>,
    created_at: Option<DateTime<Utc>>,
    content: Option<String>,
}

/// What is known of one conversation.
struct Known {
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
    let mut of: BTreeMap<String, Known> = BTreeMap::new();
    for row in rows {
        let until = row.created_at.unwrap_or(row.last_message_at);
        let known = of.entry(row.conversation_id).or_insert(Known {
            until,
            words: BTreeSet::new(),
        });
        known.until = known.until.max(until);
        let words = row.words.as_deref().unwrap_or_default();
        let words = words.split_ascii_whitespace().map(str::to_owned);
        known.words.extend(words);
        let content = row.content.unwrap_or_default();
        add_words(&content, &mut known.words, MOST_WORDS);
    }
    let (mut ids, mut words) = (Vec::new(), Vec::new());
    let (mut times, mut partial) = (Vec::new(), Vec::new());
    for (id, known) in of {
        partial.push(known.words.len() > MOST_WORDS);
        let own: Vec<String> = known.words.into_iter().take(MOST_WORDS).collect();
        words.push(format!(" {} ", own.join(" ")));
        ids.push(id);
        times.push(known.until);
    }
    let own: [Value; 4] = [ids.into(), words.into(), times.into(), partial.into()];
    sql::run(scope, KEEP, [who.to_vec(), own.to_vec()].concat()).await?;
    Ok(false)
}

// The words that are known come with the first of what is unread.
const UNREAD: &str = "
SELECT c.id AS conversation_id, c.last_message_at, CASE WHEN m.place IS NULL OR m.place = 1 THEN c.words END AS words,
       m.created_at, m.content
FROM (
  SELECT c.id, c.last_message_at, w.words, coalesce(w.indexed_until, '-infinity') AS until
  FROM conversations c LEFT JOIN conversation_words w ON w.organization_id = $1 AND w.conversation_id = c.id
  WHERE c.organization_id = $1 AND c.user_id = $2 AND c.last_message_at > coalesce(w.indexed_until, '-infinity')
  ORDER BY c.last_message_at DESC LIMIT 16
) c LEFT JOIN LATERAL (
  SELECT m.created_at, m.content, m.place FROM (
    SELECT m.created_at, m.content, row_number() OVER (ORDER BY m.created_at, m.id) AS place,
           sum(octet_length(m.content)) OVER (ORDER BY m.created_at, m.id) - octet_length(m.content) AS bytes_before
    FROM (SELECT m.created_at, m.id, m.content FROM agent_messages m
          WHERE m.organization_id = $1 AND m.conversation_id = c.id AND m.created_at > c.until
          ORDER BY m.created_at, m.id LIMIT 100) m
  ) m WHERE m.bytes_before < 131072
) m ON true";

// What is known until some time is the same whoever has read it, so of two the later one stays. Where a conversation is deleted
// meanwhile this fails, and is tried again another time.
const KEEP: &str = "
INSERT INTO conversation_words AS w (organization_id, conversation_id, user_id, words, indexed_until, is_partial)
SELECT $1, r.id, $2, r.words, r.until, r.partial
FROM unnest($3::text[], $4::text[], $5::timestamptz[], $6::bool[]) AS r(id, words, until, partial)
ON CONFLICT (organization_id, conversation_id)
DO UPDATE SET words = excluded.words, indexed_until = excluded.indexed_until, is_partial = w.is_partial OR excluded.is_partial
WHERE w.indexed_until < excluded.indexed_until";
