use std::collections::HashMap;
use std::sync::Arc;

use agentry_db::agent_message::{self, Parent};
use agentry_db::entity::agent_message::Model;
use agentry_db::ids::{ConversationId, MessageId};
use agentry_db::{Direction, Page, PageRequest, Slice, run};
use async_graphql::dataloader::Loader as BatchLoader;

use super::Message;
use crate::ApiError;
use crate::loader::Loader;

/// One end of a list of messages.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Messages {
    pub(super) parent: Parent,
    pub(super) slice: Slice,
}

/// The messages that follow one, or begin a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct After(pub(super) (ConversationId, Option<MessageId>));

/// How many messages there are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct MessageCount(pub(super) Parent);

impl BatchLoader<MessageId> for Loader {
    type Value = Message;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[MessageId]) -> Result<HashMap<MessageId, Message>, Self::Error> {
        let scope = self.scope().await?;
        let messages = agent_message::find_many(&scope, keys)
            .await
            .map_err(|error| Arc::new(error.into()))?;
        Ok(messages
            .into_iter()
            .map(|model| (model.id.clone(), model.into()))
            .collect())
    }
}

impl BatchLoader<After> for Loader {
    type Value = Vec<Message>;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[After]) -> Result<HashMap<After, Vec<Message>>, Self::Error> {
        let scope = self.scope().await?;
        let places: Vec<_> = keys.iter().map(|key| key.0.clone()).collect();
        let messages = run::siblings_many(&scope, &places)
            .await
            .map_err(|error| Arc::new(error.into()))?;
        let mut found: HashMap<After, Vec<Message>> = HashMap::new();
        for model in messages {
            let place = After((model.conversation_id.clone(), model.parent_id.clone()));
            found.entry(place).or_default().push(model.into());
        }
        Ok(found)
    }
}

impl BatchLoader<Messages> for Loader {
    type Value = Page<Model>;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[Messages]) -> Result<HashMap<Messages, Page<Model>>, Self::Error> {
        let scope = self.scope().await?;
        let mut of_slice: HashMap<Slice, Vec<Parent>> = HashMap::new();
        for key in keys {
            let parents = of_slice.entry(key.slice).or_default();
            parents.push(key.parent.clone());
        }
        let mut found = HashMap::new();
        for (slice, parents) in of_slice {
            let request = PageRequest::end(slice, Direction::Ascending);
            let pages = agent_message::list_many(&scope, &parents, &request)
                .await
                .map_err(|error| Arc::new(error.into()))?;
            found.extend(
                pages
                    .into_iter()
                    .map(|(parent, page)| (Messages { parent, slice }, page)),
            );
        }
        Ok(found)
    }
}

impl BatchLoader<MessageCount> for Loader {
    type Value = u64;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[MessageCount]) -> Result<HashMap<MessageCount, u64>, Self::Error> {
        let scope = self.scope().await?;
        let parents: Vec<Parent> = keys.iter().map(|key| key.0.clone()).collect();
        let counts = agent_message::count_many(&scope, &parents)
            .await
            .map_err(|error| Arc::new(error.into()))?;
        Ok(counts
            .into_iter()
            .map(|(parent, count)| (MessageCount(parent), count))
            .collect())
    }
}
