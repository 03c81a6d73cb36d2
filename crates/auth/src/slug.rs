//! The short names of organisations in addresses, made from what they are called, or from what is known of their user.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The most characters of a slug. Where it is taken, a number is added beyond this.
pub const MAX_SLUG_CHARS: usize = 48;

/// How much of a user's id stands in for a name that leaves nothing.
const ID_CHARS: usize = 8;

/// First segments of addresses that a front end or this service uses itself; sorted.
const RESERVED: [&str; 31] = [
    "account",
    "admin",
    "agents",
    "api",
    "assets",
    "auth",
    "cdn",
    "connectors",
    "docs",
    "entity-types",
    "events",
    "graphql",
    "health",
    "help",
    "inbox",
    "install",
    "livez",
    "login",
    "logout",
    "mail",
    "mcp",
    "members",
    "readyz",
    "register",
    "settings",
    "signup",
    "sources",
    "static",
    "templates",
    "watchers",
    "www",
];

/// Lower-case ASCII letters and digits with single hyphens between, at most [`MAX_SLUG_CHARS`]; accents are dropped, whatever
/// else is not a letter or digit becomes a hyphen. Empty when nothing is left.
#[must_use]
pub fn slugify(text: &str) -> String {
    let plain = text
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .map(|c| c.to_ascii_lowercase());
    let mut slug = String::with_capacity(MAX_SLUG_CHARS);
    let mut gap = false;
    for c in plain {
        if !c.is_ascii_alphanumeric() {
            gap = true;
            continue;
        }
        // The hyphen waits for what follows it, so a cut never leaves one at the end.
        let hyphen = gap && !slug.is_empty();
        if slug.len() + usize::from(hyphen) >= MAX_SLUG_CHARS {
            break;
        }
        if hyphen {
            slug.push('-');
        }
        gap = false;
        slug.push(c);
    }
    slug
}

/// The slug a personal organisation asks for: from the user's name, else from what stands before the `@` of their address, else
/// from their id. A reserved word gets `-1`. Whether it is free is for the database to say.
#[must_use]
pub fn personal(name: &str, email: &str, user_id: &str) -> String {
    let slug = [name, local_part(email)]
        .into_iter()
        .map(slugify)
        .find(|slug| !slug.is_empty())
        .unwrap_or_else(|| {
            let start: String = user_id.chars().take(ID_CHARS).collect();
            slugify(&format!("user-{start}"))
        });
    if RESERVED.contains(&slug.as_str()) {
        format!("{slug}-1")
    } else {
        slug
    }
}

/// The slugs that an organisation of this name asks for, one after the other until one is free: plain, then numbered up to 20, then
/// with the tail of its id, as those of personal organisations. Each [`is_fit`].
pub fn of_organization(name: &str, id: &str) -> impl Iterator<Item = String> + use<> {
    let mut plain = slugify(name);
    if plain.is_empty() {
        "organization".clone_into(&mut plain);
    }
    let first = (!RESERVED.contains(&plain.as_str())).then(|| plain.clone());
    let tail = id.len().saturating_sub(ID_CHARS);
    let ends = (2..=20).map(|number| number.to_string());
    let ends = ends.chain(std::iter::once(id.get(tail..).unwrap_or(id).to_owned()));
    let ended = move |end: String| {
        let room = MAX_SLUG_CHARS.saturating_sub(end.len() + 1);
        let start: String = plain.chars().take(room).collect();
        format!("{}-{end}", start.trim_end_matches('-'))
    };
    first.into_iter().chain(ends.map(ended))
}

/// What a personal organisation is called: as its user, or, when another program stored a user without a name, as what stands
/// before the `@` of their address, or as its slug.
#[must_use]
pub fn personal_name<'a>(name: &'a str, email: &'a str, slug: &'a str) -> &'a str {
    [name.trim(), local_part(email).trim()]
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or(slug)
}

/// Whether a text can be a slug that somebody chose: as [`slugify`] writes them, and not reserved.
#[must_use]
pub fn is_fit(slug: &str) -> bool {
    !slug.is_empty() && slugify(slug) == slug && !RESERVED.contains(&slug)
}

fn local_part(email: &str) -> &str {
    email.split_once('@').map_or("", |(local, _)| local)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "userABCDEF1234";

    #[test]
    fn chosen_slug_is_plain_and_not_reserved() {
        assert!(is_fit("a") && is_fit("acme-2") && is_fit(&"x".repeat(48)));
        for bad in [
            "",
            "A",
            "a b",
            "-a",
            "a-",
            "a--b",
            "é",
            "admin",
            "graphql",
            &"x".repeat(49),
        ] {
            assert!(!is_fit(bad), "{bad:?}");
        }
    }

    #[test]
    fn names_become_slugs() {
        for (name, slug) in [
            ("Burak Emre", "burak-emre"),
            ("João Martins", "joao-martins"),
            ("Zoë", "zoe"),
            ("Zoe\u{308}", "zoe"),
            ("  --Finance & Ops!!  ", "finance-ops"),
            ("İSTANBUL", "istanbul"),
            ("ﬁne Ｗide ½", "fine-wide-1-2"),
            ("Straße", "stra-e"),
            ("emr.e", "emr-e"),
            ("🎉🎉", ""),
            ("---", ""),
            ("", ""),
            ("Ωμέγα", ""),
        ] {
            assert_eq!(slugify(name), slug, "{name:?}");
        }
    }

    #[test]
    fn slug_is_cut_without_a_hyphen_left_behind() {
        assert_eq!(slugify(&"a".repeat(100)), "a".repeat(48));
        let at_the_cut = format!("{} b", "a".repeat(47));
        assert_eq!(slugify(&at_the_cut), "a".repeat(47));
        let before_the_cut = format!("{} bc", "a".repeat(46));
        assert_eq!(slugify(&before_the_cut), format!("{}-b", "a".repeat(46)));
    }

    #[test]
    fn name_goes_before_address_and_address_before_id() {
        assert_eq!(personal("Burak Emre", "x@example.com", ID), "burak-emre");
        assert_eq!(personal("🎉", "emr.e@example.com", ID), "emr-e");
        assert_eq!(personal("", "Ω@example.com", ID), "user-userabcd");
        assert_eq!(personal("---", "no address", ID), "user-userabcd");
        assert_eq!(personal("", "", "é"), "user-e");
        assert_eq!(personal("", "", ""), "user");
    }

    #[test]
    fn reserved_words_get_a_number() {
        assert!(RESERVED.is_sorted());
        for word in RESERVED {
            assert_eq!(slugify(word), word);
            assert_eq!(personal(word, "", ID), format!("{word}-1"));
        }
        assert_eq!(personal("API!", "", ID), "api-1");
        assert_eq!(personal("Apis", "", ID), "apis");
        assert_eq!(personal("", "admin@example.com", ID), "admin-1");
    }

    #[test]
    fn organizations_ask_for_a_plain_slug_then_numbers_then_their_id() {
        let of = |name: &str| of_organization(name, "abcdefgh12345678").collect::<Vec<_>>();
        let acme = of("Acme & Sons");
        assert_eq!(acme.len(), 21);
        assert_eq!(acme[..3], ["acme-sons", "acme-sons-2", "acme-sons-3"]);
        assert_eq!(acme[19..], ["acme-sons-20", "acme-sons-12345678"]);
        assert_eq!(of("🎉")[..2], ["organization", "organization-2"]);
        assert_eq!(of("Admin")[0], "admin-2");
        let long = of(&format!("{} b", "x".repeat(45)));
        assert_eq!(long[0], format!("{}-b", "x".repeat(45)));
        assert_eq!(long[1], format!("{}-2", "x".repeat(45)));
        assert_eq!(long[20], format!("{}-12345678", "x".repeat(39)));
    }

    #[test]
    fn organization_is_called_as_its_user_if_they_have_a_name() {
        assert_eq!(personal_name(" Ada ", "x@example.com", "ada"), "Ada");
        assert_eq!(personal_name(" ", "ada@example.com", "ada"), "ada");
        assert_eq!(personal_name("", "", "user-abc"), "user-abc");
    }

    proptest! {
        #[test]
        fn every_slug_has_the_form(text in any::<String>()) {
            let slug = slugify(&text);
            prop_assert!(slug.len() <= MAX_SLUG_CHARS);
            prop_assert!(!slug.starts_with('-') && !slug.ends_with('-') && !slug.contains("--"));
            prop_assert!(slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            prop_assert_eq!(slugify(&slug), slug);
        }

        #[test]
        fn slugs_of_organizations_are_fit_and_differ(name in any::<String>()) {
            let mut slugs: Vec<String> = of_organization(&name, "k3v9x0c8q2w7e5r1t6y4u0i9").collect();
            prop_assert!(slugs.iter().all(|slug| is_fit(slug)), "{:?}", slugs);
            let tried = slugs.len();
            slugs.sort();
            slugs.dedup();
            prop_assert_eq!(slugs.len(), tried);
        }

        #[test]
        fn personal_slug_is_never_empty_nor_reserved(name in any::<String>(), email in any::<String>(), id in any::<String>()) {
            let slug = personal(&name, &email, &id);
            prop_assert!(!slug.is_empty() && !RESERVED.contains(&slug.as_str()));
        }
    }
}
