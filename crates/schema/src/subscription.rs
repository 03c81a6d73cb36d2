use async_graphql::MergedSubscription;

use crate::message::MessageSubscription;
use crate::run::RunSubscription;

/// Everything that can be waited for, over a WebSocket or as server-sent events.
#[derive(Debug, Default, MergedSubscription)]
pub struct Subscription(MessageSubscription, RunSubscription);
