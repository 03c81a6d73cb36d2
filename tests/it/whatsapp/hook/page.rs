//! What the bot says to somebody unknown comes true on the page that it sends them to.

use super::{PHONE, SLUG, Stage};
use crate::pages::{Browser, newcomer};

#[tokio::test]
async fn page_that_the_bot_names_installs_and_links_and_the_agent_answers() {
    let stage = Stage::set().await;
    stage.text(PHONE, "wamid.1", "Hello?").await;
    let said = stage.meta.wait_for(1).await[0].text.clone();
    let place = format!("/install/{SLUG}");
    assert!(said.contains(&place), "{said}");
    let mut browser = Browser::at(&stage.server.url);
    let offered = browser.open(&place).await;
    let typed = newcomer("Bob");
    let typed = typed.iter().map(|(name, value)| (*name, value.as_str()));
    let typed: Vec<_> = typed.collect();
    let path = browser.submit(&offered, &place, &typed).await.location();
    // Also when they open what the bot named once more.
    let offered = browser.open(&place).await;
    assert!(offered.text.contains(&format!("href=\"{path}#whatsapp\"")));
    let page = browser.open(&path).await;
    let press = [("as", "link-whatsapp"), ("phone", "07700 900001")];
    let told = browser.submit(&page, &path, &press).await;
    let (_, rest) = told.text.split_once("class=\"message\">").unwrap();
    let message = rest.split('<').next().unwrap();
    assert!(
        message.starts_with("Link my WhatsApp number: "),
        "{message}"
    );
    stage.text(PHONE, "wamid.2", message).await;
    let said = stage.meta.wait_for(2).await[1].text.clone();
    assert!(said.starts_with("Your number is linked"), "{said}");
    let page = browser.open(&path).await;
    assert!(
        page.text
            .contains(&format!("aria-label=\"Unlink +{PHONE}\""))
    );
    stage
        .text(PHONE, "wamid.3", "A book on bees, please.")
        .await;
    let said = stage.meta.wait_for(3).await[2].text.clone();
    assert!(said.contains("A book on bees, please."), "{said}");
    let press = [("as", "unlink-whatsapp"), ("phone", &*format!("+{PHONE}"))];
    browser.submit(&page, &path, &press).await.location();
    let page = browser.open(&path).await;
    assert!(!page.text.contains("aria-label=\"Unlink"));
}
