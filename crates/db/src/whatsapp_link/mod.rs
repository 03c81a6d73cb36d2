//! Numbers on WhatsApp: said to be somebody's, shown to be, and where what is sent from them goes.
//!
//! A claim opens nothing. Only a message that brings its code makes it a link, and only a link is routed by. A link was shown to somebody's
//! bot, and is believed while they are among the publishers that are trusted, which every function here is told.

use agentry_phone::{Code, Phone, Sender};
use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;

use crate::ids::{AgentId, OrganizationId, TemplateId, TemplateInstallId, UserId};
use crate::whatsapp::Publishers;
use crate::{DbError, Scope, WriteScope, sql};

mod counters;
mod observed;

pub use counters::LinkCounts;
pub use observed::{Observed, Outcome, Route, Verified, is_linked, route, verify};

/// How long a code is good for, in seconds.
pub const CODE_SECONDS: u32 = 600;

/// Whose a link is, and where it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The user.
    pub user: UserId,
    /// Their personal organisation.
    pub organization: OrganizationId,
}

/// A number that the acting user says is theirs.
#[derive(Debug)]
pub struct NewClaim<'a> {
    /// The number.
    pub phone: &'a Phone,
    /// What is to be sent from it.
    pub code: &'a Code,
    /// The template whose bot it is sent to, where that is known.
    pub template: Option<&'a TemplateId>,
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It stands, unless its code arrives before.
    Open {
        /// Until when the code is good.
        until: DateTime<Utc>,
        /// When the user first said that the number is theirs.
        since: DateTime<Utc>,
    },
    /// The user has shown the number to be theirs already.
    Verified,
    /// Somebody else has.
    AlreadyLinked,
    /// The user has no personal organisation to keep it in.
    NoMember,
}

/// What is taken back.
#[derive(Debug)]
pub enum Unlinked<'a> {
    /// Everything.
    All,
    /// A number, with the business-scoped ids that were shown beside it.
    Phone(&'a Phone),
    /// A business-scoped id, towards every publisher that knows the user by it.
    Scoped(&'a Sender),
}

/// A number that the acting user has claimed or shown.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Link {
    /// `wa_jid` or `wa_bsuid`.
    pub namespace: String,
    /// The canonical id: as it was observed or, until then, as the number makes it.
    pub identifier: String,
    /// In E.164; `None` where WhatsApp did not tell it.
    pub phone: Option<String>,
    /// When it was shown to be theirs; `None`: it was not, or not to anybody who is trusted.
    pub verified_at: Option<DateTime<Utc>>,
    /// When it was claimed.
    pub created_at: DateTime<Utc>,
}

/// A member of the acting organisation, by their sender.
#[derive(Debug, Clone)]
pub struct MemberSender {
    /// Who.
    pub user: UserId,
    /// The canonical id, as it was observed when it was verified.
    pub identifier: String,
    /// When it was verified.
    pub verified_at: DateTime<Utc>,
    /// What they may use in this organisation, oldest first.
    pub installs: Vec<MemberInstall>,
}

/// A live install that a member may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberInstall {
    /// Of which template.
    pub template: TemplateId,
    /// The agent that answers.
    pub agent: AgentId,
    /// The install.
    pub install: TemplateInstallId,
}

#[derive(FromQueryResult)]
struct Answer {
    outcome: String,
    expires_at: Option<DateTime<Utc>>,
    created_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct SenderRow {
    user_id: UserId,
    identifier: String,
    verified_at: DateTime<Utc>,
    template_id: Option<TemplateId>,
    agent_id: Option<AgentId>,
    install_id: Option<TemplateInstallId>,
}

/// Notes that the acting user says a number is theirs, in place of what they said before; what is verified stays.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn claim(
    scope: &WriteScope,
    trusted: &Publishers,
    new: &NewClaim<'_>,
) -> Result<Claim, DbError> {
    let values = [
        trusted.ids().into(),
        new.phone.e164().into(),
        new.phone.jid().into(),
        new.phone.number().into(),
        new.code.hash().to_vec().into(),
        new.template.map(|id| id.as_str().to_owned()).into(),
        CODE_SECONDS.cast_signed().into(),
    ];
    let statement =
        "SELECT outcome, expires_at, created_at FROM whatsapp_claim($1, $2, $3, $4, $5, $6, $7)";
    let answer: Option<Answer> = sql::first(scope, statement, values).await?;
    let Some(Answer {
        outcome,
        expires_at,
        created_at,
    }) = answer
    else {
        return Err(DbError::Unexpected("a claim was not answered".to_owned()));
    };
    let claim = match (outcome.as_str(), expires_at.zip(created_at)) {
        ("claimed", Some((until, since))) => Claim::Open { until, since },
        ("verified", _) => Claim::Verified,
        ("already_linked", _) => Claim::AlreadyLinked,
        ("no_member", _) => Claim::NoMember,
        (other, _) => return Err(unknown(other)),
    };
    counters::claimed(&claim);
    Ok(claim)
}

/// Takes back what the acting user claimed or showed: which those were, in E.164, or by their canonical id where the number is not
/// known.
///
/// # Errors
/// As [`claim`].
pub async fn unlink(scope: &WriteScope, which: &Unlinked<'_>) -> Result<Vec<String>, DbError> {
    let (number, scoped) = match which {
        Unlinked::All => (None, None),
        Unlinked::Phone(phone) => (Some(phone.number()), None),
        Unlinked::Scoped(sender) => (None, Some(sender.number())),
    };
    let statement = "SELECT phones FROM whatsapp_unlink($1, $2)";
    let phones: Vec<String> = sql::scalar(scope, statement, [number.into(), scoped.into()]).await?;
    counters::unlinked(phones.len());
    Ok(phones)
}

/// What the acting user has claimed and verified, newest first; a hundred at most.
///
/// # Errors
/// As [`claim`].
pub async fn list(scope: &Scope, trusted: &Publishers) -> Result<Vec<Link>, DbError> {
    let statement =
        "SELECT namespace, identifier, phone, verified_at, created_at FROM whatsapp_my_links($1)";
    sql::all(scope, statement, [trusted.ids().into()]).await
}

/// Which member of the acting organisation a sender is. `None`: nobody has shown it, or nobody who is a member here. A business-scoped id
/// is one of the organisation's own bots.
///
/// # Errors
/// As [`claim`].
pub async fn find_sender(
    scope: &Scope,
    trusted: &Publishers,
    sender: &Sender,
) -> Result<Option<MemberSender>, DbError> {
    let values = [
        trusted.ids().into(),
        sender.namespace().as_str().into(),
        sender.number().into(),
    ];
    let statement = "SELECT user_id, identifier, verified_at, template_id, agent_id, install_id FROM whatsapp_sender($1, $2, $3)";
    let rows: Vec<SenderRow> = sql::all(scope, statement, values).await?;
    let mut found: Option<MemberSender> = None;
    for row in rows {
        let member = found.get_or_insert(MemberSender {
            user: row.user_id,
            identifier: row.identifier,
            verified_at: row.verified_at,
            installs: Vec::new(),
        });
        if let (Some(template), Some(agent), Some(install)) =
            (row.template_id, row.agent_id, row.install_id)
        {
            member.installs.push(MemberInstall {
                template,
                agent,
                install,
            });
        }
    }
    Ok(found)
}

fn unknown(word: &str) -> DbError {
    DbError::Unexpected(format!("a function answered {word:?}"))
}
