use agentry_auth::Method;
use agentry_db::Role;
use agentry_db::whatsapp_link::{self, MemberInstall, MemberSender};
use agentry_phone::Sender;
use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};

use crate::error::nullable;
use crate::{ApiError, Noun, RequestContext};

/// Who writes from a number: a member of the organisation that the request acts in, who has shown it to be theirs.
#[derive(Debug, Clone, SimpleObject)]
pub struct WhatsAppSender {
    /// The canonical id of the sender, as it was observed when it was verified.
    pub wa_jid: String,
    /// The id of the member.
    pub user_id: ID,
    /// When they showed it.
    pub verified_at: DateTime<Utc>,
    /// What is installed in this organisation that the member may use: their own, and what is shared. Oldest first.
    pub installs: Vec<WhatsAppSenderInstall>,
}

/// An install that a sender's messages may go to.
#[derive(Debug, Clone, SimpleObject)]
pub struct WhatsAppSenderInstall {
    /// The install.
    pub install_id: ID,
    /// Of which template.
    pub template_id: ID,
    /// The agent that answers.
    pub agent_id: ID,
}

impl From<MemberSender> for WhatsAppSender {
    fn from(sender: MemberSender) -> Self {
        let MemberSender {
            user,
            identifier,
            verified_at,
            installs,
        } = sender;
        Self {
            wa_jid: identifier,
            user_id: ID(user.into_string()),
            verified_at,
            installs: installs
                .into_iter()
                .map(WhatsAppSenderInstall::from)
                .collect(),
        }
    }
}

impl From<MemberInstall> for WhatsAppSenderInstall {
    fn from(install: MemberInstall) -> Self {
        let MemberInstall {
            template,
            agent,
            install,
        } = install;
        Self {
            install_id: ID(install.into_string()),
            template_id: ID(template.into_string()),
            agent_id: ID(agent.into_string()),
        }
    }
}

/// Queries for gateways.
#[derive(Debug, Default)]
pub struct WhatsAppQuery;

#[Object]
impl WhatsAppQuery {
    /// Which member of the organisation a message on WhatsApp is from: for a gateway of your own, which asks with an API key of an owner, an
    /// admin or the organisation itself that has `whatsapp:read`. Null when nobody has shown the number to be theirs, or nobody
    /// who is a member here; the two are not told apart. A business-scoped id is one that your organisation's own bots know. Groups,
    /// broadcasts, newsletters and hidden ids (`@lid`) are refused.
    #[graphql(complexity = "10 + child_complexity")]
    async fn resolve_whats_app_sender(
        &self,
        context: &Context<'_>,
        #[graphql(
            desc = "The sender as a gateway reports it: digits, `<digits>@s.whatsapp.net`, with a device, or a business-scoped id."
        )]
        jid: String,
    ) -> Option<async_graphql::Result<WhatsAppSender>> {
        nullable(resolve(context, &jid).await)
    }
}

async fn resolve(context: &Context<'_>, jid: &str) -> Result<Option<WhatsAppSender>, ApiError> {
    let context = RequestContext::of(context)?;
    context.allow(Noun::WhatsApp, agentry_auth::Access::Read)?;
    let actor = context.actor()?;
    if actor.method() != Method::ApiKey || actor.tenant().role() == Role::Member {
        let message = "Senders are told to an API key of an owner, an admin or the organisation itself, with the permission whatsapp:read.";
        return Err(ApiError::Forbidden(message.to_owned()));
    }
    let sender = Sender::parse(jid);
    let sender = sender.map_err(|why| ApiError::bad_input("jid", format!("It is {why}.")))?;
    let scope = context.read(Noun::WhatsApp).await?;
    let trusted = &context.services().whatsapp.publishers;
    let found = whatsapp_link::find_sender(&scope, trusted, &sender).await?;
    Ok(found.map(WhatsAppSender::from))
}
