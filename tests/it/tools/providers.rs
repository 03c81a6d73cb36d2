//! What providers of both protocols are told of tools, calls and results.

use agentry_provider_testkit::{Answer, FaultServer, Script, Then};
use serde_json::{Value, json};

use super::{agent, ended, ids, message, say, states, submit, submit_with, text, tools};
use crate::answers::{linked, working};
use crate::support::{Caller, Server};

/// Somebody with an agent of these tools, served in the way of `OpenAI` or of Anthropic.
async fn served(server: &Server, provider: &FaultServer, protocol: &str) -> (Caller, String) {
    let ada = server.sign_up("Ada").await;
    let (model, url) = match protocol {
        "openai" => ("gpt-4o", provider.openai_url()),
        _ => ("claude-sonnet-4-5", provider.anthropic_url()),
    };
    let helper = agent(&ada, json!({ "model": model })).await;
    let link =
        json!({ "service": protocol, "baseUrl": url.as_str(), "apiKey": "sk-0123456789abcdef" });
    linked(&ada, provider, &json!(helper), link).await;
    (ada, helper)
}

fn asked(provider: &FaultServer) -> Value {
    provider.requests().pop().unwrap().body
}

#[tokio::test]
async fn chat_completions_are_told_of_tools_calls_and_results() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let (ada, helper) = served(&server, &provider, "openai").await;
    let calls = [
        ("look", "{\"at\": \"here\"}"),
        ("look", "{\"at\": \"there\"}"),
    ];
    provider.next(Answer::Stream(Script {
        words: vec!["I ".to_owned(), "look.".to_owned()],
        calls: calls.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec(),
        ..Script::default()
    }));
    let sent = say(&ada, json!({ "agentId": helper }), "Look around.").await;
    assert_eq!(sent.run["stopReason"], "tool_calls", "{}", sent.run);
    let function = |index: usize| asked(&provider)["tools"][index].clone();
    assert_eq!(
        function(0),
        json!({ "type": "function", "function": { "name": "look", "description": "Looks somewhere.", "parameters": tools()[0]["parameters"] } })
    );
    assert_eq!(
        function(2),
        json!({ "type": "function", "function": { "name": "rest", "parameters": { "type": "object", "properties": {} } } })
    );
    let reply = message(&ada, &sent.reply).await;
    assert_eq!(
        (
            &reply["content"],
            reply["toolCalls"].as_array().unwrap().len()
        ),
        (&json!("I look."), 2)
    );
    let named = ids(&ada, &sent.reply).await;
    let settled = submit(
        &ada,
        &sent.reply,
        &[(&named[1], "A dog."), (&named[0], "A cat.")],
    )
    .await;
    assert_eq!(ended(&ada, &settled["run"]).await["status"], "COMPLETED");
    let call = |index: usize| json!({ "id": named[index], "type": "function", "function": { "name": "look", "arguments": calls[index].1 } });
    assert_eq!(
        asked(&provider)["messages"],
        json!([
            { "role": "system", "content": "Be kind." },
            { "role": "user", "content": "Look around." },
            { "role": "assistant", "content": "I look.", "tool_calls": [call(0), call(1)] },
            { "role": "tool", "content": "A dog.", "tool_call_id": named[1] },
            { "role": "tool", "content": "A cat.", "tool_call_id": named[0] },
        ])
    );
}

#[tokio::test]
async fn anthropic_is_told_of_tools_calls_and_results() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let (ada, helper) = served(&server, &provider, "anthropic").await;
    provider.next(Answer::calls([
        ("look", "{\"at\": \"here\"}"),
        ("rest", ""),
    ]));
    let sent = say(&ada, json!({ "agentId": helper }), "Look around.").await;
    let pay = &asked(&provider)["tools"][1];
    assert_eq!(
        pay,
        &json!({ "name": "pay", "input_schema": tools()[1]["parameters"] })
    );
    let named = ids(&ada, &sent.reply).await;
    let results = json!([
        { "toolCallId": named[0], "content": "Too dark.", "isError": true },
        { "toolCallId": named[1], "content": "" },
    ]);
    let settled = submit_with(&ada, json!({ "messageId": sent.reply, "results": results })).await;
    assert_eq!(
        ended(&ada, &settled["run"]).await["status"],
        "COMPLETED",
        "{settled}"
    );
    assert_eq!(
        asked(&provider)["messages"],
        json!([
            { "role": "user", "content": [{ "type": "text", "text": "Look around." }] },
            { "role": "assistant", "content": [
                { "type": "tool_use", "id": named[0], "name": "look", "input": { "at": "here" } },
                { "type": "tool_use", "id": named[1], "name": "rest", "input": {} } ] },
            { "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": named[0], "content": "Too dark.", "is_error": true },
                { "type": "tool_result", "tool_use_id": named[1] } ] },
        ])
    );
}

#[tokio::test]
async fn calls_that_are_never_answered_are_not_told() {
    for protocol in ["openai", "anthropic"] {
        let provider = FaultServer::start().await;
        let server = working(&provider, &[]).await;
        let (ada, helper) = served(&server, &provider, protocol).await;
        provider.next(Answer::calls([
            ("look", "{\"at\": \"a\"}"),
            ("look", "{\"at\": \"b\"}"),
        ]));
        let sent = say(&ada, json!({ "agentId": helper }), "Look.").await;
        let named = ids(&ada, &sent.reply).await;
        submit(&ada, &sent.reply, &[(&named[1], "Half of it.")]).await;
        let next = say(
            &ada,
            json!({ "conversationId": sent.conversation }),
            "Never mind.",
        )
        .await;
        assert_eq!(next.run["status"], "COMPLETED", "{}", next.run);
        assert_eq!(states(&ada, &sent.reply).await, ["DROPPED", "DONE"]);
        let told = asked(&provider)["messages"].to_string();
        assert!(
            told.contains("Half of it.") && told.contains("Never mind."),
            "{told}"
        );
        let (open, answered) = (format!("\"{}\"", named[0]), format!("\"{}\"", named[1]));
        assert!(!told.contains(&open), "{told}");
        assert_eq!(told.matches(&answered).count(), 2, "{told}");
        let late = submit(&ada, &sent.reply, &[(&named[0], "Late.")]).await;
        assert_eq!(super::kind(&late), "Conflict", "{late}");
    }
}

#[tokio::test]
async fn calls_of_an_answer_that_is_not_whole_are_nobodys_to_carry_out() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let (ada, helper) = served(&server, &provider, "openai").await;
    let script = || Script {
        words: vec!["Half".to_owned()],
        calls: vec![("look".to_owned(), "{\"at".to_owned())],
        ..Script::default()
    };
    let cut = Script {
        then: Then::Cut,
        ..script()
    };
    let short = Script {
        reason: Some("length".to_owned()),
        ..script()
    };
    for (script, status, reason) in [
        (cut, "FAILED", Value::Null),
        (short, "COMPLETED", json!("length")),
    ] {
        provider.next(Answer::Stream(script));
        let sent = say(&ada, json!({ "agentId": helper }), "Look.").await;
        assert_eq!(
            (&sent.run["status"], &sent.run["stopReason"]),
            (&json!(status), &reason),
            "{}",
            sent.run
        );
        let reply = message(&ada, &sent.reply).await;
        assert_eq!(
            (&reply["content"], &reply["toolCalls"]),
            (&json!("Half"), &json!([]))
        );
    }
}

#[tokio::test]
async fn nonsense_of_a_model_is_kept_told_and_answered() {
    for protocol in ["openai", "anthropic"] {
        let provider = FaultServer::start().await;
        let server = working(&provider, &[]).await;
        let (ada, helper) = served(&server, &provider, protocol).await;
        provider.next(Answer::calls([
            ("steal it\0", "{\"all\": \"\0\"}"),
            ("look", "no JSON at all"),
            ("look", "[1]"),
        ]));
        let sent = say(&ada, json!({ "agentId": helper }), "Go mad.").await;
        let reply = message(&ada, &sent.reply).await;
        let calls = reply["toolCalls"].as_array().unwrap();
        assert!(
            calls.iter().all(|call| call["problem"].is_string()),
            "{reply}"
        );
        assert_eq!(calls[0]["name"], "steal it\u{FFFD}");
        // What nobody defined, nobody has said may be done unasked, where anything needs to be asked.
        assert_eq!(calls[0]["status"], "AWAITING_APPROVAL");
        let named = ids(&ada, &sent.reply).await;
        super::decide(&ada, &sent.reply, &[(&named[0], "DENY")]).await;
        let settled = submit(
            &ada,
            &sent.reply,
            &[(&named[1], "What?"), (&named[2], "What?")],
        )
        .await;
        assert_eq!(
            ended(&ada, &settled["run"]).await["status"],
            "COMPLETED",
            "{settled}"
        );
        let told = asked(&provider)["messages"].to_string();
        assert!(
            told.contains("\"steal_it_\"") && told.contains("no JSON at all"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_run_that_failed_behind_results_is_asked_again_and_billed_no_result_twice() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let (ada, helper) = served(&server, &provider, "anthropic").await;
    provider.next(Answer::calls([
        ("look", "{\"at\": \"a\"}"),
        ("look", "{\"at\": \"b\"}"),
    ]));
    provider.next(Answer::refusal(500, "not today"));
    let sent = say(&ada, json!({ "agentId": helper }), "Look.").await;
    let named = ids(&ada, &sent.reply).await;
    let first = submit(&ada, &sent.reply, &[(&named[0], "A.")]).await;
    let again = |id: Value| json!({ "messageId": id });
    let first = again(first["results"][0]["id"].clone());
    let early = super::outcome(&ada, "regenerateMessage", "run { id }", first.clone()).await;
    assert_eq!(super::kind(&early), "Conflict", "{early}");
    let settled = submit(&ada, &sent.reply, &[(&named[1], "B.")]).await;
    assert_eq!(
        ended(&ada, &settled["run"]).await["status"],
        "FAILED",
        "{settled}"
    );
    // Pointed at any of the results, the last is answered.
    let asked_again = super::outcome(
        &ada,
        "regenerateMessage",
        "message { id } run { id }",
        first,
    )
    .await;
    assert_eq!(
        asked_again["message"]["id"], settled["results"][0]["id"],
        "{asked_again}"
    );
    let run = ended(&ada, &asked_again["run"]).await;
    assert_eq!(run["status"], "COMPLETED", "{run}");
    let told = asked(&provider)["messages"].to_string();
    assert_eq!(told.matches("tool_result").count(), 2, "{told}");
    // And of the reply behind them, another.
    let other = super::outcome(
        &ada,
        "regenerateMessage",
        "run { id }",
        again(run["replyId"].clone()),
    )
    .await;
    let other = ended(&ada, &other["run"]).await;
    assert_eq!(
        text(&other["messageId"]),
        text(&settled["results"][0]["id"])
    );
}
