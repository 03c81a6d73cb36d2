use agentry_entity::id::ApiConnectionId;
use agentry_entity::run::Model;

use crate::sql;
use crate::{DbError, WriteScope};

/// What one call of a provider used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// Tokens read.
    pub prompt_tokens: i32,
    /// Tokens written.
    pub completion_tokens: i32,
    /// What it cost, in millionths of a US dollar; `None` where the price is not known.
    pub cost_micros: Option<i64>,
    /// Whether the tokens, and with them the cost, are an estimate: the provider did not say.
    pub is_estimated: bool,
}

/// What a call was for that no run tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A conversation's title.
    Title,
    /// The rest of a run that is gone: its conversation was deleted while the reply was written. What it had noted of its prompt by
    /// then was counted when it went.
    Rest,
}

/// Counts a call of the acting user's, for the agent, the model and the connection of this run, as it was last seen. It is counted
/// today. To be called last in its transaction: many count in the same rows.
///
/// # Errors
/// [`DbError`] as the database answers.
pub async fn note(scope: &WriteScope, kind: Kind, run: &Model, call: &Call) -> Result<(), DbError> {
    let kind = match kind {
        Kind::Title => "title",
        Kind::Rest => "rest",
    };
    let Call {
        prompt_tokens,
        completion_tokens,
        cost_micros,
        is_estimated,
    } = *call;
    sql::run(
        scope,
        "SELECT usage_note($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        [
            kind.into(),
            run.agent_id.as_str().into(),
            run.agent_user_id.as_str().into(),
            run.api_connection_id
                .as_ref()
                .map(ApiConnectionId::as_str)
                .into(),
            run.service.as_deref().into(),
            run.model.as_str().into(),
            prompt_tokens.into(),
            completion_tokens.into(),
            cost_micros.into(),
            is_estimated.into(),
        ],
    )
    .await
}
