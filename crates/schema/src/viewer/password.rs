use std::time::Duration;

use agentry_auth::{ChangePasswordError, ConfirmPasswordError};
use agentry_db::profile;
use async_graphql::{Context, InputObject, Object, SimpleObject};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::check::Checks;
use crate::context::audited;
use crate::failure::{Failure, mutation_result};
use crate::secret::Secret;
use crate::{Action, ApiError, Noun, RequestContext};

/// A new password.
#[derive(InputObject)]
pub struct ChangePasswordInput {
    /// The password as it is.
    current_password: Secret,
    /// The password as it is to be, 8 to 128 characters.
    new_password: Secret,
    /// Whether all your other sessions end.
    #[graphql(default)]
    revoke_other_sessions: bool,
}

/// The password was changed.
#[derive(Debug, SimpleObject)]
pub struct ChangePasswordSuccess {
    /// How many other sessions were ended.
    revoked_sessions: i32,
}

mutation_result! {
    /// How changing a password ended.
    ChangePasswordResult = ChangePasswordSuccess | ValidationFailed | Forbidden | Conflict | TooManyRequests
}

/// What people change of their password.
#[derive(Debug, Default)]
pub struct PasswordMutation;

#[Object]
impl PasswordMutation {
    /// Changes your password. Guesses at the present one are counted with attempts to sign in.
    async fn change_password(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The password as it is, and as it is to be.")] input: ChangePasswordInput,
    ) -> async_graphql::Result<ChangePasswordResult> {
        let changed = change_password(RequestContext::of(context)?, input).await;
        ChangePasswordResult::from_outcome(
            changed.map(|revoked_sessions| ChangePasswordSuccess { revoked_sessions }),
        )
    }
}

async fn change_password(
    context: &RequestContext,
    input: ChangePasswordInput,
) -> Result<i32, Failure> {
    let current = input.current_password.inner().clone();
    let new = input.new_password.inner().clone();
    let actor = context.actor()?;
    let known = profile::password(&context.read(Noun::Account).await?).await?;
    let known = known.ok_or_else(|| Failure::conflict("Your account has no password."))?;
    // Hashing takes a while, and no connection waits for it.
    context.release().await;
    let old_hash = SecretString::from(known.password);
    let hash = context
        .services()
        .auth
        .replace_password(&known.email, &old_hash, current, new)
        .await
        .map_err(password_failure)?;
    let (old_hash, hash) = (old_hash.expose_secret(), hash.expose_secret());
    context
        .write(Action::ChangePassword, |scope| async move {
            if !profile::change_password(&scope, old_hash, hash).await? {
                return Err(Failure::conflict("The password was changed a moment ago."));
            }
            let revoked = if input.revoke_other_sessions {
                profile::revoke_other_sessions(&scope, actor.session_id()).await?
            } else {
                0
            };
            let (user, metadata) = (
                actor.tenant().user().as_str(),
                json!({ "revokedSessions": revoked }),
            );
            audited(&scope, "User", user, metadata).await?;
            Ok(i32::try_from(revoked).unwrap_or(i32::MAX))
        })
        .await
}

fn password_failure(error: ChangePasswordError) -> Failure {
    match error {
        ChangePasswordError::Wrong => wrong_password(),
        ChangePasswordError::TooShort | ChangePasswordError::TooLong => {
            Checks::refused("newPassword", error.to_string())
        }
        ChangePasswordError::TooMany { retry_after } => Failure::too_many(retry_after),
        ChangePasswordError::Busy => Failure::too_many(BUSY),
        ChangePasswordError::Failed => ApiError::internal(error).into(),
        ChangePasswordError::Db(error) => error.into(),
    }
}

/// Why somebody was not believed to be who they are.
pub(crate) fn unconfirmed(error: ConfirmPasswordError) -> Failure {
    match error {
        ConfirmPasswordError::Wrong => wrong_password(),
        ConfirmPasswordError::TooMany { retry_after } => Failure::too_many(retry_after),
        ConfirmPasswordError::Busy => Failure::too_many(BUSY),
        ConfirmPasswordError::Failed => ApiError::internal(error).into(),
        ConfirmPasswordError::Db(error) => error.into(),
    }
}

/// How long to wait for a worker that hashes.
const BUSY: Duration = Duration::from_secs(1);

fn wrong_password() -> Failure {
    Failure::forbidden("The current password is wrong.")
}
