//! What messages say.

mod email_change;
mod invitation;
mod reset;
mod verification;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

pub use invitation::Invited;

use crate::message::{Kind, Message};
use crate::plain;

/// Writes messages: knows what the site is called, and where its pages are.
#[derive(Debug, Clone)]
pub struct Letters {
    site: String,
    app: Url,
}

/// One message before it has a form: paragraphs, one link, paragraphs.
pub(crate) struct Letter {
    pub(crate) kind: Kind,
    pub(crate) subject: String,
    pub(crate) before: Vec<String>,
    /// What the link does: its words in HTML.
    pub(crate) action: &'static str,
    pub(crate) link: Url,
    pub(crate) after: Vec<String>,
}

impl Letters {
    /// `site` is the sender's name; `app` where the pages are that links lead to, without their own paths.
    #[must_use]
    pub fn new(site: &str, app: Url) -> Self {
        Self {
            site: plain::name(site),
            app,
        }
    }

    /// Asks whoever reads `to` to show that it is theirs.
    #[must_use]
    pub fn verification(&self, to: &str, token: &SecretString) -> Message {
        let link = self.page("verify-email", "token", token.expose_secret());
        verification::letter(&self.site, link).to(to)
    }

    /// Lets whoever reads `to` choose a new password.
    #[must_use]
    pub fn password_reset(&self, to: &str, token: &SecretString) -> Message {
        let link = self.page("reset-password", "token", token.expose_secret());
        reset::letter(&self.site, link).to(to)
    }

    /// Asks whoever reads `to`, the new address of an account, to show that it is theirs.
    #[must_use]
    pub fn email_change(&self, to: &str, token: &SecretString) -> Message {
        let link = self.page("verify-email", "token", token.expose_secret());
        email_change::letter(&self.site, link).to(to)
    }

    /// Asks whoever reads `to` into an organisation.
    #[must_use]
    pub fn invitation(&self, to: &str, invited: &Invited<'_>) -> Message {
        let link = self.page("accept-invitation", "id", invited.id);
        invitation::letter(&self.site, invited, link).to(to)
    }

    /// A page below the app's address; what that has of a query or a fragment is not kept.
    fn page(&self, page: &str, name: &str, value: &str) -> Url {
        let mut link = self.app.clone();
        link.set_query(None);
        link.set_fragment(None);
        // An http address always has a path to add to.
        if let Ok(mut path) = link.path_segments_mut() {
            path.pop_if_empty().push(page);
        }
        link.query_pairs_mut().append_pair(name, value);
        link
    }
}

impl Letter {
    fn to(self, to: &str) -> Message {
        let Self {
            kind,
            subject,
            before,
            action,
            link,
            after,
        } = self;
        let texts = before.iter().map(String::as_str);
        let texts = texts.chain([link.as_str()]);
        let texts = texts.chain(after.iter().map(String::as_str));
        let text = texts.collect::<Vec<_>>().join("\n\n");
        let paragraph = |text: &String| format!("<p>{}</p>\n", plain::html(text));
        let html = [
            "<!doctype html>\n<html><body>\n".to_owned(),
            before.iter().map(paragraph).collect(),
            format!(
                "<p><a href=\"{}\">{action}</a></p>\n",
                plain::html(link.as_str())
            ),
            after.iter().map(paragraph).collect(),
            "</body></html>\n".to_owned(),
        ];
        Message {
            kind,
            to: to.to_owned(),
            subject,
            text: format!("{text}\n"),
            html: html.concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn letters(app: &str) -> Letters {
        Letters::new("Acme", app.parse().unwrap())
    }

    #[test]
    fn links_lead_below_the_address_of_the_app() {
        let token = SecretString::from("a b&c=d.é");
        for (app, link) in [
            (
                "https://app.example",
                "https://app.example/verify-email?token=a+b%26c%3Dd.%C3%A9",
            ),
            (
                "https://app.example/en/?x=1#y",
                "https://app.example/en/verify-email?token=a+b%26c%3Dd.%C3%A9",
            ),
        ] {
            let message = letters(app).verification("ada@example.com", &token);
            assert!(
                message.text.contains(&format!("\n{link}\n")),
                "{}",
                message.text
            );
            let quoted = plain::html(link);
            assert!(
                message.html.contains(&format!("<a href=\"{quoted}\">")),
                "{}",
                message.html
            );
        }
    }

    #[test]
    fn names_of_strangers_are_no_markup_and_no_links() {
        let invited = Invited {
            id: "id",
            organization: "<script>alert(1)</script> evil.example",
            inviter: "Eve\r\nBcc: x@y.example",
            role: "admin",
        };
        let message = letters("https://app.example").invitation("bob@example.com", &invited);
        for part in [&message.subject, &message.text, &message.html] {
            assert!(
                !part.contains("<script") && !part.contains("evil.example"),
                "{part}"
            );
            assert!(!part.contains("Bcc:") && !part.contains("x@y"), "{part}");
        }
        assert!(!message.subject.contains(['\r', '\n']));
    }
}
