//! Who may not talk to an agent on its page, and what cannot be said there.

use serde_json::json;

use super::chat::{ANSWERING, agent, at_home, said_once, say};
use super::{Browser, shop, signed_in};
use crate::support::Server;
use crate::templates::{installed, mutate, rows};

#[tokio::test]
async fn strangers_and_nobody_talk_to_no_agent_of_others() {
    let server = Server::start_with(&ANSWERING).await;
    let (_, mut bob, path) = at_home(&server).await;
    let page = bob.open(&path).await;
    let place = say(&mut bob, &page, &path, "A secret.").await;
    let page = bob.open(&place).await;
    let (message, conversation) = (
        place.split_once('=').unwrap().1.to_owned(),
        page.field("conversation"),
    );
    server.sign_up("Zoe").await;
    let mut zoe = signed_in(&server, "Zoe").await;
    let mut nobody = Browser::at(&server.url);
    let door = nobody.open(&place).await;
    assert!(door.status == 401 && !door.text.contains("secret"));
    let own = zoe.open("/install/x").await;
    assert_eq!(zoe.open(&place).await.status, 404);
    // With a form of their own, into what is Bob's.
    let form = zoe.open("/x/agents/x").await;
    assert_eq!((own.status, form.status), (404, 404));
    let form = zoe.open("/forgot-password").await;
    assert_eq!(form.status, 404, "no message is sent here");
    let zoes = agent(&server.sign_up("Yan").await, json!({})).await;
    let mut yan = signed_in(&server, "Yan").await;
    let page = yan.open(&zoes).await;
    for (path, conversation, status) in [
        (&path, &conversation, 404),
        (&path, &String::new(), 404),
        (&zoes, &conversation, 409),
    ] {
        let press = [
            ("as", "say"),
            ("said", "Mine?"),
            ("conversation", conversation),
        ];
        let refused = yan.submit(&page, path, &press).await;
        assert_eq!(refused.status, status, "{path} {}", refused.text);
        assert!(!refused.text.contains("secret"), "{}", refused.text);
    }
    let elsewhere = format!("{zoes}?conversation={message}");
    assert!(!yan.open(&elsewhere).await.text.contains("secret"));
    let press = [("as", "say"), ("said", "Mine?")];
    assert_eq!(nobody.submit(&door, &path, &press).await.status, 401);
    assert_eq!(rows(&server, "agent_messages").await, 2);
}

#[tokio::test]
async fn everybody_sees_their_own_conversation_with_a_shared_agent() {
    let server = Server::start_with(&ANSWERING).await;
    let ada = server.sign_up("Ada").await;
    let path = agent(&ada, json!({ "visibility": "ORGANIZATION" })).await;
    let eve = server.sign_up("Eve").await;
    server.join(&ada, &eve, "member").await;
    let mut browsers = Vec::new();
    for name in ["Ada", "Eve"] {
        let mut browser = signed_in(&server, name).await;
        let page = browser.open(&path).await;
        assert!(
            page.text.contains("Nothing has been said yet"),
            "{}",
            page.text
        );
        let only = page.text.contains("Only you will see");
        assert_eq!(only, name == "Ada", "{}", page.text);
        let place = say(&mut browser, &page, &path, &format!("It is {name}.")).await;
        browser.open(&place).await;
        browsers.push((browser, place));
    }
    // The owner may read what colleagues say to their agent, and does not find it here as if it were their own.
    let [(mut ada, adas), (mut eve, eves)] = <[_; 2]>::try_from(browsers).ok().unwrap();
    for (browser, own, place, other) in [
        (&mut ada, "It is Ada.", &eves, "It is Eve."),
        (&mut eve, "It is Eve.", &adas, "It is Ada."),
    ] {
        for place in [place, &path] {
            let page = browser.open(place).await;
            assert!(page.text.contains(own), "{}", page.text);
            assert!(!page.text.contains(other), "{}", page.text);
        }
    }
    // Neither stops, repeats or goes on with what is the other's.
    let page = eve.open(&eves).await;
    let conversation = adas.split_once('=').unwrap().1;
    for press in [
        [("as", "say"), ("said", "x"), ("conversation", conversation)],
        [("as", "again"), ("message", "nothing"), ("once", "")],
        [
            ("as", "stop"),
            ("run", "nothing"),
            ("conversation", conversation),
        ],
    ] {
        let refused = eve.submit(&page, &path, &press).await;
        assert!(
            [403, 409].contains(&refused.status),
            "{press:?} {}",
            refused.text
        );
        assert!(refused.text.contains("role=\"alert\"") && !refused.text.contains("It is Ada."));
    }
    assert_eq!(rows(&server, "agent_messages").await, 4);
}

#[tokio::test]
async fn refusals_are_told_and_what_was_typed_stays() {
    let server = Server::start_with(&["--max-message=20", "--runs-per-minute=1"]).await;
    let (_, mut browser, path) = at_home(&server).await;
    let page = browser.open(&path).await;
    assert!(page.text.contains("maxlength=\"20\""), "{}", page.text);
    let once = said_once(&page);
    for said in ["", "<b> is far too long for this"] {
        let press = [("as", "say"), ("said", said), ("once", &*once)];
        let refused = browser.submit(&page, &path, &press).await;
        assert_eq!(refused.status, 422, "{}", refused.text);
        assert!(
            refused.text.contains("<a href=\"#said\">"),
            "{}",
            refused.text
        );
        let typed = said.replace('<', "&lt;").replace('>', "&gt;");
        assert!(
            refused
                .text
                .contains(&format!("aria-invalid=\"true\">\n{typed}</textarea>")),
            "{}",
            refused.text
        );
    }
    let press = [("as", "say"), ("said", "\nFirst."), ("once", &*once)];
    browser.submit(&page, &path, &press).await.location();
    let press = [
        ("as", "say"),
        ("said", "\nSecond."),
        ("conversation", "new"),
    ];
    let refused = browser.submit(&page, &path, &press).await;
    assert_eq!(refused.status, 429);
    let wait: u32 = refused.header("retry-after").parse().unwrap();
    assert!((1..=120).contains(&wait), "{wait}");
    // An element of this kind loses its first line break.
    assert!(
        refused.text.contains(">\n\nSecond.</textarea>"),
        "{}",
        refused.text
    );
    assert_eq!(rows(&server, "agent_messages").await, 1);
    let request = browser.post(&path, &[("said", &*"x".repeat(1_100_000))]);
    assert_eq!(browser.send(request).await.status, 413);
}

#[tokio::test]
async fn long_messages_fit_a_form() {
    let server = Server::start().await;
    let (_, mut browser, path) = at_home(&server).await;
    let page = browser.open(&path).await;
    let long = "蜂".repeat(100_000);
    say(&mut browser, &page, &path, &long).await;
    assert_eq!(rows(&server, "agent_messages").await, 1);
}

#[tokio::test]
async fn archived_agent_shows_what_was_said_and_takes_no_more() {
    let (server, _) = shop().await;
    let server = Server::on(server.database.clone(), &ANSWERING).await;
    let bob = server.sign_up("Bob").await;
    let done = installed(&bob, json!({ "slug": "finance" })).await;
    let id = &done["agent"]["id"];
    let echo = json!({ "id": id, "model": "echo" });
    mutate(&bob, "updateAgent", "agent { id }", echo).await;
    let path = done["redirectTo"].as_str().unwrap();
    let mut browser = signed_in(&server, "Bob").await;
    let page = browser.open(path).await;
    let place = say(&mut browser, &page, path, "Before it went.").await;
    let page = browser.open(&place).await;
    let install = bob
        .query(
            "query($id: ID!) { agent(id: $id) { install { id } } }",
            json!({ "id": id }),
        )
        .await;
    let gone = json!({ "installId": install["agent"]["install"]["id"] });
    mutate(&bob, "uninstallTemplate", "install { id }", gone).await;
    let archived = browser.open(&place).await;
    assert!(archived.text.contains("It is archived") && archived.text.contains("Before it went."));
    assert!(!archived.text.contains("<textarea") && !archived.text.contains("New conversation"));
    let press = [
        ("as", "say"),
        ("said", "And now?"),
        ("conversation", &*page.field("conversation")),
    ];
    let refused = browser.submit(&page, path, &press).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("uninstalled"), "{}", refused.text);
    assert_eq!(rows(&server, "agent_messages").await, 2);
}

#[tokio::test]
async fn conversation_put_away_is_not_gone_on_with() {
    let server = Server::start_with(&ANSWERING).await;
    let (bob, mut browser, path) = at_home(&server).await;
    let page = browser.open(&path).await;
    let place = say(&mut browser, &page, &path, "Put this away.").await;
    let page = browser.open(&place).await;
    let id = place.split_once('=').unwrap().1;
    let archive = json!({ "id": id, "archived": true });
    mutate(&bob, "archiveConversation", "conversation { id }", archive).await;
    for address in [&place, &path] {
        let page = browser.open(address).await;
        assert!(!page.text.contains("Put this away."), "{}", page.text);
        assert_eq!(page.field("conversation"), "new");
    }
    let press = [("as", "say"), ("said", "More."), ("conversation", id)];
    let refused = browser.submit(&page, &path, &press).await;
    assert_eq!(refused.status, 409);
    assert!(
        refused.text.contains("role=\"alert\"") && refused.text.contains(">\nMore.</textarea>")
    );
    let nothing = browser.submit(&page, &path, &[("as", "dance")]).await;
    assert_eq!(nothing.status, 400);
}
