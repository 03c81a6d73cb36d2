use url::Url;

use super::Letter;
use crate::Kind;

pub(super) fn letter(site: &str, link: Url) -> Letter {
    Letter {
        kind: Kind::PasswordReset,
        subject: format!("Choose a new password for {site}"),
        before: vec![format!(
            "Somebody asked for a new password for your account at {site}. Open this link within an hour to choose one; it works once:"
        )],
        action: "Choose a new password",
        link,
        after: vec![
            "If it was not you, ignore this message: your password stays as it is.".to_owned(),
        ],
    }
}
