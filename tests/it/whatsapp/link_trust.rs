//! Whose word is believed: what was shown to a bot holds while its publisher is trusted.

use agentry_db::ids::TemplateId;
use agentry_db::whatsapp::Publishers;
use agentry_db::whatsapp_link::{self, Outcome};
use agentry_db::{Db, ids::OrganizationId};
use agentry_phone::Sender;
use serde_json::{Value, json};

use super::link::unlink;
use super::link_resolve::{key, resolve};
use super::{JID, PHONE, arrives_at, code, db, link, links, trail};
use crate::support::{Caller, Server};
use crate::templates::{definition, installed, offer, publisher};

const ID: &str = "GB.13491208655302741918";

fn only(publisher: &str) -> Publishers {
    Publishers::These([OrganizationId::from(publisher)].into())
}

fn verified(outcome: &Outcome) {
    assert!(matches!(outcome, Outcome::Verified(_)), "{outcome:?}");
}

async fn reaches(db: &Db, trusted: &Publishers, template: &TemplateId, from: &str) -> bool {
    let sender = Sender::parse(from).unwrap();
    let routes = whatsapp_link::route(db, trusted, template, &sender);
    !routes.await.unwrap().is_empty()
}

/// Two publishers on one database, the first of which is trusted by the first server alone, and somebody who is linked by it.
struct Stage {
    before: Server,
    after: Server,
    db: Db,
    first: String,
    second: String,
    templates: [TemplateId; 2],
    bob: Caller,
}

impl Stage {
    async fn set() -> Self {
        let before = Server::start().await;
        let (mut organizations, mut templates) = (Vec::new(), Vec::new());
        for (name, slug) in [("Ada", "first"), ("Oto", "second")] {
            let acme = publisher(&before, name, slug).await;
            let template = offer(&acme, &format!("{slug}-bot"), definition("Helper")).await;
            templates.push(TemplateId::from(template.as_str().unwrap()));
            organizations.push(acme.organization_id);
        }
        let [first, second] = organizations.try_into().unwrap();
        let trusted = format!("--whatsapp-publishers={second}");
        let after = Server::on(before.database.clone(), &[trusted.as_str()]).await;
        let db = db(&before);
        let bob = before.sign_up("Bob").await;
        installed(&bob, json!({ "slug": "first-bot" })).await;
        installed(&bob, json!({ "slug": "second-bot" })).await;
        let of_bob = code(&bob, PHONE).await;
        let both = (JID, Some(ID));
        verified(&arrives_at(&db, &first, &Publishers::All, both, &of_bob).await);
        Self {
            before,
            after,
            db,
            first,
            second,
            templates: templates.try_into().unwrap(),
            bob,
        }
    }
}

fn statuses(links: &[(Value, Value, String)]) -> Vec<&str> {
    links.iter().map(|(.., status)| status.as_str()).collect()
}

#[tokio::test]
async fn what_nobody_trusted_saw_neither_routes_nor_blocks_and_whoever_verifies_next_has_it() {
    let stage = Stage::set().await;
    let (db, [helper, other]) = (&stage.db, &stage.templates);
    let trusted = only(&stage.second);
    for template in [helper, other] {
        assert!(reaches(db, &Publishers::All, template, JID).await);
        assert!(!reaches(db, &trusted, template, JID).await);
    }
    assert!(!reaches(db, &trusted, helper, ID).await);
    let bob = stage.bob.moved_to(&stage.after.url);
    assert_eq!(
        statuses(&links(&bob).await),
        ["UNVERIFIED", "UNVERIFIED"],
        "they are told so"
    );
    assert_eq!(
        statuses(&links(&stage.bob).await),
        ["VERIFIED", "VERIFIED"],
        "and were, before"
    );
    let sender = Sender::parse(JID).unwrap();
    let second = OrganizationId::from(stage.second.as_str());
    let linked = whatsapp_link::is_linked(db, &trusted, &second, &sender);
    assert!(!linked.await.unwrap());
    let eve = stage.after.sign_up("Eve").await;
    installed(&eve, json!({ "slug": "second-bot" })).await;
    let hers = code(&eve, PHONE).await;
    let outcome = arrives_at(db, &stage.second, &trusted, (JID, None), &hers).await;
    let Outcome::Verified(done) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!((done.home.user.as_str(), done.dropped), (&*eve.user_id, 1));
    assert!(reaches(db, &trusted, other, JID).await);
    assert!(links(&bob).await.is_empty(), "the id beside it went too");
    let (action, metadata) = trail(&stage.bob).await.pop().unwrap();
    assert_eq!(
        (&*action, &metadata["reason"]),
        ("whatsapp.drop", &json!("verified_by_another"))
    );
    // It stays hers where the first is trusted too.
    assert_eq!(
        statuses(&links(&eve.moved_to(&stage.before.url)).await),
        ["VERIFIED"]
    );
}

#[tokio::test]
async fn who_is_not_believed_any_more_shows_it_anew() {
    let stage = Stage::set().await;
    let (db, trusted) = (&stage.db, only(&stage.second));
    let bob = stage.bob.moved_to(&stage.after.url);
    let again = link(&stage.bob, json!({ "phone": PHONE })).await;
    assert_eq!(again["link"]["status"], "VERIFIED", "where it is believed");
    let again = link(&bob, json!({ "phone": PHONE })).await;
    assert_eq!(again["link"]["status"], "UNVERIFIED", "{again}");
    let text = again["link"]["verification"]["text"].as_str().unwrap();
    verified(&arrives_at(db, &stage.second, &trusted, (JID, None), text).await);
    let told = links(&bob).await;
    let told: Vec<_> = told.iter().map(|(_, id, status)| (id, &**status)).collect();
    assert!(told.contains(&(&json!(JID), "VERIFIED")), "{told:?}");
    assert!(told.contains(&(&json!(ID), "UNVERIFIED")), "{told:?}");
    assert!(reaches(db, &trusted, &stage.templates[1], JID).await);
    // What is not believed can be taken back as all else.
    let done = unlink(&bob, json!({ "businessScopedId": ID })).await;
    assert_eq!(done["unlinked"], json!([ID]), "{done}");
}

#[tokio::test]
async fn a_code_that_is_shown_to_somebody_untrusted_links_nothing_and_stays_good() {
    let stage = Stage::set().await;
    let (db, trusted) = (&stage.db, only(&stage.second));
    let eve = stage.after.sign_up("Eve").await;
    let hers = code(&eve, PHONE).await;
    for publisher in [&*stage.first, "nobody", ""] {
        let outcome = arrives_at(db, publisher, &trusted, (JID, None), &hers).await;
        assert_eq!(outcome, Outcome::Unknown, "{publisher}");
    }
    let nobody = Publishers::default();
    let outcome = arrives_at(db, &stage.second, &nobody, (JID, None), &hers).await;
    assert_eq!(outcome, Outcome::Unknown);
    verified(&arrives_at(db, &stage.second, &trusted, (JID, None), &hers).await);
}

#[tokio::test]
async fn nobody_is_sent_to_a_bot_that_hears_nothing() {
    let stage = Stage::set().await;
    let mut root = stage.before.database.root().await;
    sqlx::query("UPDATE templates SET bot_phone = '447900000001'")
        .execute(&mut root)
        .await
        .unwrap();
    let eve = stage.before.sign_up("Eve").await;
    let elsewhere = eve.moved_to(&stage.after.url);
    for (caller, slug, hears) in [
        (&eve, "first-bot", true),
        (&elsewhere, "first-bot", false),
        (&elsewhere, "second-bot", true),
    ] {
        let input = json!({ "phone": "+15551234567", "templateSlug": slug });
        let done = link(caller, input).await;
        let verification = &done["link"]["verification"];
        assert_eq!(verification["waMeUrl"].is_string(), hears, "{slug}: {done}");
        assert!(
            verification["code"].is_string(),
            "another bot's may hear it"
        );
    }
}

#[tokio::test]
async fn a_gateway_is_told_what_is_believed() {
    let stage = Stage::set().await;
    let key = key(&stage.bob, "ADMIN", json!({ "whatsapp": ["read"] })).await;
    for (server, found) in [(&stage.before, true), (&stage.after, false)] {
        let answer = resolve(server, &key, JID).await;
        let user = &answer["data"]["resolveWhatsAppSender"]["userId"];
        assert_eq!(user == &stage.bob.user_id, found, "{answer}");
    }
}
