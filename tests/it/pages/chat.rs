//! Talking to an agent on its page, without a script.

use serde_json::{Value, json};

use super::{Browser, Growing, Page, asking, shop, signed_in};
use crate::support::{Caller, Server, until};
use crate::templates::{installed, mutate, offer, rows};

/// What servers whose agents answer are told.
pub(super) const ANSWERING: [&str; 2] = ["--run-workers=8", "--titles=false"];

/// A new agent of the caller's; the address of its page.
pub(super) async fn agent(caller: &Caller, more: Value) -> String {
    let mut input = json!({ "name": "Helper", "systemPrompt": "Be kind.", "model": "echo" });
    let more = more.as_object().unwrap().clone();
    input.as_object_mut().unwrap().extend(more);
    let made = mutate(caller, "createAgent", "agent { id }", input).await;
    let seen = "{ viewer { organization { slug } } }";
    let seen = caller.query(seen, json!({})).await;
    let slug = seen["viewer"]["organization"]["slug"].as_str().unwrap();
    format!("/{slug}/agents/{}", made["agent"]["id"].as_str().unwrap())
}

/// Says something by the form of this page; where that leads.
pub(super) async fn say(browser: &mut Browser, page: &Page, path: &str, text: &str) -> String {
    let (conversation, once) = (page.field("conversation"), said_once(page));
    let press = [
        ("as", "say"),
        ("said", text),
        ("conversation", &*conversation),
        ("once", &*once),
    ];
    let place = browser.submit(page, path, &press).await.location();
    let (place, anchor) = place.split_once('#').unwrap();
    assert_eq!(anchor, "newest");
    place.to_owned()
}

/// What makes one message of the form that says something, however often it is pressed.
pub(super) fn said_once(page: &Page) -> String {
    let (_, form) = page.text.split_once("class=\"say\"").unwrap();
    let form = Page {
        text: form.to_owned(),
        ..page.clone()
    };
    form.field("once")
}

/// Somebody with an agent that answers, at its page; and a browser of theirs.
pub(super) async fn at_home(server: &Server) -> (Caller, Browser, String) {
    let bob = server.sign_up("Bob").await;
    let path = agent(&bob, json!({})).await;
    let browser = signed_in(server, "Bob").await;
    (bob, browser, path)
}

/// Opens a page as somebody does who follows what grows there.
async fn grow(browser: &mut Browser, path: &str) -> Growing {
    let page = browser.grow(path).await;
    assert_eq!(page.status, 200);
    page
}

#[tokio::test]
async fn said_and_answered_without_a_script() {
    let server = Server::start_with(&ANSWERING).await;
    let (_, mut browser, path) = at_home(&server).await;
    let page = browser.open(&path).await;
    assert!(
        page.text.contains("Nothing has been said yet"),
        "{}",
        page.text
    );
    assert_eq!(page.field("conversation"), "new");
    let first = say(&mut browser, &page, &path, "A book\r\non <bees>, please.").await;
    let page = browser.open(&first).await;
    let reply = "I am echo, and was told: “Be kind.”. You said: A book\non &lt;bees&gt;, please.";
    assert!(page.text.contains(reply), "{}", page.text);
    assert!(page.text.ends_with("</html>") && !page.text.contains("<script"));
    // What was said stays, here and at the bare address, and goes on.
    for address in [&first, &path] {
        let page = browser.open(address).await;
        assert!(page.text.contains(reply), "{}", page.text);
        assert!(
            page.text
                .contains("<div class=\"text\">A book\non &lt;bees&gt;, please.</div>")
        );
        assert!(!page.text.contains("It was stopped") && page.find_field("run").is_none());
    }
    let page = browser.open(&path).await;
    let again = say(&mut browser, &page, &path, "Another.").await;
    assert_eq!(again, first);
    browser.open(&again).await;
    // Another conversation begins, and is where the next visit leads.
    let fresh = format!("{path}?conversation=new");
    let page = browser.open(&fresh).await;
    assert!(!page.text.contains("Another.") && page.text.contains("Nothing has been said yet"));
    let other = say(&mut browser, &page, &path, "Something else.").await;
    assert_ne!(other, first);
    browser.open(&other).await;
    let page = browser.open(&path).await;
    assert!(page.text.contains("Something else.") && !page.text.contains("Another."));
    assert!(browser.open(&first).await.text.contains("Another."));
    assert_eq!(rows(&server, "conversations").await, 2);
    assert_eq!(rows(&server, "agent_messages").await, 6);
}

#[tokio::test]
async fn reply_grows_on_the_page_and_is_stopped_there() {
    let slow = ["--run-workers=8", "--titles=false", "--echo-delay=50ms"];
    let server = Server::start_with(&slow).await;
    let (_, mut browser, path) = at_home(&server).await;
    let page = browser.open(&path).await;
    let place = say(&mut browser, &page, &path, "/count 9000").await;
    let mut growing = grow(&mut browser, &place).await;
    let page = growing.until("1 2 3 ").await;
    assert!(page.text.contains("is answering"), "{}", page.text);
    // Nothing on the way is to hold it back, and what comes after the reply is not there yet.
    assert_eq!(page.header("x-accel-buffering"), "no");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.headers.get("content-encoding").is_none());
    assert!(!page.text.contains("</html>") && !page.text.contains("Settings"));
    let (run, conversation) = (page.field("run"), page.field("conversation"));
    let press = [
        ("as", "stop"),
        ("run", &*run),
        ("conversation", &*conversation),
    ];
    let mut other = browser.clone();
    for _ in 0..2 {
        // Twice is as good as once.
        let stopped = other.submit(&page, &path, &press).await.location();
        assert_eq!(stopped.strip_suffix("#newest"), Some(&*place));
    }
    let page = growing.whole().await;
    assert!(page.text.contains("It was stopped.") && page.text.ends_with("</html>"));
    // What it said is kept, and can be asked for anew.
    let page = browser.open(&place).await;
    assert!(
        page.text.contains("<div class=\"text\">1 2 3 "),
        "{}",
        page.text
    );
    assert!(page.text.contains("It was stopped."));
    let (message, once) = (page.field("message"), page.field("once"));
    let press = [("as", "again"), ("message", &*message), ("once", &*once)];
    let presses = (0..2).map(|_| {
        let (mut browser, page, path) = (browser.clone(), page.clone(), &path);
        async move { browser.submit(&page, path, &press).await.location() }
    });
    futures_util::future::join_all(presses).await;
    assert_eq!(rows(&server, "runs").await, 2);
    let mut growing = grow(&mut browser, &place).await;
    let page = growing.until("1 2 3 ").await;
    assert_eq!(page.text.matches("1 2 3 ").count(), 1, "{}", page.text);
}

#[tokio::test]
async fn every_tab_sees_the_whole_reply_and_one_of_two_messages_is_taken() {
    let server =
        Server::start_with(&["--run-workers=8", "--titles=false", "--echo-delay=5ms"]).await;
    let (_, mut browser, path) = at_home(&server).await;
    let page = browser.open(&path).await;
    let place = say(&mut browser, &page, &path, "Hello.").await;
    let page = browser.open(&place).await;
    // Two tabs, each with its own form.
    let tabs = [page, browser.open(&place).await];
    let presses = tabs.map(|page| {
        let (mut browser, path) = (browser.clone(), path.clone());
        async move {
            let (conversation, once) = (page.field("conversation"), said_once(&page));
            let press = [
                ("as", "say"),
                ("said", "/count 300"),
                ("conversation", &*conversation),
                ("once", &*once),
            ];
            let mut answer = browser.submit_to_grow(&page, &path, &press).await;
            (answer.status, answer.whole().await.text)
        }
    });
    let [one, two] = presses;
    let (one, two) = tokio::join!(one, two);
    let mut statuses = [one.0, two.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409]);
    // The other tab is told why, keeps what was typed, and follows the reply that is in the way.
    let refused = if one.0 == 409 { one.1 } else { two.1 };
    assert!(refused.contains("waiting for a reply already"), "{refused}");
    assert!(refused.contains(">\n/count 300</textarea>"), "{refused}");
    let numbers: Vec<_> = (1..=300).map(|n| n.to_string()).collect();
    let numbers = format!("<div class=\"text\">{}</div>", numbers.join(" "));
    assert!(refused.contains(&numbers), "{refused}");
    assert!(browser.open(&place).await.text.contains(&numbers));
    // The same form pressed twice says it once.
    let page = browser.open(&place).await;
    let before = rows(&server, "agent_messages").await;
    let presses = (0..2).map(|_| {
        let (mut browser, page, path) = (browser.clone(), page.clone(), path.clone());
        async move { say(&mut browser, &page, &path, "Once.").await }
    });
    futures_util::future::join_all(presses).await;
    until("the reply is there", || async {
        (rows(&server, "agent_messages").await == before + 2).then_some(())
    })
    .await;
    assert_eq!(rows(&server, "runs").await, 3);
}

#[tokio::test]
async fn what_is_said_is_text_however_it_arrives() {
    let server = Server::start_with(&ANSWERING).await;
    let (_, mut browser, path) = at_home(&server).await;
    let hostile = "</div><!--reply--></div><script>alert(1)</script> \"'& \u{0}";
    let hostile = &hostile[..hostile.len() - 2];
    let page = browser.open(&path).await;
    let place = say(&mut browser, &page, &path, hostile).await;
    for _ in 0..2 {
        let page = browser.open(&place).await;
        for markup in ["<script", "<!--reply-->", "'& <"] {
            assert!(!page.text.contains(markup), "{markup}: {}", page.text);
        }
        let shown =
            "&lt;/div&gt;&lt;!--reply--&gt;&lt;/div&gt;&lt;script&gt;alert(1)&lt;/script&gt;";
        assert_eq!(page.text.matches(shown).count(), 2, "{}", page.text);
    }
}

#[tokio::test]
async fn tools_and_long_conversations_are_shown_as_far_as_they_go() {
    let server = Server::start_with(&ANSWERING).await;
    let (bob, mut browser, path) = at_home(&server).await;
    let page = browser.open(&path).await;
    let place = say(&mut browser, &page, &path, "Hello.").await;
    browser.open(&place).await;
    let conversation = place.split_once('=').unwrap().1;
    let mut root = server.database.root().await;
    let calls = json!([{ "id": "c1", "name": "look_up", "arguments": "{\"of\": \"<bees>\"}" }]);
    sqlx::query("UPDATE agent_messages SET tool_calls = $1 WHERE role = 'assistant'")
        .bind(calls)
        .execute(&mut root)
        .await
        .unwrap();
    let said =
        json!({ "conversationId": conversation, "role": "TOOL", "content": "Seven <b>books</b>." });
    mutate(&bob, "appendMessage", "appendedMessage { id }", said).await;
    let page = browser.open(&place).await;
    for text in [
        "Calls <strong>look_up</strong> with <code>{&quot;of&quot;: &quot;&lt;bees&gt;&quot;}</code>",
        "What the tool answered",
        "Seven &lt;b&gt;books&lt;/b&gt;.",
    ] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    for n in 0..60 {
        let said = json!({ "conversationId": conversation, "role": "USER", "content": format!("Line {n}.") });
        mutate(&bob, "appendMessage", "appendedMessage { id }", said).await;
    }
    let page = browser.open(&place).await;
    assert!(
        page.text
            .contains("What was said before is not shown here.")
    );
    assert!(page.text.contains("Line 59.") && !page.text.contains("Seven"));
}

#[tokio::test]
async fn agent_just_installed_answers_once_it_is_connected_there() {
    let (server, acme) = shop().await;
    let server = Server::on(server.database.clone(), &ANSWERING).await;
    let acme = acme.moved_to(&server.url);
    let mut definition = asking();
    definition["agent"]["model"] = json!("gpt-4o-mini");
    offer(&acme, "asking", definition).await;
    let bob = server.sign_up("Bob").await;
    let input = json!({ "slug": "asking", "acceptCapabilities": true });
    let done = installed(&bob, input).await;
    let path = done["redirectTo"].as_str().unwrap();
    let mut browser = signed_in(&server, "Bob").await;
    let page = browser.open(path).await;
    assert!(
        page.text
            .contains("href=\"#needs\">once it is connected</a>"),
        "{}",
        page.text
    );
    assert!(!page.text.contains("<textarea"));
    // Pressed all the same, it says what to do.
    let press = [("as", "say"), ("said", "Hello?")];
    let refused = browser.submit(&page, path, &press).await;
    assert_eq!(refused.status, 409);
    assert!(
        refused.text.contains("link one to openai")
            && refused.text.contains("href=\"#needs\">Connect it")
    );
    let press = [
        ("as", "connect"),
        ("service", "openai"),
        ("key", "sk-test-0123456789"),
    ];
    assert_eq!(browser.submit(&page, path, &press).await.location(), path);
    assert!(browser.open(path).await.text.contains("<textarea"));
    assert_eq!(rows(&server, "agent_messages").await, 0);
}
