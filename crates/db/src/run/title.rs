use agentry_entity::id::ConversationId;

use crate::sql;
use crate::{DbError, WriteScope};

/// Gives a conversation of the caller's a title, unless it has one. Whether it had none.
///
/// # Errors
/// [`DbError`] as the database answers; [`DbError::Constraint`] when the title is empty or over 200 characters.
pub async fn give_title(
    scope: &WriteScope,
    conversation: &ConversationId,
    title: &str,
) -> Result<bool, DbError> {
    sql::scalar(
        scope,
        "WITH given AS (
           UPDATE conversations SET title = $4
           WHERE organization_id = $1 AND id = $2 AND user_id = $3 AND title IS NULL RETURNING id)
         SELECT EXISTS (SELECT FROM given)",
        [
            scope.tenant().organization().as_str().into(),
            conversation.as_str().into(),
            scope.tenant().user().as_str().into(),
            title.into(),
        ],
    )
    .await
}
