//! What a provider is sent.

use agentry_provider_testkit::{Answer, FaultServer};
use serde_json::{Value, json};

use super::{agent, ended, linked, run, send, send_again, working};
use crate::support::until;

const KEY: &str = "sk-canary-0123456789abcdef";

#[tokio::test]
async fn the_key_is_in_one_header_and_the_rest_is_as_the_agent_and_the_conversation_have_it() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let ada = server.sign_up("Ada").await;
    let settings = json!({ "systemPrompt": "Be brief.", "temperature": 0.25, "maxTokens": 99 });
    let helper = agent(&ada, settings).await;
    let link = linked(&ada, &provider, &helper, json!({ "apiKey": KEY })).await;
    provider.next(Answer::words(["One", " and", " \u{1F600}"]));
    let first = send(&ada, &helper, "First?").await;
    let told = ended(&ada, &first).await;
    assert_eq!(told["reply"]["content"], "One and \u{1F600}", "{told}");
    assert_eq!(
        (&told["promptTokens"], &told["completionTokens"]),
        (&json!(11), &json!(7))
    );
    assert!(told["costMicros"].as_i64().unwrap() > 0, "{told}");
    assert_eq!(told["connection"]["id"], link);
    let second = send_again(&ada, &first, "Second?").await;
    ended(&ada, &second).await;

    let requests = provider.requests();
    let asked = &requests[1];
    assert_eq!(
        asked.header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
    assert!(!asked.body.to_string().contains("canary") && !asked.path.contains("canary"));
    let with_key = asked
        .headers
        .iter()
        .filter(|(_, value)| value.contains("canary"));
    assert_eq!(with_key.count(), 1);
    assert_eq!(asked.body["model"], "gpt-4o");
    assert_eq!(asked.body["temperature"], 0.25);
    let said: Vec<(&str, &str)> = asked.body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| (m["role"].as_str().unwrap(), m["content"].as_str().unwrap()))
        .collect();
    let expected = [
        ("system", "Be brief."),
        ("user", "First?"),
        ("assistant", "One and \u{1F600}"),
        ("user", "Second?"),
    ];
    assert_eq!(said, expected);
    assert!(asked.body.to_string().contains("99"));

    let query = "query($id: ID!) { apiConnection(id: $id) { lastUsedAt updatedAt createdAt } }";
    let used = ada.query(query, json!({ "id": link })).await["apiConnection"].take();
    assert!(used["lastUsedAt"].is_string(), "{used}");
    assert_eq!(
        used["updatedAt"], used["createdAt"],
        "being used is no change"
    );
}

#[tokio::test]
async fn a_long_conversation_is_cut_at_its_beginning() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &["--context-tokens=200"]).await;
    let (ada, helper) = super::served(&server, &provider).await;
    let mut sent = send(&ada, &helper, &format!("Oldest {}", "word ".repeat(100))).await;
    ended(&ada, &sent).await;
    for n in 0..3 {
        let conversation = sent["conversation"].clone();
        sent = send_again(
            &ada,
            &json!({ "conversation": conversation }),
            &format!("Question {n}? {}", "x".repeat(80)),
        )
        .await;
        ended(&ada, &sent).await;
    }
    let last = provider.requests().pop().unwrap().body;
    let text = last["messages"].to_string();
    assert!(
        !text.contains("Oldest") && text.contains("Question 2?") && text.contains("Be kind."),
        "{text}"
    );
}

#[tokio::test]
async fn anthropic_is_spoken_to_in_its_own_way() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let ada = server.sign_up("Ada").await;
    let helper = agent(&ada, json!({ "model": "claude-sonnet-4-5" })).await;
    let more = json!({ "service": "anthropic", "apiKey": KEY, "baseUrl": provider.anthropic_url().as_str() });
    linked(&ada, &provider, &helper, more).await;
    let run = ended(&ada, &send(&ada, &helper, "Hello?").await).await;
    assert_eq!(run["reply"]["content"], "Hello there", "{run}");
    let asked = &provider.requests()[0];
    assert_eq!(asked.header("x-api-key"), Some(KEY));
    assert_eq!(asked.body["system"], "Be kind.");
}

#[tokio::test]
async fn a_title_is_asked_of_the_same_model_once_and_fails_quietly() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &["--titles=true"]).await;
    let (ada, helper) = super::served(&server, &provider).await;
    provider.next(Answer::words(["The answer."]));
    provider.next(Answer::words(["\"A short", " title.\""]));
    let first = send(&ada, &helper, "Name this.").await;
    let title = until("the conversation has a title", || async {
        run(&ada, &first["run"]["id"]).await["conversation"]["title"]
            .as_str()
            .map(str::to_owned)
    })
    .await;
    assert_eq!(title, "A short title");
    let ended_first = ended(&ada, &first).await;
    assert_eq!(
        ended_first["promptTokens"], 11,
        "a title is none of the run's"
    );
    ended(&ada, &send_again(&ada, &first, "More.").await).await;
    assert_eq!(provider.requests().len(), 3);

    provider.next(Answer::words(["Again."]));
    provider.next(Answer::refusal(500, "no titles today"));
    let other = send(&ada, &helper, "Name that.").await;
    assert_eq!(ended(&ada, &other).await["status"], "COMPLETED");
    provider.wait_for(5).await;
    assert_eq!(
        run(&ada, &other["run"]["id"]).await["conversation"]["title"],
        Value::Null
    );
}

#[tokio::test]
async fn characters_that_the_database_cannot_store_are_replaced() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let (ada, helper) = super::served(&server, &provider).await;
    provider.next(Answer::words(["a\0b", "\0"]));
    let run = ended(&ada, &send(&ada, &helper, "Hello?").await).await;
    assert_eq!(run["reply"]["content"], "a\u{FFFD}b\u{FFFD}", "{run}");
}
