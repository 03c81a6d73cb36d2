//! Numbers that people write to, as their publisher sees and changes them, and as deliveries are told genuine by.

use agentry_entity::SealedColumn;
use agentry_entity::id::{OrganizationId, TemplateId, WhatsAppNumberId};
use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, Value};
use sqlx::Row as _;
use sqlx::postgres::PgPool;

use crate::keyset::{Page, PageRequest};
use crate::{Db, DbError, Scope, WriteScope, sql};

/// A number, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Number {
    /// Its id.
    pub id: WhatsAppNumberId,
    /// The template whose agents answer there.
    pub template_id: TemplateId,
    /// By what Meta knows it; `None` for a gateway's.
    pub phone_number_id: Option<String>,
    /// The number in digits.
    pub display_phone: String,
    /// Where what is to be sent is posted to; `None` for one of Meta's.
    pub gateway_url: Option<String>,
    /// Since when its token is refused.
    pub token_refused_at: Option<DateTime<Utc>>,
    /// When a secret of it was last replaced.
    pub rotated_at: Option<DateTime<Utc>>,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a number is made of.
#[derive(Debug, Clone)]
pub struct NewNumber {
    /// Its id.
    pub id: WhatsAppNumberId,
    /// A template of the acting organisation.
    pub template: TemplateId,
    /// How it is reached.
    pub way: NewWay,
    /// The number in digits.
    pub display_phone: String,
    /// One for all forms of the number, as [`agentry_phone::Sender::number`] tells: no other bot may have it.
    pub number: String,
    /// The secret that deliveries are signed with, sealed for [`crate::sealed::app_secret_place`].
    pub app_secret: SealedColumn,
    /// SHA-256 of the verify token, in hexadecimal.
    pub verify_token_hash: String,
    /// How many the organisation may have.
    pub limit: u32,
}

/// How a number is reached.
#[derive(Debug, Clone)]
pub enum NewWay {
    /// Through Meta's Cloud API.
    Meta {
        /// By what Meta knows it.
        phone_number_id: String,
        /// The token, sealed for [`crate::sealed::access_token_place`].
        access_token: SealedColumn,
    },
    /// Through a gateway at this address.
    Gateway(String),
}

/// What is replaced of a number; `None` stays.
#[derive(Debug, Clone, Default)]
pub struct NewSecrets {
    /// The token.
    pub access_token: Option<SealedColumn>,
    /// The secret that deliveries are signed with.
    pub app_secret: Option<SealedColumn>,
    /// SHA-256 of the verify token.
    pub verify_token_hash: Option<String>,
}

/// Why nothing happened to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberRefused {
    /// The acting user is no member of the organisation (any more).
    Gone,
    /// It takes an owner or admin.
    AdminsOnly,
    /// The organisation has no such template.
    NoSuchTemplate,
    /// The organisation has no such number.
    NoSuchNumber,
    /// The number, in any of its forms, is a bot's already, here or elsewhere.
    Taken,
    /// There are as many as there may be.
    Full,
}

/// By what deliveries for a number are told genuine.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// The number.
    pub id: WhatsAppNumberId,
    /// Whose it is.
    pub publisher: OrganizationId,
    /// By what Meta knows it; `None` for a gateway's.
    pub phone_number_id: Option<String>,
    /// The secret, sealed.
    pub app_secret: SealedColumn,
    /// SHA-256 of the verify token.
    pub verify_token_hash: String,
}

const COLUMNS: &str = "n.id, n.template_id, n.phone_number_id, n.display_phone, n.gateway_url, n.token_refused_at, n.rotated_at, n.created_at, n.updated_at";

/// The numbers of these ids of the acting organisation, in no order.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn find_many(scope: &Scope, ids: &[WhatsAppNumberId]) -> Result<Vec<Number>, DbError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let statement = format!(
        "SELECT {COLUMNS} FROM whatsapp_numbers n WHERE n.publisher_org_id = $1 AND n.id = ANY ($2)"
    );
    sql::all(scope, statement, [organization(scope), ids.into()]).await
}

/// One number of the acting organisation.
///
/// # Errors
/// As [`find_many`].
pub async fn find(scope: &Scope, id: &WhatsAppNumberId) -> Result<Option<Number>, DbError> {
    Ok(find_many(scope, std::slice::from_ref(id)).await?.pop())
}

/// One window on the numbers of the acting organisation, by the time they were registered.
///
/// # Errors
/// As [`find_many`].
pub async fn list(scope: &Scope, request: &PageRequest) -> Result<Page<Number>, DbError> {
    let mut values = vec![organization(scope)];
    let window = request.window("n.created_at", "n.id", &mut values);
    let (narrow, order, limit) = (&window.condition, window.order, &window.limit);
    let statement = format!(
        "SELECT {COLUMNS} FROM whatsapp_numbers n WHERE n.publisher_org_id = $1{narrow}
         ORDER BY n.created_at {order}, n.id {order} LIMIT {limit}"
    );
    Ok(request.page(sql::all(scope, statement, values).await?))
}

/// How many numbers the acting organisation has.
///
/// # Errors
/// As [`find_many`].
pub async fn count(scope: &Scope) -> Result<u64, DbError> {
    let count: i64 = sql::scalar(
        scope,
        "SELECT count(*) FROM whatsapp_numbers WHERE publisher_org_id = $1",
        [organization(scope)],
    )
    .await?;
    Ok(count.unsigned_abs())
}

/// Registers a number. A template that tells nobody where to write to tells this from now on.
///
/// # Errors
/// As [`find_many`].
pub async fn register(
    scope: &WriteScope,
    new: NewNumber,
) -> Result<Result<(), NumberRefused>, DbError> {
    let NewNumber {
        id,
        template,
        way,
        display_phone,
        number,
        app_secret,
        verify_token_hash,
        limit,
    } = new;
    let (phone_number_id, gateway, token) = match way {
        NewWay::Meta {
            phone_number_id,
            access_token,
        } => (Some(phone_number_id), None, Some(access_token)),
        NewWay::Gateway(url) => (None, Some(url), None),
    };
    let values: [Value; 10] = [
        id.into_string().into(),
        template.into_string().into(),
        phone_number_id.into(),
        display_phone.into(),
        number.into(),
        gateway.into(),
        sealed(token),
        sealed(Some(app_secret)),
        verify_token_hash.into(),
        super::whole(limit).into(),
    ];
    let statement = "SELECT whatsapp_number_register($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    ruled(scope, statement, values).await
}

/// Replaces secrets of a number. What waits to be sent is tried at once with another token.
///
/// # Errors
/// As [`find_many`].
pub async fn rotate(
    scope: &WriteScope,
    id: &WhatsAppNumberId,
    new: NewSecrets,
) -> Result<Result<(), NumberRefused>, DbError> {
    let values: [Value; 4] = [
        id.as_str().into(),
        sealed(new.access_token),
        sealed(new.app_secret),
        new.verify_token_hash.into(),
    ];
    ruled(
        scope,
        "SELECT whatsapp_number_rotate($1, $2, $3, $4)",
        values,
    )
    .await
}

/// Removes a number, with what waits to be sent by it.
///
/// # Errors
/// As [`find_many`].
pub async fn remove(
    scope: &WriteScope,
    id: &WhatsAppNumberId,
) -> Result<Result<(), NumberRefused>, DbError> {
    ruled(
        scope,
        "SELECT whatsapp_number_remove($1)",
        [id.as_str().into()],
    )
    .await
}

/// By what deliveries are told genuine, of every number there is.
///
/// # Errors
/// As [`find_many`].
pub async fn secrets(db: &Db) -> Result<Vec<Secrets>, DbError> {
    let read = |pool: PgPool| async move {
        sqlx::query(
            "SELECT id, publisher_org_id, phone_number_id, app_secret, verify_token_hash FROM whatsapp_number_secrets()",
        )
        .fetch_all(&pool)
        .await
    };
    let rows = db.begin_anew(read).await?;
    let secrets = rows.iter().map(|row| {
        Ok(Secrets {
            id: row.try_get::<String, _>("id")?.into(),
            publisher: row.try_get::<String, _>("publisher_org_id")?.into(),
            phone_number_id: row.try_get("phone_number_id")?,
            app_secret: SealedColumn::new(row.try_get("app_secret")?),
            verify_token_hash: row.try_get("verify_token_hash")?,
        })
    });
    Ok(secrets.collect::<Result<_, sqlx::Error>>()?)
}

fn organization(scope: &Scope) -> Value {
    scope.tenant().organization().as_str().into()
}

fn sealed(column: Option<SealedColumn>) -> Value {
    column.map(|column| column.sealed().to_owned()).into()
}

async fn ruled(
    scope: &WriteScope,
    statement: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Result<(), NumberRefused>, DbError> {
    let word: String = sql::scalar(scope, statement, values).await?;
    Ok(Err(match word.as_str() {
        "ok" => return Ok(Ok(())),
        "gone" => NumberRefused::Gone,
        "admins_only" => NumberRefused::AdminsOnly,
        "no_such_template" => NumberRefused::NoSuchTemplate,
        "no_such_number" => NumberRefused::NoSuchNumber,
        "number_taken" => NumberRefused::Taken,
        "numbers_full" => NumberRefused::Full,
        other => {
            return Err(DbError::Unexpected(format!(
                "a function answered {other:?}"
            )));
        }
    }))
}
