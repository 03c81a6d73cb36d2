#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use secrecy::ExposeSecret as _;

use super::*;
use crate::vectors::secrets;

/// Tokens of better-auth 1.4.22, 1.5.2 and 1.7.25, made under the secret of the other vectors.
fn issued(version: &str, name: &str) -> String {
    let all: Value =
        serde_json::from_str(include_str!("../testdata/better-auth-mail.json")).unwrap();
    all[version][name].as_str().unwrap().to_owned()
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// While all vectors are good.
const THEN: i64 = 1_795_402_000;

#[test]
fn tokens_of_better_auth_are_read() {
    for version in ["1.4.22", "1.5.2", "1.7.25"] {
        let read = EmailClaim::read(&issued(version, "verify"), &secrets(), at(THEN)).unwrap();
        let user = (version == "1.7.25").then(|| issued(version, "userId").into());
        let email = email("ada@example.com");
        assert_eq!(read, EmailClaim::Verify { email, user }, "{version}");
    }
}

#[test]
fn change_is_believed_only_where_it_names_the_account() {
    for version in ["1.4.22", "1.5.2"] {
        let read = EmailClaim::read(&issued(version, "change"), &secrets(), at(THEN));
        assert_eq!(read, Err(EmailTokenError::Invalid), "{version}");
    }
    let read = EmailClaim::read(&issued("1.7.25", "change"), &secrets(), at(THEN)).unwrap();
    let change = EmailClaim::Change {
        from: email("ada@example.com"),
        to: email("ada.new@example.com"),
        user: issued("1.7.25", "userId").into(),
        asked_at: at(1_795_401_876),
    };
    assert_eq!(read, change);
}

#[test]
fn token_lives_an_hour_and_says_so_when_it_is_over() {
    let claim = EmailClaim::Verify {
        email: email("ada@example.com"),
        user: Some("user".to_owned().into()),
    };
    let token = claim.sign(&secrets(), at(THEN));
    let read = |now| EmailClaim::read(token.expose_secret(), &secrets(), at(now));
    assert_eq!(read(THEN), Ok(claim.clone()));
    assert_eq!(read(THEN + 3_599), Ok(claim));
    assert_eq!(read(THEN + 3_600), Err(EmailTokenError::Expired));
}

#[test]
fn any_secret_of_the_list_is_tried_and_no_other() {
    let (new, old) = (
        "a-newer-secret-of-forty-characters-00001",
        "an-older-secret-of-forty-characters-0001",
    );
    let list = |text: String| SecretList::versioned(&text.into()).unwrap();
    let claim = EmailClaim::Verify {
        email: email("ada@example.com"),
        user: None,
    };
    let token = claim.sign(&list(format!("1:{old}")), at(THEN));
    let read = |secrets: &SecretList| EmailClaim::read(token.expose_secret(), secrets, at(THEN));
    assert_eq!(read(&list(format!("2:{new},1:{old}"))), Ok(claim.clone()));
    assert_eq!(
        read(&list(format!("2:{new}"))),
        Err(EmailTokenError::Invalid)
    );
}

#[test]
fn altered_cut_and_lengthened_tokens_are_refused() {
    let token = issued("1.7.25", "verify");
    let refused = |text: &str| {
        let read = EmailClaim::read(text, &secrets(), at(THEN));
        assert_eq!(read, Err(EmailTokenError::Invalid), "{text}");
    };
    for at in 0..token.len() {
        refused(&token[..at]);
        for other in ["A", "b", ".", "="] {
            let mut altered = token.clone();
            altered.replace_range(at..=at, other);
            if altered != token {
                refused(&altered);
            }
        }
    }
    refused(&format!("{token}="));
    refused(&format!("{token}."));
    refused(&"a".repeat(MAX_BYTES + 1));
}

/// A token of these parts with a good signature, so that what else is wrong with it decides.
fn forged(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let tag = secrets().tag(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

#[test]
fn what_is_signed_and_says_something_else_is_refused() {
    let good = json!({ "alg": "HS256" });
    let claims = json!({ "email": "ada@example.com", "exp": THEN + 1 });
    let read = |header: &Value, claims: &Value| {
        EmailClaim::read(&forged(header, claims), &secrets(), at(THEN))
    };
    assert!(read(&good, &claims).is_ok());
    for header in [
        json!({ "alg": "none" }),
        json!({ "alg": "HS512" }),
        json!({ "alg": "hs256" }),
        json!({}),
        json!([]),
        json!({ "alg": "HS256", "crit": ["exp"] }),
    ] {
        assert_eq!(
            read(&header, &claims),
            Err(EmailTokenError::Invalid),
            "{header}"
        );
    }
    for (field, value) in [
        ("email", json!(null)),
        ("email", json!("ada")),
        ("email", json!(["ada@example.com"])),
        ("exp", json!(null)),
        ("exp", json!("soon")),
        ("nbf", json!(THEN + 1)),
        ("nbf", json!("now")),
        ("userId", json!(4)),
        ("updateTo", json!("eve@example.com")),
        ("updateTo", json!(null)),
    ] {
        let mut claims = claims.clone();
        claims[field] = value;
        assert_eq!(
            read(&good, &claims),
            Err(EmailTokenError::Invalid),
            "{claims}"
        );
    }
    for kind in ["change-email-confirmation", "", "change-email"] {
        let mut claims = claims.clone();
        claims["updateTo"] = "eve@example.com".into();
        claims["userId"] = "user".into();
        claims["requestType"] = kind.into();
        assert_eq!(
            read(&good, &claims),
            Err(EmailTokenError::Invalid),
            "{kind}"
        );
    }
}

#[test]
fn signed_cookie_is_no_token_and_token_is_no_cookie() {
    let cookie = secrets().sign("A8Xr50VP8vTPwFBoTpKDmi9XoFNHixll");
    let read = EmailClaim::read(cookie.expose_secret(), &secrets(), at(THEN));
    assert_eq!(read, Err(EmailTokenError::Invalid));
    assert!(secrets().verify(&issued("1.7.25", "verify")).is_err());
}

proptest! {
    #[test]
    fn nothing_made_up_is_believed(text in any::<String>()) {
        prop_assert!(EmailClaim::read(&text, &secrets(), at(THEN)).is_err());
    }
}
