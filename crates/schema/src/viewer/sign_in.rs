use agentry_auth::cookie::Remember;
use agentry_auth::{SignInError, SignedIn as Session};
use async_graphql::{Context, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;

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
        let password = password.inner().clone();
        // Whoever is signed in already holds a connection, which is not to wait for the hashing, nor for a second one.
        request.release().await;
        let outcome = request
            .services()
            .auth
            .sign_in(&email, password, remember, request.client().clone())
            .await;
        SignInResult::from_outcome(match outcome {
            Ok(session) => Ok(signed_in(context, &session)),
            Err(SignInError::Invalid) => Err(Failure::forbidden(
                "The e-mail address or the password is wrong.",
            )),
            Err(SignInError::Nowhere) => Err(Failure::forbidden(
                "You are not a member of any organisation.",
            )),
            Err(SignInError::Unverified) => Err(Failure::verification_needed()),
            Err(SignInError::TooMany { retry_after }) => Err(Failure::too_many(retry_after)),
            Err(SignInError::Failed) => Err(ApiError::internal(SignInError::Failed).into()),
            Err(SignInError::Busy) => Err(Failure::too_many(std::time::Duration::from_secs(1))),
            Err(SignInError::Db(error)) => Err(error.into()),
        })
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
