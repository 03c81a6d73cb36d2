//! Signing up.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{PASSWORD, SIGN_UP, cookie_header, read, set_cookies, sign_in, sign_up, viewer};
use crate::support::{Caller, Server};

#[tokio::test]
async fn signing_up_gives_a_cookie_and_a_token_of_one_session() {
    let server = Server::start().await;
    let input =
        json!({ "name": " Ada Lovelace ", "email": " Ada@Example.com ", "password": PASSWORD });
    let request = Caller::nobody(&server).post(SIGN_UP, json!({ "input": input }));
    let response = request.send().await.unwrap();
    let cookies = set_cookies(&response);
    let (_, body) = read(response).await;
    let session = &body["data"]["signUp"];
    let token = session["token"].as_str().unwrap();
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    assert!(
        cookies[0].starts_with(&format!("better-auth.session_token={token}.")),
        "{cookies:?}"
    );
    assert!(
        cookies[0].ends_with("; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax"),
        "{cookies:?}"
    );

    let by_token = viewer(&server, &[("authorization", &format!("Bearer {token}"))]).await;
    let mut by_cookie = viewer(&server, &[("cookie", &cookie_header(&cookies))]).await;
    assert_eq!(by_cookie["authMethod"], "COOKIE");
    assert_eq!(by_token["authMethod"], "BEARER");
    by_cookie["authMethod"] = json!("BEARER");
    assert_eq!(by_token, by_cookie);
    assert_eq!(
        by_token["user"],
        json!({ "id": session["userId"], "name": "Ada Lovelace", "email": "ada@example.com", "emailVerified": false })
    );
    assert_eq!(
        by_token["organization"],
        json!({ "id": session["organizationId"], "name": "Ada Lovelace", "slug": "ada-lovelace", "personal": true, "role": "OWNER" })
    );
    assert_eq!(by_token["organizations"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn address_is_taken_in_any_case() {
    let server = Server::start().await;
    let first = sign_up(&server, "Ada", "ada@example.com", PASSWORD).await;
    assert_eq!(first["__typename"], "SignedIn");
    for email in ["ada@example.com", "ADA@EXAMPLE.COM", "\tAda@Example.com "] {
        let second = sign_up(&server, "Eve", email, "another password").await;
        assert_eq!(second["__typename"], "Conflict", "{second}");
        assert_eq!(second["token"], Value::Null);
    }
    let again = sign_in(&server, "ada@example.com", PASSWORD).await;
    assert_eq!(again["userId"], first["userId"]);
}

#[tokio::test]
async fn address_is_given_once_to_eight_at_once() {
    let server = Server::start().await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let server = server.clone();
            tokio::spawn(async move { sign_up(&server, "Ada", "ada@example.com", PASSWORD).await })
        })
        .collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap()["__typename"].take());
    }
    outcomes.sort_by_key(ToString::to_string);
    assert_eq!(outcomes[..7], vec![json!("Conflict"); 7]);
    assert_eq!(outcomes[7], "SignedIn");
    let rows: (i64, i64, i64) = sqlx::query_as(
        r#"SELECT (SELECT count(*) FROM "user"), (SELECT count(*) FROM "organization"), (SELECT count(*) FROM "session")"#,
    )
    .fetch_one(&server.owner_pool().await)
    .await
    .unwrap();
    assert_eq!(rows, (1, 1, 1));
}

#[tokio::test]
async fn people_of_one_name_get_organizations_of_distinct_slugs() {
    let server = Server::start().await;
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let server = server.clone();
            tokio::spawn(async move {
                let email = format!("ada{number}@example.com");
                let made = sign_up(&server, "Ada Lovelace", &email, PASSWORD).await;
                let token = format!("Bearer {}", made["token"].as_str().unwrap());
                viewer(&server, &[("authorization", &token)]).await["organization"].take()
            })
        })
        .collect();
    let (mut slugs, mut ids) = (HashSet::new(), HashSet::new());
    for task in tasks {
        let organization = task.await.unwrap();
        assert_eq!(organization["name"], "Ada Lovelace");
        assert_eq!(organization["role"], "OWNER");
        slugs.insert(organization["slug"].as_str().unwrap().to_owned());
        ids.insert(organization["id"].as_str().unwrap().to_owned());
    }
    assert_eq!((slugs.len(), ids.len()), (8, 8));
    assert!(slugs.contains("ada-lovelace"), "{slugs:?}");
    assert!(
        slugs.iter().all(|slug| slug.starts_with("ada-lovelace")),
        "{slugs:?}"
    );
}

#[tokio::test]
async fn bad_form_is_refused_by_field_without_its_values() {
    let server = Server::start().await;
    let long = "x".repeat(1_000_000);
    let good = ("Ada", "ada@example.com", PASSWORD);
    let mut forms = Vec::new();
    for name in ["", " \t", "canary\nx", "canary\0", &"é".repeat(201), &long] {
        forms.push((
            "name",
            name.to_owned(),
            good.1.to_owned(),
            good.2.to_owned(),
        ));
    }
    let local = format!("{}@example.com", "a".repeat(250));
    for email in [
        "",
        "canary",
        "canary@",
        "@canary",
        "a b@canary.com",
        "canary@example",
        "a@b.com, canary@b.com",
        "ca\0nary@b.com",
        &local,
        &long,
    ] {
        forms.push((
            "email",
            good.0.to_owned(),
            email.to_owned(),
            good.2.to_owned(),
        ));
    }
    // Counted as JavaScript counts: three party poppers are six.
    for password in [
        "",
        "1234567",
        "🎉🎉🎉",
        &"x".repeat(129),
        &"🎉".repeat(65),
        &long,
    ] {
        forms.push((
            "password",
            good.0.to_owned(),
            good.1.to_owned(),
            password.to_owned(),
        ));
    }
    for (field, name, email, password) in forms {
        let result = sign_up(&server, &name, &email, &password).await;
        assert_eq!(
            result["__typename"], "ValidationFailed",
            "{field}: {result}"
        );
        assert_eq!(result["fields"][0]["path"], json!([field]), "{result}");
        assert!(!result.to_string().contains("canary"), "{result}");
    }
    let made = sign_up(&server, good.0, good.1, good.2).await;
    assert_eq!(
        made["__typename"], "SignedIn",
        "none of them left anything: {made}"
    );
}

#[tokio::test]
async fn password_at_either_bound_is_good_for_signing_in() {
    let server = Server::start().await;
    for (number, password) in ["12345678", "🎉🎉🎉🎉", &"x".repeat(128), " spaces kept "]
        .into_iter()
        .enumerate()
    {
        let email = format!("ada{number}@example.com");
        let made = sign_up(&server, &"é".repeat(200), &email, password).await;
        assert_eq!(made["__typename"], "SignedIn", "{password}: {made}");
        let again = sign_in(&server, &email, password).await;
        assert_eq!(again["userId"], made["userId"], "{password}: {again}");
        let trimmed = sign_in(&server, &email, password.trim()).await;
        assert_eq!(
            trimmed["__typename"] == "SignedIn",
            password == password.trim()
        );
    }
}
