//! Codes: what redeems one, and what does not.

use agentry_db::whatsapp_link::{LinkCounts, Outcome};
use agentry_phone::Code;
use serde_json::json;

use super::{
    JID, PHONE, arrives, arrives_for, bot, code, db, identities, is_linked, link, links, trail,
};
use crate::support::Server;

#[tokio::test]
async fn a_code_from_the_number_links_it_to_its_user() {
    let server = Server::start().await;
    let template = bot(&server, "helper").await;
    let before = LinkCounts::read();
    let bob = server.sign_up("Bob").await;
    let done = link(&bob, json!({ "phone": PHONE, "templateSlug": "helper" })).await;
    let text = done["link"]["verification"]["text"].as_str().unwrap();
    let Outcome::Verified(verified) = arrives_for(&server, &template, JID, text).await else {
        panic!("not verified")
    };
    assert_eq!(verified.home.user.as_str(), bob.user_id);
    assert_eq!(verified.home.organization.as_str(), bob.organization_id);
    assert_eq!(verified.template, Some(template));
    assert_eq!(verified.phone.as_deref(), Some(PHONE));
    assert_eq!(verified.dropped, 0);
    let held: Vec<_> = identities(&server, &bob.user_id).await;
    let shown = |namespace: &str, identifier: &str| {
        (
            namespace.to_owned(),
            identifier.to_owned(),
            "link:whatsapp".to_owned(),
            true,
        )
    };
    assert!(
        held.contains(&shown("phone", PHONE)) && held.contains(&shown("wa_jid", JID)),
        "{held:?}"
    );
    let metadata = json!({ "phone": "…89", "namespace": "wa_jid", "dropped": 0 });
    assert_eq!(
        trail(&bob).await[1],
        ("whatsapp.verify".to_owned(), metadata)
    );
    let after = LinkCounts::read();
    assert!(after.claimed > before.claimed && after.verified > before.verified);
}

#[tokio::test]
async fn a_code_is_read_in_any_case_in_groups_and_inside_a_sentence() {
    let server = Server::start().await;
    let db = db(&server);
    let bob = server.sign_up("Bob").await;
    let spoken: [fn(&str) -> String; 6] = [
        str::to_lowercase,
        |code| code.replace('-', " "),
        |code| code.replace('-', ""),
        |code| format!("Hello there, my code is {}. Thanks!", code.to_lowercase()),
        |code| code.chars().flat_map(|c| [c, ' ']).collect(),
        |code| format!("*{}*\n", code.replace('-', "\u{2013}")),
    ];
    for (n, write) in spoken.iter().enumerate() {
        let phone = format!("+44712345678{n}");
        let code = code(&bob, &phone).await;
        let outcome = arrives(&db, &phone, &write(&code)).await;
        assert!(matches!(outcome, Outcome::Verified(_)), "{n}: {outcome:?}");
        assert_eq!(links(&bob).await[0].0, phone);
    }
}

#[tokio::test]
async fn every_spelling_of_the_sender_redeems() {
    let server = Server::start_with(&["--whatsapp-links-per-user-and-number=4"]).await;
    let db = db(&server);
    let bob = server.sign_up("Bob").await;
    for from in [
        "447123456789",
        "447123456789:12@s.whatsapp.net",
        "447123456789@S.WHATSAPP.NET",
        "447123456789@c.us",
    ] {
        let code = code(&bob, PHONE).await;
        assert!(
            matches!(arrives(&db, from, &code).await, Outcome::Verified(_)),
            "{from}"
        );
        assert_eq!(links(&bob).await[0].1, JID);
        let all = "mutation { unlinkWhatsApp(input: {}) { __typename } }";
        bob.query(all, json!({})).await;
    }
}

#[tokio::test]
async fn a_code_works_once() {
    let server = Server::start().await;
    let db = db(&server);
    let bob = server.sign_up("Bob").await;
    let code = code(&bob, PHONE).await;
    arrives(&db, JID, &code).await;
    assert_eq!(arrives(&db, JID, &code).await, Outcome::Unknown);
    // Nor from anybody else.
    assert_eq!(arrives(&db, "15551234567", &code).await, Outcome::Unknown);
    assert!(is_linked(&db, JID).await);
}

#[tokio::test]
async fn a_code_from_another_number_links_nothing_and_is_used_up() {
    let server = Server::start().await;
    let db = db(&server);
    let bob = server.sign_up("Bob").await;
    let code = code(&bob, PHONE).await;
    let outcome = arrives(&db, "15551234567", &code).await;
    assert!(matches!(outcome, Outcome::SenderMismatch(_)), "{outcome:?}");
    assert_eq!(arrives(&db, JID, &code).await, Outcome::Unknown);
    assert_eq!(links(&bob).await[0].2, "UNVERIFIED");
    let refused = json!({ "phone": "…89", "reason": "sender_mismatch" });
    assert_eq!(
        trail(&bob).await[1],
        ("whatsapp.refuse".to_owned(), refused)
    );
}

#[tokio::test]
async fn a_code_that_comes_late_links_nothing() {
    let server = Server::start().await;
    let db = db(&server);
    let bob = server.sign_up("Bob").await;
    let code = code(&bob, PHONE).await;
    sqlx::query("UPDATE link_codes SET expires_at = now() - interval '1 millisecond'")
        .execute(&server.owner_pool().await)
        .await
        .unwrap();
    let outcome = arrives(&db, JID, &code).await;
    assert!(matches!(outcome, Outcome::Expired(_)), "{outcome:?}");
    assert_eq!(links(&bob).await[0].2, "UNVERIFIED");
    assert_eq!(trail(&bob).await[1].1["reason"], "expired");
}

#[tokio::test]
async fn a_sender_brings_so_many_codes() {
    let server = Server::start().await;
    let db = db(&server);
    let bob = server.sign_up("Bob").await;
    let code = code(&bob, PHONE).await;
    for _ in 0..10 {
        let guess = Code::generate().unwrap().shown();
        assert_eq!(arrives(&db, JID, &guess).await, Outcome::Unknown);
    }
    let outcome = arrives(&db, JID, &code).await;
    assert!(matches!(outcome, Outcome::TooMany(_)), "{outcome:?}");
    // The same number from another device is the same sender; another number is not.
    let outcome = arrives(&db, "447123456789:2@s.whatsapp.net", &code).await;
    assert!(matches!(outcome, Outcome::TooMany(_)), "{outcome:?}");
    let other = super::code(&bob, "+15551234567").await;
    let outcome = arrives(&db, "15551234567", &other).await;
    assert!(matches!(outcome, Outcome::Verified(_)), "{outcome:?}");
}

#[tokio::test]
async fn both_forms_of_a_number_are_one() {
    let server = Server::start().await;
    let db = db(&server);
    for (n, (typed, observed, jid)) in [
        (
            "+525512345678",
            "5215512345678",
            "5215512345678@s.whatsapp.net",
        ),
        (
            "+52 1 55 8765 4321",
            "525587654321",
            "525587654321@s.whatsapp.net",
        ),
        (
            "+55 11 98765-4321",
            "551187654321",
            "551187654321@s.whatsapp.net",
        ),
        (
            "+553198765432",
            "5531998765432",
            "5531998765432@s.whatsapp.net",
        ),
        (
            "+54 11 2345-6789",
            "5491123456789",
            "5491123456789@s.whatsapp.net",
        ),
        (
            "+54 9 11 8765-4321",
            "541187654321",
            "541187654321@s.whatsapp.net",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let bob = server.sign_up(&format!("Bob{n}")).await;
        let code = code(&bob, typed).await;
        let outcome = arrives(&db, observed, &code).await;
        assert!(
            matches!(outcome, Outcome::Verified(_)),
            "{typed}: {outcome:?}"
        );
        let held = links(&bob).await;
        assert_eq!(
            (held.len(), &held[0].1),
            (1, &json!(jid)),
            "what is observed is bound"
        );
        let jids = identities(&server, &bob.user_id).await;
        let jids: Vec<_> = jids
            .iter()
            .filter(|(namespace, ..)| namespace == "wa_jid")
            .collect();
        assert_eq!(jids.len(), 1, "{jids:?}");
        // In either form it is taken.
        let eve = server.sign_up(&format!("Eve{n}")).await;
        for form in [typed, &format!("+{observed}")] {
            assert_eq!(
                super::refused(&eve, json!({ "phone": form })).await,
                "ALREADY_LINKED",
                "{form}"
            );
        }
    }
}

#[tokio::test]
async fn of_a_code_only_the_hash_is_stored() {
    let server = Server::start().await;
    let bob = server.sign_up("Bob").await;
    let shown = code(&bob, PHONE).await;
    let bare = shown.replace('-', "");
    let mut root = server.database.root().await;
    let (hash, row): (Vec<u8>, String) =
        sqlx::query_as("SELECT code_hash, to_jsonb(l)::text FROM link_codes l")
            .fetch_one(&mut root)
            .await
            .unwrap();
    assert_eq!(hash, Code::find_in(&shown).unwrap().hash());
    assert!(!row.contains(&bare) && !row.contains(&shown));
    let events: Vec<String> = sqlx::query_scalar("SELECT to_jsonb(e)::text FROM audit_events e")
        .fetch_all(&mut root)
        .await
        .unwrap();
    let events = events.concat();
    assert!(
        !events.contains(&bare) && !events.contains(&shown) && !events.contains("447123456789")
    );
}
