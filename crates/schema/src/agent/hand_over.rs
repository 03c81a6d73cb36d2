use agentry_db::agent;
use agentry_db::hand_over::{self, TakeOver, Transfer};
use agentry_db::ids::{AgentId, UserId};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use serde_json::json;

use super::mutation::not_written;
use crate::check::{Checks, id_of};
use crate::context::{ADMINS_ONLY, audited};
use crate::failure::{Failure, mutation_result};
use crate::{Action, RequestContext};

/// Which agent to hand to whom.
#[derive(Debug, Clone, InputObject)]
pub struct TransferAgentInput {
    /// The agent.
    id: ID,
    /// The new owner: a member of the same organisation.
    new_owner_id: ID,
}

/// Whose agents to hand to whom.
#[derive(Debug, Clone, InputObject)]
pub struct TakeOverAgentsInput {
    /// Somebody who was a member of the organisation and is none any more.
    former_owner_id: ID,
    /// The new owner: a member.
    new_owner_id: ID,
}

/// The agent was handed over.
#[derive(Debug, SimpleObject)]
pub struct TransferAgentSuccess {
    /// The agent's id.
    agent_id: ID,
    /// Whose it is now.
    new_owner_id: ID,
    /// How many links ended: those to private connections of others, which a new owner's agent may not use.
    ended_links: i32,
}

/// The agents were handed over.
#[derive(Debug, SimpleObject)]
pub struct TakeOverAgentsSuccess {
    /// The agents' ids.
    agent_ids: Vec<ID>,
    /// Whose they are now.
    new_owner_id: ID,
    /// How many links ended: those to private connections of others, which a new owner's agent may not use.
    ended_links: i32,
}

mutation_result! {
    /// How handing an agent over ended.
    TransferAgentResult = TransferAgentSuccess | ValidationFailed | NotFound | Forbidden
}
mutation_result! {
    /// How taking agents over ended.
    TakeOverAgentsResult = TakeOverAgentsSuccess | ValidationFailed | NotFound | Forbidden | Conflict
}

/// Mutations by which agents go from one person to another.
#[derive(Debug, Default)]
pub struct HandOverMutation;

#[Object]
impl HandOverMutation {
    /// Hands an agent to another member of the organisation. Conversations that colleagues have with it follow it. What its owner until now
    /// said to it stays theirs alone, and so does what people said who have left. Links to private connections of others than
    /// the new owner end.
    async fn transfer_agent(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The agent, and its new owner.")] input: TransferAgentInput,
    ) -> async_graphql::Result<TransferAgentResult> {
        TransferAgentResult::from_outcome(transfer(RequestContext::of(context)?, input).await)
    }

    /// Hands every agent of somebody who has left the organisation to a member, on the terms of `transferAgent`. For owners and admins.
    /// Which there are, `agents(filter: { ownerLeft: true })` tells.
    async fn take_over_agents(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Whose, and to whom.")] input: TakeOverAgentsInput,
    ) -> async_graphql::Result<TakeOverAgentsResult> {
        TakeOverAgentsResult::from_outcome(take_over(RequestContext::of(context)?, input).await)
    }
}

async fn transfer(
    context: &RequestContext,
    input: TransferAgentInput,
) -> Result<TransferAgentSuccess, Failure> {
    let (id, new_owner): (&AgentId, &UserId) = (&id_of(input.id), &id_of(input.new_owner_id));
    let ended_links = context
        .write(Action::TransferAgent, |scope| async move {
            let before = agent::lock(&scope, id).await?;
            let ended_links = match hand_over::transfer(&scope, id, new_owner).await? {
                Transfer::Done { ended_links } => ended_links,
                Transfer::Missing => return Err(not_written(&scope, id).await?),
                Transfer::NotAColleague => return Err(not_a_colleague()),
            };
            let old_owner = before.map(|agent| agent.user_id.into_string());
            let metadata = json!({
                "before": { "ownerId": old_owner },
                "after": { "ownerId": new_owner.as_str() },
                "endedLinks": ended_links,
            });
            audited(&scope, "Agent", id.as_str(), metadata).await?;
            Ok(ended_links)
        })
        .await?;
    Ok(TransferAgentSuccess {
        agent_id: ID(id.to_string()),
        new_owner_id: ID(new_owner.to_string()),
        ended_links: counted(ended_links),
    })
}

async fn take_over(
    context: &RequestContext,
    input: TakeOverAgentsInput,
) -> Result<TakeOverAgentsSuccess, Failure> {
    let (former, new_owner): (&UserId, &UserId) =
        (&id_of(input.former_owner_id), &id_of(input.new_owner_id));
    let (agents, ended_links) = context
        .write(Action::TakeOverAgents, |scope| async move {
            let (agents, ended_links) = match hand_over::take_over(&scope, former, new_owner).await? {
                TakeOver::Done { agents, ended_links } => (agents, ended_links),
                TakeOver::AdminsOnly => {
                    return Err(Failure::forbidden(ADMINS_ONLY));
                }
                TakeOver::StillAMember => {
                    return Err(Failure::conflict(
                        "They are a member of the organisation. Hand over single agents with transferAgent.",
                    ));
                }
                TakeOver::NotAColleague => return Err(not_a_colleague()),
                TakeOver::Nothing => return Err(Failure::not_found("agent")),
            };
            let ids: Vec<_> = agents.iter().map(AgentId::as_str).collect();
            let metadata = json!({
                "newOwnerId": new_owner.as_str(),
                "agentIds": ids,
                "endedLinks": ended_links,
            });
            audited(&scope, "User",
                former.as_str(),
                metadata,
            )
            .await?;
            Ok((agents, ended_links))
        })
        .await?;
    Ok(TakeOverAgentsSuccess {
        agent_ids: agents.into_iter().map(|id| ID(id.into_string())).collect(),
        new_owner_id: ID(new_owner.to_string()),
        ended_links: counted(ended_links),
    })
}

fn not_a_colleague() -> Failure {
    Checks::refused(
        "newOwnerId",
        "It must be a member of the same organisation.",
    )
}

fn counted(links: u64) -> i32 {
    i32::try_from(links).unwrap_or(i32::MAX)
}
