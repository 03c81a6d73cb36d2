#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use crate::{Phone, PhoneRefused, Region, Sender};

mod worst;

fn gb(text: &str) -> Result<String, PhoneRefused> {
    within("GB", text)
}

fn within(region: &str, text: &str) -> Result<String, PhoneRefused> {
    Phone::parse(text, Region::parse(region).unwrap()).map(|phone| phone.e164())
}

#[test]
fn numbers_are_read_as_people_write_them() {
    for (text, e164) in [
        ("+447123456789", "+447123456789"),
        ("+44 (0) 7123-456.789", "+447123456789"),
        (" + 44 7123 456 789 ", "+447123456789"),
        ("00447123456789", "+447123456789"),
        ("07123456789", "+447123456789"),
        ("+15551234567", "+15551234567"),
        ("+33612345678", "+33612345678"),
        ("447123456789", "+447123456789"),
        ("+(0)44 7123456789", "+447123456789"),
        ("0044 (0)7123 456789", "+447123456789"),
        ("+33 (0)6 12 34 56 78", "+33612345678"),
        ("+4407123456789", "+447123456789"),
        ("(0)7123 456789", "+447123456789"),
        ("tel:+44-7123-456789", "+447123456789"),
        ("TEL: 07123 456789", "+447123456789"),
        ("+6834000", "+6834000"),
        ("+878 10 12345 67890", "+878101234567890"),
        ("+39 (0)6 1234 5678", "+390612345678"),
        ("+39 06 1234 5678", "+390612345678"),
        ("+5215512345678", "+525512345678"),
        ("+525512345678", "+525512345678"),
        ("+54 9 11 2345-6789", "+5491123456789"),
        ("+55 (11) 98765-4321", "+5511987654321"),
        ("+551187654321", "+551187654321"),
    ] {
        assert_eq!(gb(text).as_deref(), Ok(e164), "{text:?}");
    }
}

#[test]
fn what_is_no_number_is_refused() {
    for text in [
        "abc",
        "+12",
        "+1234567890123456",
        "+0123456789",
        "+440123456789",
        "",
        "  ",
        "٠٧١٢٣٤٥٦٧٨٩",
        "+123456",
    ] {
        assert!(gb(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_number_without_a_country_is_of_the_region() {
    assert_eq!(within("US", "5551234567").as_deref(), Ok("+15551234567"));
    assert_eq!(
        within("us", "(555) 123-4567").as_deref(),
        Ok("+15551234567")
    );
    assert_eq!(
        within("US", "011 44 7123 456789").as_deref(),
        Ok("+447123456789")
    );
    assert_eq!(
        within("RU", "8 916 123-45-67").as_deref(),
        Ok("+79161234567")
    );
    assert_eq!(
        within("FR", "06 12 34 56 78").as_deref(),
        Ok("+33612345678")
    );
    assert_eq!(within("FR", "07123456789"), Err(PhoneRefused::Impossible));
    // What begins with a country says so itself, wherever its writer is.
    assert_eq!(
        within("FR", "+447123456789").as_deref(),
        Ok("+447123456789")
    );
    assert_eq!(
        within("US", "00447123456789").as_deref(),
        Ok("+447123456789")
    );
}

#[test]
fn regions_are_two_letters_with_numbers_of_their_own() {
    for region in ["GB", "gb", "US", "IT", "VA", "XK"] {
        assert!(Region::parse(region).is_some(), "{region}");
    }
    for region in [
        "", "G", "GBR", "UK", "ZZ", "001", "1A", "ÄB", "G\0", "🇬🇧", "AQ",
    ] {
        assert!(Region::parse(region).is_none(), "{region}");
    }
    assert_eq!(Region::parse("gb").unwrap().to_string(), "GB");
}

#[test]
fn a_phone_tells_its_id_and_its_other_form() {
    let phone = Phone::parse("+44 7123 456789", Region::parse("GB").unwrap()).unwrap();
    assert_eq!(phone.jid(), "447123456789@s.whatsapp.net");
    assert_eq!(phone.variants(), [phone.jid()]);
    assert_eq!(format!("{phone:?}"), "Phone(…89)");
    let mexican = Phone::parse("+52 1 55 1234 5678", Region::parse("MX").unwrap()).unwrap();
    assert_eq!(mexican.jid(), "525512345678@s.whatsapp.net");
    let observed = Sender::parse("5215512345678@s.whatsapp.net").unwrap();
    assert_eq!(mexican.variants(), observed.variants());
}

fn e164() -> impl Strategy<Value = String> {
    (1_u64..=999_999_999_999_999).prop_map(|digits| format!("+{digits}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_text_panics(text in "\\PC{0,60}") {
        let _ = gb(&text);
        let _ = Sender::parse(&text);
        let _ = Region::parse(&text);
    }

    #[test]
    fn no_text_that_looks_like_a_number_panics(text in "[+0-9０-９٠-٩() .:\\-tel;x@,/\u{200b}]{0,40}", region in "[A-Z]{2}") {
        let Some(region) = Region::parse(&region) else { return Ok(()) };
        let _ = Phone::parse(&text, region);
    }

    #[test]
    fn what_is_taken_is_e164_and_is_taken_again(text in e164()) {
        if let Ok(e164) = gb(&text) {
            let digits = e164.strip_prefix('+').unwrap();
            prop_assert!((7..=15).contains(&digits.len()) && !digits.starts_with('0'));
            prop_assert_eq!(gb(&e164), Ok(e164.clone()));
            prop_assert_eq!(within("US", &e164), Ok(e164.clone()));
            let sender = Sender::parse(digits).unwrap();
            prop_assert_eq!(sender.digits(), Some(digits));
        }
    }

    #[test]
    fn decoration_changes_nothing(text in e164(), marks in prop::collection::vec("[ \\-./()\u{200b}\u{2011}\u{a0}]?", 15)) {
        let mut decorated = String::new();
        let mut marks = marks.iter();
        for c in text.chars() {
            decorated.push(c);
            decorated.push_str(marks.next().map_or("", String::as_str));
        }
        // A zero alone in brackets is not decoration.
        prop_assume!(!decorated.replace(['\u{200b}', ' ', '\u{a0}'], "").contains("(0)"));
        prop_assert_eq!(gb(&decorated), gb(&text));
    }

    #[test]
    fn every_form_of_a_sender_names_the_same_number(digits in 1_000_000_u64..=999_999_999_999_999) {
        let sender = Sender::parse(&digits.to_string()).unwrap();
        let variants = sender.variants();
        prop_assert!(variants.contains(&sender.identifier().to_owned()));
        for form in &variants {
            prop_assert_eq!(&Sender::parse(form).unwrap().variants(), &variants);
        }
    }
}
