//! One database with better-auth: its rows work here, and ours have its shape.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::{Value, json};

use super::{PASSWORD, browser, sign_in, sql, viewer};
use crate::support::{Caller, Server};

/// A value issued by better-auth, signed with the secret the test server has.
fn vector(name: &str) -> String {
    let all = include_str!("../../../crates/auth/src/testdata/better-auth.json");
    let all: Value = serde_json::from_str(all).unwrap();
    all[name].as_str().unwrap().to_owned()
}

/// Somebody better-auth signed up and in, who has never been here.
async fn neighbour(server: &Server) -> &'static str {
    const USER: &str = "ZmfpDx9ZCXV3YrZtuEygQUtF2oTSMF1m";
    sql(
        server,
        r#"INSERT INTO "user" ("id", "name", "email", "emailVerified", "createdAt", "updatedAt")
           VALUES ($1, 'Olive Owner', 'olive@example.com', false, now(), now())"#,
        &[USER],
    )
    .await;
    sql(
        server,
        r#"INSERT INTO "account" ("id", "accountId", "providerId", "userId", "password", "createdAt", "updatedAt")
           VALUES ('dY0gkLhDWKuoMLLSVnGBjQ6vJ3jRzUyk', $1, 'credential', $1, $2, now(), now())"#,
        &[USER, &vector("passwordHash")],
    )
    .await;
    sql(
        server,
        r#"INSERT INTO "session" ("id", "expiresAt", "token", "createdAt", "updatedAt", "ipAddress", "userAgent", "userId")
           VALUES ('IpkbtFVhsRuTLwGTyygoeTzmdVryXUCa', now() + interval '7 days', $2, now(), now(), '', '', $1)"#,
        &[USER, &vector("sessionToken")],
    )
    .await;
    USER
}

#[tokio::test]
async fn session_made_by_better_auth_is_good_here() {
    let server = Server::start().await;
    let user = neighbour(&server).await;
    let cookie = vector("setCookie");
    let cookie = cookie.split(';').next().unwrap();
    let token = format!("Bearer {}", vector("sessionToken"));
    let signed = format!("Bearer {}", vector("setAuthTokenHeader"));
    // At once, as a page's first requests come: their personal organisation is made once.
    let headers = [
        ("cookie", cookie),
        ("authorization", &*token),
        ("authorization", &*signed),
    ];
    let requests = [[headers[0]], [headers[1]], [headers[2]]];
    let seen = tokio::join!(
        viewer(&server, &requests[0]),
        viewer(&server, &requests[1]),
        viewer(&server, &requests[2]),
    );
    let first = seen.0.clone();
    for (seen, method) in [
        (&seen.0, "COOKIE"),
        (&seen.1, "BEARER"),
        (&seen.2, "BEARER"),
    ] {
        assert_eq!(seen["user"]["id"], user);
        assert_eq!(seen["authMethod"], method);
        assert!(seen["organization"]["id"].is_string(), "{seen}");
        assert_eq!(seen["organization"], first["organization"]);
        assert_eq!(seen["organization"]["slug"], "olive-owner");
        assert_eq!(seen["organization"]["personal"], true);
        assert_eq!(seen["role"], "OWNER");
        assert_eq!(seen["organizations"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn password_hashed_by_better_auth_signs_in_here() {
    let server = Server::start().await;
    let user = neighbour(&server).await;
    for password in [vector("password"), vector("nfkc")] {
        let session = sign_in(&server, "Olive@example.com", &password).await;
        assert_eq!(session["userId"], user, "{session}");
    }
    let wrong = sign_in(
        &server,
        "olive@example.com",
        &vector("password").to_lowercase(),
    )
    .await;
    assert_eq!(wrong["__typename"], "Forbidden");
}

#[tokio::test]
async fn roles_in_one_text_count_as_the_strongest() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let guest = server.join(&ada, &bob, "member").await;
    for (text, role) in [
        ("admin,owner", "OWNER"),
        ("member, admin", "ADMIN"),
        ("member", "MEMBER"),
        ("owners", "MEMBER"),
        ("", "MEMBER"),
    ] {
        sql(
            &server,
            r#"UPDATE "member" SET "role" = $1 WHERE "userId" = $2 AND "organizationId" = $3"#,
            &[text, &guest.user_id, &guest.organization_id],
        )
        .await;
        let data = guest
            .query("{ viewer { role organization { role } } }", json!({}))
            .await;
        assert_eq!(
            data["viewer"],
            json!({ "role": role, "organization": { "role": role } }),
            "{text}"
        );
    }
}

#[tokio::test]
async fn cookie_is_signed_as_better_auth_signs() {
    let server = Server::start().await;
    server.sign_up("Ada").await;
    let (cookies, session) = browser(&server, "ada@example.com", true).await;
    let token = session["token"].as_str().unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, vector("secret").as_bytes());
    let signature = STANDARD.encode(hmac::sign(&key, token.as_bytes()));
    let escaped = signature
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D");
    assert_eq!(
        cookies,
        [format!(
            "better-auth.session_token={token}.{escaped}; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax"
        )]
    );
}

#[tokio::test]
async fn rows_written_here_have_better_auths_shape() {
    let server = Server::start().await;
    let input = json!({ "name": "Ada", "email": "Ada@Example.com", "password": PASSWORD });
    let request = Caller::nobody(&server).post(super::SIGN_UP, json!({ "input": input }));
    let response = request
        .header("user-agent", "tests/1")
        .send()
        .await
        .unwrap();
    let (_, body) = super::read(response).await;
    let session = &body["data"]["signUp"];
    let (user, organization) = (&session["userId"], &session["organizationId"]);
    let rows: Value = sqlx::query_scalar(
        r#"SELECT jsonb_build_object(
             'user', (SELECT jsonb_agg(to_jsonb(u) - 'id' - 'createdAt' - 'updatedAt') FROM "user" u),
             'account', (SELECT jsonb_agg(to_jsonb(a) - 'id' - 'password' - 'createdAt' - 'updatedAt') FROM "account" a),
             'session', (SELECT jsonb_agg(to_jsonb(s) - 'id' - 'expiresAt' - 'createdAt' - 'updatedAt') FROM "session" s),
             'organization', (SELECT jsonb_agg(to_jsonb(o) - 'createdAt') FROM "organization" o),
             'member', (SELECT jsonb_agg(to_jsonb(m) - 'id' - 'createdAt') FROM "member" m))"#,
    )
    .fetch_one(&server.owner_pool().await)
    .await
    .unwrap();
    let expected = json!({
        "user": [{ "name": "Ada", "email": "ada@example.com", "emailVerified": false, "image": null, "service_organization_id": null }],
        "account": [{ "accountId": user, "providerId": "credential", "userId": user, "accessToken": null, "refreshToken": null,
            "idToken": null, "accessTokenExpiresAt": null, "refreshTokenExpiresAt": null, "scope": null, "issuer": "local:credential" }],
        "session": [{ "token": session["token"], "userId": user, "ipAddress": "127.0.0.1", "userAgent": "tests/1",
            "activeOrganizationId": null }],
        "organization": [{ "id": organization, "name": "Ada", "slug": "ada", "logo": null, "metadata": null, "personal_user_id": user }],
        "member": [{ "organizationId": organization, "userId": user, "role": "owner" }],
    });
    assert_eq!(rows, expected);

    let strange: Vec<String> = sqlx::query_scalar(
        r#"SELECT what FROM (
             SELECT 'token' AS what, "token" ~ '^[A-Za-z0-9]{32}$' AS good FROM "session"
             UNION ALL SELECT 'password', "password" ~ '^[0-9a-f]{32}:[0-9a-f]{128}$' FROM "account"
             UNION ALL SELECT 'session life', "expiresAt" - "createdAt" BETWEEN interval '7 days' - interval '1 minute' AND interval '7 days' FROM "session"
             UNION ALL SELECT 'milliseconds', t = date_trunc('milliseconds', t) FROM (
               SELECT unnest(ARRAY["createdAt", "updatedAt"]) AS t FROM "user"
               UNION ALL SELECT unnest(ARRAY["createdAt", "updatedAt"]) FROM "account"
               UNION ALL SELECT unnest(ARRAY["createdAt", "updatedAt", "expiresAt"]) FROM "session"
               UNION ALL SELECT "createdAt" FROM "organization"
               UNION ALL SELECT "createdAt" FROM "member") times
           ) checks WHERE good IS NOT TRUE"#,
    )
    .fetch_all(&server.owner_pool().await)
    .await
    .unwrap();
    assert_eq!(strange, Vec::<String>::new());
}
