//! Agents that go from one person to another, and what people leave behind who are no members any more.

use agentry_entity::id::{AgentId, UserId};
use sea_orm::FromQueryResult;
use sea_orm::sea_query::{Expr, SimpleExpr};

use crate::sql;
use crate::{DbError, WriteScope};

/// How handing an agent over ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// It is the colleague's now.
    Done {
        /// How many links to private connections ended with it.
        ended_links: u64,
    },
    /// No such agent that the caller may hand over.
    Missing,
    /// The new owner is not a member of the organisation.
    NotAColleague,
}

/// How taking over the agents of somebody who has left ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakeOver {
    /// They are the colleague's now.
    Done {
        /// Which.
        agents: Vec<AgentId>,
        /// How many links to private connections ended with it.
        ended_links: u64,
    },
    /// It takes an owner or admin.
    AdminsOnly,
    /// Their owner is a member still.
    StillAMember,
    /// The new owner is not a member of the organisation.
    NotAColleague,
    /// They left no agents.
    Nothing,
}

#[derive(FromQueryResult)]
struct Transferred {
    status: String,
    ended_links: i64,
}

#[derive(FromQueryResult)]
struct TakenOver {
    status: String,
    agent_ids: Option<Vec<String>>,
    ended_links: Option<i64>,
}

/// Hands an agent to another member. Conversations of colleagues follow; what its owner said to it themself, and what those
/// said who have left, is withheld from the new one. Links to private connections of others end.
///
/// # Errors
/// [`DbError`] as the database answers; [`DbError::Crossed`] when a link was made meanwhile, which a second try settles.
pub async fn transfer(
    scope: &WriteScope,
    id: &AgentId,
    new_owner: &UserId,
) -> Result<Transfer, DbError> {
    let call = "SELECT status, ended_links FROM agent_transfer($1, $2)";
    let values = [id.as_str().into(), new_owner.as_str().into()];
    let outcome: Result<Option<Transferred>, DbError> = sql::first(scope, call, values).await;
    let outcome = outcome.map_err(DbError::at_an_end_of_a_link)?;
    let Transferred {
        status,
        ended_links,
    } = outcome.ok_or_else(no_row)?;
    Ok(match status.as_str() {
        "done" => Transfer::Done {
            ended_links: ended_links.unsigned_abs(),
        },
        "not_a_colleague" => Transfer::NotAColleague,
        _ => Transfer::Missing,
    })
}

/// Hands all agents of somebody who has left to a member, on the terms of [`transfer`].
///
/// # Errors
/// As [`transfer`].
pub async fn take_over(
    scope: &WriteScope,
    former: &UserId,
    new_owner: &UserId,
) -> Result<TakeOver, DbError> {
    let call = "SELECT status, agent_ids, ended_links FROM agents_take_over($1, $2)";
    let values = [former.as_str().into(), new_owner.as_str().into()];
    let outcome: Result<Option<TakenOver>, DbError> = sql::first(scope, call, values).await;
    let outcome = outcome.map_err(DbError::at_an_end_of_a_link)?;
    let TakenOver {
        status,
        agent_ids,
        ended_links,
    } = outcome.ok_or_else(no_row)?;
    Ok(match status.as_str() {
        "done" => TakeOver::Done {
            agents: agent_ids
                .unwrap_or_default()
                .into_iter()
                .map(AgentId::from)
                .collect(),
            ended_links: ended_links.unwrap_or_default().unsigned_abs(),
        },
        "still_a_member" => TakeOver::StillAMember,
        "not_a_colleague" => TakeOver::NotAColleague,
        "nothing" => TakeOver::Nothing,
        _ => TakeOver::AdminsOnly,
    })
}

/// Narrows a list by whether the owner of its rows, `user_id`, is no member of the acting organisation any more. The members are
/// read once a statement.
pub(crate) fn by_former_members(left: bool) -> SimpleExpr {
    Expr::cust(if left {
        "user_id <> ALL (ARRAY(SELECT auth_colleagues()))"
    } else {
        "user_id = ANY (ARRAY(SELECT auth_colleagues()))"
    })
}

fn no_row() -> DbError {
    DbError::Unexpected("a function answered no row".to_owned())
}
