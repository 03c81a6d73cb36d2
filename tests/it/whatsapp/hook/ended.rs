//! Answers that are under way when what led to them ends.

use serde_json::{Value, json};

use super::{PHONE, SLUG, Stage, TOKEN, code, outcome, parts};
use crate::support::{Caller, until};
use crate::templates::{install, installed, mutate, publisher};

/// Runs this in the database as its owner.
async fn root(stage: &Stage, statement: &str) {
    let mut root = stage.server.database.root().await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned()))
        .execute(&mut root)
        .await
        .unwrap();
}

/// What is to be sent waits from now on, as long as nobody lets it go.
async fn hold(stage: &Stage) {
    stage.meta.refuse_token(TOKEN, true);
    root(
        stage,
        "UPDATE whatsapp_numbers SET token_refused_at = now() + interval '1 hour'",
    )
    .await;
}

async fn let_go(stage: &Stage) {
    stage.meta.refuse_token(TOKEN, false);
    root(
        stage,
        "UPDATE whatsapp_outbox SET available_at = now() WHERE state = 'ready'; UPDATE whatsapp_numbers SET token_refused_at = NULL",
    )
    .await;
}

async fn waiting(stage: &Stage, count: i64) {
    until("all wait", || async {
        (parts(&stage.server, "ready").await == count).then_some(())
    })
    .await;
}

async fn unlink(caller: &Caller) {
    let done = mutate(caller, "unlinkWhatsApp", "__typename", json!({})).await;
    assert_eq!(done["__typename"], "UnlinkWhatsAppSuccess", "{done}");
}

async fn why(stage: &Stage) -> Vec<String> {
    let mut root = stage.server.database.root().await;
    let why =
        "SELECT DISTINCT error FROM whatsapp_outbox WHERE state = 'failed' AND content IS NULL";
    sqlx::query_scalar(why).fetch_all(&mut root).await.unwrap()
}

fn phone(n: usize) -> String {
    format!("4477009020{n:02}")
}

#[tokio::test]
async fn what_waits_is_sent_to_whom_it_is_for_still_and_to_nobody_else() {
    let stage = Stage::set().await;
    let ada = stage.linked("Ada", &phone(0)).await;
    let bob = stage.linked("Bob", &phone(1)).await;
    let dan = stage.linked("Dan", &phone(3)).await;
    let _eve = stage.linked("Eve", &phone(4)).await;
    // Cleo's agent is her team's.
    let team = publisher(&stage.server, "Tea", "team").await;
    let cleo = stage.server.sign_up("Cleo").await;
    let there = stage.server.join(&team, &cleo, "admin").await;
    let input = json!({ "slug": SLUG, "organizationId": team.organization_id });
    let done = install(&there, input).await;
    assert_eq!(done["__typename"], "InstallTemplateSuccess", "{done}");
    stage.link(&cleo, &phone(2)).await;
    let before = stage.meta.sent().len();
    hold(&stage).await;
    for n in 0..5 {
        let said = format!("Secret of {n}");
        stage.text(&phone(n), &format!("wamid.{n}"), &said).await;
    }
    // The bot's own words are for the phone, whoever has it.
    let image = json!({ "type": "image", "image": { "id": "1" } });
    let hook = stage.hook();
    assert_eq!(
        stage
            .phone
            .other(&hook, &phone(0), "wamid.image", image)
            .await,
        200
    );
    waiting(&stage, 6).await;
    unlink(&ada).await;
    let installs = bob
        .query("{ viewer { installs { nodes { id } } } }", json!({}))
        .await;
    let input = json!({ "installId": installs["viewer"]["installs"]["nodes"][0]["id"] });
    let done = mutate(&bob, "uninstallTemplate", "install { id }", input).await;
    assert_eq!(done["__typename"], "UninstallTemplateSuccess", "{done}");
    let removed = json!({ "userId": cleo.user_id });
    let done = mutate(&team, "removeMember", "__typename", removed).await;
    assert_eq!(done["__typename"], "RemoveMemberSuccess", "{done}");
    let ban = format!(
        r#"ALTER TABLE "user" ADD COLUMN "banned" boolean, ADD COLUMN "banReason" text, ADD COLUMN "banExpires" timestamptz;
           UPDATE "user" SET "banned" = true WHERE "id" = '{}'"#,
        dan.user_id
    );
    root(&stage, &ban).await;
    // The number that was Ada's is another's by now: hers is not theirs.
    let zoe = stage.user("Zoe").await;
    let other = code(&zoe, &phone(0)).await;
    stage.text(&phone(0), "wamid.zoe", &other).await;
    waiting(&stage, 7).await;
    let_go(&stage).await;
    let sent = stage.meta.wait_for(before + 3).await;
    until("the rest is dropped", || async {
        (parts(&stage.server, "failed").await == 4).then_some(())
    })
    .await;
    let texts: Vec<(&str, &str)> = sent[before..]
        .iter()
        .map(|one| (one.to.as_str(), one.text.as_str()))
        .collect();
    let told = |to: &str, part: &str| {
        let told = texts
            .iter()
            .filter(|(whom, text)| *whom == to && text.contains(part));
        told.count()
    };
    assert_eq!(told(&phone(4), "Secret of 4"), 1, "{texts:?}");
    assert_eq!(told(&phone(0), "I can read text"), 1, "{texts:?}");
    assert_eq!(told(&phone(0), "Your number is linked"), 1, "{texts:?}");
    assert_eq!(why(&stage).await, ["LINK_ENDED"]);
    assert_eq!(stage.server.courier.counts().dropped, 4);
    // Who may go on does.
    stage.text(&phone(0), "wamid.on", "And I?").await;
    let sent = stage.meta.wait_for(before + 4).await;
    assert!(sent[before + 3].text.contains("And I?"), "{sent:?}");
    assert_eq!(stage.meta.sent().len(), before + 4);
}

#[tokio::test]
async fn an_answer_that_is_not_given_yet_when_the_link_ends_is_not_sent() {
    let stage = Stage::set_with(&["--run-workers=0"]).await;
    let ada = stage.linked("Ada", PHONE).await;
    stage.text(PHONE, "wamid.1", "Wait").await;
    until("she is asked", || async {
        (outcome(&stage.server, "wamid.1").await.as_deref() == Some("asked")).then_some(())
    })
    .await;
    unlink(&ada).await;
    let mut root = stage.server.database.root().await;
    let run: String =
        sqlx::query_scalar("SELECT run_id FROM whatsapp_outbox WHERE state = 'awaiting'")
            .fetch_one(&mut root)
            .await
            .unwrap();
    let document = "mutation($id: ID!) { cancelRun(input: { runId: $id }) { __typename } }";
    let done: Value = ada.query(document, json!({ "id": run })).await;
    assert_eq!(
        done["cancelRun"]["__typename"], "CancelRunSuccess",
        "{done}"
    );
    until("it is dropped", || async {
        (parts(&stage.server, "failed").await == 1).then_some(())
    })
    .await;
    assert_eq!(why(&stage).await, ["LINK_ENDED"]);
    // Who links it anew is answered anew, and told nothing of before.
    installed(&stage.server.sign_up("Bob").await, json!({ "slug": SLUG })).await;
    stage.link(&ada, PHONE).await;
    assert_eq!(stage.meta.sent().len(), 2);
    assert_eq!(stage.server.courier.counts().dropped, 1);
}
