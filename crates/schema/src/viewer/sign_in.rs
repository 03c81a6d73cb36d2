use agentry_auth::cookie::Remember;
use agentry_auth::{SignInError, SignedIn as Session};
use async_graphql::{Context, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};

use super::session::forget_cookies;
use crate::failure::{Failure, mutation_result};
use crate::secret::Secret;
use crate::{ApiError, RequestContext};

/// Who signs in.
#[derive(InputObject)]
pub struct SignInInput {
    /// The e-mail address of the account.
    email: String,
    /// Its password.
    password: Secret,
    /// False keeps the session for a day and the cookie until the browser closes; true keeps both for seven days.
    #[graphql(default = true)]
    remember_me: bool,
}

/// A session was made.
#[derive(Debug, SimpleObject)]
pub struct SignedIn {
    /// The session's token: send it as `Authorization: Bearer <token>`. Keep it secret; browsers use the cookie instead.
    token: String,
    /// When the session ends.
    expires_at: DateTime<Utc>,
    /// Who signed in.
    user_id: async_graphql::ID,
    /// The organisation the session acts in when a request names no other.
    organization_id: async_graphql::ID,
}

/// The session is over.
#[derive(Debug, SimpleObject)]
pub struct SignOutSuccess {
    /// Whether there was a session to end.
    ended: bool,
}

mutation_result! {
    /// How signing in ended. An unknown address and a wrong password look the same; `VerificationNeeded` only follows the right password.
    SignInResult = SignedIn | Forbidden | VerificationNeeded | TooManyRequests
}
mutation_result! {
    /// How signing out ended.
    SignOutResult = SignOutSuccess
}

/// Signing in and out.
#[derive(Debug, Default)]
pub struct SignInMutation;

#[Object]
impl SignInMutation {
    /// Makes a session for an account's password. The answer sets the session's cookie and holds the same token for programs.
    /// Needs no credential; tried too often, it asks for patience.
    async fn sign_in(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who signs in.")] input: SignInInput,
    ) -> async_graphql::Result<SignInResult> {
        let SignInInput {
            email,
            password,
            remember_me,
        } = input;
        let request = RequestContext::of(context)?;
        let remember = if remember_me {
            Remember::Yes
        } else {
            Remember::No
        };
        let outcome = enter(request, &email, password.inner().clone(), remember).await;
        SignInResult::from_outcome(outcome.map(|session| signed_in(context, &session)))
    }

    /// Ends the session that this request came with, and clears its cookie.
    async fn sign_out(&self, context: &Context<'_>) -> async_graphql::Result<SignOutResult> {
        let request = RequestContext::of(context)?;
        let auth = &request.services().auth;
        // Ending a session takes a connection of its own.
        request.release().await;
        let ended = auth
            .sign_out(request.actor()?)
            .await
            .map_err(ApiError::from)?;
        forget_cookies(context)?;
        SignOutResult::from_outcome(Ok(SignOutSuccess { ended }))
    }
}

/// Makes a session for an account's password: for every surface on which somebody signs in.
///
/// # Errors
/// [`Failure::Forbidden`] when the address or the password is wrong; [`Failure::VerificationNeeded`];
/// [`Failure::TooManyRequests`].
pub async fn enter(
    context: &RequestContext,
    email: &str,
    password: SecretString,
    remember: Remember,
) -> Result<Session, Failure> {
    // Whoever is signed in already holds a connection, which is not to wait for the hashing, nor for a second one.
    context.release().await;
    let outcome = context
        .services()
        .auth
        .sign_in(email, password, remember, context.client().clone())
        .await;
    outcome.map_err(|error| match error {
        SignInError::Invalid => Failure::forbidden("The e-mail address or the password is wrong."),
        SignInError::Nowhere => Failure::forbidden("You are not a member of any organisation."),
        SignInError::Unverified => Failure::verification_needed(),
        SignInError::TooMany { retry_after } => Failure::too_many(retry_after),
        SignInError::Failed => ApiError::internal(error).into(),
        SignInError::Busy => Failure::too_many(std::time::Duration::from_secs(1)),
        SignInError::Db(error) => error.into(),
    })
}

/// Sets the session's cookies and tells its token.
pub(super) fn signed_in(context: &Context<'_>, session: &Session) -> SignedIn {
    for cookie in &session.set_cookies {
        context.append_http_header("set-cookie", cookie.expose_secret());
    }
    let tenant = session.actor.tenant();
    SignedIn {
        token: session.token.expose_secret().to_owned(),
        expires_at: session.expires_at,
        user_id: async_graphql::ID(tenant.user().to_string()),
        organization_id: async_graphql::ID(tenant.organization().to_string()),
    }
}
