//! Numbers that go by two forms. What WhatsApp reports is not always what people dial: in Mexico a 1, in Argentina a 9 and in Brazil a
//! ninth digit stands in one and not in the other, and either may be the older. Both are one number.

/// Every form of a number in E.164 without its `+`, the shortest first, so that the first one names the number whichever form was given.
pub(crate) fn variants(digits: &str) -> Vec<String> {
    let forms = |code: &str, extra: &str, at: usize, rest: &str| {
        let (before, after) = rest.split_at(at);
        vec![
            format!("{code}{rest}"),
            format!("{code}{before}{extra}{after}"),
        ]
    };
    if let Some(rest) = digits.strip_prefix("52") {
        // Mexico: 1 stood between the country and a mobile number until 2019, and WhatsApp still says it for older accounts.
        match (rest.len(), rest.strip_prefix('1')) {
            (11, Some(short)) => return forms("52", "1", 0, short),
            (10, _) => return forms("52", "1", 0, rest),
            _ => {}
        }
    } else if let Some(rest) = digits.strip_prefix("54") {
        // Argentina: 9 says mobile to callers from abroad.
        match (rest.len(), rest.strip_prefix('9')) {
            (11, Some(short)) => return forms("54", "9", 0, short),
            (10, _) => return forms("54", "9", 0, rest),
            _ => {}
        }
    } else if let Some(rest) = digits.strip_prefix("55") {
        // Brazil: mobile numbers got a 9 in front, behind the two digits of their area. Those that had eight digits began with 6 to 9;
        // what begins lower is a landline, or a mobile number that never had eight.
        let mobile = |eight: &str| eight.starts_with(['6', '7', '8', '9']);
        match (rest.len(), rest.get(..2), rest.get(2..)) {
            (11, Some(area), Some(nine)) => {
                if let Some(eight) = nine.strip_prefix('9')
                    && mobile(eight)
                {
                    return forms("55", "9", 2, &format!("{area}{eight}"));
                }
            }
            (10, Some(_), Some(eight)) if mobile(eight) => return forms("55", "9", 2, rest),
            _ => {}
        }
    }
    vec![digits.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::variants;

    #[test]
    fn both_forms_of_a_number_name_the_same_one() {
        for (short, long) in [
            ("525512345678", "5215512345678"),
            ("541123456789", "5491123456789"),
            ("551187654321", "5511987654321"),
            ("553198765432", "5531998765432"),
        ] {
            let both = vec![short.to_owned(), long.to_owned()];
            assert_eq!(variants(short), both, "{short}");
            assert_eq!(variants(long), both, "{long}");
        }
    }

    #[test]
    fn a_landline_of_brazil_is_no_mobile_number() {
        assert_eq!(variants("551123456789"), ["551123456789"]);
        assert_eq!(variants("5511923456789"), ["5511923456789"]);
    }

    #[test]
    fn other_numbers_and_odd_lengths_have_one_form() {
        for digits in [
            "447123456789",
            "15551234567",
            "52551234567",
            "549",
            "55",
            "",
            "54112345678",
            "52155123456789",
        ] {
            assert_eq!(variants(digits), [digits]);
        }
    }
}
