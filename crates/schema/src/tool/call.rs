use agentry_db::entity;
use agentry_db::ids::MessageId;
use agentry_db::run::{self, Behind, CallState};
use async_graphql::{ComplexObject, Context, Enum, ID, SimpleObject};

use super::loaders::BehindOf;
use crate::message::Message;
use crate::{ApiError, Noun, RequestContext};

/// A model's wish that the client use a tool. It is carried out by whoever runs the conversation, who says with `submitToolResults` what
/// came of it.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct ToolCall {
    /// Its id, unlike those of the other calls of its message.
    pub id: ID,
    /// The tool, as the model wrote it.
    pub name: String,
    /// The arguments, as the model wrote them: meant to be a JSON object, and not always one.
    pub arguments: String,
    /// What is wrong with it: the agent has no such tool, or the arguments are not as its JSON Schema says. Null when nothing is.
    pub problem: Option<String>,
    /// Whether the conversation's user is to approve it before it is carried out.
    pub requires_approval: bool,
    /// How far it has come.
    pub status: ToolCallStatus,
    #[graphql(skip)]
    result_id: Option<MessageId>,
}

/// How far a tool call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "CallState")]
pub enum ToolCallStatus {
    /// The conversation's user is to say with `decideToolCalls` whether it may be carried out.
    AwaitingApproval,
    /// It is to be carried out, and what came of it to be told with `submitToolResults`.
    Pending,
    /// The user did not let it be carried out. The model is told so.
    Denied,
    /// What came of it is there.
    Done,
    /// The conversation went on without it. The model is not shown it any more.
    Dropped,
}

/// What came of a tool call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::ToolOutcome")]
pub enum ToolOutcome {
    /// It was carried out.
    Result,
    /// It was tried, and failed.
    Error,
    /// The user did not let it be carried out.
    Denied,
}

#[ComplexObject]
impl ToolCall {
    /// The message that says what came of it; null until there is one.
    #[graphql(complexity = "2 + child_complexity")]
    async fn result(&self, context: &Context<'_>) -> Option<async_graphql::Result<Message>> {
        let id = self.result_id.clone()?;
        let find = async {
            let loader = RequestContext::of(context)?.loader(Noun::Messages)?;
            loader.load_one(id).await.map_err(ApiError::loaded)
        };
        find.await.transpose()
    }
}

impl ToolCall {
    fn of(call: run::ToolCall, behind: &Behind) -> Self {
        let status = behind.state(&call).into();
        let result_id = behind.result(&call.id).cloned();
        let run::ToolCall {
            id,
            name,
            arguments,
            requires_approval,
            approved: _,
            problem,
        } = call;
        Self {
            id: ID(id),
            name,
            arguments,
            problem,
            requires_approval,
            status,
            result_id,
        }
    }
}

/// The calls of a message, with how far each has come: what stands behind all messages that a request asks for is read at once.
pub(crate) async fn calls_of(
    context: &Context<'_>,
    message: &ID,
    calls: Vec<run::ToolCall>,
) -> async_graphql::Result<Vec<ToolCall>> {
    if calls.is_empty() {
        return Ok(Vec::new());
    }
    let key = BehindOf(MessageId::from(message.as_str()));
    let loader = RequestContext::of(context)?.loader(Noun::Messages)?;
    let behind = loader.load_one(key).await.map_err(ApiError::loaded)?;
    let behind = behind.unwrap_or_default();
    let calls = calls.into_iter();
    Ok(calls.map(|call| ToolCall::of(call, &behind)).collect())
}
