use agentry_provider_testkit::{Answer, FaultServer, Script, Then};
use serde_json::json;

use super::*;
use crate::{Role, ToolCall, ToolDefinition, Usage};

#[tokio::test]
async fn an_answer_comes_piece_by_piece_with_its_counts_and_its_end() {
    let server = FaultServer::start().await;
    let outcome = ask(&anthropic(&server)).await;
    outcome.is_whole();
    assert_eq!(outcome.text(), "Hello there");
    let counts: Vec<_> = outcome
        .events
        .iter()
        .filter_map(|event| match event {
            ChatEvent::Usage(usage) => Some(*usage),
            ChatEvent::Text(_) | ChatEvent::ToolCall(_) | ChatEvent::Stop(_) => None,
        })
        .collect();
    let usage = |completion_tokens| Usage {
        prompt_tokens: 11,
        completion_tokens,
        cached_prompt_tokens: 0,
    };
    assert_eq!(counts, [usage(1), usage(7)]);
}

#[tokio::test]
async fn the_request_says_what_was_asked_in_turns() {
    let server = FaultServer::start().await;
    let call_it = |id: &str, arguments: &str| ToolCall {
        id: id.to_owned(),
        name: "look".to_owned(),
        arguments: arguments.to_owned(),
    };
    let mut asked = request();
    asked.temperature = Some(1.5);
    asked.messages.extend([
        ChatMessage::calls(
            "I look.",
            vec![call_it("1", "{\"at\":1}"), call_it("2", "not JSON")],
        ),
        ChatMessage::tool_result("1", "a cat"),
        ChatMessage::tool_result("2", "a dog"),
        ChatMessage::user("Well?"),
        ChatMessage::assistant("  "),
        ChatMessage::said(Role::System, "Be brief."),
        ChatMessage::user("Again: well?"),
    ]);
    asked.tools.push(ToolDefinition {
        name: "look".to_owned(),
        description: None,
        parameters: json!({ "type": "object" }),
    });
    call(&providers(), &anthropic(&server), &asked)
        .await
        .is_whole();
    let sent = &server.requests()[0];
    assert_eq!(
        (sent.method.as_str(), sent.path.as_str()),
        ("POST", "/v1/messages")
    );
    assert_eq!(sent.header("x-api-key"), Some(KEY));
    assert_eq!(sent.header("authorization"), None);
    assert_eq!(sent.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(
        sent.body,
        json!({
            "model": "model-a",
            "max_tokens": 100,
            "stream": true,
            "temperature": 1.0,
            "system": "Be kind.\n\nBe brief.",
            "messages": [
                { "role": "user", "content": [{ "type": "text", "text": "Hi" }] },
                { "role": "assistant", "content": [
                    { "type": "text", "text": "I look." },
                    { "type": "tool_use", "id": "1", "name": "look", "input": { "at": 1 } },
                    { "type": "tool_use", "id": "2", "name": "look", "input": { "arguments": "not JSON" } },
                ] },
                { "role": "user", "content": [
                    { "type": "tool_result", "tool_use_id": "1", "content": "a cat" },
                    { "type": "tool_result", "tool_use_id": "2", "content": "a dog" },
                    { "type": "text", "text": "Well?" },
                    { "type": "text", "text": "Again: well?" },
                ] },
            ],
            "tools": [{ "name": "look", "input_schema": { "type": "object" } }],
        })
    );
}

#[tokio::test]
async fn calls_of_other_services_and_of_tools_that_are_gone_are_told_in_the_protocols_way() {
    let server = FaultServer::start().await;
    let call_it = |id: &str, name: &str| ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: "{}".to_owned(),
    };
    let failed = ChatMessage {
        is_error: true,
        ..ChatMessage::tool_result("functions.look:0", "No cat.")
    };
    let mut asked = request();
    asked.messages.extend([
        ChatMessage::calls("", vec![call_it("functions.look:0", "look")]),
        failed,
        ChatMessage::calls(
            "",
            vec![call_it("functions.look:0", "look"), call_it("", "go")],
        ),
        ChatMessage::tool_result("functions.look:0", ""),
        ChatMessage::tool_result("", "Gone."),
    ]);
    call(&providers(), &anthropic(&server), &asked)
        .await
        .is_whole();
    let body = &server.requests()[0].body;
    let turn = |index: usize| body["messages"][index]["content"].clone();
    let used =
        |id: &str, name: &str| json!({ "type": "tool_use", "id": id, "name": name, "input": {} });
    assert_eq!(turn(1), json!([used("functions_look_0", "look")]));
    assert_eq!(
        turn(2),
        json!([{ "type": "tool_result", "tool_use_id": "functions_look_0", "content": "No cat.", "is_error": true }])
    );
    assert_eq!(
        turn(3),
        json!([used("functions_look_0_2", "look"), used("_", "go")])
    );
    assert_eq!(
        turn(4),
        json!([{ "type": "tool_result", "tool_use_id": "functions_look_0_2" },
               { "type": "tool_result", "tool_use_id": "_", "content": "Gone." }])
    );
    let named = |name: &str| json!({ "name": name, "input_schema": { "type": "object" } });
    assert_eq!(body["tools"], json!([named("go"), named("look")]));
    assert_eq!(body["tool_choice"], json!({ "type": "none" }));
}

#[tokio::test]
async fn what_the_protocol_insists_on_is_there_by_itself() {
    let server = FaultServer::start().await;
    let mut asked = request();
    asked.max_tokens = None;
    asked.system = Some("  ".to_owned());
    asked.messages.insert(0, ChatMessage::assistant("Welcome!"));
    call(&providers(), &anthropic(&server), &asked)
        .await
        .is_whole();
    let body = &server.requests()[0].body;
    assert_eq!(body["max_tokens"], 4_096);
    assert_eq!(body.get("system"), None);
    assert_eq!(body["messages"][0]["role"], "user");
    assert_eq!(body["messages"][1]["content"][0]["text"], "Welcome!");
}

#[tokio::test]
async fn tool_calls_are_put_together() {
    let server = FaultServer::start().await;
    server.next(Answer::calls([
        ("look", "{\"at\": \"it\"}"),
        ("listen", ""),
    ]));
    let outcome = ask(&anthropic(&server)).await;
    let calls: Vec<_> = outcome
        .events
        .iter()
        .filter_map(|event| match event {
            ChatEvent::ToolCall(call) => Some((
                call.id.as_str(),
                call.name.as_str(),
                call.arguments.as_str(),
            )),
            ChatEvent::Text(_) | ChatEvent::Usage(_) | ChatEvent::Stop(_) => None,
        })
        .collect();
    assert_eq!(
        calls,
        [
            ("toolu_0", "look", "{\"at\": \"it\"}"),
            ("toolu_1", "listen", "{}")
        ]
    );
    assert_eq!(
        outcome.events.last(),
        Some(&ChatEvent::Stop(StopReason::ToolCalls))
    );
}

#[tokio::test]
async fn reasons_to_stop_are_told_apart() {
    let server = FaultServer::start().await;
    for (reason, expected) in [
        ("end_turn", StopReason::End),
        ("stop_sequence", StopReason::End),
        ("max_tokens", StopReason::Length),
        ("refusal", StopReason::Filtered),
        ("pause_turn", StopReason::Other),
    ] {
        server.next(Answer::Stream(Script {
            reason: Some(reason.to_owned()),
            ..Script::default()
        }));
        let outcome = ask(&anthropic(&server)).await;
        assert_eq!(
            outcome.events.last(),
            Some(&ChatEvent::Stop(expected)),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn a_fault_in_the_middle_is_told_as_one() {
    let server = FaultServer::start().await;
    server.next(Answer::ending(["Half"], Then::Fault));
    let outcome = ask(&anthropic(&server)).await;
    assert_eq!(
        (outcome.text().as_str(), outcome.code()),
        ("Half", "PROVIDER_BROKE_OFF")
    );
    let error = outcome.error.unwrap();
    assert!(error.is_transient() && error.answered());
    assert_eq!(
        error.to_string(),
        "The provider broke off its answer: Overloaded"
    );
}

#[tokio::test]
async fn a_test_asks_for_the_models() {
    let server = FaultServer::start().await;
    let report = providers().test(&anthropic(&server)).await.unwrap();
    assert_eq!(report.models, ["model-a", "model-b"]);
    let sent = &server.requests()[0];
    assert_eq!(
        (sent.path.as_str(), sent.header("x-api-key")),
        ("/v1/models", Some(KEY))
    );
}
