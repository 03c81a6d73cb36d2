//! WhatsApp: numbers that people link to their account, by proof. A link opens nothing before its code has arrived.

use agentry_db::whatsapp_link::Link;
use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};

use crate::{ApiError, Noun, RequestContext};

mod link;
mod mutation;
mod refusal;
mod sender;

pub(crate) use link::{LinkRequest, link};
pub use mutation::*;
pub use refusal::*;
pub use sender::*;

/// A number on WhatsApp that you say is yours, or have shown to be; or what a business knows you by on WhatsApp.
#[derive(Debug, Clone, SimpleObject)]
pub struct WhatsAppLink {
    /// The number in E.164, as in `+447123456789`; null where WhatsApp does not tell it.
    pub phone: Option<String>,
    /// Its id on WhatsApp, `447123456789@s.whatsapp.net`: what was observed once it is verified, which for numbers of Mexico, Brazil and
    /// Argentina may be another form of the number than you typed. Null where WhatsApp does not tell the number.
    pub wa_jid: Option<String>,
    /// What WhatsApp calls whoever sent your code towards the business whose bot it came to: beside the number, or in its place where
    /// WhatsApp does not tell that. A link of its own, which messages are routed by. If it is not yours, unlink it.
    pub business_scoped_id: Option<String>,
    /// Whether you have shown it to be yours. Nothing reaches an agent before.
    pub status: WhatsAppLinkStatus,
    /// How to show it; null once that is done, and when it is read again, for of the code only a hash is kept.
    pub verification: Option<WhatsAppVerification>,
    /// When you showed it; null while it is unverified.
    pub verified_at: Option<DateTime<Utc>>,
    /// When you said that it is yours.
    pub created_at: DateTime<Utc>,
}

/// Whether a number has been shown to be its user's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum WhatsAppLinkStatus {
    /// You say that it is yours; or you have shown it to a bot of a publisher whom this server does not trust any more.
    Unverified,
    /// A message with your code came from it, to a bot that is trusted.
    Verified,
}

impl WhatsAppLinkStatus {
    /// As it is written in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unverified => "UNVERIFIED",
            Self::Verified => "VERIFIED",
        }
    }
}

/// How to show that a number is yours: send the text from it to the bot.
#[derive(Clone, SimpleObject)]
pub struct WhatsAppVerification {
    /// What the message must hold. It works once, from this number, or from a sender whose number WhatsApp does not tell, who is linked by a
    /// business-scoped id then. So it is a secret: show it to nobody.
    pub code: String,
    /// A whole message with the code; a secret, as the code is.
    pub text: String,
    /// Opens WhatsApp with the text filled in, to the bot of the template; null when no template was named, or it has no bot, or the
    /// server's operator does not trust its publisher, whose bot hears nothing.
    pub wa_me_url: Option<String>,
    /// When the code is good for nothing any more.
    pub expires_at: DateTime<Utc>,
}

impl std::fmt::Debug for WhatsAppVerification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WhatsAppVerification")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl From<Link> for WhatsAppLink {
    fn from(link: Link) -> Self {
        let Link {
            namespace,
            identifier,
            phone,
            verified_at,
            created_at,
        } = link;
        let (wa_jid, business_scoped_id) = if namespace == "wa_bsuid" {
            (None, Some(identifier))
        } else {
            (Some(identifier), None)
        };
        Self {
            phone,
            wa_jid,
            business_scoped_id,
            status: if verified_at.is_some() {
                WhatsAppLinkStatus::Verified
            } else {
                WhatsAppLinkStatus::Unverified
            },
            verification: None,
            verified_at,
            created_at,
        }
    }
}

impl WhatsAppLink {
    /// Those of the acting user, newest first.
    ///
    /// # Errors
    /// [`ApiError::Unauthenticated`] when nobody acts; [`ApiError::Db`] as the database answers.
    pub async fn list(context: &RequestContext) -> Result<Vec<Self>, ApiError> {
        let scope = context.read(Noun::Profile).await?;
        let trusted = &context.services().whatsapp.publishers;
        let links = agentry_db::whatsapp_link::list(&scope, trusted).await?;
        Ok(links.into_iter().map(Self::from).collect())
    }
}
