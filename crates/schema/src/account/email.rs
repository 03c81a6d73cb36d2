use agentry_auth::MailAbout;
use agentry_auth::email::Email;
use agentry_db::profile;
use async_graphql::{Context, InputObject, Object, SimpleObject};
use secrecy::SecretString;

use super::{address, sending, taken_up};
use crate::check::Checks;
use crate::failure::{Failure, mutation_result};
use crate::secret::Secret;
use crate::viewer::unconfirmed;
use crate::{Action, Noun, RequestContext};

/// Another e-mail address.
#[derive(InputObject)]
pub struct ChangeEmailInput {
    /// The address as it is to be. Case does not matter.
    new_email: String,
    /// Your password: whoever has your address can have your account.
    current_password: Secret,
}

/// A message is on its way to the new address, unless it is somebody's already, which is not told. Nothing changes before its link
/// is opened.
#[derive(Debug, SimpleObject)]
pub struct ChangeEmailSuccess {
    /// The new address, in lower case.
    email: String,
}

mutation_result! {
    /// How asking for another address ended.
    ChangeEmailResult = ChangeEmailSuccess | ValidationFailed | Forbidden | Conflict | TooManyRequests
}

/// Changing one's address.
#[derive(Debug, Default)]
pub struct EmailMutation;

#[Object]
impl EmailMutation {
    /// Sends your new e-mail address a link that makes it yours, good for an hour. Guesses at your password are counted with
    /// attempts to sign in.
    async fn change_email(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which address.")] input: ChangeEmailInput,
    ) -> async_graphql::Result<ChangeEmailResult> {
        let asked = change(RequestContext::of(context)?, input).await;
        ChangeEmailResult::from_outcome(asked.map(|email| ChangeEmailSuccess { email }))
    }
}

async fn change(context: &RequestContext, input: ChangeEmailInput) -> Result<String, Failure> {
    context.may(Action::ChangeEmail)?;
    let to = address("newEmail", &input.new_email)?;
    sending(context)?;
    let known = profile::password(&context.read(Noun::Account).await?).await?;
    let known = known.ok_or_else(|| Failure::conflict("Your account has no password."))?;
    // Checking a password takes a while, and no connection waits for it.
    context.release().await;
    let from = Email::parse(&known.email).ok().filter(|from| *from != to);
    let Some(from) = from else {
        return Err(Checks::refused("newEmail", "It is your address already."));
    };
    let services = context.services();
    let hash = SecretString::from(known.password);
    let password = input.current_password.inner().clone();
    let checked = services
        .auth
        .confirm_password(&known.email, &hash, password);
    checked.await.map_err(unconfirmed)?;
    let counted = services
        .auth
        .count_mail(MailAbout::Verification, &to, context.client());
    counted.await?.map_err(Failure::too_many)?;
    let (user, shown) = (context.tenant()?.user().clone(), to.as_str().to_owned());
    taken_up(services.mail.email_change(&services.auth, user, from, to))?;
    Ok(shown)
}
