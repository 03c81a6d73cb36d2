use agentry_db::ids::UserId;
use agentry_db::member;
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use serde_json::json;

use super::{Member, refused};
use crate::check::id_of;
use crate::context::{audited, changes};
use crate::failure::{Failure, mutation_result};
use crate::user::Role;
use crate::{Action, RequestContext};

/// Who becomes what.
#[derive(Debug, Clone, InputObject)]
pub struct UpdateMemberRoleInput {
    /// The person.
    user_id: ID,
    /// What they are from now on.
    role: Role,
}

/// Whom to remove.
#[derive(Debug, Clone, InputObject)]
pub struct RemoveMemberInput {
    /// The person.
    user_id: ID,
}

/// Who is to own the organisation.
#[derive(Debug, Clone, InputObject)]
pub struct TransferOwnershipInput {
    /// A member.
    user_id: ID,
}

/// The role was changed.
#[derive(Debug, SimpleObject)]
pub struct UpdateMemberRoleSuccess {
    /// The member as they are now.
    member: Member,
}

/// The person is no member any more.
#[derive(Debug, SimpleObject)]
pub struct RemoveMemberSuccess {
    /// The id of the person.
    removed_user_id: ID,
}

/// You are no member any more.
#[derive(Debug, SimpleObject)]
pub struct LeaveOrganizationSuccess {
    /// The id of the organisation.
    left_organization_id: ID,
}

/// The member is an owner, and you are an admin.
#[derive(Debug, SimpleObject)]
pub struct TransferOwnershipSuccess {
    /// The new owner.
    member: Member,
}

mutation_result! {
    /// How changing a role ended.
    UpdateMemberRoleResult = UpdateMemberRoleSuccess | NotFound | Forbidden | Conflict
}
mutation_result! {
    /// How removing a member ended.
    RemoveMemberResult = RemoveMemberSuccess | NotFound | Forbidden | Conflict
}
mutation_result! {
    /// How leaving ended.
    LeaveOrganizationResult = LeaveOrganizationSuccess | Forbidden | Conflict
}
mutation_result! {
    /// How handing the organisation on ended.
    TransferOwnershipResult = TransferOwnershipSuccess | NotFound | Forbidden | Conflict
}

/// Mutations of members, all in the organisation that the request acts in.
#[derive(Debug, Default)]
pub struct MemberMutation;

#[Object]
impl MemberMutation {
    /// Changes what a member is. For owners and admins; what concerns an owner, for owners. It holds from their next request on.
    async fn update_member_role(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who becomes what.")] input: UpdateMemberRoleInput,
    ) -> async_graphql::Result<UpdateMemberRoleResult> {
        let changed = change_role(RequestContext::of(context)?, input).await;
        UpdateMemberRoleResult::from_outcome(
            changed.map(|member| UpdateMemberRoleSuccess { member }),
        )
    }

    /// Removes a member; what they made stays. For owners and admins; an owner, for owners. It holds from their next request
    /// on. Removing yourself is leaving.
    async fn remove_member(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Whom.")] input: RemoveMemberInput,
    ) -> async_graphql::Result<RemoveMemberResult> {
        let removed = remove(RequestContext::of(context)?, id_of(input.user_id)).await;
        RemoveMemberResult::from_outcome(removed.map(|user| RemoveMemberSuccess {
            removed_user_id: ID(user.into_string()),
        }))
    }

    /// Leaves the organisation; what you made there stays. Its only owner cannot.
    async fn leave_organization(
        &self,
        context: &Context<'_>,
    ) -> async_graphql::Result<LeaveOrganizationResult> {
        let left = leave(RequestContext::of(context)?).await;
        LeaveOrganizationResult::from_outcome(left.map(|id| LeaveOrganizationSuccess {
            left_organization_id: id,
        }))
    }

    /// Makes another member an owner in your place; you become an admin.
    async fn transfer_ownership(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "To whom.")] input: TransferOwnershipInput,
    ) -> async_graphql::Result<TransferOwnershipResult> {
        let handed = transfer(RequestContext::of(context)?, id_of(input.user_id)).await;
        TransferOwnershipResult::from_outcome(
            handed.map(|member| TransferOwnershipSuccess { member }),
        )
    }
}

async fn change_role(
    context: &RequestContext,
    input: UpdateMemberRoleInput,
) -> Result<Member, Failure> {
    let to = input.role.into();
    let user: UserId = id_of(input.user_id);
    let user = &user;
    let limits = &context.services().limits;
    context
        .write(
            Action::UpdateMemberRole { from: None, to },
            |scope| async move {
                let before = member::find(&scope, user).await?;
                let before = before.ok_or_else(|| Failure::not_found("member"))?;
                let from = Some(before.role);
                let scope = scope.turn_to(Action::UpdateMemberRole { from, to })?;
                member::change_role(&scope, user, to)
                    .await?
                    .map_err(|why| refused(why, limits))?;
                let role = |role: agentry_db::Role| json!({ "role": role.as_str() });
                let metadata = changes(&role(before.role), &role(to));
                audited(&scope, "Member", user.as_str(), metadata).await?;
                Ok(Member {
                    role: to.into(),
                    ..before.into()
                })
            },
        )
        .await
}

async fn remove(context: &RequestContext, user: UserId) -> Result<UserId, Failure> {
    if *context.tenant()?.user() == user {
        leave(context).await?;
        return Ok(user);
    }
    let limits = &context.services().limits;
    let removed = &user;
    context
        .write(Action::RemoveMember { role: None }, |scope| async move {
            let before = member::find(&scope, removed).await?;
            let before = before.ok_or_else(|| Failure::not_found("member"))?;
            let role = Some(before.role);
            let scope = scope.turn_to(Action::RemoveMember { role })?;
            member::remove(&scope, removed)
                .await?
                .map_err(|why| refused(why, limits))?;
            let metadata = changes(&json!({ "role": before.role.as_str() }), &json!({}));
            audited(&scope, "Member", removed.as_str(), metadata).await
        })
        .await?;
    Ok(user)
}

async fn leave(context: &RequestContext) -> Result<ID, Failure> {
    let tenant = context.tenant()?;
    let limits = &context.services().limits;
    context
        .write(Action::LeaveOrganization, |scope| async move {
            member::leave(&scope)
                .await?
                .map_err(|why| refused(why, limits))?;
            let metadata = changes(&json!({ "role": tenant.role().as_str() }), &json!({}));
            audited(&scope, "Member", tenant.user().as_str(), metadata).await
        })
        .await?;
    Ok(ID(tenant.organization().to_string()))
}

async fn transfer(context: &RequestContext, user: UserId) -> Result<Member, Failure> {
    let limits = &context.services().limits;
    let user = &user;
    context
        .write(Action::TransferOwnership, |scope| async move {
            member::transfer(&scope, user)
                .await?
                .map_err(|why| refused(why, limits))?;
            let organization = scope.tenant().organization().as_str();
            let before = json!({ "ownerId": scope.tenant().user().as_str() });
            let metadata = changes(&before, &json!({ "ownerId": user.as_str() }));
            audited(&scope, "Organization", organization, metadata).await?;
            let member = member::find(&scope, user).await?;
            Ok(member.ok_or_else(|| Failure::not_found("member"))?.into())
        })
        .await
}
