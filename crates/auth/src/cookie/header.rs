//! Reading a `Cookie` header (RFC 6265, section 4.2) the way better-auth reads it: leniently.

/// The value of the first cookie of that name, without quotes; `None` when there is none or its value is empty.
///
/// Names are compared exactly. Pieces without `=` are passed over, white space around name and value is not part of them. Only
/// the first of several counts, even if it is empty: a second one is more likely planted than lost.
pub(super) fn find<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = header
        .split(';')
        .filter_map(|piece| piece.split_once('='))
        .find(|(found, _)| found.trim() == name)?;
    let value = unquoted(value.trim());
    (!value.is_empty()).then_some(value)
}

/// RFC 6265 allows double quotes around the whole value, and makes them no part of it.
fn unquoted(value: &str) -> &str {
    value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cookie_is_found_among_others_and_junk() {
        for (header, value) in [
            ("s=1", Some("1")),
            ("a=b; s=1; c=d", Some("1")),
            ("a=b;s=1;c=d", Some("1")),
            ("  s =  1  ", Some("1")),
            ("s=\"1\"", Some("1")),
            ("s=\"1", Some("\"1")),
            ("s=a=b==", Some("a=b==")),
            ("junk; ;;=;=x; s=1;", Some("1")),
            ("s; s=1", Some("1")),
            ("\u{1f36a}=é; s=1", Some("1")),
            ("a=\"x; s=1", Some("1")),
            ("", None),
            ("s", None),
            ("s=", None),
            ("s=\"\"", None),
            ("S=1", None),
            ("ss=1; xs=1", None),
        ] {
            assert_eq!(find(header, "s"), value, "{header:?}");
        }
    }

    #[test]
    fn first_of_several_counts() {
        assert_eq!(find("s=1; s=2", "s"), Some("1"));
        assert_eq!(find("s=; s=2", "s"), None);
    }

    proptest! {
        #[test]
        fn finding_never_panics(header in any::<String>(), name in any::<String>()) {
            let _ = find(&header, &name);
        }

        #[test]
        fn finding_never_panics_near_a_header(header in "[s=;\" é]{0,40}") {
            if let Some(value) = find(&header, "s") {
                prop_assert!(!value.is_empty() && !value.contains(';'));
            }
        }
    }
}
