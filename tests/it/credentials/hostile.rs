//! Credentials of each kind that were altered, cut, padded, replayed or are not whose they seem.

use serde_json::{Value, json};

use super::issuer::{claims, stage_with, token};
use super::{cookie, key, refused, send, sql, unauthenticated, viewer};
use crate::conversations::mutate;
use crate::support::Server;

/// Whether a request with this header is let through as somebody.
async fn somebody(server: &Server, header: (&str, &str)) -> bool {
    let (status, body) = send(server, "{ viewer { authMethod } }", &[header]).await;
    assert!(status == 200 || status == 401, "{status} {body}");
    body["data"]["viewer"].is_object()
}

/// Ways in which one character of this text is another or missing, or its end is, spread over all of it. The readers' own tests
/// try each character.
fn mutations(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for at in (0..text.len()).step_by(1 + text.len() / 24) {
        let (before, rest) = text.split_at(at);
        let (one, after) = rest.split_at(1);
        all.push(format!("{before}{after}"));
        let flipped = match one {
            "A" => "B",
            _ => "A",
        };
        all.push(format!("{before}{flipped}{after}"));
        if at > 0 {
            all.push(before.to_owned());
        }
    }
    all.push(format!("{text}A"));
    all
}

#[tokio::test]
async fn no_altered_credential_of_any_kind_is_somebodys() {
    for mode in ["--session-tokens=plain", "--session-tokens=hashed"] {
        let (server, ada, pair) = stage_with(&[mode]).await;
        let (text, _) = key(&ada, json!({ "name": "ci" })).await;
        let cookie = cookie(&server, "ada@example.com").await;
        let (name, value) = cookie.split_once('=').unwrap();
        let decoded = value
            .replace("%2B", "+")
            .replace("%2F", "/")
            .replace("%3D", "=");
        let jwt = token(&pair, &claims(&ada.user_id));
        let jwt = jwt.strip_prefix("Bearer ").unwrap();
        let kinds = [
            ("x-api-key", String::new(), text.as_str()),
            ("authorization", "ApiKey ".to_owned(), &text),
            ("authorization", "Bearer ".to_owned(), &ada.token),
            ("authorization", "Bearer ".to_owned(), &decoded),
            ("cookie", format!("{name}="), value),
            ("authorization", "Bearer ".to_owned(), jwt),
        ];
        for (header, prefix, whole) in kinds {
            let good = format!("{prefix}{whole}");
            assert!(somebody(&server, (header, &good)).await, "{header}");
            for altered in mutations(whole) {
                // Without its signature a token is as good as the bare one it is.
                if header == "authorization" && decoded.split('.').next() == Some(&altered) {
                    continue;
                }
                let altered = format!("{prefix}{altered}");
                assert!(
                    !somebody(&server, (header, &altered)).await,
                    "{header}: {altered}"
                );
            }
            for long in [whole.repeat(40), format!("{whole}{}", "A".repeat(7_000))] {
                let long = format!("{prefix}{long}");
                let refused = !somebody(&server, (header, &long)).await;
                assert!(refused, "{header}: {} bytes", long.len());
            }
        }
    }
}

#[tokio::test]
async fn what_was_good_once_is_not_good_again() {
    let (server, ada, pair) = stage_with(&[]).await;
    let session = ada.query("{ viewer { sessions { id } } }", json!({})).await;
    let mut of_session = claims(&ada.user_id);
    of_session["sessionId"] = session["viewer"]["sessions"][0]["id"].clone();
    let jwt = token(&pair, &of_session);
    let cookie = cookie(&server, "ada@example.com").await;
    let (old, id) = key(&ada, json!({ "name": "old" })).await;
    let (spent, _) = key(&ada, json!({ "name": "spent", "remaining": 1 })).await;
    let rotate = json!({ "id": id, "overlapSeconds": 60 });
    mutate(&ada, "rotateApiKey", "__typename", rotate).await;
    for text in [&old, &spent] {
        viewer(&server, &[("x-api-key", text)]).await;
    }
    // The overlap is over.
    sql(
        &server,
        r#"UPDATE "apikey" SET "expiresAt" = "expiresAt" - interval '61 seconds' WHERE "id" = $1"#,
        &[&id],
    )
    .await;
    assert_eq!(
        refused(&server, &[("x-api-key", &old)]).await,
        unauthenticated()
    );
    assert_eq!(
        refused(&server, &[("x-api-key", &spent)]).await,
        (429, "RATE_LIMITED".to_owned())
    );
    let bearer = format!("Bearer {}", ada.token);
    for header in [("authorization", &bearer), ("authorization", &jwt)] {
        assert!(somebody(&server, (header.0, header.1)).await);
    }
    let everything = "mutation { revokeOtherSessions { __typename } }";
    let by_cookie = [("cookie", cookie.as_str())];
    let (status, _) = send(&server, everything, &by_cookie).await;
    assert_eq!(status, 200);
    for header in [("authorization", &bearer), ("authorization", &jwt)] {
        assert!(!somebody(&server, (header.0, header.1)).await);
    }
    send(&server, "mutation { signOut { __typename } }", &by_cookie).await;
    assert_eq!(viewer(&server, &by_cookie).await, Value::Null);
}

#[tokio::test]
async fn nobody_acts_in_an_organization_they_have_left() {
    let (server, ada, pair) = stage_with(&[]).await;
    let bob = server.sign_up("Bob").await;
    let there = server.join(&ada, &bob, "owner").await;
    let (text, _) = key(&bob, json!({ "name": "ci" })).await;
    let bearer = format!("Bearer {}", bob.token);
    let jwt = token(&pair, &claims(&bob.user_id));
    let cookie = cookie(&server, "bob@example.com").await;
    let kinds = [
        ("x-api-key", text.as_str()),
        ("authorization", &bearer),
        ("authorization", &jwt),
        ("cookie", &cookie),
    ];
    let organization = ("x-organization-id", ada.organization_id.as_str());
    for kind in kinds {
        assert_eq!(
            viewer(&server, &[kind, organization]).await["role"],
            "OWNER"
        );
    }
    there
        .query("mutation { leaveOrganization { __typename } }", json!({}))
        .await;
    for kind in kinds {
        assert_eq!(
            refused(&server, &[kind, organization]).await,
            (403, "FORBIDDEN".to_owned())
        );
        let home = viewer(&server, &[kind]).await;
        assert_eq!(home["organization"]["id"], bob.organization_id);
    }
}
