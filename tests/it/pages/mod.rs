//! Templates over REST and on pages: as gateways, landing pages and people without a script meet them.

mod agent;
mod browser;
mod chat;
mod chat_ends;
mod chat_refusals;
mod face;
mod forms;
mod install;
mod manifest;
mod password;
mod route;
mod route_refusals;
mod whatsapp;

use serde_json::{Value, json};

use crate::support::{Caller, Server};
use crate::templates::{finance, offer, publisher};
pub(crate) use browser::{Browser, Growing, Page};

/// A server with one published template, `finance`, and its publisher.
async fn shop() -> (Server, Caller) {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    (server, acme)
}

/// The same, asking for a service, a tool and a host.
fn asking() -> Value {
    let mut definition = finance();
    definition["capabilities"] =
        json!({ "services": ["openai"], "tools": ["search"], "domains": ["*.bank.example"] });
    definition
}

/// The fields of a form that signs somebody up.
pub(crate) fn newcomer(name: &str) -> Vec<(&'static str, String)> {
    vec![
        ("name", name.to_owned()),
        ("email", format!("{}@example.com", name.to_lowercase())),
        ("password", Caller::PASSWORD.to_owned()),
        ("as", "sign-up".to_owned()),
    ]
}

/// A browser in which somebody who signed up before is signed in, by the form of an agent's page.
async fn signed_in(server: &Server, name: &str) -> Browser {
    let mut browser = Browser::at(&server.url);
    let door = browser.open("/x/agents/x").await;
    let email = format!("{}@example.com", name.to_lowercase());
    let fields = [
        ("email", email.as_str()),
        ("password", Caller::PASSWORD),
        ("as", "sign-in"),
    ];
    let answer = browser.submit(&door, "/x/agents/x", &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    browser
}
