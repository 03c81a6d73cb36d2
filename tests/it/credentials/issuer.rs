//! A program that issues JSON Web Tokens, as better-auth does.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use crate::support::{Caller, Database, Server};

const ISSUER: &str = "https://app.example.com";

/// A server that believes this issuer, and a key of the issuer's.
pub(crate) async fn issuer() -> (Server, Ed25519KeyPair) {
    issuer_with(&["--mail-url=log:"]).await
}

async fn issuer_with(more: &[&str]) -> (Server, Ed25519KeyPair) {
    let mut flags = vec![
        "--jwt-issuer=https://app.example.com",
        "--jwt-audience=https://app.example.com",
    ];
    flags.extend(more);
    let server = Server::start_with(&flags).await;
    let pair = published(&server.database).await;
    (server, pair)
}

/// A key of an issuer's, known to every server on this database.
pub(super) async fn published(database: &Database) -> Ed25519KeyPair {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
    let x = URL_SAFE_NO_PAD.encode(pair.public_key());
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": x }).to_string();
    sqlx::query(
        r#"INSERT INTO "jwks" ("id", "publicKey", "privateKey", "createdAt") VALUES ('kid', $1, '""', now())"#,
    )
    .bind(key)
    .execute(&mut database.root().await)
    .await
    .unwrap();
    pair
}

/// The same, and somebody with an account.
pub(super) async fn stage() -> (Server, Caller, Ed25519KeyPair) {
    stage_with(&[]).await
}

/// The same, with more settings.
pub(super) async fn stage_with(more: &[&str]) -> (Server, Caller, Ed25519KeyPair) {
    let (server, pair) = issuer_with(more).await;
    let ada = server.sign_up("Ada").await;
    (server, ada, pair)
}

/// What a token for this user says.
pub(crate) fn claims(user: &str) -> Value {
    let now = chrono::Utc::now().timestamp();
    json!({ "sub": user, "iss": ISSUER, "aud": ISSUER, "iat": now, "exp": now + 900 })
}

/// The `Authorization` header of a token that says this.
pub(crate) fn token(pair: &Ed25519KeyPair, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!(
        "{}.{}",
        part(&json!({ "alg": "EdDSA", "kid": "kid" })),
        part(claims)
    );
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()));
    format!("Bearer {signed}.{signature}")
}
