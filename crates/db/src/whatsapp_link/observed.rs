use std::time::Duration;

use agentry_phone::{Code, Namespace, Sender};
use sqlx::Row as _;
use sqlx::postgres::PgPool;

use super::{Home, counters, unknown};
use crate::ids::{AgentId, OrganizationId, TemplateId, TemplateInstallId, UserId};
use crate::rate_limit::{self, RateLimit};
use crate::whatsapp::Publishers;
use crate::{Db, DbError, Role, Tenant};

/// How many codes one sender may bring in how long, good ones included. Whoever has a code needs one.
const CODES_PER_SENDER: RateLimit = RateLimit {
    count: 10,
    window: Duration::from_mins(10),
};

/// How often a redemption is tried that crosses another.
const TRIES: u32 = 3;

/// A code that has arrived.
#[derive(Debug)]
pub struct Observed<'a> {
    /// Whose bot it was sent to.
    pub publisher: &'a OrganizationId,
    /// From whom: a phone number where WhatsApp tells it, else a business-scoped id.
    pub sender: &'a Sender,
    /// The business-scoped id of the same person, where WhatsApp tells it beside the number.
    pub scoped: Option<&'a Sender>,
    /// The code in the message.
    pub code: &'a Code,
}

/// What became of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The sender is the user's from now on.
    Verified(Verified),
    /// It came too late.
    Expired(Home),
    /// It was to come from another number. It is used up.
    SenderMismatch(Home),
    /// Somebody else has shown the sender to be theirs. The code is used up.
    AlreadyLinked(Home),
    /// There is no such code, or no longer, or the publisher is not trusted. A message that is delivered twice ends here: ask [`is_linked`] before saying so.
    Unknown,
    /// The sender has brought too many. Nothing was looked up.
    TooMany(Duration),
}

/// A sender that has been shown to be somebody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Whose, and where it is kept.
    pub home: Home,
    /// The template that the code was asked for with.
    pub template: Option<TemplateId>,
    /// The number in E.164; `None` where WhatsApp does not tell it.
    pub phone: Option<String>,
    /// How many others had said that it is theirs, or shown it to nobody who is trusted.
    pub dropped: u32,
}

/// An install that a sender's messages may go to.
#[derive(Debug, Clone)]
pub struct Route {
    /// The sender's user in the install's organisation, as what they are there by now.
    pub tenant: Tenant,
    /// The agent that answers.
    pub agent: AgentId,
    /// The install.
    pub install: TemplateInstallId,
    /// Whether it is the user's personal organisation.
    pub is_personal: bool,
}

/// Uses a code up, and makes the sender its user's where it came from the number that it was to come from. The audit events are
/// written with it. Of many calls with one code, one verifies. A sender whose number is not told brings the code of any number, and shows
/// none.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function here.
pub async fn verify(
    db: &Db,
    trusted: &Publishers,
    observed: &Observed<'_>,
) -> Result<Outcome, DbError> {
    let Observed {
        publisher,
        sender,
        scoped,
        code,
    } = observed;
    let number = sender.number();
    let key = match sender.namespace() {
        Namespace::WaJid => format!("whatsapp-code:{number}"),
        // To another publisher it is somebody else.
        Namespace::WaBsuid => format!("whatsapp-code:{publisher}:{number}"),
    };
    if let Err(wait) = rate_limit::hit(db, &key, CODES_PER_SENDER).await? {
        counters::refused();
        return Ok(Outcome::TooMany(wait));
    }
    let trusted = trusted.ids();
    let mut tries = TRIES;
    let scoped = scoped.filter(|scoped| scoped.namespace() == Namespace::WaBsuid);
    let row = loop {
        let redeemed = sqlx::query(
            "SELECT outcome, user_id, organization_id, template_id, phone, dropped FROM whatsapp_verify($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(trusted.as_deref())
        .bind(publisher.as_str())
        .bind(sender.namespace().as_str())
        .bind(sender.identifier())
        .bind(&number)
        .bind(scoped.map(Sender::identifier))
        .bind(code.hash().as_slice())
        .fetch_one(&db.pool)
        .await;
        tries -= 1;
        match redeemed.map_err(DbError::from) {
            // Two people who give each other's numbers up; nothing was written.
            Err(DbError::Crossed) if tries > 0 => {}
            redeemed => break redeemed?,
        }
    };
    let user: Option<String> = row.try_get("user_id")?;
    let organization: Option<String> = row.try_get("organization_id")?;
    let home = user.zip(organization).map(|(user, organization)| Home {
        user: UserId::from(user),
        organization: OrganizationId::from(organization),
    });
    let word: String = row.try_get("outcome")?;
    let outcome = match (word.as_str(), home) {
        ("verified", Some(home)) => {
            let template: Option<String> = row.try_get("template_id")?;
            let dropped: i32 = row.try_get("dropped")?;
            Outcome::Verified(Verified {
                home,
                template: template.map(TemplateId::from),
                phone: row.try_get("phone")?,
                dropped: dropped.unsigned_abs(),
            })
        }
        ("expired", Some(home)) => Outcome::Expired(home),
        ("sender_mismatch", Some(home)) => Outcome::SenderMismatch(home),
        ("already_linked", Some(home)) => Outcome::AlreadyLinked(home),
        ("unknown", _) => Outcome::Unknown,
        (other, _) => return Err(unknown(other)),
    };
    counters::redeemed(&outcome);
    Ok(outcome)
}

/// Where a message to a template's bot goes: the live installs of that template that are the sender's user's to use, the one in their
/// personal organisation first, the others by age. Empty: nobody has shown the sender to be theirs, or they have none, or the template's
/// publisher is not trusted. Several of which none is personal are for the sender to choose from, never for anybody else. A
/// business-scoped id is one of the template's publisher.
///
/// # Errors
/// As [`verify`].
pub async fn route(
    db: &Db,
    trusted: &Publishers,
    template: &TemplateId,
    sender: &Sender,
) -> Result<Vec<Route>, DbError> {
    let (number, trusted) = (sender.number(), trusted.ids());
    let (number, trusted) = (&number, trusted.as_deref());
    let look_up = |pool: PgPool| async move {
        sqlx::query(
            "SELECT user_id, organization_id, agent_id, install_id, role, is_personal FROM whatsapp_route($1, $2, $3, $4)",
        )
        .bind(trusted)
        .bind(template.as_str())
        .bind(sender.namespace().as_str())
        .bind(number)
        .fetch_all(&pool)
        .await
    };
    let rows = db.begin_anew(look_up).await?;
    let mut routes = Vec::with_capacity(rows.len());
    for row in rows {
        let user: String = row.try_get("user_id")?;
        let organization: String = row.try_get("organization_id")?;
        let role: String = row.try_get("role")?;
        let tenant = Tenant::new(user.into(), organization.into(), Role::from_word(&role))
            .map_err(|error| DbError::Unexpected(error.to_string()))?;
        routes.push(Route {
            tenant,
            agent: row.try_get::<String, _>("agent_id")?.into(),
            install: row.try_get::<String, _>("install_id")?.into(),
            is_personal: row.try_get("is_personal")?,
        });
    }
    Ok(routes)
}

/// Whether anybody has shown the sender, as this publisher's bots know it, to be theirs.
///
/// # Errors
/// As [`verify`].
pub async fn is_linked(
    db: &Db,
    trusted: &Publishers,
    publisher: &OrganizationId,
    sender: &Sender,
) -> Result<bool, DbError> {
    let (number, trusted) = (sender.number(), trusted.ids());
    let (number, trusted) = (&number, trusted.as_deref());
    let look_up = |pool: PgPool| async move {
        sqlx::query_scalar("SELECT whatsapp_is_linked($1, $2, $3, $4)")
            .bind(trusted)
            .bind(publisher.as_str())
            .bind(sender.namespace().as_str())
            .bind(number)
            .fetch_one(&pool)
            .await
    };
    Ok(db.begin_anew(look_up).await?)
}
