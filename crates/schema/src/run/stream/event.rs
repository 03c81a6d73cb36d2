use agentry_db::reply::{Part, Stopped};
use async_graphql::{SimpleObject, Union};

use crate::ApiError;
use crate::message::Message;
use crate::run::Run;

/// What happens to a reply.
#[derive(Debug, Clone, Union)]
pub enum ReplyEvent {
    /// More of it was said.
    Delta(ReplyDelta),
    /// The run has ended.
    End(Box<ReplyEnd>),
}

/// More of a reply.
#[derive(Debug, Clone, SimpleObject)]
pub struct ReplyDelta {
    /// How many characters (Unicode code points) of the reply there are with this piece.
    pub sequence: i32,
    /// The piece: what follows the one before it. Never empty.
    pub text: String,
}

/// The end of a run. All its reply has said was sent before this.
#[derive(Debug, Clone, SimpleObject)]
pub struct ReplyEnd {
    /// How many characters the reply has.
    pub sequence: i32,
    /// The run as it ended: completed, failed or cancelled.
    pub run: Run,
    /// The reply; null when nothing was said.
    pub message: Option<Message>,
}

impl ReplyEvent {
    /// How many characters of the reply its reader has with it.
    pub(super) fn sequence(&self) -> i32 {
        match self {
            Self::Delta(delta) => delta.sequence,
            Self::End(end) => end.sequence,
        }
    }
}

impl From<Part> for ReplyEvent {
    fn from(part: Part) -> Self {
        match part {
            Part::Text { sequence, text } => Self::Delta(ReplyDelta { sequence, text }),
            Part::End { sequence, ending } => Self::End(Box::new(ReplyEnd {
                sequence,
                run: ending.run.clone().into(),
                message: ending.message.clone().map(Message::from),
            })),
        }
    }
}

/// Why a reply cannot be followed.
pub(super) fn stopped(stopped: Stopped) -> ApiError {
    match stopped {
        Stopped::Missing => {
            let missing = "There is no such run, or it is not yours to see.";
            ApiError::NotFound(missing.to_owned())
        }
        Stopped::Beyond { available } => ApiError::bad_input(
            "after",
            format!("The reply has {available} characters so far."),
        ),
        Stopped::Behind { after } => ApiError::ToResume {
            why: "You read too slowly.",
            after,
        },
        Stopped::Away { after } => ApiError::ToResume {
            why: "The service cannot reach its database.",
            after,
        },
        Stopped::Fault(cause) => ApiError::internal(cause),
    }
}
