use agentry_auth::{MailAbout, OpenReset, ResetError};
use agentry_db::verification;
use async_graphql::{Context, InputObject, Object, SimpleObject};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::{asking, taken_up};
use crate::check::Checks;
use crate::context::audited;
use crate::failure::{Failure, NotFound, mutation_result};
use crate::secret::Secret;
use crate::{Action, ApiError, RequestContext};

/// Whose password was forgotten.
#[derive(InputObject)]
pub struct RequestPasswordResetInput {
    /// The e-mail address of the account. Case does not matter.
    email: String,
}

/// A new password, and what shows that it may be set.
#[derive(InputObject)]
pub struct ResetPasswordInput {
    /// The token of the message's link.
    token: Secret,
    /// The password as it is to be, 8 to 128 characters.
    new_password: Secret,
}

/// If an account has the address, a message is on its way to it. Whether one has is not told.
#[derive(Debug, SimpleObject)]
pub struct RequestPasswordResetSuccess {
    /// The address, in lower case.
    email: String,
}

/// The password is changed, and all sessions are over: sign in with it.
#[derive(Debug, SimpleObject)]
pub struct ResetPasswordSuccess {
    /// How many sessions were ended.
    revoked_sessions: i32,
}

mutation_result! {
    /// How asking for a new password ended. An unknown address looks as a known one does.
    RequestPasswordResetResult = RequestPasswordResetSuccess | ValidationFailed | Conflict | TooManyRequests
}
mutation_result! {
    /// How setting a new password ended; `NotFound` when the token is unknown, was used or has expired.
    ResetPasswordResult = ResetPasswordSuccess | ValidationFailed | NotFound | TooManyRequests
}

/// A password that was forgotten.
#[derive(Debug, Default)]
pub struct ResetMutation;

#[Object]
impl ResetMutation {
    /// Sends the account of this address a link to choose a new password, good once and for an hour. Needs no credential; tried
    /// too often, it asks for patience.
    async fn request_password_reset(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Whose.")] input: RequestPasswordResetInput,
    ) -> async_graphql::Result<RequestPasswordResetResult> {
        let asked = request(RequestContext::of(context)?, &input.email).await;
        RequestPasswordResetResult::from_outcome(
            asked.map(|email| RequestPasswordResetSuccess { email }),
        )
    }

    /// Sets a new password by the token of a message's link, and ends every session of the account. Needs no credential.
    async fn reset_password(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The token and the password.")] input: ResetPasswordInput,
    ) -> async_graphql::Result<ResetPasswordResult> {
        let reset = reset(RequestContext::of(context)?, input).await;
        ResetPasswordResult::from_outcome(
            reset.map(|revoked_sessions| ResetPasswordSuccess { revoked_sessions }),
        )
    }
}

async fn request(context: &RequestContext, email: &str) -> Result<String, Failure> {
    let email = asking(context, MailAbout::Reset, "email", email).await?;
    let shown = email.as_str().to_owned();
    let services = context.services();
    taken_up(services.mail.reset(&services.auth, email))?;
    Ok(shown)
}

async fn reset(context: &RequestContext, input: ResetPasswordInput) -> Result<i32, Failure> {
    let ResetPasswordInput {
        token,
        new_password,
    } = input;
    // Whoever is signed in already holds a connection, which is not to wait for the hashing, nor for a second one.
    context.release().await;
    let open = context
        .services()
        .auth
        .check_reset(
            token.inner().clone(),
            new_password.inner().clone(),
            context.client(),
        )
        .await
        .map_err(failure)?;
    let OpenReset {
        tenant,
        token,
        password_hash,
    } = &open;
    let (token, hash) = (token.expose_secret(), password_hash.expose_secret());
    context
        .write_by_link(tenant, Action::ResetPassword, |scope| async move {
            let ended = verification::finish_reset(&scope, token, hash).await?;
            let ended = ended.ok_or_else(used)?;
            let metadata = json!({ "revokedSessions": ended });
            audited(&scope, "User", tenant.user().as_str(), metadata).await?;
            Ok(i32::try_from(ended).unwrap_or(i32::MAX))
        })
        .await
}

fn used() -> Failure {
    Failure::NotFound(NotFound {
        message: "This link was used, has expired or never was. Ask for another.".to_owned(),
    })
}

fn failure(error: ResetError) -> Failure {
    match error {
        ResetError::Unknown => used(),
        ResetError::TooShort | ResetError::TooLong => {
            Checks::refused("newPassword", error.to_string())
        }
        ResetError::TooMany { retry_after } => Failure::too_many(retry_after),
        ResetError::Busy => Failure::too_many(std::time::Duration::from_secs(1)),
        ResetError::Failed => ApiError::internal(error).into(),
        ResetError::Db(error) => error.into(),
    }
}
