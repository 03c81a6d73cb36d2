use agentry_db::invitation;
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use serde_json::json;

use super::{INVITATION, refused, room};
use crate::check::id_of;
use crate::context::{audited, audited_in};
use crate::failure::{Failure, mutation_result};
use crate::user::Role;
use crate::{Action, RequestContext};

/// Which invitation to accept.
#[derive(Debug, Clone, InputObject)]
pub struct AcceptInvitationInput {
    /// An invitation for your e-mail address.
    id: ID,
}

/// Which invitation to turn down.
#[derive(Debug, Clone, InputObject)]
pub struct RejectInvitationInput {
    /// An invitation for your e-mail address.
    id: ID,
}

/// You are a member, and your session acts there when a request names no other organisation.
#[derive(Debug, SimpleObject)]
pub struct AcceptInvitationSuccess {
    /// The id of the organisation.
    organization_id: ID,
    /// What you are in it.
    role: Role,
}

/// The invitation cannot be accepted any more.
#[derive(Debug, SimpleObject)]
pub struct RejectInvitationSuccess {
    /// The id it has.
    rejected_invitation_id: ID,
}

mutation_result! {
    /// How accepting ended.
    AcceptInvitationResult = AcceptInvitationSuccess | NotFound | Forbidden | Conflict | LimitReached
}
mutation_result! {
    /// How turning down ended.
    RejectInvitationResult = RejectInvitationSuccess | NotFound | Forbidden | Conflict
}

/// Mutations of invitations by those who are invited.
#[derive(Debug, Default)]
pub struct RespondMutation;

#[Object]
impl RespondMutation {
    /// Makes you a member by an invitation for your e-mail address, in whatever organisation the request acts. Its id is what
    /// shows that you were invited, so the address need not be verified, except to be an owner. Your session acts there from
    /// then on where a request names none.
    async fn accept_invitation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: AcceptInvitationInput,
    ) -> async_graphql::Result<AcceptInvitationResult> {
        AcceptInvitationResult::from_outcome(
            accept(RequestContext::of(context)?, id_of(input.id)).await,
        )
    }

    /// Turns an invitation for your e-mail address down.
    async fn reject_invitation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: RejectInvitationInput,
    ) -> async_graphql::Result<RejectInvitationResult> {
        let rejected = reject(RequestContext::of(context)?, id_of(input.id)).await;
        RejectInvitationResult::from_outcome(rejected.map(|id| RejectInvitationSuccess {
            rejected_invitation_id: ID(id),
        }))
    }
}

async fn accept(context: &RequestContext, id: String) -> Result<AcceptInvitationSuccess, Failure> {
    let session = context.actor()?.session_id();
    let limits = &context.services().limits;
    let id = &id;
    context
        .write(Action::AcceptInvitation, |scope| async move {
            let (organization, role) = invitation::accept(&scope, id, session, room(limits))
                .await?
                .map_err(|why| refused(why, limits))?;
            let metadata = json!({ "role": role.as_str() });
            audited_in(&scope, &organization, INVITATION, id, metadata).await?;
            Ok(AcceptInvitationSuccess {
                organization_id: ID(organization.into_string()),
                role: role.into(),
            })
        })
        .await
}

async fn reject(context: &RequestContext, id: String) -> Result<String, Failure> {
    let limits = &context.services().limits;
    let rejected = &id;
    context
        .write(Action::RejectInvitation, |scope| async move {
            invitation::reject(&scope, rejected)
                .await?
                .map_err(|why| refused(why, limits))?;
            audited(&scope, INVITATION, rejected, json!({})).await
        })
        .await?;
    Ok(id)
}
