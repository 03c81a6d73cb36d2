//! WhatsApp: numbers that are linked by proof, and where what comes from them goes.

mod hook;
mod link;
mod link_before;
mod link_codes;
mod link_hostile;
mod link_identities;
mod link_install;
mod link_races;
mod link_resolve;
mod link_route;
mod link_scoped;
mod link_trust;

use agentry_db::ids::{OrganizationId, TemplateId};
use agentry_db::whatsapp::Publishers;
use agentry_db::whatsapp_link::{self, Observed, Outcome, Route};
use agentry_db::{Db, PoolSettings};
use agentry_phone::{Code, Sender};
use serde_json::{Value, json};

use crate::support::{Caller, Server};
use crate::templates::{definition, mutate as publishing, publisher, set_status};

/// A number of a user that every test may take as theirs.
pub(crate) const PHONE: &str = "+447123456789";
/// Its sender.
pub(crate) const JID: &str = "447123456789@s.whatsapp.net";
/// The bot of the template that [`bot`] publishes.
pub(crate) const BOT: &str = "447900000001";

const LINK: &str = "phone waJid businessScopedId status verifiedAt createdAt verification { code text waMeUrl expiresAt }";

/// The database, as the service has it.
pub(crate) fn db(server: &Server) -> Db {
    Db::open(server.database.service.clone(), &PoolSettings::default())
}

/// A published template with a bot; its id.
pub(crate) async fn bot(server: &Server, slug: &str) -> TemplateId {
    let acme = publisher(server, "Ada", "acme").await;
    let input = json!({ "slug": slug, "definition": definition("Helper"), "botPhone": BOT });
    let done = publishing(&acme, "publishTemplateVersion", "template { id }", input).await;
    let id = done["template"]["id"].clone();
    set_status(&acme, &id, "PUBLISHED").await;
    TemplateId::from(id.as_str().unwrap())
}

/// What `linkWhatsApp` answers to this input.
pub(crate) async fn link(caller: &Caller, input: Value) -> Value {
    let document = format!(
        "mutation($input: LinkWhatsAppInput!) {{ linkWhatsApp(input: $input) {{ __typename
           ... on LinkWhatsAppSuccess {{ link {{ {LINK} }} }} ... on WhatsAppRefused {{ code message retryAfter }}
           ... on UserError {{ message }} ... on ValidationFailed {{ fields {{ path }} }} }} }}"
    );
    let data = caller.query(&document, json!({ "input": input })).await;
    data["linkWhatsApp"].clone()
}

/// The code that somebody gets for a number.
pub(crate) async fn code(caller: &Caller, phone: &str) -> String {
    let done = link(caller, json!({ "phone": phone })).await;
    let code = done["link"]["verification"]["code"].as_str();
    code.unwrap_or_else(|| panic!("{done}")).to_owned()
}

/// Why a number is not linked.
pub(crate) async fn refused(caller: &Caller, input: Value) -> String {
    let refused = link(caller, input).await;
    assert_eq!(refused["__typename"], "WhatsAppRefused", "{refused}");
    refused["code"].as_str().unwrap().to_owned()
}

/// A message with this text arrives from this sender, at the bot of the organisation `bots`.
pub(crate) async fn arrives(db: &Db, from: &str, text: &str) -> Outcome {
    arrives_at(db, "bots", &Publishers::All, (from, None), text).await
}

/// A message with this text arrives at the bot of this publisher, from a sender and the business-scoped id beside it, where these are
/// trusted.
pub(crate) async fn arrives_at(
    db: &Db,
    publisher: &str,
    trusted: &Publishers,
    (from, scoped): (&str, Option<&str>),
    text: &str,
) -> Outcome {
    let sender = Sender::parse(from).unwrap();
    let scoped = scoped.map(|scoped| Sender::parse(scoped).unwrap());
    let observed = Observed {
        publisher: &OrganizationId::from(publisher),
        sender: &sender,
        scoped: scoped.as_ref(),
        code: &Code::find_in(text).unwrap(),
    };
    whatsapp_link::verify(db, trusted, &observed).await.unwrap()
}

/// A message with this text arrives from this sender, at the bot of this template.
pub(crate) async fn arrives_for(
    server: &Server,
    template: &TemplateId,
    from: &str,
    text: &str,
) -> Outcome {
    let mut root = server.database.root().await;
    let publisher: String =
        sqlx::query_scalar("SELECT publisher_org_id FROM templates WHERE id = $1")
            .bind(template.as_str())
            .fetch_one(&mut root)
            .await
            .unwrap();
    arrives_at(
        &db(server),
        &publisher,
        &Publishers::All,
        (from, None),
        text,
    )
    .await
}

/// Whether somebody has shown this sender to the bots of `bots`.
pub(crate) async fn is_linked(db: &Db, from: &str) -> bool {
    let (sender, bots) = (Sender::parse(from).unwrap(), OrganizationId::from("bots"));
    let linked = whatsapp_link::is_linked(db, &Publishers::All, &bots, &sender);
    linked.await.unwrap()
}

/// Somebody whose number is linked.
pub(crate) async fn linked(server: &Server, db: &Db, name: &str, phone: &str) -> Caller {
    let caller = server.sign_up(name).await;
    let code = code(&caller, phone).await;
    let outcome = arrives(db, phone, &code).await;
    assert!(matches!(outcome, Outcome::Verified(_)), "{outcome:?}");
    caller
}

/// What somebody sees of their links: number, id and status.
pub(crate) async fn links(caller: &Caller) -> Vec<(Value, Value, String)> {
    let document = format!("{{ viewer {{ whatsAppLinks {{ {LINK} }} }} }}");
    let data = caller.query(&document, json!({})).await;
    let links = data["viewer"]["whatsAppLinks"].as_array().unwrap().clone();
    let told = |link: &Value| {
        assert_eq!(link["verification"], Value::Null, "a code is told once");
        let id = if link["waJid"].is_null() {
            "businessScopedId"
        } else {
            "waJid"
        };
        let status = link["status"].as_str().unwrap().to_owned();
        (link["phone"].clone(), link[id].clone(), status)
    };
    links.iter().map(told).collect()
}

/// What somebody goes by in their personal organisation, live: namespace, identifier, source, and whether it is verified.
pub(crate) async fn identities(server: &Server, user: &str) -> Vec<(String, String, String, bool)> {
    let mut root = server.database.root().await;
    sqlx::query_as(
        "SELECT namespace, identifier, source, verified_at IS NOT NULL FROM member_identities
         WHERE user_id = $1 AND deleted_at IS NULL ORDER BY namespace, identifier",
    )
    .bind(user)
    .fetch_all(&mut root)
    .await
    .unwrap()
}

/// What the audit trail of somebody's personal organisation tells of WhatsApp, oldest first.
pub(crate) async fn trail(caller: &Caller) -> Vec<(String, Value)> {
    let document = "{ auditEvents(first: 100) { nodes { action metadata credential targetId } } }";
    let data = caller.query(document, json!({})).await;
    let nodes = data["auditEvents"]["nodes"].as_array().unwrap().clone();
    let ours = nodes.iter().rev().filter(|node| {
        let action = node["action"].as_str().unwrap();
        action.starts_with("whatsapp.")
    });
    ours.map(|node| {
        assert_eq!(node["targetId"], caller.user_id.as_str());
        (
            node["action"].as_str().unwrap().to_owned(),
            node["metadata"].clone(),
        )
    })
    .collect()
}

/// Where a message from this sender goes.
pub(crate) async fn route(db: &Db, template: &TemplateId, from: &str) -> Vec<Route> {
    let sender = Sender::parse(from).unwrap();
    let routes = whatsapp_link::route(db, &Publishers::All, template, &sender);
    routes.await.unwrap()
}
