use url::Url;

use super::Letter;
use crate::Kind;

/// It says nothing of who signed up: somebody who signs up with another's address must not get to write to them.
pub(super) fn letter(site: &str, link: Url) -> Letter {
    Letter {
        kind: Kind::Verification,
        subject: format!("Verify your e-mail address for {site}"),
        before: vec![format!(
            "An account at {site} was made with this e-mail address. Open this link within an hour to show that it is yours:"
        )],
        action: "Verify the address",
        link,
        after: vec![
            "If you made no account, do not open the link and ignore this message.".to_owned(),
        ],
    }
}
