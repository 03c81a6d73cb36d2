use url::Url;

use super::Letter;
use crate::{Kind, plain};

/// What an invitation says. The names may be anything.
#[derive(Debug, Clone, Copy)]
pub struct Invited<'a> {
    /// The invitation's id, which its link carries.
    pub id: &'a str,
    /// What the organisation is called.
    pub organization: &'a str,
    /// What the person who invites is called.
    pub inviter: &'a str,
    /// As what: `owner`, `admin` or `member`.
    pub role: &'static str,
}

pub(super) fn letter(site: &str, invited: &Invited<'_>, link: Url) -> Letter {
    let Invited {
        id: _,
        organization,
        inviter,
        role,
    } = *invited;
    let (organization, inviter) = (plain::name(organization), plain::name(inviter));
    let article = if role == "member" { "a" } else { "an" };
    Letter {
        kind: Kind::Invitation,
        subject: format!("{inviter} invites you to {organization} at {site}"),
        before: vec![format!(
            "{inviter} invites you to join {organization} at {site} as {article} {role}. Open this link to answer; sign in or sign up with this e-mail address:"
        )],
        action: "Answer the invitation",
        link,
        after: vec!["If you do not know them, ignore this message.".to_owned()],
    }
}
