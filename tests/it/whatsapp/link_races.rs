//! Several at once.

use std::collections::HashSet;

use agentry_db::whatsapp_link::Outcome;
use futures_util::future::join_all;
use serde_json::json;

use super::{JID, PHONE, arrives, code, db, link, links, trail};
use crate::support::Server;

#[tokio::test]
async fn of_ten_redemptions_at_once_one_verifies() {
    let server = Server::start().await;
    let db = db(&server);
    let bob = server.sign_up("Bob").await;
    let code = code(&bob, PHONE).await;
    let outcomes = join_all((0..10).map(|_| arrives(&db, JID, &code))).await;
    let verified = outcomes
        .iter()
        .filter(|one| matches!(one, Outcome::Verified(_)));
    assert_eq!(verified.count(), 1, "{outcomes:?}");
    let unknown = outcomes.iter().filter(|one| **one == Outcome::Unknown);
    assert_eq!(unknown.count(), 9, "{outcomes:?}");
    let verified = trail(&bob)
        .await
        .into_iter()
        .filter(|(action, _)| action == "whatsapp.verify");
    assert_eq!(verified.count(), 1);
}

#[tokio::test]
async fn of_two_who_claim_a_number_the_first_to_show_it_has_it_and_the_other_is_told() {
    let server = Server::start().await;
    let db = db(&server);
    let (bob, eve) = (server.sign_up("Bob").await, server.sign_up("Eve").await);
    let of_eve = code(&eve, PHONE).await;
    let of_bob = code(&bob, PHONE).await;
    let Outcome::Verified(verified) = arrives(&db, JID, &of_bob).await else {
        panic!("an unverified claim is in the way")
    };
    assert_eq!(
        (verified.home.user.as_str(), verified.dropped),
        (&*bob.user_id, 1)
    );
    assert_eq!(arrives(&db, JID, &of_eve).await, Outcome::Unknown);
    assert_eq!(links(&bob).await.len(), 1);
    assert!(links(&eve).await.is_empty());
    let dropped = json!({ "phone": "…89", "reason": "verified_by_another" });
    assert_eq!(trail(&eve).await[1], ("whatsapp.drop".to_owned(), dropped));
    assert_eq!(super::identities(&server, &eve.user_id).await.len(), 2);
}

#[tokio::test]
async fn of_two_forms_shown_at_once_by_two_people_one_is_linked() {
    let server = Server::start().await;
    let db = db(&server);
    let (bob, eve) = (server.sign_up("Bob").await, server.sign_up("Eve").await);
    for round in 0..5 {
        let (short, long) = (
            format!("5255123456{round}0"),
            format!("52155123456{round}0"),
        );
        let of_bob = code(&bob, &format!("+{short}")).await;
        let of_eve = code(&eve, &format!("+{long}")).await;
        let (first, second) =
            tokio::join!(arrives(&db, &short, &of_bob), arrives(&db, &long, &of_eve));
        let verified = [&first, &second]
            .into_iter()
            .filter(|one| matches!(one, Outcome::Verified(_)));
        assert_eq!(verified.count(), 1, "{first:?} {second:?}");
    }
}

#[tokio::test]
async fn many_claims_of_one_user_at_once_leave_one() {
    let server = Server::start().await;
    let bob = server.sign_up("Bob").await;
    let phones: Vec<String> = (0..8).map(|n| format!("+44712345678{n}")).collect();
    let done = join_all(
        phones
            .iter()
            .map(|phone| link(&bob, json!({ "phone": phone }))),
    )
    .await;
    let codes: HashSet<String> = done
        .iter()
        .map(|one| one["link"]["verification"]["code"].to_string())
        .collect();
    assert_eq!(codes.len(), 8, "{done:?}");
    assert_eq!(links(&bob).await.len(), 1);
    let mut root = server.database.root().await;
    let codes: i64 = sqlx::query_scalar("SELECT count(*) FROM link_codes")
        .fetch_one(&mut root)
        .await
        .unwrap();
    assert_eq!(codes, 1);
}

#[tokio::test]
async fn claims_unlinks_and_redemptions_at_once_never_cross() {
    let limits = [
        "--whatsapp-links-per-hour=1000",
        "--whatsapp-links-per-user-and-number=1000",
        "--whatsapp-links-per-number=1000",
    ];
    let server = Server::start_with(&limits).await;
    let db = db(&server);
    let people = [server.sign_up("Bob").await, server.sign_up("Eve").await];
    let all = "mutation { unlinkWhatsApp(input: {}) { __typename } }";
    for _ in 0..4 {
        let rounds = people.iter().map(|person| async {
            let code = code(person, PHONE).await;
            let ended = tokio::join!(
                arrives(&db, "15551234567", &code),
                link(person, json!({ "phone": PHONE })),
                person.query(all, json!({})),
            );
            assert!(!matches!(ended.0, Outcome::Verified(_)));
        });
        join_all(rounds).await;
    }
    for person in &people {
        person.query(all, json!({})).await;
        assert_eq!(links(person).await, []);
    }
}
