//! Feedback on messages.

use std::collections::HashMap;
use std::sync::Arc;

use agentry_db::agent_feedback::{self, Tally};
use agentry_db::entity;
use agentry_db::entity::agent_feedback::Model;
use agentry_db::ids::{AgentId, MessageId};
use async_graphql::dataloader::Loader as BatchLoader;
use async_graphql::{Enum, ID, SimpleObject};
use chrono::{DateTime, Utc};

use crate::ApiError;
use crate::loader::Loader;

mod mutation;
mod statistics;
mod wilson;

pub use mutation::*;
pub(crate) use statistics::of_agent;
pub use statistics::{
    FeedbackGrouping, FeedbackQuery, FeedbackStatistics, FeedbackStatisticsFilterInput,
};
use wilson::{Share, share};

/// One user's verdict on one message. They see it themself, and so does the agent's owner.
#[derive(Debug, Clone, SimpleObject)]
pub struct Feedback {
    /// The feedback's id.
    pub id: ID,
    /// The id of the message.
    pub message_id: ID,
    /// The id of the message's conversation.
    pub conversation_id: ID,
    /// The id of the agent the conversation is with.
    pub agent_id: ID,
    /// The id of the user who gave it.
    pub user_id: ID,
    /// Up or down.
    pub rating: Rating,
    /// Why, 1 to 5,000 characters.
    pub comment: Option<String>,
    /// When it was first given.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A verdict on a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::Rating")]
pub enum Rating {
    /// Helpful.
    Up,
    /// Not helpful.
    Down,
}

/// What some feedback amounts to.
#[derive(Debug, Clone, Default, SimpleObject)]
pub struct FeedbackSummary {
    /// How many found it helpful.
    pub up: i32,
    /// How many found it unhelpful.
    pub down: i32,
    /// Both together.
    pub total: i32,
    /// How many of all found it helpful, 0 to 1; null when nobody said anything.
    pub share: Option<f64>,
    /// With 95 % confidence the share is no less than this (Wilson score interval); what to sort by, since few ratings count for
    /// little in it. Null when nobody said anything.
    pub lower: Option<f64>,
    /// With 95 % confidence the share is no more than this. Null when nobody said anything.
    pub upper: Option<f64>,
}

impl From<Model> for Feedback {
    fn from(model: Model) -> Self {
        let Model {
            organization_id: _,
            id,
            conversation_id,
            message_id,
            agent_id,
            agent_user_id: _,
            withheld: _,
            conversation_user_id: _,
            user_id,
            rating,
            comment,
            created_at,
            updated_at,
        } = model;
        Self {
            id: ID(id.into_string()),
            message_id: ID(message_id.into_string()),
            conversation_id: ID(conversation_id.into_string()),
            agent_id: ID(agent_id.into_string()),
            user_id: ID(user_id.into_string()),
            rating: rating.into(),
            comment,
            created_at,
            updated_at,
        }
    }
}

impl FeedbackSummary {
    pub(crate) fn of(feedback: &[Feedback]) -> Self {
        let mut tally = Tally::default();
        for one in feedback {
            match one.rating {
                Rating::Up => tally.up += 1,
                Rating::Down => tally.down += 1,
            }
        }
        tally.into()
    }
}

impl From<Tally> for FeedbackSummary {
    fn from(Tally { up, down }: Tally) -> Self {
        let count = |n: u64| i32::try_from(n).unwrap_or(i32::MAX);
        let total = up.saturating_add(down);
        let sure = share(up, total);
        Self {
            up: count(up),
            down: count(down),
            total: count(total),
            share: sure.map(|Share { point, .. }| point),
            lower: sure.map(|Share { lower, .. }| lower),
            upper: sure.map(|Share { upper, .. }| upper),
        }
    }
}

/// The feedback on one message that the caller may see.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct FeedbackOn(pub(crate) MessageId);

/// What the feedback on one agent's messages that the caller may see amounts to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TallyOf(pub(crate) AgentId);

impl BatchLoader<FeedbackOn> for Loader {
    type Value = Vec<Feedback>;
    type Error = Arc<ApiError>;

    async fn load(
        &self,
        keys: &[FeedbackOn],
    ) -> Result<HashMap<FeedbackOn, Vec<Feedback>>, Self::Error> {
        let scope = self.scope().await?;
        let messages: Vec<MessageId> = keys.iter().map(|key| key.0.clone()).collect();
        let rows = agent_feedback::list_of_messages(&scope, &messages)
            .await
            .map_err(|error| Arc::new(error.into()))?;
        let mut found: HashMap<FeedbackOn, Vec<Feedback>> = HashMap::new();
        for row in rows {
            let key = FeedbackOn(row.message_id.clone());
            found.entry(key).or_default().push(row.into());
        }
        Ok(found)
    }
}

impl BatchLoader<TallyOf> for Loader {
    type Value = Tally;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[TallyOf]) -> Result<HashMap<TallyOf, Tally>, Self::Error> {
        let scope = self.scope().await?;
        let agents: Vec<AgentId> = keys.iter().map(|key| key.0.clone()).collect();
        let tallies = agent_feedback::tally_agents(&scope, &agents)
            .await
            .map_err(|error| Arc::new(error.into()))?;
        Ok(tallies
            .into_iter()
            .map(|(agent, tally)| (TallyOf(agent), tally))
            .collect())
    }
}
