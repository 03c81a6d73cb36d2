//! Who a message on WhatsApp is from.

use crate::variants::variants;

/// What follows the digits in the canonical id of a person.
pub(crate) const PERSON: &str = "@s.whatsapp.net";
/// The most characters Meta gives a business-scoped id behind its country, and its mark where there is one.
const MAX_SCOPED: usize = 128;

/// What kind of id a sender has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Namespace {
    /// A phone number as WhatsApp writes it, `<digits>@s.whatsapp.net`.
    WaJid,
    /// A business-scoped id, `GB.13491208655302741918`: what Meta reports of a person whose number it does not tell. It says nothing
    /// about the number, and means the same person to one business alone.
    WaBsuid,
}

impl Namespace {
    /// Its name in the database: `wa_jid` or `wa_bsuid`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WaJid => "wa_jid",
            Self::WaBsuid => "wa_bsuid",
        }
    }
}

/// A person who sends messages.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sender {
    namespace: Namespace,
    identifier: String,
}

/// Why an id is no sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SenderRefused {
    /// A group: many people behind one id.
    #[error("a group, which is not a person")]
    Group,
    /// A broadcast list, or the list of status updates.
    #[error("a broadcast, which is not a person")]
    Broadcast,
    /// A channel, which WhatsApp calls a newsletter.
    #[error("a newsletter, which is not a person")]
    Newsletter,
    /// An id that hides the number, `…@lid`. Its digits are no phone number, and must never be taken for one.
    #[error("a hidden id, which names no phone number")]
    Hidden,
    /// Nothing that WhatsApp calls a person.
    #[error("not an id of a person on WhatsApp")]
    Unknown,
}

impl Sender {
    /// Reads an id: the bare digits of Meta's Cloud API, `<digits>@s.whatsapp.net` and the older `@c.us`, with the device (`:12`) and
    /// the agent (`.0`) that other gateways add, in any case; or a business-scoped id, which keeps its case but for the country.
    ///
    /// # Errors
    /// [`SenderRefused`].
    pub fn parse(id: &str) -> Result<Self, SenderRefused> {
        let id = id.trim();
        let Some((user, server)) = id.split_once('@') else {
            return Self::phone(id.strip_prefix('+').unwrap_or(id)).or_else(|_| Self::scoped(id));
        };
        match server.to_ascii_lowercase().as_str() {
            "s.whatsapp.net" | "c.us" => Self::phone(without_device(user)),
            "g.us" => Err(SenderRefused::Group),
            "broadcast" => Err(SenderRefused::Broadcast),
            "newsletter" => Err(SenderRefused::Newsletter),
            "lid" | "hosted.lid" => Err(SenderRefused::Hidden),
            _ => Err(SenderRefused::Unknown),
        }
    }

    fn phone(digits: &str) -> Result<Self, SenderRefused> {
        let plausible = (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if !plausible {
            return Err(SenderRefused::Unknown);
        }
        Ok(Self {
            namespace: Namespace::WaJid,
            identifier: format!("{digits}{PERSON}"),
        })
    }

    fn scoped(id: &str) -> Result<Self, SenderRefused> {
        let (country, rest) = id.split_once('.').ok_or(SenderRefused::Unknown)?;
        // The id of a whole portfolio of businesses has a mark between.
        let (mark, own) = match rest.split_once('.') {
            Some((mark, own)) if mark.eq_ignore_ascii_case("ent") => ("ENT.", own),
            Some(_) => return Err(SenderRefused::Unknown),
            None => ("", rest),
        };
        let fits = country.len() == 2
            && country.bytes().all(|b| b.is_ascii_alphabetic())
            && (1..=MAX_SCOPED).contains(&own.len())
            && own.bytes().all(|b| b.is_ascii_alphanumeric());
        if !fits {
            return Err(SenderRefused::Unknown);
        }
        Ok(Self {
            namespace: Namespace::WaBsuid,
            identifier: format!("{}.{mark}{own}", country.to_ascii_uppercase()),
        })
    }

    /// What kind of id it is.
    #[must_use]
    pub fn namespace(&self) -> Namespace {
        self.namespace
    }

    /// The canonical id, as it was observed: of a number with two forms, the one that was given.
    #[must_use]
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// One id for all that are the same number: the first of its variants. What is unique, and what is looked up by.
    #[must_use]
    pub fn number(&self) -> String {
        let first = self.variants().into_iter().next();
        first.unwrap_or_else(|| self.identifier.clone())
    }

    /// The digits of a phone number; `None` where the id tells none.
    #[must_use]
    pub fn digits(&self) -> Option<&str> {
        match self.namespace {
            Namespace::WaJid => self.identifier.strip_suffix(PERSON),
            Namespace::WaBsuid => None,
        }
    }

    /// Every canonical id that is the same number, this one among them, in an order that depends on the number alone.
    #[must_use]
    pub fn variants(&self) -> Vec<String> {
        match self.digits() {
            Some(digits) => jids(digits),
            None => vec![self.identifier.clone()],
        }
    }
}

/// The canonical ids of a number in E.164 without its `+`.
pub(crate) fn jids(digits: &str) -> Vec<String> {
    let forms = variants(digits).into_iter();
    forms.map(|form| format!("{form}{PERSON}")).collect()
}

/// `447123456789.0:12` is the twelfth device of `447123456789`.
fn without_device(user: &str) -> &str {
    let is_number =
        |text: &str| (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let user = match user.split_once(':') {
        Some((user, device)) if is_number(device) => user,
        _ => user,
    };
    match user.split_once('.') {
        Some((user, agent)) if is_number(agent) => user,
        _ => user,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{Namespace, Sender, SenderRefused};

    #[test]
    fn every_spelling_of_a_person_is_one_id() {
        for spelling in [
            "447123456789",
            "+447123456789",
            "447123456789@s.whatsapp.net",
            "447123456789@S.WhatsApp.NET",
            "447123456789:12@s.whatsapp.net",
            "447123456789.0:12@s.whatsapp.net",
            "447123456789.1@s.whatsapp.net",
            "447123456789@c.us",
            "447123456789:3@C.US",
            "  447123456789@s.whatsapp.net\n",
        ] {
            let sender = Sender::parse(spelling).unwrap();
            assert_eq!(
                sender.identifier(),
                "447123456789@s.whatsapp.net",
                "{spelling}"
            );
            assert_eq!(sender.namespace(), Namespace::WaJid);
            assert_eq!(sender.digits(), Some("447123456789"));
        }
    }

    #[test]
    fn what_is_not_a_person_is_refused_by_what_it_is() {
        for (id, refused) in [
            ("120363025246125486@g.us", SenderRefused::Group),
            ("447123456789-1500000000@G.US", SenderRefused::Group),
            ("status@broadcast", SenderRefused::Broadcast),
            ("1500000000@broadcast", SenderRefused::Broadcast),
            ("120363025246125486@newsletter", SenderRefused::Newsletter),
            ("123456789012345@lid", SenderRefused::Hidden),
            ("123456789012345:7@LID", SenderRefused::Hidden),
            ("447123456789@hosted.lid", SenderRefused::Hidden),
            ("447123456789@whatsapp.com", SenderRefused::Unknown),
            (
                "447123456789@s.whatsapp.net.example.com",
                SenderRefused::Unknown,
            ),
            (
                "447123456789@s.whatsapp.net@s.whatsapp.net",
                SenderRefused::Unknown,
            ),
            ("@s.whatsapp.net", SenderRefused::Unknown),
            ("", SenderRefused::Unknown),
            ("447123456789:@s.whatsapp.net", SenderRefused::Unknown),
            ("447123456789:x@s.whatsapp.net", SenderRefused::Unknown),
            ("447123456789:1:2@s.whatsapp.net", SenderRefused::Unknown),
            ("0447123456789@s.whatsapp.net", SenderRefused::Unknown),
            ("123456@s.whatsapp.net", SenderRefused::Unknown),
            ("1234567890123456@s.whatsapp.net", SenderRefused::Unknown),
            ("٤٤٧١٢٣٤٥٦٧٨٩@s.whatsapp.net", SenderRefused::Unknown),
            ("GB.", SenderRefused::Unknown),
            ("GBR.123", SenderRefused::Unknown),
            ("GB.12 34", SenderRefused::Unknown),
            ("GB.X.1234", SenderRefused::Unknown),
            ("12.34", SenderRefused::Unknown),
        ] {
            assert_eq!(Sender::parse(id), Err(refused), "{id}");
        }
    }

    #[test]
    fn a_business_scoped_id_has_a_namespace_of_its_own_and_no_digits() {
        let sender = Sender::parse("gb.13491208655302741918").unwrap();
        assert_eq!(sender.namespace(), Namespace::WaBsuid);
        assert_eq!(sender.identifier(), "GB.13491208655302741918");
        assert_eq!(sender.digits(), None);
        assert_eq!(sender.variants(), ["GB.13491208655302741918"]);
        let whole = Sender::parse("US.ent.11815799212886844830").unwrap();
        assert_eq!(whole.identifier(), "US.ENT.11815799212886844830");
        assert!(Sender::parse(&format!("GB.{}", "1".repeat(129))).is_err());
    }

    #[test]
    fn variants_hold_the_observed_id_and_agree_from_either_form() {
        let long = Sender::parse("5215512345678@c.us").unwrap();
        let short = Sender::parse("525512345678").unwrap();
        assert_eq!(long.identifier(), "5215512345678@s.whatsapp.net");
        assert_eq!(long.variants(), short.variants());
        assert!(long.variants().contains(&long.identifier().to_owned()));
        assert_eq!(long.number(), short.identifier());
        assert_eq!(short.number(), short.identifier());
    }
}
