//! Conversations as documents, written piece by piece: no transaction is open while a client reads.

use std::sync::Arc;

use agentry_auth::Access;
use agentry_db::agent_message::Branch;
use agentry_db::entity::conversation::Model;
use agentry_db::ids::ConversationId;
use agentry_db::{conversation, export};
use async_graphql::Enum;
use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use crate::check::id_of;
use crate::{ApiError, Noun, RequestContext};

mod file_name;
mod json;
mod markdown;

pub use file_name::FileName;

/// As what a conversation is downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ConversationExportFormat {
    /// A JSON document with everything there is, in the form `agentry.conversation.v1`.
    Json,
    /// A text to read.
    Markdown,
}

/// Which conversation to write down, and how.
#[derive(Debug, Clone)]
pub struct ExportRequest {
    /// The conversation's id, as it came.
    pub id: String,
    /// As what.
    pub format: ConversationExportFormat,
    /// Which of its messages.
    pub branch: Branch,
}

/// A conversation as a document.
pub struct Export {
    /// What to call it.
    pub file_name: FileName,
    /// Its media type.
    pub media_type: &'static str,
    /// The document. An error ends it unfinished.
    pub pieces: BoxStream<'static, Result<String, ApiError>>,
}

impl ConversationExportFormat {
    /// As it stands in the address.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Markdown => "markdown",
        }
    }

    /// From what stands in the address.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Json, Self::Markdown]
            .into_iter()
            .find(|format| format.name() == name)
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::Markdown => "text/markdown; charset=utf-8",
        }
    }

    /// Where a conversation is to be had so, from the server's root on.
    pub(crate) fn address(self, id: &str, branch: Branch) -> String {
        let (format, branch) = (self.name(), branch_name(branch));
        format!("/api/conversations/{id}/export?format={format}&branch={branch}")
    }
}

const fn branch_name(branch: Branch) -> &'static str {
    match branch {
        Branch::Current => "current",
        Branch::All => "all",
    }
}

/// From what stands in the address.
#[must_use]
pub fn branch_from_name(name: &str) -> Option<Branch> {
    [Branch::Current, Branch::All]
        .into_iter()
        .find(|branch| branch_name(*branch) == name)
}

/// Begins to write a conversation down that the caller may see.
///
/// # Errors
/// [`ApiError::NotFound`] when there is none; [`ApiError::Unauthenticated`] and [`ApiError::Forbidden`] as the credential says.
pub async fn open(
    context: Arc<RequestContext>,
    request: ExportRequest,
) -> Result<Export, ApiError> {
    let ExportRequest { id, format, branch } = request;
    let scope = context.read(Noun::Messages).await?;
    let id: ConversationId = id_of(id.into());
    let found = conversation::find(&scope, &id).await?;
    context.release().await;
    let found = found.ok_or_else(|| {
        ApiError::NotFound("There is no such conversation, or it is not yours to see.".to_owned())
    })?;
    let file_name = FileName::of(&found, format);
    let with_feedback = context.allow(Noun::Feedback, Access::Read).is_ok();
    let writing = Writing {
        context,
        found,
        format,
        branch,
        with_feedback,
        exported_at: Utc::now(),
        stage: Stage::Head,
    };
    let pieces = stream::try_unfold(writing, |mut writing| async move {
        let piece = writing.next().await?;
        Ok(piece.map(|piece| (piece, writing)))
    });
    Ok(Export {
        file_name,
        media_type: format.media_type(),
        pieces: pieces.boxed(),
    })
}

struct Writing {
    context: Arc<RequestContext>,
    found: Model,
    format: ConversationExportFormat,
    branch: Branch,
    /// Whether the credential is good for reading feedback.
    with_feedback: bool,
    exported_at: DateTime<Utc>,
    stage: Stage,
}

#[derive(Clone, Copy)]
enum Stage {
    Head,
    /// All up to this time is written.
    Messages(Option<DateTime<Utc>>),
    Done,
}

impl Writing {
    async fn next(&mut self) -> Result<Option<String>, ApiError> {
        match self.stage {
            Stage::Head => {
                self.stage = Stage::Messages(None);
                let (found, at) = (&self.found, self.exported_at);
                Ok(Some(match self.format {
                    ConversationExportFormat::Json => {
                        json::head(found, at, branch_name(self.branch))?
                    }
                    ConversationExportFormat::Markdown => markdown::head(found, at),
                }))
            }
            Stage::Messages(after) => Ok(Some(self.messages(after).await?)),
            Stage::Done => Ok(None),
        }
    }

    async fn messages(&mut self, after: Option<DateTime<Utc>>) -> Result<String, ApiError> {
        let scope = self.context.read(Noun::Messages).await?;
        let batch = export::batch(&scope, &self.found, self.branch, after).await?;
        // A document of two branches would be of neither.
        let batch = batch.ok_or(ApiError::Interrupted)?;
        let mut feedback = if self.with_feedback && !batch.is_empty() {
            export::feedback(&scope, &self.found, &batch).await?
        } else {
            std::collections::HashMap::new()
        };
        drop(scope);
        self.context.release().await;
        self.stage = match batch.last() {
            Some(last) => Stage::Messages(Some(last.created_at)),
            None => Stage::Done,
        };
        if batch.is_empty() {
            return Ok(match self.format {
                ConversationExportFormat::Json => json::END.to_owned(),
                ConversationExportFormat::Markdown => String::new(),
            });
        }
        let mut text = String::new();
        for (n, message) in batch.into_iter().enumerate() {
            let rated = feedback.remove(&message.id);
            match self.format {
                ConversationExportFormat::Json => {
                    let is_first = after.is_none() && n == 0;
                    json::message(&mut text, message, rated, is_first)?;
                }
                ConversationExportFormat::Markdown => {
                    markdown::message(&mut text, &message, rated, self.branch);
                }
            }
        }
        Ok(text)
    }
}
