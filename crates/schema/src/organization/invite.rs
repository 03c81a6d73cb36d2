use agentry_auth::email::Email;
use agentry_auth::session_token;
use agentry_db::WriteScope;
use agentry_db::invitation::{self, NewInvitation};
use agentry_mail::Invited;
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::json;

use super::{INVITATION, Invitation, refused, room};
use crate::check::{Checks, id_of};
use crate::context::audited;
use crate::failure::{Failure, mutation_result};
use crate::idempotency::Idempotency;
use crate::user::Role;
use crate::{Action, ApiError, Limits, RequestContext, Services};

/// Whom to invite, as what.
#[derive(Debug, Clone, InputObject, Serialize)]
pub struct InviteMemberInput {
    /// The e-mail address of the account that may accept.
    email: String,
    /// What they are to be; only an owner invites an owner.
    #[graphql(default_with = "Role::Member")]
    role: Role,
    /// Whether a live invitation for the address gets new time and this role; otherwise it is in the way.
    #[graphql(default)]
    resend: bool,
    /// A key of yours, 1 to 255 characters: the same key with the same input invites once, and sends one message, however often it
    /// is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// Which invitation gets new time.
#[derive(Debug, Clone, InputObject)]
pub struct ResendInvitationInput {
    /// A pending invitation, expired or not.
    id: ID,
}

/// Which invitation to take back.
#[derive(Debug, Clone, InputObject)]
pub struct CancelInvitationInput {
    /// A pending invitation.
    id: ID,
}

/// The invitation stands.
#[derive(Debug, SimpleObject)]
pub struct InviteMemberSuccess {
    /// The invitation.
    invitation: Invitation,
    /// Whether this call has put a message with its link on its way to the address. False where the server sends none, or has just
    /// sent several to it: hand the invitation's id on yourself then. False too when the idempotency key came again: the first
    /// call sent what there was to send, and `resendInvitation` sends it once more.
    mailed: bool,
}

/// The invitation has new time.
#[derive(Debug, SimpleObject)]
pub struct ResendInvitationSuccess {
    /// The invitation as it is now.
    invitation: Invitation,
    /// Whether a message with its link is on its way to the address, as in `InviteMemberSuccess`.
    mailed: bool,
}

/// The invitation cannot be accepted any more.
#[derive(Debug, SimpleObject)]
pub struct CancelInvitationSuccess {
    /// The id it has.
    canceled_invitation_id: ID,
}

mutation_result! {
    /// How inviting ended.
    InviteMemberResult = InviteMemberSuccess | ValidationFailed | Forbidden | Conflict | LimitReached
}
mutation_result! {
    /// How sending again ended.
    ResendInvitationResult = ResendInvitationSuccess | NotFound | Forbidden | Conflict | LimitReached
}
mutation_result! {
    /// How taking back ended.
    CancelInvitationResult = CancelInvitationSuccess | NotFound | Forbidden | Conflict
}

/// Mutations of invitations by those who invite, all in the organisation that the request acts in.
#[derive(Debug, Default)]
pub struct InviteMutation;

#[Object]
impl InviteMutation {
    /// Invites somebody, by a message where the server sends them. For owners and admins. The invitation can be accepted by an account
    /// with that address, by its id.
    async fn invite_member(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Whom, as what.")] input: InviteMemberInput,
    ) -> async_graphql::Result<InviteMemberResult> {
        let invited = invite(RequestContext::of(context)?, input).await;
        InviteMemberResult::from_outcome(
            invited.map(|(invitation, mailed)| InviteMemberSuccess { invitation, mailed }),
        )
    }

    /// Gives a pending invitation new time, in your name, and sends its message again. For owners and admins.
    async fn resend_invitation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: ResendInvitationInput,
    ) -> async_graphql::Result<ResendInvitationResult> {
        let sent = resend(RequestContext::of(context)?, id_of(input.id)).await;
        ResendInvitationResult::from_outcome(
            sent.map(|(invitation, mailed)| ResendInvitationSuccess { invitation, mailed }),
        )
    }

    /// Takes a pending invitation back. For owners and admins.
    async fn cancel_invitation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: CancelInvitationInput,
    ) -> async_graphql::Result<CancelInvitationResult> {
        let canceled = cancel(RequestContext::of(context)?, id_of(input.id)).await;
        CancelInvitationResult::from_outcome(canceled.map(|id| CancelInvitationSuccess {
            canceled_invitation_id: ID(id),
        }))
    }
}

async fn invite(
    context: &RequestContext,
    input: InviteMemberInput,
) -> Result<(Invitation, bool), Failure> {
    let role = input.role.into();
    context.may(Action::InviteMember { role })?;
    let mut checks = Checks::default();
    let key = input.idempotency_key.clone();
    let idempotency = &Idempotency::new(key, "inviteMember", &input, &mut checks)?;
    let email =
        Email::parse(&input.email).inspect_err(|why| checks.refuse("email", why.to_string()));
    checks.finish()?;
    let email = email.map_err(ApiError::internal)?;
    let id = session_token::generate().map_err(ApiError::internal)?;
    let limits = &context.services().limits;
    let new = NewInvitation {
        id: id.expose_secret(),
        email: email.as_str(),
        role,
        expires_at: expiry(limits),
        resend: input.resend,
    };
    let new = &new;
    let (invitation, replayed) = context
        .write(Action::InviteMember { role }, |scope| async move {
            if let Some(earlier) = idempotency.claim(&scope, new.id).await? {
                // One that stood already was renewed under its own id, and is found by its address.
                let earlier = invitation::find_of(&scope, &earlier, new.email).await?;
                return earlier
                    .map(|row| (Invitation::from(row), true))
                    .ok_or_else(|| Failure::conflict("What this key made is gone by now."));
            }
            let id = invitation::create(&scope, new, room(limits))
                .await?
                .map_err(|why| refused(why, limits))?;
            let metadata = json!({ "email": new.email, "role": role.as_str() });
            let scope = if id == new.id {
                scope
            } else {
                scope.turn_to(Action::ResendInvitation)?
            };
            audited(&scope, INVITATION, &id, metadata).await?;
            Ok((read(&scope, &id).await?, false))
        })
        .await?;
    if replayed {
        return Ok((invitation, false));
    }
    Ok(mailed(context, invitation).await)
}

async fn resend(context: &RequestContext, id: String) -> Result<(Invitation, bool), Failure> {
    let limits = &context.services().limits;
    let id = &id;
    // The role it offers is the database's to look at.
    let invitation = context
        .write(Action::ResendInvitation, |scope| async move {
            invitation::resend(&scope, id, expiry(limits), room(limits))
                .await?
                .map_err(|why| refused(why, limits))?;
            audited(&scope, INVITATION, id, json!({})).await?;
            read(&scope, id).await
        })
        .await?;
    Ok(mailed(context, invitation).await)
}

async fn cancel(context: &RequestContext, id: String) -> Result<String, Failure> {
    let limits = &context.services().limits;
    let canceled = &id;
    context
        .write(Action::CancelInvitation, |scope| async move {
            invitation::cancel(&scope, canceled)
                .await?
                .map_err(|why| refused(why, limits))?;
            audited(&scope, INVITATION, canceled, json!({})).await
        })
        .await?;
    Ok(id)
}

/// Sends the invited person a message, now that the invitation stands, unless they have just had several: whether it is on its way.
async fn mailed(context: &RequestContext, invitation: Invitation) -> (Invitation, bool) {
    let Services {
        auth, mail, limits, ..
    } = context.services();
    let Some(email) = Email::parse(&invitation.email)
        .ok()
        .filter(|_| mail.mailer.is_on())
    else {
        return (invitation, false);
    };
    let Ok(tenant) = context.tenant() else {
        return (invitation, false);
    };
    let a_day = limits.invitations_per_organization;
    match auth.count_invitation(tenant.user(), a_day, &email).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) => return (invitation, false),
        // The invitation stands all the same.
        Err(error) => {
            tracing::warn!(%error, "a message could not be counted, so none was sent");
            return (invitation, false);
        }
    }
    let role: agentry_db::Role = invitation.role.into();
    let invited = Invited {
        id: &invitation.id,
        organization: &invitation.organization_name,
        inviter: &invitation.inviter_name,
        role: role.as_str(),
    };
    let message = mail.letters.invitation(email.as_str(), &invited);
    (invitation, mail.mailer.send(message))
}

fn expiry(limits: &Limits) -> DateTime<Utc> {
    Utc::now() + limits.invitation_life
}

async fn read(scope: &WriteScope, id: &str) -> Result<Invitation, Failure> {
    let found = invitation::find(scope, id).await?;
    found
        .map(Invitation::from)
        .ok_or_else(|| Failure::not_found("invitation"))
}
