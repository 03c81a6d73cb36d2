use url::Url;

use super::Letter;
use crate::Kind;

pub(super) fn letter(site: &str, link: Url) -> Letter {
    Letter {
        kind: Kind::EmailChange,
        subject: format!("Confirm your new e-mail address for {site}"),
        before: vec![format!(
            "This is to become the e-mail address of an account at {site}. Open this link within an hour to agree:"
        )],
        action: "Use this address",
        link,
        after: vec![
            "If that is not your account, do not open the link and ignore this message.".to_owned(),
        ],
    }
}
