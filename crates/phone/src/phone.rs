//! What somebody types as their number.

use std::fmt;

use rlibphonenumber::{
    NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat, PhoneNumberType,
};

use crate::clean::{Cleaned, clean};
use crate::sender::{PERSON, jids};
use crate::variants::variants;

/// A country or area with phone numbers of its own, by its code in ISO 3166-1: where a number is from that does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region(rlibphonenumber::Region);

/// A number that may exist, in E.164. `Debug` tells its last two digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone {
    digits: String,
}

/// Why a text is no phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneRefused {
    /// Something in it belongs to no number: a letter, an extension, a second `+`, digits of another script.
    #[error("not written as a phone number")]
    Unreadable,
    /// No number of its country looks like that: wrong length, or a country that does not exist.
    #[error("no number of its country looks like that")]
    Impossible,
}

impl Region {
    /// By its two letters, in any case. `None`: there is none of that name with numbers of its own.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let two_letters = text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
        let region = two_letters.then(|| text.to_ascii_uppercase().parse().ok())??;
        PHONE_NUMBER_UTIL.get_country_code_for_region(region)?;
        Some(Self(region))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Phone {
    /// Reads a number as people paste it. One that begins neither with a `+` nor with `00` is of `region`.
    ///
    /// A number is taken when it lies in a range that its country has given out, or is as long as mobile numbers are there: ranges are
    /// given out too often to refuse by them, and nobody is reached under a number before a message came from it. Where digits had to
    /// be left out to read it so, it must lie in such a range.
    ///
    /// # Errors
    /// [`PhoneRefused`].
    pub fn parse(text: &str, region: Region) -> Result<Self, PhoneRefused> {
        let cleaned = clean(text)?;
        let written = read(&cleaned.digits, &cleaned, region);
        // In Italy and San Marino the zero belongs to the number, also for those who put it into brackets.
        let kept = cleaned.with_trunk_zero.as_deref();
        let kept = kept.and_then(|digits| read(digits, &cleaned, region));
        let candidates = [written, kept];
        let given_out = candidates.iter().flatten().find(|read| read.given_out);
        let possible = candidates.iter().flatten().find(|read| read.possible);
        match given_out.or(possible) {
            Some(read) => Ok(Self {
                digits: read.digits.clone(),
            }),
            None => Self::older_form(&cleaned).ok_or(PhoneRefused::Impossible),
        }
    }

    /// A number in a form that its country has given up and WhatsApp shows still: Mexico's with a 1.
    fn older_form(cleaned: &Cleaned) -> Option<Self> {
        let forms = cleaned.international.then(|| variants(&cleaned.digits))?;
        let mut forms = forms.into_iter().filter(|form| *form != cleaned.digits);
        let current = forms.find(|form| read_international(form).is_some_and(|r| r.given_out))?;
        Some(Self { digits: current })
    }

    /// In E.164, `+447123456789`.
    #[must_use]
    pub fn e164(&self) -> String {
        format!("+{}", self.digits)
    }

    /// Without the `+`, as in `https://wa.me/447123456789`.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// Its canonical id on WhatsApp, `447123456789@s.whatsapp.net`.
    #[must_use]
    pub fn jid(&self) -> String {
        format!("{}{PERSON}", self.digits)
    }

    /// One id for all that are the same number, as [`crate::Sender::number`] has it.
    #[must_use]
    pub fn number(&self) -> String {
        let first = self.variants().into_iter().next();
        first.unwrap_or_else(|| self.jid())
    }

    /// Every canonical id that is the same number, as [`crate::Sender::variants`] has them.
    #[must_use]
    pub fn variants(&self) -> Vec<String> {
        jids(&self.digits)
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tail = self.digits.get(self.digits.len().saturating_sub(2)..);
        write!(f, "Phone(…{})", tail.unwrap_or_default())
    }
}

/// What libphonenumber makes of digits.
struct Read {
    digits: String,
    /// It is as long as mobile numbers of its country are, or given out.
    possible: bool,
    /// It lies in a range that its country has given out.
    given_out: bool,
}

fn read(digits: &str, cleaned: &Cleaned, region: Region) -> Option<Read> {
    if cleaned.international {
        return read_international(digits);
    }
    judge(&PHONE_NUMBER_UTIL.parse(digits, Some(region.0)).ok()?)
}

fn read_international(digits: &str) -> Option<Read> {
    // No country's code begins with 0.
    if digits.starts_with('0') {
        return None;
    }
    let number = PHONE_NUMBER_UTIL.parse(format!("+{digits}"), None).ok()?;
    let mut read = judge(&number)?;
    // Whoever writes the country and dials the zero of home too may have left out or added something else.
    if read.digits != digits {
        read.possible = read.given_out;
    }
    Some(read)
}

fn judge(number: &PhoneNumber) -> Option<Read> {
    let e164 = number.format_as(PhoneNumberFormat::E164);
    let digits = e164.strip_prefix('+')?;
    // E.164 allows 15; a country may have assigned more, which WhatsApp does not carry.
    let fits = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let given_out = number.is_valid();
    let length =
        PHONE_NUMBER_UTIL.is_possible_number_for_type_with_reason(number, PhoneNumberType::Mobile);
    fits.then(|| Read {
        digits: digits.to_owned(),
        possible: given_out || length == Ok(NumberLengthType::IsPossible),
        given_out,
    })
}
