use agentry_db::whatsapp_link::{self, Unlinked};
use agentry_phone::{Namespace, Phone, Region, Sender};
use async_graphql::{Context, InputObject, Object, SimpleObject};
use serde_json::json;

use super::link::{ending, home};
use super::{LinkRequest, WhatsAppErrorCode, WhatsAppLink, link};
use crate::check::Checks;
use crate::context::audited;
use crate::failure::{Failure, mutation_result};
use crate::template::card;
use crate::{Action, RequestContext};

/// A number to link, and the bot to show it to.
#[derive(Debug, Clone, InputObject)]
pub struct LinkWhatsAppInput {
    /// The number, as people write it: with a `+` and the country's code, or as it is dialled at home.
    phone: String,
    /// Where a number is from that does not begin with a country's code: two letters of ISO 3166-1, as in `GB`; the service's own
    /// default when left out.
    region: Option<String>,
    /// The slug of a template: the code is sent to its bot.
    template_slug: Option<String>,
}

/// What to unlink: a number, or a business-scoped id; all of yours when both are left out.
#[derive(Debug, Clone, InputObject)]
pub struct UnlinkWhatsAppInput {
    /// The number, in any form. What businesses knew you by beside it goes with it.
    phone: Option<String>,
    /// As in `LinkWhatsAppInput`.
    region: Option<String>,
    /// A `businessScopedId` of yours, instead of a number.
    business_scoped_id: Option<String>,
}

/// The number is noted. It is linked once its code has come from it.
#[derive(Debug, SimpleObject)]
pub struct LinkWhatsAppSuccess {
    /// The number, and how to show that it is yours; without a verification when you have shown it before.
    link: WhatsAppLink,
}

/// What was to be unlinked is: messages from it reach none of your agents, and a code for it is good for nothing.
#[derive(Debug, SimpleObject)]
pub struct UnlinkWhatsAppSuccess {
    /// The numbers that were unlinked, and the business-scoped ids; empty when there were none.
    unlinked: Vec<String>,
    /// What is left.
    links: Vec<WhatsAppLink>,
}

mutation_result! {
    /// How linking a number ended. Links are made by people who are signed in: to an API key the field is an error with the code
    /// `FORBIDDEN`, as for every mutation that its permissions do not hold, and `data` is null. `Forbidden` is what a role may not do,
    /// and every role may link.
    LinkWhatsAppResult = LinkWhatsAppSuccess | WhatsAppRefused | ValidationFailed | NotFound | Forbidden
}
mutation_result! {
    /// How unlinking a number ended.
    UnlinkWhatsAppResult = UnlinkWhatsAppSuccess | WhatsAppRefused | ValidationFailed | Forbidden
}

/// Mutations of links.
#[derive(Debug, Default)]
pub struct WhatsAppMutation;

#[Object]
impl WhatsAppMutation {
    /// Says that a number on WhatsApp is yours, and gives you a code to show it by: send it from that number to the bot. The code works
    /// once, for ten minutes, and from that number, or from a sender whose number WhatsApp does not tell: show it to nobody, for whoever has it
    /// and hides their number can link themself to your account. That shows no number, and links their business-scoped id alone, which
    /// `viewer.whatsAppLinks` lists and `unlinkWhatsApp` ends. A number that you say next takes the place of one you have not shown; one
    /// that you have shown stays until the new one is. Linking again what is linked changes nothing, and is not counted. You can try 20
    /// numbers an hour, and one number 3 times an hour; all people together can try a number 10 times an hour. What was tried in one hour of
    /// the clock fades evenly during the next, so that it may take more than an hour until there is another try; `retryAfter` says when. The
    /// server's operator may have set other limits.
    async fn link_whats_app(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The number.")] input: LinkWhatsAppInput,
    ) -> async_graphql::Result<LinkWhatsAppResult> {
        let linked = link_number(RequestContext::of(context)?, input).await;
        LinkWhatsAppResult::from_outcome(linked.map(|link| LinkWhatsAppSuccess { link }))
    }

    /// Unlinks a number of yours, shown or not, or a business-scoped id, or all of them.
    async fn unlink_whats_app(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which of them.")] input: UnlinkWhatsAppInput,
    ) -> async_graphql::Result<UnlinkWhatsAppResult> {
        let unlinked = unlink(RequestContext::of(context)?, input).await;
        UnlinkWhatsAppResult::from_outcome(unlinked)
    }
}

/// The region that the input names, or the service's own.
fn region(context: &RequestContext, named: Option<&str>) -> Result<Region, Failure> {
    let Some(named) = named else {
        return Ok(context.services().region);
    };
    let unknown = || {
        Checks::refused(
            "region",
            "It must be the two letters of a country or area, as in GB.",
        )
    };
    Region::parse(named).ok_or_else(unknown)
}

async fn link_number(
    context: &RequestContext,
    input: LinkWhatsAppInput,
) -> Result<WhatsAppLink, Failure> {
    context.may(Action::LinkWhatsApp)?;
    let region = region(context, input.region.as_deref())?;
    let found = match &input.template_slug {
        Some(slug) => Some(
            card(context, slug)
                .await?
                .ok_or_else(|| Failure::not_found("template"))?,
        ),
        None => None,
    };
    let request = LinkRequest {
        phone: &input.phone,
        region,
        template: found.as_ref(),
    };
    link(context, request).await
}

async fn unlink(
    context: &RequestContext,
    input: UnlinkWhatsAppInput,
) -> Result<UnlinkWhatsAppSuccess, Failure> {
    context.may(Action::UnlinkWhatsApp)?;
    let region = region(context, input.region.as_deref())?;
    let scoped = scoped(&input)?;
    let phone = match input
        .phone
        .as_deref()
        .map(|text| Phone::parse(text, region))
    {
        Some(Ok(phone)) => Some(phone),
        Some(Err(_)) => return Err(WhatsAppErrorCode::InvalidPhone.into()),
        None => None,
    };
    let which = match (&phone, &scoped) {
        (Some(phone), _) => Unlinked::Phone(phone),
        (None, Some(scoped)) => Unlinked::Scoped(scoped),
        (None, None) => Unlinked::All,
    };
    let (which, home) = (&which, home(context).await?);
    let trusted = &context.services().whatsapp.publishers;
    context
        .write_in(&home, Action::UnlinkWhatsApp, |scope| async move {
            let unlinked = whatsapp_link::unlink(&scope, which).await?;
            for one in &unlinked {
                let user = scope.tenant().user().as_str();
                audited(&scope, "User", user, json!({ "phone": ending(one) })).await?;
            }
            let links = whatsapp_link::list(&scope, trusted).await?;
            Ok(UnlinkWhatsAppSuccess {
                unlinked,
                links: links.into_iter().map(WhatsAppLink::from).collect(),
            })
        })
        .await
}

/// The business-scoped id that the input names.
fn scoped(input: &UnlinkWhatsAppInput) -> Result<Option<Sender>, Failure> {
    let refused = |why: &str| Err(Checks::refused("businessScopedId", why));
    let Some(id) = &input.business_scoped_id else {
        return Ok(None);
    };
    if input.phone.is_some() {
        return refused("Name a number or a business-scoped id, not both.");
    }
    match Sender::parse(id) {
        Ok(sender) if sender.namespace() == Namespace::WaBsuid => Ok(Some(sender)),
        Ok(_) | Err(_) => refused("It must be one of your links' businessScopedId, as in GB.42."),
    }
}
