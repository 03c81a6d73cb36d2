use std::fmt;

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message as Mime};
use url::Host;

use crate::sender::Sender;
use crate::transport::Fault;

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// To verify an address.
    Verification,
    /// To choose a new password.
    PasswordReset,
    /// To verify the address an account is to have.
    EmailChange,
    /// Into an organisation.
    Invitation,
}

/// A message to one person. `Debug` shows its kind alone: the text holds a link that opens an account.
#[derive(Clone)]
pub struct Message {
    pub(crate) kind: Kind,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// A line of text that is only ASCII needs no encoding up to here (RFC 5322, 2.1.1).
const MAX_LINE: usize = 998;

impl Kind {
    /// As logs and file names have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verification => "verification",
            Self::PasswordReset => "password-reset",
            Self::EmailChange => "email-change",
            Self::Invitation => "invitation",
        }
    }
}

impl Message {
    /// What it is about.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The message in the form of RFC 5322.
    pub(crate) fn mime(&self, sender: &Sender) -> Result<Mime, Fault> {
        let unfit = |_| Fault::Permanent("the message cannot be written".to_owned());
        let to = address(&self.to)
            .ok_or_else(|| Fault::Permanent("the address cannot be written to".to_owned()))?;
        let body = MultiPart::alternative()
            .singlepart(part(ContentType::TEXT_PLAIN, &self.text))
            .singlepart(part(ContentType::TEXT_HTML, &self.html));
        // RFC 3834: no program is to answer this.
        let automatic = HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        );
        let id = format!("<{}@{}>", cuid2::create_id(), sender.address.domain());
        Mime::builder()
            .from(Mailbox::new(
                Some(sender.name.clone()),
                sender.address.clone(),
            ))
            .to(Mailbox::new(None, to))
            .subject(&self.subject)
            .message_id(Some(id))
            .raw_header(automatic)
            .multipart(body)
            .map_err(unfit)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// The domain goes out as ASCII (RFC 5891), so that only a local part beyond ASCII needs a server that speaks SMTPUTF8.
fn address(email: &str) -> Option<Address> {
    let (local, domain) = email.rsplit_once('@')?;
    let domain = match Host::parse(domain).ok()? {
        Host::Domain(domain) => domain,
        Host::Ipv4(_) | Host::Ipv6(_) => return None,
    };
    Address::new(local, domain).ok()
}

/// Plain where it can be, so that a link can be copied out of a file.
fn part(kind: ContentType, text: &str) -> SinglePart {
    let crlf = text.replace('\n', "\r\n");
    let body = if text.is_ascii() && text.lines().all(|line| line.len() <= MAX_LINE) {
        Body::dangerous_pre_encoded(crlf.into_bytes(), ContentTransferEncoding::SevenBit)
    } else {
        Body::new(crlf)
    };
    SinglePart::builder().header(kind).body(body)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn message(to: &str, subject: &str) -> Message {
        Message {
            kind: Kind::Verification,
            to: to.to_owned(),
            subject: subject.to_owned(),
            text: format!("Hello\n\nhttps://app.example/?token={}\n", "a=".repeat(200)),
            html: "<p>é</p>".to_owned(),
        }
    }

    fn formatted(message: &Message) -> String {
        String::from_utf8(message.mime(&Sender::default()).unwrap().formatted()).unwrap()
    }

    #[test]
    fn link_stands_in_one_line_as_it_is() {
        let text = formatted(&message("ada@example.com", "Hello"));
        let link = format!("\r\nhttps://app.example/?token={}\r\n", "a=".repeat(200));
        assert!(text.contains(&link), "{text}");
        assert!(
            text.contains("From: Agentry <agentry@localhost>\r\n"),
            "{text}"
        );
        assert!(text.contains("To: ada@example.com\r\n"), "{text}");
        assert!(
            text.contains("Auto-Submitted: auto-generated\r\n"),
            "{text}"
        );
        assert!(
            text.contains("Date: ") && text.contains("Message-ID: <"),
            "{text}"
        );
    }

    #[test]
    fn subject_cannot_become_another_header() {
        for subject in [
            "Hi\r\nBcc: eve@example.com",
            "Hi\nX-Evil: 1",
            "Hi\r\n\r\nbody",
            "é\r\nBcc: x",
        ] {
            let text = formatted(&message("ada@example.com", subject));
            let (head, _) = text.split_once("\r\n\r\n").unwrap();
            let names: Vec<&str> = head
                .split("\r\n")
                .filter(|line| !line.starts_with([' ', '\t']))
                .map(|line| line.split_once(": ").unwrap().0)
                .collect();
            assert!(
                !names.contains(&"Bcc") && !names.contains(&"X-Evil"),
                "{head}"
            );
            assert!(
                !head.contains('\n') || !head.replace("\r\n", "").contains(['\r', '\n']),
                "{head:?}"
            );
        }
    }

    #[test]
    fn addresses_that_could_be_more_than_one_are_refused() {
        for bad in [
            "ada@example.com\r\nRCPT TO:<eve@example.com>",
            "ada@example.com, eve@example.com",
            "ada@example.com> BODY=8BITMIME",
            "ada@[127.0.0.1]",
            "ada@127.0.0.1",
            "ada",
            "@example.com",
            "",
        ] {
            assert!(
                message(bad, "x").mime(&Sender::default()).is_err(),
                "{bad:?}"
            );
        }
        let text = formatted(&message("ada@bücher.example", "x"));
        assert!(text.contains("To: ada@xn--bcher-kva.example\r\n"), "{text}");
    }

    #[test]
    fn debug_shows_neither_recipient_nor_link() {
        let shown = format!("{:?}", message("ada@example.com", "x"));
        assert_eq!(shown, "Message { kind: Verification, .. }");
    }
}
