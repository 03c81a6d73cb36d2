use agentry_auth::cookie::Remember;
use agentry_auth::email::Email;
use agentry_auth::{SignUp, SignUpError, SignedIn as Session};
use async_graphql::{Context, InputObject, Object};

use super::sign_in::{SignedIn, signed_in};
use crate::check::Checks;
use crate::failure::{Failure, mutation_result};
use crate::secret::Secret;
use crate::{ApiError, RequestContext};

/// Who signs up.
#[derive(InputObject)]
pub struct SignUpInput {
    /// Their name, 1 to 200 characters; also their personal organisation's.
    name: String,
    /// Their e-mail address. Case does not matter.
    email: String,
    /// Their password, 8 to 128 characters.
    password: Secret,
}

mutation_result! {
    /// How signing up ended. `VerificationNeeded`: the account is made, and signed in to once its address is verified. `Forbidden`: this
    /// service makes no accounts.
    SignUpResult = SignedIn | VerificationNeeded | ValidationFailed | Conflict | Forbidden | TooManyRequests
}

/// Signing up.
#[derive(Debug, Default)]
pub struct SignUpMutation;

#[Object]
impl SignUpMutation {
    /// Makes a user with a password, their personal organisation and a session. The answer sets the session's cookie and
    /// holds the same token for programs. Where messages are sent, one lets them verify their address. Needs no credential.
    async fn sign_up(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who signs up.")] input: SignUpInput,
    ) -> async_graphql::Result<SignUpResult> {
        let SignUpInput {
            name,
            email,
            password,
        } = input;
        let request = RequestContext::of(context)?;
        let new = SignUp {
            name,
            email,
            password: password.inner().clone(),
        };
        let outcome = join(request, new).await;
        SignUpResult::from_outcome(outcome.map(|session| signed_in(context, &session)))
    }
}

/// Makes an account and its first session: for every surface on which somebody signs up. Where messages are sent, one lets them
/// verify their address.
///
/// # Errors
/// [`Failure::ValidationFailed`]; [`Failure::Conflict`] when the address has an account; [`Failure::VerificationNeeded`] when the
/// account is made and signed in to later; [`Failure::TooManyRequests`].
pub async fn join(context: &RequestContext, new: SignUp) -> Result<Session, Failure> {
    let address = Email::parse(&new.email);
    // As for signing in: no connection is held while the password is hashed.
    context.release().await;
    let services = context.services();
    let outcome = services
        .auth
        .sign_up(new, Remember::Yes, context.client().clone())
        .await;
    let made = matches!(outcome, Ok(_) | Err(SignUpError::Unverified));
    if let Some(email) = address.ok().filter(|_| made && services.mail.on_sign_up) {
        // Where it cannot be sent, they ask for it.
        let _sent = services.mail.verification(&services.auth, email);
    }
    outcome.map_err(failure)
}

fn failure(error: SignUpError) -> Failure {
    match error {
        SignUpError::Name(why) => Checks::refused("name", why.to_string()),
        SignUpError::Email(why) => Checks::refused("email", why.to_string()),
        SignUpError::PasswordTooShort | SignUpError::PasswordTooLong => {
            Checks::refused("password", error.to_string())
        }
        SignUpError::Failed => ApiError::internal(error).into(),
        SignUpError::EmailTaken => {
            Failure::conflict("There is an account with this e-mail address already.")
        }
        SignUpError::Closed => {
            Failure::forbidden("Accounts are not made here. Ask whoever runs this service for one.")
        }
        SignUpError::Unverified => Failure::verification_needed(),
        SignUpError::TooMany { retry_after } => Failure::too_many(retry_after),
        SignUpError::Busy => Failure::too_many(std::time::Duration::from_secs(1)),
        SignUpError::Db(error) => error.into(),
    }
}
