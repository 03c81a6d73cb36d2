#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use ring::{hmac, signature};
use serde_json::json;

use super::*;
use crate::vectors::vector;

const PUBLIC_KEY: &str =
    r#"{"crv":"Ed25519","kty":"OKP","x":"1RHnPDdohVgDtb-SHzA_KBzK2JIWzewi4Z0waRl2Plg"}"#;

fn settings() -> JwtSettings {
    JwtSettings {
        issuer: "http://localhost:3999".to_owned(),
        audience: "http://localhost:3999".to_owned(),
    }
}

/// A moment in the life of the token that better-auth issued.
fn then() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_381_600, 0).unwrap()
}

fn check(token: &str, key: &str, alg: Option<&str>) -> Result<Jwt, JwtError> {
    let jwt = Jwt::read(token, &settings(), then())?;
    jwt.verify(key, alg)?;
    Ok(jwt)
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

fn claims() -> Value {
    json!({ "sub": "user", "iss": "http://localhost:3999", "aud": "http://localhost:3999", "iat": 1_795_381_594, "exp": 1_795_382_494 })
}

/// A pair made for the test, and its public half as a JSON Web Key.
fn ed25519() -> (Ed25519KeyPair, String) {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
    let x = URL_SAFE_NO_PAD.encode(pair.public_key());
    (
        pair,
        json!({ "kty": "OKP", "crv": "Ed25519", "x": x }).to_string(),
    )
}

fn signed(claims: &Value) -> (String, String) {
    let (pair, key) = ed25519();
    let text = unsigned(&json!({ "alg": "EdDSA", "kid": "k" }), claims);
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(text.as_bytes()));
    (format!("{text}.{signature}"), key)
}

#[test]
fn token_of_better_auth_is_believed() {
    for alg in [None, Some("EdDSA")] {
        let jwt = check(&vector("jwt"), PUBLIC_KEY, alg).unwrap();
        assert_eq!(jwt.kid, "y49suWokhWLfdnhMdcTQYV3dfiDnEsZ6");
        assert_eq!(jwt.user, "Zmfx0x9ZCXV3YrZtuEygQUtF2oTSMF1m");
        assert_eq!(
            jwt.session.as_deref(),
            Some("Ipkbt0VhsRuTLwGTyygoeTzmdVryXUCa")
        );
        assert_eq!(jwt.expires_at.timestamp(), 1_795_382_494);
    }
}

#[test]
fn it_ends_at_exp() {
    let at = |seconds| {
        let now = DateTime::from_timestamp(seconds, 0).unwrap();
        Jwt::read(&vector("jwt"), &settings(), now).err()
    };
    assert_eq!(at(1_795_382_493), None);
    assert_eq!(at(1_795_382_494), Some(JwtError::Expired));
}

#[test]
fn altered_token_is_refused() {
    let token = vector("jwt");
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let mut other = claims();
    other["sub"] = json!("somebody else");
    let forged = format!(
        "{header}.{}.{signature}",
        URL_SAFE_NO_PAD.encode(other.to_string())
    );
    assert_eq!(
        check(&forged, PUBLIC_KEY, None).err(),
        Some(JwtError::Signature)
    );
    let tampered = format!("{signed}.{}", signature.replacen('a', "b", 1));
    assert_eq!(
        check(&tampered, PUBLIC_KEY, None).err(),
        Some(JwtError::Signature)
    );
    for cut in [&token[..token.len() - 4], signed, header, ""] {
        assert!(check(cut, PUBLIC_KEY, None).is_err());
    }
    let (mine, _) = self::signed(&claims());
    assert_eq!(
        check(&mine, PUBLIC_KEY, None).err(),
        Some(JwtError::Signature)
    );
}

#[test]
fn every_altered_character_and_every_cut_is_refused() {
    let token = vector("jwt");
    for at in 0..token.len() {
        assert!(check(&token[..at], PUBLIC_KEY, None).is_err(), "{at}");
        for other in ["A", "B", "_", "=", ".", "+"] {
            let mut altered = token.clone();
            altered.replace_range(at..=at, other);
            if altered != token {
                assert!(check(&altered, PUBLIC_KEY, None).is_err(), "{altered}");
            }
        }
        let mut longer = token.clone();
        longer.insert(at, 'A');
        assert!(check(&longer, PUBLIC_KEY, None).is_err(), "{longer}");
    }
}

#[test]
fn hostile_key_believes_nothing() {
    let (token, key) = signed(&claims());
    let x = serde_json::from_str::<Value>(&key).unwrap()["x"].clone();
    let long = "A".repeat(1_000_000);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for hostile in [
        json!({ "kty": "OKP", "crv": "Ed25519" }),
        json!({ "kty": "OKP", "crv": "Ed25519", "x": null }),
        json!({ "kty": "OKP", "crv": "Ed25519", "x": [x] }),
        json!({ "kty": "OKP", "crv": "Ed25519", "x": "" }),
        json!({ "kty": "OKP", "crv": "Ed25519", "x": "%%%" }),
        json!({ "kty": "OKP", "crv": "Ed25519", "x": long }),
        // The neutral point, under which a signature of nothing would verify anything (RFC 8032, 8.9).
        json!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode([&[1_u8][..], &[0; 31]].concat()) }),
        json!({ "kty": "OKP", "crv": "Ed448", "x": x }),
        json!({ "kty": "OKP", "crv": ["Ed25519"], "x": x }),
        json!({ "kty": "EC", "crv": "Ed25519", "x": x }),
        json!({ "crv": "Ed25519", "x": x }),
    ] {
        assert!(
            check(&token, &hostile.to_string(), None).is_err(),
            "{hostile}"
        );
    }
    assert!(check(&token, &deep, None).is_err());
    assert!(check(&token, &long, None).is_err());
    let rsa = unsigned(&json!({ "alg": "RS256", "kid": "k" }), &claims());
    for (n, e) in [
        ("", ""),
        ("AQAB", "AQAB"),
        (long.as_str(), "AQ"),
        ("AQAB", ""),
    ] {
        let key = json!({ "kty": "RSA", "n": n, "e": e }).to_string();
        assert!(check(&format!("{rsa}.AAAA"), &key, None).is_err());
    }
}

#[test]
fn neither_none_nor_a_public_key_as_secret_passes() {
    for alg in ["none", "None", "HS256", "HS512", "ES512", "PS256", ""] {
        let text = unsigned(&json!({ "alg": alg, "kid": "k" }), &claims());
        for secret in [PUBLIC_KEY, "1RHnPDdohVgDtb-SHzA_KBzK2JIWzewi4Z0waRl2Plg"] {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            let mac = URL_SAFE_NO_PAD.encode(hmac::sign(&key, text.as_bytes()));
            let outcome = check(&format!("{text}.{mac}"), PUBLIC_KEY, None).err();
            assert_eq!(outcome, Some(JwtError::Algorithm), "{alg}");
        }
        assert_eq!(
            check(&format!("{text}."), PUBLIC_KEY, None).err(),
            Some(JwtError::Algorithm)
        );
    }
}

#[test]
fn algorithm_is_the_keys() {
    let (token, key) = signed(&claims());
    assert!(check(&token, &key, None).is_ok());
    assert_eq!(
        check(&token, &key, Some("ES256")).err(),
        Some(JwtError::Algorithm)
    );
    let says = key.replacen('{', r#"{"alg":"RS256","#, 1);
    assert_eq!(check(&token, &says, None).err(), Some(JwtError::Algorithm));
    for other in [
        r#"{"kty":"EC","crv":"P-256","x":"","y":""}"#,
        r#"{"kty":"RSA","n":"","e":""}"#,
        r#"{"kty":"oct","k":"c2VjcmV0"}"#,
    ] {
        assert_eq!(check(&token, other, None).err(), Some(JwtError::Algorithm));
    }
    for broken in ["", "null", "[]", "text"] {
        assert_eq!(check(&token, broken, None).err(), Some(JwtError::Signature));
    }
}

#[test]
fn es256_is_believed() {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap();
    let point = pair.public_key().as_ref();
    let (x, y) = (&point[1..33], &point[33..]);
    let key = json!({ "kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y) }).to_string();
    let text = unsigned(&json!({ "alg": "ES256", "kid": "k" }), &claims());
    let signature = pair.sign(&random, text.as_bytes()).unwrap();
    let token = format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature));
    assert!(check(&token, &key, Some("ES256")).is_ok());
    assert!(check(&token, &key, Some("EdDSA")).is_err());
}

#[test]
fn rs256_is_believed() {
    // From RFC 7515, A.2: the key, the signing input and the signature.
    let key = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
    let signed = b"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature = URL_SAFE_NO_PAD.decode("cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw").unwrap();
    let verify = |signed: &[u8]| key::verify(Algorithm::Rs256, key, None, signed, &signature);
    assert_eq!(verify(signed), Ok(()));
    assert_eq!(verify(&signed[1..]), Err(JwtError::Signature));
    let _ = signature::RSA_PKCS1_2048_8192_SHA256;
}

#[test]
fn every_claim_is_asked_for() {
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut claims = claims();
        change(&mut claims);
        let (token, key) = signed(&claims);
        check(&token, &key, None).err()
    };
    assert_eq!(refused(&|_| {}), None);
    assert_eq!(
        refused(&|c| c["aud"] = json!(["x", "http://localhost:3999"])),
        None
    );
    assert_eq!(refused(&|c| c["exp"] = json!(1_795_382_494.5)), None);
    assert_eq!(refused(&|c| c["sessionId"] = json!(null)), None);
    // Half a minute ahead of us: clocks differ.
    assert_eq!(refused(&|c| c["iat"] = json!(1_795_381_630)), None);
    assert_eq!(refused(&|c| c["nbf"] = json!(0)), None);
    let evil = json!("https://evil.example");
    for (name, wrong, why) in [
        ("iss", evil.clone(), JwtError::Issuer),
        ("iss", json!(null), JwtError::Issuer),
        ("aud", evil, JwtError::Audience),
        ("aud", json!([]), JwtError::Audience),
        ("aud", json!(null), JwtError::Audience),
        ("exp", json!("1795382494"), JwtError::Malformed),
        ("exp", json!(null), JwtError::Malformed),
        ("exp", json!(1e300), JwtError::Malformed),
        ("exp", json!(0), JwtError::Expired),
        ("nbf", json!(1_795_382_000), JwtError::NotYet),
        ("nbf", json!("1795381000"), JwtError::Malformed),
        ("iat", json!(1_795_382_000), JwtError::NotYet),
        ("iat", json!([]), JwtError::Malformed),
        ("sub", json!(""), JwtError::Malformed),
        ("sub", json!(7), JwtError::Malformed),
        ("sub", json!("a\0b"), JwtError::Malformed),
        ("sessionId", json!(7), JwtError::Malformed),
    ] {
        assert_eq!(
            refused(&|c| c[name] = wrong.clone()),
            Some(why),
            "{name} {wrong}"
        );
    }
    for name in ["iss", "aud", "exp", "sub"] {
        let without = refused(&|c| {
            c.as_object_mut().unwrap().remove(name);
        });
        assert!(without.is_some(), "{name}");
    }
}

#[test]
fn oversize_token_is_refused() {
    let mut claims = claims();
    claims["name"] = json!("x".repeat(MAX_BYTES));
    let (token, key) = signed(&claims);
    assert_eq!(check(&token, &key, None).err(), Some(JwtError::Malformed));
}

proptest! {
    #[test]
    fn reading_never_panics(text in any::<String>(), parts in "[A-Za-z0-9_=-]{0,40}\\.[A-Za-z0-9_=-]{0,40}\\.[A-Za-z0-9_=-]{0,40}") {
        prop_assert!(check(&text, PUBLIC_KEY, None).is_err());
        prop_assert!(check(&parts, PUBLIC_KEY, None).is_err());
    }
}
