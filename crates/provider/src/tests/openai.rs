use agentry_provider_testkit::{Answer, FaultServer, Script, Then};
use serde_json::json;

use super::*;
use crate::{ToolCall, ToolDefinition, Usage};

#[tokio::test]
async fn an_answer_comes_piece_by_piece_with_its_counts_and_its_end() {
    let server = FaultServer::start().await;
    let outcome = ask(&openai(&server)).await;
    let usage = Usage {
        prompt_tokens: 11,
        completion_tokens: 7,
        cached_prompt_tokens: 0,
    };
    let expected = [
        ChatEvent::Text("Hello".to_owned()),
        ChatEvent::Text(" there".to_owned()),
        ChatEvent::Usage(usage),
        ChatEvent::Stop(StopReason::End),
    ];
    assert_eq!(
        (outcome.events.as_slice(), &outcome.error),
        (expected.as_slice(), &None)
    );
}

#[tokio::test]
async fn the_request_says_what_was_asked() {
    let server = FaultServer::start().await;
    let mut asked = request();
    let call_it = ToolCall {
        id: "call_1".to_owned(),
        name: "look".to_owned(),
        arguments: "{\"at\":1}".to_owned(),
    };
    asked.messages.extend([
        ChatMessage::calls("", vec![call_it]),
        ChatMessage::tool_result("call_1", "a cat"),
        ChatMessage::assistant("It is a cat."),
        ChatMessage::said(crate::Role::System, "Be brief."),
        ChatMessage::user("And now?"),
    ]);
    asked.tools.push(ToolDefinition {
        name: "look".to_owned(),
        description: Some("Looks.".to_owned()),
        parameters: json!({ "type": "object", "properties": {} }),
    });
    call(&providers(), &openai(&server), &asked)
        .await
        .is_whole();
    let sent = &server.requests()[0];
    assert_eq!(
        (sent.method.as_str(), sent.path.as_str()),
        ("POST", "/v1/chat/completions")
    );
    assert_eq!(
        sent.header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
    assert_eq!(sent.header("content-type"), Some("application/json"));
    assert!(sent.header("user-agent").unwrap().starts_with("agentry/"));
    assert_eq!(
        sent.body,
        json!({
            "model": "model-a",
            "stream": true,
            "stream_options": { "include_usage": true },
            "temperature": 0.7,
            "max_completion_tokens": 100,
            "messages": [
                { "role": "system", "content": "Be kind." },
                { "role": "user", "content": "Hi" },
                { "role": "assistant", "content": null, "tool_calls": [{ "id": "call_1", "type": "function",
                    "function": { "name": "look", "arguments": "{\"at\":1}" } }] },
                { "role": "tool", "content": "a cat", "tool_call_id": "call_1" },
                { "role": "assistant", "content": "It is a cat." },
                { "role": "system", "content": "Be brief." },
                { "role": "user", "content": "And now?" },
            ],
            "tools": [{ "type": "function", "function": { "name": "look", "description": "Looks.",
                "parameters": { "type": "object", "properties": {} } } }],
        })
    );
}

#[tokio::test]
async fn arguments_that_are_no_object_are_sent_as_one() {
    let server = FaultServer::start().await;
    let mut asked = request();
    for arguments in ["[1]", "{\"at\":"] {
        asked.messages = vec![
            ChatMessage::user("Hi"),
            ChatMessage::calls(
                "",
                vec![ToolCall {
                    id: "c".to_owned(),
                    name: "look".to_owned(),
                    arguments: arguments.to_owned(),
                }],
            ),
            ChatMessage::tool_result("c", "What?"),
        ];
        call(&providers(), &openai(&server), &asked)
            .await
            .is_whole();
        let body = server.requests().pop().unwrap().body;
        let sent = &body["messages"][2]["tool_calls"][0]["function"]["arguments"];
        let sent: serde_json::Value = serde_json::from_str(sent.as_str().unwrap()).unwrap();
        assert_eq!(sent, json!({ "arguments": arguments }));
    }
}

#[tokio::test]
async fn other_services_are_told_max_tokens_and_need_no_key() {
    let server = FaultServer::start().await;
    let endpoint = Endpoint::new(Service::of("vllm"), None, "c").at(server.openai_url());
    call(&providers(), &endpoint, &request()).await.is_whole();
    let sent = &server.requests()[0];
    assert_eq!(sent.header("authorization"), None);
    assert_eq!(sent.body["max_tokens"], 100);
    assert_eq!(sent.body.get("max_completion_tokens"), None);
}

#[tokio::test]
async fn tool_calls_are_put_together_by_their_numbers() {
    let server = FaultServer::start().await;
    server.next(Answer::calls([
        ("look", "{\"at\": \"it\"}"),
        ("listen", ""),
    ]));
    let outcome = ask(&openai(&server)).await;
    let called = |id: &str, name: &str, arguments: &str| {
        ChatEvent::ToolCall(ToolCall {
            id: id.to_owned(),
            name: name.to_owned(),
            arguments: arguments.to_owned(),
        })
    };
    assert_eq!(
        outcome.events[0],
        called("call_0", "look", "{\"at\": \"it\"}")
    );
    assert_eq!(outcome.events[1], called("call_1", "listen", "{}"));
    assert_eq!(
        outcome.events.last(),
        Some(&ChatEvent::Stop(StopReason::ToolCalls))
    );
}

#[tokio::test]
async fn reasons_to_stop_are_told_apart() {
    let server = FaultServer::start().await;
    for (reason, expected) in [
        ("stop", StopReason::End),
        ("length", StopReason::Length),
        ("content_filter", StopReason::Filtered),
        ("something new", StopReason::Other),
    ] {
        server.next(Answer::Stream(Script {
            reason: Some(reason.to_owned()),
            ..Script::default()
        }));
        let outcome = ask(&openai(&server)).await;
        assert_eq!(
            outcome.events.last(),
            Some(&ChatEvent::Stop(expected)),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn an_answer_with_a_reason_but_no_mark_is_whole() {
    let server = FaultServer::start().await;
    server.next(Answer::ending(["a"], Then::EndWithoutMark));
    ask(&openai(&server)).await.is_whole();
}

#[tokio::test]
async fn what_a_model_does_not_take_is_left_out_and_remembered() {
    let server = FaultServer::start().await;
    let providers = providers();
    let endpoint = openai(&server);
    for refusal in [
        "Unrecognized request argument supplied: stream_options",
        "Unsupported parameter: 'max_completion_tokens' is not supported with this model. Use 'max_tokens' instead.",
        "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.",
    ] {
        server.next(Answer::refusal(400, refusal));
    }
    call(&providers, &endpoint, &request()).await.is_whole();
    call(&providers, &endpoint, &request()).await.is_whole();
    let bodies: Vec<_> = server
        .requests()
        .into_iter()
        .map(|sent| sent.body)
        .collect();
    assert_eq!(bodies.len(), 5);
    assert_eq!(bodies[1].get("stream_options"), None);
    assert_eq!(bodies[2]["max_tokens"], 100);
    assert_eq!(bodies[3].get("temperature"), None);
    assert_eq!(bodies[4], bodies[3]);
}

#[tokio::test]
async fn a_refusal_that_nothing_helps_is_told_once() {
    let server = FaultServer::start().await;
    server.always(Answer::refusal(
        400,
        "Unsupported parameter: stream_options",
    ));
    let outcome = ask(&openai(&server)).await;
    assert_eq!(outcome.code(), "PROVIDER_BAD_REQUEST");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_test_asks_for_the_models_and_pays_nothing() {
    let server = FaultServer::start().await;
    let providers = providers();
    let report = providers.test(&openai(&server)).await.unwrap();
    assert_eq!(report.models, ["model-a", "model-b"]);
    let sent = &server.requests()[0];
    assert_eq!(
        (sent.method.as_str(), sent.path.as_str()),
        ("GET", "/v1/models")
    );
    assert!(sent.header("authorization").is_some());
    server.next(Answer::refusal(401, "no"));
    let error = providers.test(&openai(&server)).await.unwrap_err();
    assert_eq!(error, ProviderError::Unauthorized { status: 401 });
    server.next(Answer::refusal(404, "no such path"));
    let error = providers.test(&openai(&server)).await.unwrap_err();
    assert!(error.to_string().contains("base URL"), "{error}");
    server.next(Answer::Silence);
    let mut settings = settings();
    settings.patience.test = Duration::from_millis(200);
    let impatient = Providers::new(settings).unwrap();
    let error = impatient.test(&openai(&server)).await.unwrap_err();
    assert_eq!(error, ProviderError::TimedOut);
    assert_eq!(server.requests().len(), 4, "each was made once");
}

#[tokio::test]
async fn connections_are_used_again_after_the_end_mark() {
    let server = FaultServer::start().await;
    let providers = providers();
    for _ in 0..20 {
        call(&providers, &openai(&server), &request())
            .await
            .is_whole();
    }
    // A connection comes back a moment after the answer, so that a call now and then may make another.
    assert!(server.connections() < 10, "{}", server.connections());
}

#[tokio::test]
async fn a_dropped_stream_ends_the_call() {
    let server = FaultServer::start().await;
    server.next(Answer::tokens(5_000, Duration::from_millis(2)));
    let mut stream = providers()
        .stream(&openai(&server), &request())
        .await
        .unwrap();
    for _ in 0..3 {
        stream.next().await.unwrap().unwrap();
    }
    assert_eq!(server.live(), 1);
    drop(stream);
    let ended = async {
        while server.live() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), ended)
        .await
        .unwrap();
}
