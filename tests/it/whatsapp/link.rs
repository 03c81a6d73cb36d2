//! `linkWhatsApp`, `unlinkWhatsApp` and `viewer.whatsAppLinks`.

use serde_json::{Value, json};

use super::{
    BOT, JID, PHONE, arrives, bot, code, db, identities, link, linked, links, refused, trail,
};
use crate::support::{Caller, Server};

fn own(phone: &str, jid: &str, status: &str) -> (Value, Value, String) {
    (json!(phone), json!(jid), status.to_owned())
}

/// What `unlinkWhatsApp` answers to this input.
pub(super) async fn unlink(caller: &Caller, input: Value) -> Value {
    let document =
        "mutation($input: UnlinkWhatsAppInput!) { unlinkWhatsApp(input: $input) { __typename
        ... on UnlinkWhatsAppSuccess { unlinked links { phone } } ... on WhatsAppRefused { code }
        ... on ValidationFailed { fields { path } } } }";
    let data = caller.query(document, json!({ "input": input })).await;
    data["unlinkWhatsApp"].clone()
}

#[tokio::test]
async fn a_claim_answers_the_number_its_id_and_how_to_show_it() {
    let server = Server::start().await;
    bot(&server, "helper").await;
    let bob = server.sign_up("Bob").await;
    let input = json!({ "phone": "07123 456-789", "templateSlug": "helper" });
    let done = link(&bob, input).await;
    let link = &done["link"];
    assert_eq!(link["phone"], PHONE, "{done}");
    assert_eq!(link["waJid"], JID);
    assert_eq!(link["status"], "UNVERIFIED");
    assert_eq!(link["verifiedAt"], Value::Null);
    let verification = &link["verification"];
    let code = verification["code"].as_str().unwrap();
    assert_eq!((code.len(), &code[5..6]), (11, "-"));
    let text = format!("Link my WhatsApp number: {code}");
    assert_eq!(verification["text"], text);
    let url = format!("https://wa.me/{BOT}?text=Link%20my%20WhatsApp%20number%3A%20{code}");
    assert_eq!(verification["waMeUrl"], url);
    let expires = verification["expiresAt"].as_str().unwrap();
    let left = chrono::DateTime::parse_from_rfc3339(expires)
        .unwrap()
        .to_utc()
        - chrono::Utc::now();
    assert!((500..=600).contains(&left.num_seconds()), "{left}");
    assert_eq!(links(&bob).await, [own(PHONE, JID, "UNVERIFIED")]);
}

#[tokio::test]
async fn without_a_template_there_is_no_address_to_open() {
    let server = Server::start().await;
    let bob = server.sign_up("Bob").await;
    let done = link(&bob, json!({ "phone": PHONE })).await;
    assert_eq!(
        done["link"]["verification"]["waMeUrl"],
        Value::Null,
        "{done}"
    );
    let unknown = link(&bob, json!({ "phone": PHONE, "templateSlug": "nothing" })).await;
    assert_eq!(unknown["__typename"], "NotFound");
}

#[tokio::test]
async fn numbers_are_of_the_region_that_is_said_or_of_the_service() {
    let server = Server::start().await;
    let bob = server.sign_up("Bob").await;
    for (input, phone) in [
        (json!({ "phone": "07123456789" }), "+447123456789"),
        (
            json!({ "phone": "(555) 123-4567", "region": "us" }),
            "+15551234567",
        ),
        (json!({ "phone": "+33 (0)6 12 34 56 78" }), "+33612345678"),
    ] {
        assert_eq!(link(&bob, input).await["link"]["phone"], phone);
    }
    let wrong = link(&bob, json!({ "phone": PHONE, "region": "UK" })).await;
    assert_eq!(wrong["fields"][0]["path"], json!(["region"]), "{wrong}");
    let abroad = Server::start_with(&["--default-region=FR"]).await;
    let eve = abroad.sign_up("Eve").await;
    let done = link(&eve, json!({ "phone": "06 12 34 56 78" })).await;
    assert_eq!(done["link"]["phone"], "+33612345678");
    assert_eq!(
        refused(&eve, json!({ "phone": "07123456789" })).await,
        "INVALID_PHONE"
    );
}

#[tokio::test]
async fn linking_again_gives_another_code_and_the_first_is_good_no_more() {
    let server = Server::start().await;
    let db = db(&server);
    let bob = server.sign_up("Bob").await;
    let first = code(&bob, PHONE).await;
    let second = code(&bob, PHONE).await;
    assert_ne!(first, second);
    assert_eq!(links(&bob).await.len(), 1);
    assert_eq!(format!("{:?}", arrives(&db, JID, &first).await), "Unknown");
    arrives(&db, JID, &second).await;
    assert_eq!(links(&bob).await, [own(PHONE, JID, "VERIFIED")]);
    // Once more changes nothing, and needs no code.
    let again = link(&bob, json!({ "phone": "+44 (0)7123 456789" })).await;
    assert_eq!(again["link"]["status"], "VERIFIED", "{again}");
    assert_eq!(again["link"]["verification"], Value::Null);
    assert!(again["link"]["verifiedAt"].is_string());
    assert_eq!(links(&bob).await, [own(PHONE, JID, "VERIFIED")]);
}

#[tokio::test]
async fn since_when_it_is_said_to_be_theirs_is_told_alike_by_whoever_asks() {
    let server = Server::start().await;
    let db = db(&server);
    let bob = server.sign_up("Bob").await;
    let listed = async || {
        let document = "{ viewer { whatsAppLinks { createdAt } } }";
        let data = bob.query(document, json!({})).await;
        data["viewer"]["whatsAppLinks"][0]["createdAt"].clone()
    };
    let first = link(&bob, json!({ "phone": PHONE })).await;
    let since = first["link"]["createdAt"].clone();
    assert_eq!(since, listed().await);
    let again = link(&bob, json!({ "phone": PHONE })).await;
    assert_eq!(again["link"]["createdAt"], since, "said before");
    let text = again["link"]["verification"]["text"].as_str().unwrap();
    arrives(&db, JID, text).await;
    let shown = link(&bob, json!({ "phone": PHONE })).await;
    assert_eq!(shown["link"]["status"], "VERIFIED");
    assert_eq!(shown["link"]["createdAt"], since);
    assert_eq!(listed().await, since);
}

#[tokio::test]
async fn what_is_linked_is_told_again_and_again_and_counted_against_nobody() {
    let limits = [
        "--whatsapp-links-per-hour=2",
        "--whatsapp-links-per-number=2",
    ];
    let server = Server::start_with(&limits).await;
    let db = db(&server);
    let bob = linked(&server, &db, "Bob", PHONE).await;
    for typed in ["07123 456789", PHONE, "tel:+447123456789", PHONE] {
        let again = link(&bob, json!({ "phone": typed })).await;
        assert_eq!(again["link"]["status"], "VERIFIED", "{again}");
        assert_eq!(again["link"]["verification"], Value::Null);
    }
    // It told the trail nothing, and took nothing of what there is for him and the number.
    let metadata = json!({ "phone": "…89", "outcome": "claimed" });
    assert_eq!(trail(&bob).await.len(), 2);
    assert_eq!(trail(&bob).await[0].1, metadata);
    code(&bob, "+15551234567").await;
    limited(&bob, "+33612345678").await;
    assert_eq!(
        link(&bob, json!({ "phone": PHONE })).await["link"]["status"],
        "VERIFIED"
    );
    // Whose it is not is counted, and told no more than ever.
    let eve = server.sign_up("Eve").await;
    assert_eq!(
        refused(&eve, json!({ "phone": PHONE })).await,
        "ALREADY_LINKED"
    );
    limited(&eve, PHONE).await;
}

#[tokio::test]
async fn another_claim_takes_the_place_of_the_one_before_and_leaves_what_is_verified() {
    let server = Server::start().await;
    let db = db(&server);
    let bob = linked(&server, &db, "Bob", PHONE).await;
    code(&bob, "+15551234567").await;
    let new = code(&bob, "+33612345678").await;
    let (second, third) = ("15551234567@s.whatsapp.net", "33612345678@s.whatsapp.net");
    assert_eq!(
        links(&bob).await,
        [
            own("+33612345678", third, "UNVERIFIED"),
            own(PHONE, JID, "VERIFIED")
        ]
    );
    let held: Vec<_> = identities(&server, &bob.user_id).await;
    assert!(held.iter().all(|(_, identifier, ..)| identifier != second));
    // Once the new number is shown, it takes the place of the old.
    arrives(&db, third, &new).await;
    assert_eq!(links(&bob).await, [own("+33612345678", third, "VERIFIED")]);
    let eve = server.sign_up("Eve").await;
    let code = code(&eve, PHONE).await;
    arrives(&db, JID, &code).await;
    assert_eq!(links(&eve).await, [own(PHONE, JID, "VERIFIED")]);
}

#[tokio::test]
async fn a_number_of_somebody_else_is_refused_and_nobody_is_told_whose_it_is() {
    let server = Server::start().await;
    let db = db(&server);
    let bob = linked(&server, &db, "Bob", PHONE).await;
    let eve = server.sign_up("Eve").await;
    let refused = link(&eve, json!({ "phone": PHONE })).await;
    assert_eq!(refused["code"], "ALREADY_LINKED");
    let told = refused.to_string();
    for secret in [&bob.user_id, &bob.organization_id, "Bob", "bob"] {
        assert!(!told.contains(secret), "{told}");
    }
    assert!(links(&eve).await.is_empty());
    let metadata = json!({ "phone": "…89", "outcome": "already_linked" });
    assert_eq!(trail(&eve).await, [("whatsapp.link".to_owned(), metadata)]);
}

#[tokio::test]
async fn unlinking_ends_claims_links_and_codes() {
    let server = Server::start().await;
    let db = db(&server);
    let bob = linked(&server, &db, "Bob", PHONE).await;
    let open = code(&bob, "+15551234567").await;
    let done = unlink(&bob, json!({ "phone": "07123456789" })).await;
    assert_eq!(done["unlinked"], json!([PHONE]), "{done}");
    assert_eq!(done["links"], json!([{ "phone": "+15551234567" }]));
    let done = unlink(&bob, json!({})).await;
    assert_eq!(done["unlinked"], json!(["+15551234567"]));
    assert_eq!(
        format!("{:?}", arrives(&db, "15551234567", &open).await),
        "Unknown"
    );
    assert_eq!(unlink(&bob, json!({})).await["unlinked"], json!([]));
    let wrong = unlink(&bob, json!({ "phone": "nothing" })).await;
    assert_eq!(wrong["code"], "INVALID_PHONE");
    assert!(links(&bob).await.is_empty());
    let names = identities(&server, &bob.user_id).await;
    assert!(
        names
            .iter()
            .all(|(_, _, source, _)| source == "auth:signup"),
        "{names:?}"
    );
    let actions: Vec<String> = trail(&bob)
        .await
        .into_iter()
        .map(|(action, _)| action)
        .collect();
    let told =
        ["link", "verify", "link", "unlink", "unlink"].map(|verb| format!("whatsapp.{verb}"));
    assert_eq!(actions, told);
}

#[tokio::test]
async fn links_are_kept_at_home_wherever_their_user_acts() {
    let server = Server::start().await;
    let db = db(&server);
    let bob = server.sign_up("Bob").await;
    let ada = server.sign_up("Ada").await;
    let there = server.join(&ada, &bob, "member").await;
    let code = code(&there, PHONE).await;
    arrives(&db, JID, &code).await;
    assert_eq!(links(&there).await, links(&bob).await);
    let actions: Vec<String> = trail(&bob)
        .await
        .into_iter()
        .map(|(action, _)| action)
        .collect();
    assert_eq!(actions, ["whatsapp.link", "whatsapp.verify"]);
    assert!(links(&ada).await.is_empty());
}

#[tokio::test]
async fn who_has_no_personal_organization_is_no_member() {
    let server = Server::start().await;
    let ada = crate::templates::publisher(&server, "Ada", "acme").await;
    sqlx::query(r#"DELETE FROM "organization" WHERE personal_user_id = $1"#)
        .bind(&ada.user_id)
        .execute(&server.owner_pool().await)
        .await
        .unwrap();
    let without = Server::on(server.database.clone(), &["--personal-organizations=false"]).await;
    let there = ada.moved_to(&without.url);
    assert_eq!(
        refused(&there, json!({ "phone": PHONE })).await,
        "NO_MEMBER"
    );
    // Where everyone has one, it is made.
    code(&ada, PHONE).await;
}

#[tokio::test]
async fn an_organization_has_no_number() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let input = json!({ "name": "ci", "owner": "ORGANIZATION", "role": "OWNER" });
    let made = crate::templates::mutate(&ada, "createApiKey", "key", input).await;
    let answer: Value = reqwest::Client::new()
        .post(format!("{}/graphql", server.url))
        .header("x-api-key", made["key"].as_str().unwrap())
        .json(&json!({ "query": "{ viewer { whatsAppLinks { phone } } }" }))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        answer["data"]["viewer"]["whatsAppLinks"],
        json!([]),
        "{answer}"
    );
}

#[tokio::test]
async fn a_person_tries_so_many_numbers_and_a_number_is_tried_so_often() {
    let limits = [
        "--whatsapp-links-per-hour=3",
        "--whatsapp-links-per-number=4",
    ];
    let server = Server::start_with(&limits).await;
    let bob = server.sign_up("Bob").await;
    // What is no number counts too.
    assert_eq!(
        refused(&bob, json!({ "phone": "no" })).await,
        "INVALID_PHONE"
    );
    code(&bob, PHONE).await;
    code(&bob, PHONE).await;
    limited(&bob, PHONE).await;
    let eve = server.sign_up("Eve").await;
    code(&eve, PHONE).await;
    code(&eve, "07123 456789").await;
    limited(&eve, PHONE).await;
    // A first try is never refused for what others tried.
    let carl = server.sign_up("Carl").await;
    code(&carl, PHONE).await;
    limited(&carl, PHONE).await;
    code(&carl, "+15551234567").await;
}

#[tokio::test]
async fn one_account_does_not_use_up_what_there_is_for_a_number() {
    let server = Server::start().await;
    let (mallory, bob) = (server.sign_up("Mallory").await, server.sign_up("Bob").await);
    // A number of Mexico's, in both of its forms.
    let forms = ["+525512345678", "+5215512345678"];
    for n in 0..3 {
        code(&mallory, forms[n % 2]).await;
    }
    for n in 0..12 {
        limited(&mallory, forms[n % 2]).await;
    }
    for n in 0..3 {
        code(&bob, forms[n % 2]).await;
    }
    limited(&bob, forms[0]).await;
    // Another number is another matter.
    code(&mallory, PHONE).await;
    // Of the ten that all people have, six are gone.
    for n in 0..4 {
        code(&server.sign_up(&format!("Carl{n}")).await, forms[0]).await;
    }
    let dan = server.sign_up("Dan").await;
    code(&dan, forms[0]).await;
    limited(&dan, forms[0]).await;
}

async fn limited(caller: &Caller, phone: &str) {
    let limited = link(caller, json!({ "phone": phone })).await;
    assert_eq!(limited["code"], "RATE_LIMITED", "{limited}");
    let seconds = limited["retryAfter"].as_i64().unwrap();
    assert!((1..=7_200).contains(&seconds), "{limited}");
    let wait = match seconds {
        ..=120 => format!("{seconds} s"),
        _ => format!("{} minutes", (seconds + 59) / 60),
    };
    let told = format!("This was tried too often. Try again in {wait}.");
    assert_eq!(limited["message"], told);
}
