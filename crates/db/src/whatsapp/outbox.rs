//! What goes out.

use std::time::Duration;

use agentry_entity::SealedColumn;
use agentry_entity::id::{OrganizationId, RunId, WhatsAppNumberId};
use sqlx::Row as _;
use sqlx::postgres::{PgPool, PgRow};

use super::{Publishers, seconds, whole};
use crate::run::Worker;
use crate::{Db, DbError, Role, Tenant, new_id};

/// Something for a worker to do, which holds it.
pub struct Due {
    /// Its id: what callbacks tell it by.
    pub id: String,
    /// How often it was taken up, this time included.
    pub attempts: i32,
    /// To whom.
    pub recipient: String,
    /// What to do.
    pub task: Task,
}

/// How much a worker takes up, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// How much at once.
    pub limit: u32,
    /// The most parts by one number that are under way at this worker, these included.
    pub each: u32,
    /// For how long what a lost worker took up stays its own.
    pub lease: Duration,
    /// For how long a part of a lost worker is in doubt then.
    pub doubt: Duration,
}

/// What was found to do.
pub struct Claimed {
    /// What is the worker's now.
    pub due: Vec<Due>,
    /// How many answers and parts were dropped instead: the sender does not lead to the agent any more.
    pub dropped: usize,
}

/// What to do.
pub enum Task {
    /// A run has ended: what it said is to be cut into parts.
    Fold(RunId, Tenant),
    /// This is to be sent, and it is noted that it is being sent.
    Send(String, Box<By>),
}

/// By which number something is sent.
pub struct By {
    /// The number.
    pub number: WhatsAppNumberId,
    /// Whose it is.
    pub publisher: OrganizationId,
    /// How.
    pub way: Way,
}

/// How something is sent.
pub enum Way {
    /// Through Meta's Cloud API.
    Meta {
        /// By what Meta knows the number.
        phone_number_id: String,
        /// The token, sealed.
        access_token: SealedColumn,
    },
    /// Through a gateway.
    Gateway {
        /// Where it is.
        url: String,
        /// The secret that is signed with, sealed.
        app_secret: SealedColumn,
    },
}

/// What a callback tells of a part.
#[derive(Debug, Clone)]
pub struct Told {
    /// The number it was sent by.
    pub number: WhatsAppNumberId,
    /// The part's id.
    pub part: String,
    /// The id that it has elsewhere.
    pub provider_id: String,
    /// `sent`, `delivered`, `read` or `failed`.
    pub state: &'static str,
    /// What went wrong.
    pub error: Option<String>,
}

/// What is done with a part that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Later {
    /// It is sent again after a while.
    Again,
    /// The same, and its number's token is refused.
    TokenRefused,
    /// It may have been taken: it is sent again after a while unless a callback tells that it was.
    Doubt,
}

/// Leases to a worker what there is to do. Parts are noted as being sent by this; one whose worker was lost meanwhile is in doubt before it
/// is sent again. What an agent says is looked at here for the last time: where the sender's link or the install has ended, or was shown to
/// nobody who is trusted, it is dropped.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn claim(
    db: &Db,
    trusted: &Publishers,
    worker: &Worker,
    room: Room,
) -> Result<Claimed, DbError> {
    let (lease, doubt) = (seconds(room.lease), seconds(room.doubt));
    // Done twice, what was leased by the first is in doubt after its lease.
    let claim = |pool: PgPool| async move {
        sqlx::query("SELECT * FROM whatsapp_outbox_claim($1, $2, $3, $4, $5, $6)")
            .bind(trusted.ids())
            .bind(worker.name())
            .bind(lease)
            .bind(whole(room.limit))
            .bind(whole(room.each))
            .bind(doubt)
            .fetch_all(&pool)
            .await
    };
    let rows = db.begin_anew(claim).await?;
    let mut claimed = Claimed {
        due: Vec::with_capacity(rows.len()),
        dropped: 0,
    };
    for row in &rows {
        if row.try_get::<String, _>("state")? == "failed" {
            claimed.dropped += 1;
        } else {
            claimed.due.extend(due(row)?);
        }
    }
    Ok(claimed)
}

/// What an awaited answer is, in parts; none when there is nothing to say. Whether it was the worker's.
///
/// # Errors
/// As [`claim`].
pub async fn fold(db: &Db, worker: &Worker, id: &str, parts: &[String]) -> Result<bool, DbError> {
    let ids: Vec<String> = parts.iter().map(|_| new_id()).collect();
    Ok(
        sqlx::query_scalar("SELECT whatsapp_outbox_fold($1, $2, $3, $4)")
            .bind(worker.name())
            .bind(id)
            .bind(ids)
            .bind(parts)
            .fetch_one(&db.pool)
            .await?,
    )
}

/// A part was taken. Whether it was the worker's to say so: else a callback has told more.
///
/// # Errors
/// As [`claim`].
pub async fn sent(db: &Db, worker: &Worker, id: &str, provider_id: &str) -> Result<bool, DbError> {
    Ok(
        sqlx::query_scalar("SELECT whatsapp_outbox_sent($1, $2, $3)")
            .bind(worker.name())
            .bind(id)
            .bind(provider_id)
            .fetch_one(&db.pool)
            .await?,
    )
}

/// A part was not taken, as far as is known. Whether it was the worker's. Where the other end was `silent` for long, nothing is sent by
/// its number for a while.
///
/// # Errors
/// As [`claim`].
pub async fn later(
    db: &Db,
    worker: &Worker,
    id: &str,
    how: Later,
    wait: Duration,
    error: &str,
    silent: bool,
) -> Result<bool, DbError> {
    let state = match how {
        Later::Again | Later::TokenRefused => "ready",
        Later::Doubt => "doubt",
    };
    Ok(
        sqlx::query_scalar("SELECT whatsapp_outbox_later($1, $2, $3, $4, $5, $6, $7)")
            .bind(worker.name())
            .bind(id)
            .bind(state)
            .bind(seconds(wait))
            .bind(error)
            .bind(how == Later::TokenRefused)
            .bind(silent)
            .fetch_one(&db.pool)
            .await?,
    )
}

/// A part will never be taken, and those after it are not sent. Whether it was the worker's.
///
/// # Errors
/// As [`claim`].
pub async fn failed(db: &Db, worker: &Worker, id: &str, error: &str) -> Result<bool, DbError> {
    Ok(
        sqlx::query_scalar("SELECT whatsapp_outbox_failed($1, $2, $3)")
            .bind(worker.name())
            .bind(id)
            .bind(error)
            .fetch_one(&db.pool)
            .await?,
    )
}

/// Notes what callbacks tell: of how many parts it was news.
///
/// # Errors
/// As [`claim`].
pub async fn told(db: &Db, told: &[&Told]) -> Result<u64, DbError> {
    let texts = |of: fn(&Told) -> &str| told.iter().copied().map(of).collect::<Vec<_>>();
    let numbers = &texts(|told| told.number.as_str());
    let parts = &texts(|told| &told.part);
    let ids = &texts(|told| &told.provider_id);
    let states = &texts(|told| told.state);
    let errors: Vec<Option<&str>> = told.iter().map(|told| told.error.as_deref()).collect();
    let errors = &errors;
    let note = |pool: PgPool| async move {
        sqlx::query_scalar::<_, i64>("SELECT whatsapp_statuses($1, $2, $3, $4, $5)")
            .bind(numbers)
            .bind(parts)
            .bind(ids)
            .bind(states)
            .bind(errors)
            .fetch_one(&pool)
            .await
    };
    Ok(db.begin_anew(note).await?.unsigned_abs())
}

/// `None`: what no worker can do; it stays leased.
fn due(row: &PgRow) -> Result<Option<Due>, sqlx::Error> {
    let id: String = row.try_get("id")?;
    let state: String = row.try_get("state")?;
    let task = if state == "awaiting" {
        awaited(row)?
    } else {
        let content: Option<String> = row.try_get("content")?;
        content
            .zip(by(row)?)
            .map(|(content, by)| Task::Send(content, Box::new(by)))
    };
    let Some(task) = task else {
        tracing::error!(part.id = %id, "a part is neither awaited nor to be sent");
        return Ok(None);
    };
    Ok(Some(Due {
        id,
        attempts: row.try_get("attempts")?,
        recipient: row.try_get("sender")?,
        task,
    }))
}

fn awaited(row: &PgRow) -> Result<Option<Task>, sqlx::Error> {
    let run: String = row.try_get("run_id")?;
    let user: String = row.try_get("user_id")?;
    let organization: String = row.try_get("tenant")?;
    let role: Option<String> = row.try_get("role")?;
    let tenant = role.and_then(|role| {
        Tenant::new(user.into(), organization.into(), Role::from_word(&role)).ok()
    });
    Ok(tenant.map(|tenant| Task::Fold(run.into(), tenant)))
}

fn by(row: &PgRow) -> Result<Option<By>, sqlx::Error> {
    let phone_number_id: Option<String> = row.try_get("phone_number_id")?;
    let access_token: Option<String> = row.try_get("access_token")?;
    let url: Option<String> = row.try_get("gateway_url")?;
    let way = match (phone_number_id, access_token, url) {
        (Some(phone_number_id), Some(access_token), None) => Way::Meta {
            phone_number_id,
            access_token: SealedColumn::new(access_token),
        },
        (None, None, Some(url)) => Way::Gateway {
            url,
            app_secret: SealedColumn::new(row.try_get("app_secret")?),
        },
        _ => return Ok(None),
    };
    Ok(Some(By {
        number: row.try_get::<String, _>("number_id")?.into(),
        publisher: row.try_get::<String, _>("publisher_org_id")?.into(),
        way,
    }))
}
