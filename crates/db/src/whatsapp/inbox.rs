//! What came in.

use std::time::Duration;

use agentry_entity::id::{AgentId, OrganizationId, RunId, TemplateId, WhatsAppNumberId};
use agentry_phone::Sender;
use chrono::{DateTime, Utc};
use sqlx::Row as _;
use sqlx::postgres::{PgPool, PgRow};

use super::{seconds, whole};
use crate::run::Worker;
use crate::{Db, DbError, WriteScope, new_id, sql};

/// A message as it came in.
#[derive(Debug, Clone)]
pub struct NewInbound {
    /// The number that was written to.
    pub number: WhatsAppNumberId,
    /// The message's id, 1 to 256 characters: what comes again under it is the same.
    pub message: String,
    /// Who sent it, as it was said: 1 to 200 characters.
    pub sender: String,
    /// The id that the same sender has for this business alone, where that was said too.
    pub scoped_id: Option<String>,
    /// Its kind: 1 to 40 of a-z and _.
    pub kind: String,
    /// What it says; `None` where it is no text.
    pub content: Option<String>,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
}

/// A message that a worker holds. What is done for it is done with one of [`close`], [`answer`] and [`wait_for`], which say whether
/// it still is the worker's.
#[derive(Clone)]
pub struct Inbound {
    /// Its place in the line.
    pub place: i64,
    /// The number that was written to.
    pub number: WhatsAppNumberId,
    /// Whose that is.
    pub publisher: OrganizationId,
    /// The template whose agents answer there.
    pub template: TemplateId,
    /// The template's name.
    pub template_name: String,
    /// The template's slug.
    pub template_slug: String,
    /// Who sent it, as it was said.
    pub sender: String,
    /// The id that the same sender has for this business alone, where that was said too.
    pub scoped_id: Option<String>,
    /// Its kind.
    pub kind: String,
    /// What it says; `None` where it is no text.
    pub content: Option<String>,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// How often it was taken up, this time included.
    pub attempts: i32,
}

/// Stores messages, which come to stand in the line in this order: how many of them were new. Some may be stored already, under their ids.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn receive(db: &Db, messages: &[&NewInbound]) -> Result<u64, DbError> {
    let texts = |of: fn(&NewInbound) -> &str| messages.iter().copied().map(of).collect::<Vec<_>>();
    let numbers = &texts(|message| message.number.as_str());
    let ids = &texts(|message| &message.message);
    let senders = &texts(|message| &message.sender);
    let scoped: Vec<Option<&str>> = messages.iter().map(|m| m.scoped_id.as_deref()).collect();
    let kinds = &texts(|message| &message.kind);
    let contents: Vec<Option<&str>> = messages.iter().map(|m| m.content.as_deref()).collect();
    let sent: Vec<DateTime<Utc>> = messages.iter().map(|message| message.sent_at).collect();
    let (scoped, contents, sent) = (&scoped, &contents, &sent);
    let store = |pool: PgPool| async move {
        sqlx::query_scalar::<_, i64>("SELECT whatsapp_receive($1, $2, $3, $4, $5, $6, $7)")
            .bind(numbers)
            .bind(ids)
            .bind(senders)
            .bind(scoped)
            .bind(kinds)
            .bind(contents)
            .bind(sent)
            .fetch_one(&pool)
            .await
    };
    Ok(db.begin_anew(store).await?.unsigned_abs())
}

/// Leases messages to a worker, `limit` at most: of each sender the oldest that is not dealt with.
///
/// # Errors
/// As [`receive`].
pub async fn claim(
    db: &Db,
    worker: &Worker,
    lease: Duration,
    limit: u32,
) -> Result<Vec<Inbound>, DbError> {
    let (seconds, limit) = (seconds(lease), whole(limit));
    let claim = |pool: PgPool| async move {
        sqlx::query("SELECT * FROM whatsapp_inbox_claim($1, $2, $3)")
            .bind(worker.name())
            .bind(seconds)
            .bind(limit)
            .fetch_all(&pool)
            .await
    };
    let rows = db.begin_anew(claim).await?;
    Ok(rows.iter().map(inbound).collect::<Result<_, _>>()?)
}

/// The message is dealt with, and nothing is said. Whether it was the worker's.
///
/// # Errors
/// As [`receive`].
pub async fn close(
    db: &Db,
    worker: &Worker,
    place: i64,
    outcome: &'static str,
) -> Result<bool, DbError> {
    Ok(
        sqlx::query_scalar("SELECT whatsapp_inbox_close($1, $2, $3)")
            .bind(worker.name())
            .bind(place)
            .bind(outcome)
            .fetch_one(&db.pool)
            .await?,
    )
}

/// The message is dealt with, and these parts are what is said to it. Whether it was the worker's.
///
/// # Errors
/// As [`receive`].
pub async fn answer(
    db: &Db,
    worker: &Worker,
    place: i64,
    outcome: &'static str,
    parts: &[String],
) -> Result<bool, DbError> {
    let ids: Vec<String> = parts.iter().map(|_| new_id()).collect();
    Ok(
        sqlx::query_scalar("SELECT whatsapp_inbox_answer($1, $2, $3, $4, $5)")
            .bind(worker.name())
            .bind(place)
            .bind(outcome)
            .bind(ids)
            .bind(parts)
            .fetch_one(&db.pool)
            .await?,
    )
}

/// By what a message was led to an agent: its answer goes out for as long as that leads there.
#[derive(Debug)]
pub struct Way<'a> {
    /// The one of the sender's ids that is linked.
    pub sender: &'a Sender,
    /// The agent.
    pub agent: &'a AgentId,
}

/// The message is dealt with, and what a run of the acting user's says will be said to it. Whether it was the worker's: when not,
/// the transaction must be undone.
///
/// # Errors
/// As [`receive`].
pub async fn wait_for(
    scope: &WriteScope,
    worker: &Worker,
    place: i64,
    run: &RunId,
    way: &Way<'_>,
) -> Result<bool, DbError> {
    let values = [
        worker.name().into(),
        place.into(),
        new_id::<String>().into(),
        run.as_str().into(),
        way.sender.namespace().as_str().into(),
        way.sender.number().into(),
        way.agent.as_str().into(),
    ];
    let statement = "SELECT whatsapp_inbox_await($1, $2, $3, $4, $5, $6, $7)";
    sql::scalar(scope, statement, values).await
}

/// Gives a message back to be taken up anew, by any worker, after a while. Whether it was the worker's.
///
/// # Errors
/// As [`receive`].
pub async fn postpone(
    db: &Db,
    worker: &Worker,
    place: i64,
    wait: Duration,
) -> Result<bool, DbError> {
    Ok(
        sqlx::query_scalar("SELECT whatsapp_inbox_postpone($1, $2, $3)")
            .bind(worker.name())
            .bind(place)
            .bind(seconds(wait))
            .fetch_one(&db.pool)
            .await?,
    )
}

/// Forgets messages that came in so many days ago, `limit` of them at most, with what was answered: how many.
///
/// # Errors
/// As [`receive`].
pub async fn sweep(db: &Db, days: u32, limit: u32) -> Result<u64, DbError> {
    let swept: i64 = sqlx::query_scalar("SELECT whatsapp_sweep($1, $2)")
        .bind(whole(days))
        .bind(whole(limit))
        .fetch_one(&db.pool)
        .await?;
    Ok(swept.unsigned_abs())
}

fn inbound(row: &PgRow) -> Result<Inbound, sqlx::Error> {
    Ok(Inbound {
        place: row.try_get("place")?,
        number: row.try_get::<String, _>("number_id")?.into(),
        publisher: row.try_get::<String, _>("publisher_org_id")?.into(),
        template: row.try_get::<String, _>("template_id")?.into(),
        template_name: row.try_get("template_name")?,
        template_slug: row.try_get("template_slug")?,
        sender: row.try_get("sender")?,
        scoped_id: row.try_get("scoped_id")?,
        kind: row.try_get("kind")?,
        content: row.try_get("content")?,
        sent_at: row.try_get("sent_at")?,
        attempts: row.try_get("attempts")?,
    })
}
