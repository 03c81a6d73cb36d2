use std::str::FromStr;

use lettre::Address;

use crate::plain;

/// Who messages are from. Its name is what they call the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    pub(crate) name: String,
    pub(crate) address: Address,
}

/// Why a sender is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a sender such as Example <no-reply@example.com>")]
pub struct SenderError;

impl Sender {
    /// What messages call the site.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Default for Sender {
    /// Good for messages that stay on the machine.
    fn default() -> Self {
        Self {
            name: "Agentry".to_owned(),
            address: Address::new_dangerous("agentry", "localhost"),
        }
    }
}

impl FromStr for Sender {
    type Err = SenderError;

    /// `Name <address>`; both parts are needed.
    fn from_str(text: &str) -> Result<Self, SenderError> {
        let (name, rest) = text.split_once('<').ok_or(SenderError)?;
        let address = rest.trim_end().strip_suffix('>').ok_or(SenderError)?;
        let name = name.trim().trim_matches('"').trim();
        if name.is_empty() || plain::name(name) != name || !address.is_ascii() {
            return Err(SenderError);
        }
        let address = address.parse().map_err(|_| SenderError)?;
        Ok(Self {
            name: name.to_owned(),
            address,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn sender_is_a_name_and_an_address() {
        let sender: Sender = "Acme Agents <no-reply@acme.example>".parse().unwrap();
        assert_eq!(sender.name, "Acme Agents");
        assert_eq!(sender.address.to_string(), "no-reply@acme.example");
        assert_eq!(
            "\"Acme\" <a@b.example>".parse::<Sender>().unwrap().name,
            "Acme"
        );
        for bad in [
            "",
            "a@b.example",
            "<a@b.example>",
            "Acme <a>",
            "Acme <a@b.example>, x",
            "Acme <a@b.example",
            "A\r\nBcc: x <a@b.example>",
            "Acme <a@b.example\r\nBcc: x@y.example>",
            "Acme <a@b.example> <c@d.example>",
            "Acme <ä@b.example>",
        ] {
            assert_eq!(bad.parse::<Sender>(), Err(SenderError), "{bad:?}");
        }
    }
}
