//! Business-scoped ids: what a business knows somebody by whose number it may not be told.

use agentry_db::ids::TemplateId;
use agentry_db::whatsapp::Publishers::All;
use agentry_db::whatsapp_link::Outcome;
use serde_json::{Value, json};

use super::link::unlink;
use super::link_resolve::{key, resolve};
use super::{
    JID, PHONE, arrives, arrives_at, bot, code, db, identities, is_linked, linked, links, refused,
    route, trail,
};
use crate::support::{Caller, Server};
use crate::templates::{definition, installed, offer, publisher};

const ID: &str = "GB.13491208655302741918";

fn verified(outcome: &Outcome) {
    assert!(matches!(outcome, Outcome::Verified(_)), "{outcome:?}");
}

/// What somebody goes by on WhatsApp, as their links tell it.
async fn held(caller: &Caller) -> Vec<String> {
    let links = links(caller).await;
    let mut held: Vec<String> = links
        .iter()
        .map(|(_, id, status)| format!("{} {status}", id.as_str().unwrap()))
        .collect();
    held.sort();
    held
}

/// An organisation, and the template that answers at its bot.
async fn business(server: &Server, name: &str, slug: &str) -> (Caller, TemplateId) {
    let acme = publisher(server, name, slug).await;
    let template = offer(&acme, &format!("{slug}-bot"), definition("Helper")).await;
    (acme, TemplateId::from(template.as_str().unwrap()))
}

#[tokio::test]
async fn a_person_without_a_number_is_linked_by_what_the_business_knows_them_by() {
    let server = Server::start().await;
    let db = db(&server);
    let bob = server.sign_up("Bob").await;
    let of_bob = code(&bob, PHONE).await;
    let Outcome::Verified(verified) = arrives(&db, ID, &of_bob).await else {
        panic!("not verified")
    };
    assert_eq!(verified.phone, None);
    assert_eq!(
        links(&bob).await,
        [(Value::Null, json!(ID), "VERIFIED".to_owned())]
    );
    let names: Vec<String> = identities(&server, &bob.user_id)
        .await
        .into_iter()
        .map(|it| it.0)
        .collect();
    assert_eq!(
        names,
        ["auth_user_id", "email", "wa_bsuid"],
        "the number was never seen"
    );
    // The trail says by what it was, and no number.
    let metadata = json!({ "namespace": "wa_bsuid", "dropped": 0 });
    assert_eq!(
        trail(&bob).await[1],
        ("whatsapp.verify".to_owned(), metadata)
    );
    assert!(!is_linked(&db, JID).await);
    linked(&server, &db, "Eve", PHONE).await;
}

#[tokio::test]
async fn what_is_shown_from_a_hidden_number_leaves_the_number_that_was_shown() {
    let server = Server::start().await;
    let db = db(&server);
    let bob = linked(&server, &db, "Bob", PHONE).await;
    let typed = code(&bob, "+15551234567").await;
    verified(&arrives(&db, ID, &typed).await);
    let both = [format!("{JID} VERIFIED"), format!("{ID} VERIFIED")];
    assert_eq!(held(&bob).await, both, "and not what was typed");
}

#[tokio::test]
async fn unlinking_a_number_ends_the_id_that_was_shown_beside_it() {
    let server = Server::start().await;
    let template = bot(&server, "helper").await;
    let db = db(&server);
    let acme = {
        let mut root = server.database.root().await;
        let of = "SELECT publisher_org_id FROM templates WHERE id = $1";
        let acme = sqlx::query_scalar::<_, String>(of).bind(template.as_str());
        acme.fetch_one(&mut root).await.unwrap()
    };
    let both = (JID, Some(ID));
    let bob = server.sign_up("Bob").await;
    installed(&bob, json!({ "slug": "helper" })).await;
    let of_bob = code(&bob, PHONE).await;
    verified(&arrives_at(&db, &acme, &All, both, &of_bob).await);
    for from in [JID, ID] {
        assert_eq!(route(&db, &template, from).await.len(), 1, "{from}");
    }
    let eve = server.sign_up("Eve").await;
    assert_eq!(
        refused(&eve, json!({ "phone": PHONE })).await,
        "ALREADY_LINKED"
    );
    // Nor can she have the id alone.
    let hers = code(&eve, "+15551234567").await;
    let outcome = arrives_at(&db, &acme, &All, (ID, None), &hers).await;
    assert!(matches!(outcome, Outcome::AlreadyLinked(_)), "{outcome:?}");
    let done = unlink(&bob, json!({ "phone": "07123 456789" })).await;
    assert_eq!(done["unlinked"], json!([PHONE, ID]), "{done}");
    assert_eq!(done["links"], json!([]));
    for from in [JID, ID] {
        assert!(route(&db, &template, from).await.is_empty(), "{from}");
    }
    assert_eq!(identities(&server, &bob.user_id).await.len(), 2);
    installed(&eve, json!({ "slug": "helper" })).await;
    let hers = code(&eve, PHONE).await;
    verified(&arrives_at(&db, &acme, &All, both, &hers).await);
    for from in [JID, ID] {
        let routes = route(&db, &template, from).await;
        assert_eq!(routes[0].tenant.user().as_str(), eve.user_id, "{from}");
    }
}

#[tokio::test]
async fn an_id_is_unlinked_by_its_name_and_the_number_stays() {
    let server = Server::start().await;
    let db = db(&server);
    let bob = server.sign_up("Bob").await;
    let of_bob = code(&bob, PHONE).await;
    verified(&arrives_at(&db, "bots", &All, (JID, Some("GB.42")), &of_bob).await);
    // Nobody ends what is another's.
    let eve = server.sign_up("Eve").await;
    let done = unlink(&eve, json!({ "businessScopedId": "GB.42" })).await;
    assert_eq!(done["unlinked"], json!([]), "{done}");
    for input in [
        json!({ "businessScopedId": "" }),
        json!({ "businessScopedId": JID }),
        json!({ "businessScopedId": "no\u{0}thing" }),
        json!({ "businessScopedId": "GB.42", "phone": PHONE }),
    ] {
        let wrong = unlink(&bob, input).await;
        assert_eq!(
            wrong["fields"][0]["path"],
            json!(["businessScopedId"]),
            "{wrong}"
        );
    }
    assert_eq!(held(&bob).await.len(), 2);
    let done = unlink(&bob, json!({ "businessScopedId": " gb.42" })).await;
    assert_eq!(done["unlinked"], json!(["GB.42"]), "{done}");
    assert_eq!(held(&bob).await, [format!("{JID} VERIFIED")]);
    assert!(!is_linked(&db, "GB.42").await && is_linked(&db, JID).await);
}

#[tokio::test]
async fn each_publisher_knows_people_by_ids_of_its_own() {
    let server = Server::start().await;
    let db = db(&server);
    let (first, helper) = business(&server, "Ada", "first").await;
    let (second, other) = business(&server, "Oto", "second").await;
    let (first, second) = (&*first.organization_id, &*second.organization_id);
    let bob = server.sign_up("Bob").await;
    installed(&bob, json!({ "slug": "first-bot" })).await;
    installed(&bob, json!({ "slug": "second-bot" })).await;
    for (at, id) in [(first, "GB.1"), (second, "GB.2")] {
        let of_bob = code(&bob, PHONE).await;
        verified(&arrives_at(&db, at, &All, (id, None), &of_bob).await);
    }
    assert_eq!(held(&bob).await, ["GB.1 VERIFIED", "GB.2 VERIFIED"]);
    // To each its own.
    for (template, known, unknown) in [(&helper, "GB.1", "GB.2"), (&other, "GB.2", "GB.1")] {
        assert_eq!(route(&db, template, known).await.len(), 1);
        assert!(route(&db, template, unknown).await.is_empty());
    }
    // What looks alike is somebody else there.
    let eve = server.sign_up("Eve").await;
    installed(&eve, json!({ "slug": "second-bot" })).await;
    let hers = code(&eve, PHONE).await;
    verified(&arrives_at(&db, second, &All, ("GB.1", None), &hers).await);
    for (template, person) in [(&helper, &bob), (&other, &eve)] {
        let routes = route(&db, template, "GB.1").await;
        assert_eq!(routes.len(), 1);
        assert_eq!(routes[0].tenant.user().as_str(), person.user_id);
    }
    // A new one takes the place of the same publisher's alone.
    let of_bob = code(&bob, PHONE).await;
    verified(&arrives_at(&db, first, &All, ("GB.3", None), &of_bob).await);
    assert_eq!(held(&bob).await, ["GB.2 VERIFIED", "GB.3 VERIFIED"]);
    assert!(route(&db, &helper, "GB.1").await.is_empty());
}

#[tokio::test]
async fn two_publishers_may_know_one_person_by_one_id() {
    let server = Server::start().await;
    let db = db(&server);
    let bob = server.sign_up("Bob").await;
    for at in ["first", "second"] {
        let of_bob = code(&bob, PHONE).await;
        verified(&arrives_at(&db, at, &All, (ID, None), &of_bob).await);
    }
    assert_eq!(held(&bob).await.len(), 2);
    let of_bob = code(&bob, PHONE).await;
    verified(&arrives_at(&db, "first", &All, ("GB.5", None), &of_bob).await);
    // They go by it still, towards the other.
    let names = identities(&server, &bob.user_id).await;
    assert!(names.iter().any(|name| name.1 == ID), "{names:?}");
    let done = unlink(&bob, json!({ "businessScopedId": ID })).await;
    assert_eq!(done["unlinked"], json!([ID]), "{done}");
    let names = identities(&server, &bob.user_id).await;
    assert!(names.iter().all(|name| name.1 != ID), "{names:?}");
}

#[tokio::test]
async fn a_number_takes_the_place_of_the_one_before_at_every_publisher() {
    let server = Server::start().await;
    let db = db(&server);
    let bob = server.sign_up("Bob").await;
    let of_bob = code(&bob, PHONE).await;
    verified(&arrives_at(&db, "first", &All, (JID, Some("GB.1")), &of_bob).await);
    let of_bob = code(&bob, "+15551234567").await;
    verified(&arrives_at(&db, "third", &All, ("GB.3", None), &of_bob).await);
    let of_bob = code(&bob, "+15551234567").await;
    let new = ("15551234567", Some("GB.2"));
    verified(&arrives_at(&db, "second", &All, new, &of_bob).await);
    // What was shown beside the old number went with it, wherever it was; what was shown alone, elsewhere, did not.
    let left = [
        "15551234567@s.whatsapp.net VERIFIED",
        "GB.2 VERIFIED",
        "GB.3 VERIFIED",
    ];
    assert_eq!(held(&bob).await, left);
}

#[tokio::test]
async fn a_gateway_resolves_ids_of_its_own_organization_alone() {
    let server = Server::start().await;
    let db = db(&server);
    let bob = server.sign_up("Bob").await;
    let key = key(&bob, "ADMIN", json!({ "whatsapp": ["read"] })).await;
    for (at, known) in [("others", false), (&*bob.organization_id, true)] {
        let of_bob = code(&bob, PHONE).await;
        verified(&arrives_at(&db, at, &All, (ID, None), &of_bob).await);
        let answer = resolve(&server, &key, ID).await;
        let found = &answer["data"]["resolveWhatsAppSender"];
        assert_eq!(found["userId"] == bob.user_id, known, "{answer}");
    }
}

#[tokio::test]
async fn guesses_at_one_publisher_leave_the_same_id_at_another_its_own() {
    let server = Server::start().await;
    let db = db(&server);
    let bob = server.sign_up("Bob").await;
    for _ in 0..10 {
        let guess = agentry_phone::Code::generate().unwrap().shown();
        arrives_at(&db, "first", &All, (ID, None), &guess).await;
    }
    let of_bob = code(&bob, PHONE).await;
    let outcome = arrives_at(&db, "first", &All, (ID, None), &of_bob).await;
    assert!(matches!(outcome, Outcome::TooMany(_)), "{outcome:?}");
    verified(&arrives_at(&db, "second", &All, (ID, None), &of_bob).await);
}
