//! Linking: one use case for `linkWhatsApp` and for installing with a number.

use std::time::Duration;

use agentry_db::organization::{self, Membership};
use agentry_db::rate_limit::RateLimit;
use agentry_db::template::Card;
use agentry_db::whatsapp_link::{self, Claim, NewClaim};
use agentry_phone::{Code, Phone, Region};
use serde_json::json;

use super::refusal::too_often;
use super::{WhatsAppErrorCode, WhatsAppLink, WhatsAppLinkStatus, WhatsAppVerification};
use crate::context::audited;
use crate::failure::Failure;
use crate::template::make_personal;
use crate::{Action, ApiError, RequestContext};

const HOUR: Duration = Duration::from_hours(1);

/// What the message says in front of the code, as a person reads it and as it stands in an address (RFC 3986, 2.1).
const TEXT: [&str; 2] = [
    "Link my WhatsApp number: ",
    "Link%20my%20WhatsApp%20number%3A%20",
];

/// A number that the caller says is theirs.
#[derive(Debug)]
pub(crate) struct LinkRequest<'a> {
    /// As it was typed.
    pub phone: &'a str,
    /// Where it is from when it does not say so itself.
    pub region: Region,
    /// The template whose bot the code goes to.
    pub template: Option<&'a Card>,
}

/// Notes a number as the acting user's own to be shown, and gives them a code to show it by. Every call counts against their limit, unless
/// they have shown the number before.
///
/// # Errors
/// [`Failure::WhatsAppRefused`] with the reason.
pub(crate) async fn link(
    context: &RequestContext,
    request: LinkRequest<'_>,
) -> Result<WhatsAppLink, Failure> {
    context.may(Action::LinkWhatsApp)?;
    let limits = &context.services().limits;
    let phone = Phone::parse(request.phone, request.region);
    // Of their own links, which tells them nothing of anybody else's.
    if let Ok(phone) = &phone
        && let Some(stands) = shown(context, phone).await?
    {
        return Ok(stands);
    }
    let user = context.tenant()?.user();
    let by_user = an_hour(limits.whatsapp_links_per_hour);
    let key = format!("whatsapp-link:{user}");
    context.hit(&key, by_user).await?.map_err(too_often)?;
    let phone = &phone.map_err(|_| WhatsAppErrorCode::InvalidPhone)?;
    count(context, phone).await?;
    let home = home(context).await?;
    let code = &Code::generate().map_err(ApiError::internal)?;
    let (template, trusted) = (request.template, &context.services().whatsapp.publishers);
    let claim = context
        .write_in(&home, Action::LinkWhatsApp, |scope| async move {
            let new = NewClaim {
                phone,
                code,
                template: template.map(|card| &card.id),
            };
            let claim = whatsapp_link::claim(&scope, trusted, &new).await?;
            let metadata = json!({ "phone": ending(&phone.e164()), "outcome": told(&claim) });
            let user = scope.tenant().user().as_str();
            audited(&scope, "User", user, metadata).await?;
            Ok(claim)
        })
        .await?;
    let (expires_at, created_at) = match claim {
        Claim::Open { until, since } => (until, since),
        // It was shown meanwhile.
        Claim::Verified => {
            let stands = shown(context, phone).await?;
            return stands.ok_or_else(|| Failure::conflict("The number was unlinked meanwhile."));
        }
        Claim::AlreadyLinked => return Err(WhatsAppErrorCode::AlreadyLinked.into()),
        Claim::NoMember => return Err(WhatsAppErrorCode::NoMember.into()),
    };
    // Beside bots that are trusted, one that is not hears no code. Where none is, bots are the business of others than this server.
    let heard =
        template.filter(|card| trusted.is_nobody() || trusted.include(&card.publisher_org_id));
    let bot = heard.and_then(|card| card.bot_phone.as_deref());
    let verification = WhatsAppVerification {
        code: code.shown(),
        text: format!("{}{}", TEXT[0], code.shown()),
        wa_me_url: bot.map(|bot| format!("https://wa.me/{bot}?text={}{}", TEXT[1], code.shown())),
        expires_at,
    };
    Ok(WhatsAppLink {
        phone: Some(phone.e164()),
        wa_jid: Some(phone.jid()),
        business_scoped_id: None,
        status: WhatsAppLinkStatus::Unverified,
        verification: Some(verification),
        verified_at: None,
        created_at,
    })
}

/// Counts a try of this number: first of the user's own, so that one account cannot use up what there is for all who claim it.
async fn count(context: &RequestContext, phone: &Phone) -> Result<(), Failure> {
    let limits = &context.services().limits;
    let by_user_and_number = an_hour(limits.whatsapp_links_per_user_and_number);
    let by_number = an_hour(limits.whatsapp_links_per_number);
    let key = format!("whatsapp-number:{}", phone.number());
    let own = format!("{key}:{}", context.tenant()?.user());
    let room = context.hit(&own, by_user_and_number).await?;
    room.map_err(too_often)?;
    // A person's first try of an hour is never refused for what others tried: it costs the number's owner nothing, and may be theirs.
    let is_first = context.hit(&format!("{own}:first"), an_hour(1)).await?;
    let room = context.hit(&key, by_number).await?;
    if is_first.is_err() {
        room.map_err(too_often)?;
    }
    Ok(())
}

const fn an_hour(count: u32) -> RateLimit {
    let window = HOUR;
    RateLimit { count, window }
}

/// The number as the acting user has shown it, with the id that was observed.
async fn shown(context: &RequestContext, phone: &Phone) -> Result<Option<WhatsAppLink>, ApiError> {
    let jids = phone.variants();
    let links = WhatsAppLink::list(context).await?;
    Ok(links.into_iter().find(|link| {
        let jid = link.wa_jid.as_ref();
        link.status == WhatsAppLinkStatus::Verified && jid.is_some_and(|jid| jids.contains(jid))
    }))
}

/// Where the caller's links are kept: their personal organisation, made when it is missing.
pub(super) async fn home(context: &RequestContext) -> Result<Membership, Failure> {
    if context.actor()?.is_organization() {
        return Err(WhatsAppErrorCode::NoMember.into());
    }
    let mine = organization::list_mine(&context.read_own().await?).await?;
    if let Some(personal) = mine.into_iter().find(|one| one.personal) {
        return Ok(personal);
    }
    match make_personal(context).await {
        Err(Failure::InstallRefused(_)) => Err(WhatsAppErrorCode::NoMember.into()),
        made => made,
    }
}

/// Of a number, what the audit trail tells: enough to know which of one's own it was.
pub(super) fn ending(phone: &str) -> String {
    let from = phone.len().saturating_sub(2);
    format!("…{}", phone.get(from..).unwrap_or_default())
}

const fn told(claim: &Claim) -> &'static str {
    match claim {
        Claim::Open { .. } => "claimed",
        Claim::Verified => "verified",
        Claim::AlreadyLinked => "already_linked",
        Claim::NoMember => "no_member",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_in_the_address_is_the_text() {
        let percent = TEXT[0].replace(' ', "%20").replace(':', "%3A");
        assert_eq!(percent, TEXT[1]);
    }

    #[test]
    fn two_digits_of_a_number_are_told() {
        assert_eq!(ending("+447123456789"), "…89");
        assert_eq!(ending("GB.1"), "….1");
        assert_eq!(ending(""), "…");
    }
}
