use agentry_auth::email_token::{EmailClaim, EmailTokenError};
use agentry_auth::{MailAbout, ShownEmail, VerifyError};
use agentry_db::verification::{self, EmailChange};
use async_graphql::{Context, InputObject, Object, SimpleObject};
use serde_json::json;

use super::{asking, taken_up};
use crate::context::audited;
use crate::failure::{Failure, NotFound, mutation_result};
use crate::secret::Secret;
use crate::{Action, Doing, RequestContext};

/// Which address to write to.
#[derive(InputObject)]
pub struct SendVerificationEmailInput {
    /// The e-mail address of an account. Case does not matter.
    email: String,
}

/// What shows that an address is one's own.
#[derive(InputObject)]
pub struct VerifyEmailInput {
    /// The token of the message's link.
    token: Secret,
}

/// If an account has the address and has not verified it, a message is on its way to it. Whether one has is not told.
#[derive(Debug, SimpleObject)]
pub struct SendVerificationEmailSuccess {
    /// The address, in lower case.
    email: String,
}

/// The address is verified.
#[derive(Debug, SimpleObject)]
pub struct VerifyEmailSuccess {
    /// The address the account has.
    email: String,
    /// Whether it had another one before.
    changed: bool,
}

mutation_result! {
    /// How asking for a message ended. An unknown address looks as a known one does.
    SendVerificationEmailResult = SendVerificationEmailSuccess | ValidationFailed | Conflict | TooManyRequests
}
mutation_result! {
    /// How verifying ended: `NotFound` when the token is none, has expired, or is for an address the account no longer has; `Conflict` when
    /// somebody has the new address by now; `Forbidden` when the address of another person than the caller was to change.
    VerifyEmailResult = VerifyEmailSuccess | NotFound | Conflict | Forbidden
}

/// Showing that an address is one's own.
#[derive(Debug, Default)]
pub struct VerifyMutation;

#[Object]
impl VerifyMutation {
    /// Sends the account of this address a link to verify it, good for an hour. Needs no credential; tried too often, it asks for
    /// patience.
    async fn send_verification_email(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which address.")] input: SendVerificationEmailInput,
    ) -> async_graphql::Result<SendVerificationEmailResult> {
        let asked = send(RequestContext::of(context)?, &input.email).await;
        SendVerificationEmailResult::from_outcome(
            asked.map(|email| SendVerificationEmailSuccess { email }),
        )
    }

    /// Verifies an address by the token of a message's link, and makes it the account's where the message was about a change. Needs
    /// no credential, and makes no session.
    async fn verify_email(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The token.")] input: VerifyEmailInput,
    ) -> async_graphql::Result<VerifyEmailResult> {
        let verified = verify(RequestContext::of(context)?, &input.token).await;
        VerifyEmailResult::from_outcome(verified)
    }
}

async fn send(context: &RequestContext, email: &str) -> Result<String, Failure> {
    let email = asking(context, MailAbout::Verification, "email", email).await?;
    let shown = email.as_str().to_owned();
    let services = context.services();
    taken_up(services.mail.verification(&services.auth, email))?;
    Ok(shown)
}

async fn verify(context: &RequestContext, token: &Secret) -> Result<VerifyEmailSuccess, Failure> {
    let caller = context.find_actor().map(|actor| actor.tenant().user());
    // Looking the token up takes a connection of its own.
    context.release().await;
    let auth = &context.services().auth;
    let shown = auth.check_email_token(token.inner(), caller).await;
    let ShownEmail {
        tenant,
        claim,
        noted,
    } = &shown.map_err(failure)?;
    if !noted {
        let action = match claim {
            EmailClaim::Verify { .. } => Action::VerifyEmail,
            EmailClaim::Change { .. } => Action::ChangeEmail,
        };
        context
            .write_by_link(
                tenant,
                action,
                |scope| async move { note(&scope, claim).await },
            )
            .await?;
    }
    let (email, changed) = match claim {
        EmailClaim::Verify { email, .. } => (email, false),
        EmailClaim::Change { to, .. } => (to, true),
    };
    Ok(VerifyEmailSuccess {
        email: email.as_str().to_owned(),
        changed,
    })
}

async fn note(scope: &Doing, claim: &EmailClaim) -> Result<(), Failure> {
    let metadata = match claim {
        EmailClaim::Verify { email, .. } => {
            if !verification::verify(scope, email.as_str()).await? {
                return Err(failure(VerifyError::Changed));
            }
            json!({ "email": email.as_str() })
        }
        EmailClaim::Change {
            from, to, asked_at, ..
        } => {
            match verification::change_email(scope, from.as_str(), to.as_str(), *asked_at).await? {
                EmailChange::Done => {}
                EmailChange::Outdated => return Err(failure(EmailTokenError::Expired.into())),
                EmailChange::Gone => return Err(failure(VerifyError::Changed)),
                EmailChange::Taken => {
                    return Err(Failure::conflict(
                        "There is an account with this e-mail address already.",
                    ));
                }
            }
            json!({ "before": { "email": from.as_str() }, "after": { "email": to.as_str() } })
        }
    };
    audited(scope, "User", scope.tenant().user().as_str(), metadata).await
}

fn failure(error: VerifyError) -> Failure {
    match error {
        VerifyError::Token(why) => Failure::NotFound(NotFound {
            message: format!("This cannot be verified: {why}. Ask for another message."),
        }),
        VerifyError::Changed => Failure::NotFound(NotFound {
            message: "The account has another e-mail address by now.".to_owned(),
        }),
        VerifyError::OfAnother => {
            Failure::forbidden("This link is of another account: sign out first.")
        }
        VerifyError::Db(error) => error.into(),
    }
}
