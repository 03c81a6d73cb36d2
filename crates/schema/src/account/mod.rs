//! What messages are for: a new password, and showing that an address is one's own.

use agentry_auth::MailAbout;
use agentry_auth::email::Email;

use crate::RequestContext;
use crate::check::Checks;
use crate::failure::Failure;

mod email;
mod reset;
mod verify;

pub use email::*;
pub use reset::*;
pub use verify::*;

/// Somebody who asks for a message to this address, which is one, where messages are sent and not too often.
async fn asking(
    context: &RequestContext,
    about: MailAbout,
    field: &str,
    email: &str,
) -> Result<Email, Failure> {
    let email = address(field, email)?;
    sending(context)?;
    let services = context.services();
    // Counting takes a connection of its own.
    context.release().await;
    let counted = services
        .auth
        .count_mail(about, &email, context.client())
        .await?;
    counted.map_err(Failure::too_many)?;
    Ok(email)
}

/// Refused where no message ever leaves.
fn sending(context: &RequestContext) -> Result<(), Failure> {
    if context.services().mail.mailer.is_on() {
        return Ok(());
    }
    Err(Failure::conflict("This server sends no messages."))
}

fn address(field: &str, text: &str) -> Result<Email, Failure> {
    Email::parse(text).map_err(|why| Checks::refused(field, why.to_string()))
}

/// Taken up, unless too much is under way.
fn taken_up(taken: bool) -> Result<(), Failure> {
    if taken {
        return Ok(());
    }
    Err(Failure::too_many(std::time::Duration::from_mins(1)))
}
