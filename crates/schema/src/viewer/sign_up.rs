use agentry_auth::cookie::Remember;
use agentry_auth::email::Email;
use agentry_auth::{SignUp, SignUpError};
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
        let address = Email::parse(&email);
        let new = SignUp {
            name,
            email,
            password: password.inner().clone(),
        };
        // As for signing in: no connection is held while the password is hashed.
        request.release().await;
        let outcome = request
            .services()
            .auth
            .sign_up(new, Remember::Yes, request.client().clone())
            .await;
        let made = matches!(outcome, Ok(_) | Err(SignUpError::Unverified));
        let services = request.services();
        if let Some(email) = address.ok().filter(|_| made && services.mail.on_sign_up) {
            // Where it cannot be sent, they ask for it.
            let _sent = services.mail.verification(&services.auth, email);
        }
        SignUpResult::from_outcome(match outcome {
            Ok(session) => Ok(signed_in(context, &session)),
            Err(error) => Err(failure(error)),
        })
    }
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
