//! The built-in service: answers without a network, a key or a cost, so that everything else can be seen at work.
//!
//! The answer follows from the request alone, word for word, so that a stream that broke off goes on where it was
//! ([`crate::Providers::resume`]). What the last message says decides:
//!
//! - `/tool NAME {"some": "arguments"}`, where a tool of this name is defined: a call of it.
//! - `/count N`: the numbers from 1 to N, at most 10,000.
//! - what came of a tool call: it is repeated.
//! - anything else: who answers, what it was told, and what was said.

use futures_util::StreamExt as _;
use futures_util::stream;

use crate::budget::{estimate, estimate_request};
use crate::settings::EchoSettings;
use crate::{ChatEvent, ChatRequest, ChatStream, Role, StopReason, ToolCall, Usage};

/// How far `/count` counts.
const MOST: u32 = 10_000;

/// How much of the system prompt is repeated, in characters.
const TOLD: usize = 120;

enum Answer {
    Text(String, StopReason),
    Call(ToolCall),
}

/// The text that answers this request; empty where the answer is a tool call.
#[must_use]
pub fn text(request: &ChatRequest) -> String {
    match answer(request) {
        Answer::Text(text, _) => text,
        Answer::Call(_) => String::new(),
    }
}

/// The answer, without its first `skip` bytes.
pub(crate) fn answered(settings: &EchoSettings, request: &ChatRequest, skip: usize) -> ChatStream {
    let (said, end) = match answer(request) {
        Answer::Text(text, reason) => {
            let completion = estimate(&text);
            let rest = &text[text.floor_char_boundary(skip)..];
            let words = rest
                .split_inclusive(' ')
                .map(|word| ChatEvent::Text(word.to_owned()));
            (words.collect(), (completion, reason))
        }
        Answer::Call(call) => {
            let completion = estimate(&call.name).saturating_add(estimate(&call.arguments));
            (
                vec![ChatEvent::ToolCall(call)],
                (completion, StopReason::ToolCalls),
            )
        }
    };
    let (completion_tokens, reason) = end;
    let usage = Usage {
        prompt_tokens: estimate_request(request),
        completion_tokens,
        cached_prompt_tokens: 0,
    };
    let delay = settings.delay;
    let said = stream::iter::<Vec<_>>(said).then(move |event| async move {
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        event
    });
    let end = stream::iter([ChatEvent::Usage(usage), ChatEvent::Stop(reason)]);
    said.chain(end).map(Ok).boxed()
}

fn answer(request: &ChatRequest) -> Answer {
    let last = request.messages.last();
    if let Some(result) = last.filter(|last| last.role == Role::Tool) {
        return limited(
            format!("The tool answered: {}", result.content),
            request.max_tokens,
        );
    }
    let newest = request
        .messages
        .iter()
        .rev()
        .find(|message| message.role == Role::User)
        .map_or("", |message| message.content.trim());
    if let Some(call) = tool_call(request, newest) {
        return Answer::Call(call);
    }
    if let Some(count) = newest
        .strip_prefix("/count ")
        .and_then(|n| n.trim().parse::<u32>().ok())
    {
        let numbers: Vec<_> = (1..=count.min(MOST)).map(|n| n.to_string()).collect();
        return limited(numbers.join(" "), request.max_tokens);
    }
    let mut text = format!("I am {}", request.model.trim());
    if let Some(system) = request
        .system
        .as_deref()
        .map(str::trim)
        .filter(|s| !s.is_empty())
    {
        let told: String = system.chars().take(TOLD).collect();
        let more = if told.len() < system.len() { "…" } else { "" };
        text.push_str(", and was told: “");
        text.push_str(&told);
        text.push_str(more);
        text.push('”');
    }
    text.push_str(". You said: ");
    text.push_str(newest);
    limited(text, request.max_tokens)
}

/// As many words as the answer may have tokens.
fn limited(text: String, most: Option<u32>) -> Answer {
    let Some(most) = most.and_then(|most| usize::try_from(most).ok()) else {
        return Answer::Text(text, StopReason::End);
    };
    match text.match_indices(' ').nth(most.saturating_sub(1)) {
        Some((end, _)) => Answer::Text(text[..end].to_owned(), StopReason::Length),
        None => Answer::Text(text, StopReason::End),
    }
}

fn tool_call(request: &ChatRequest, message: &str) -> Option<ToolCall> {
    let rest = message.strip_prefix("/tool ")?.trim_start();
    let (name, arguments) = rest.split_once(char::is_whitespace).unwrap_or((rest, "{}"));
    let is_object =
        serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(arguments).is_ok();
    let is_defined = request.tools.iter().any(|tool| tool.name == name);
    (is_defined && is_object).then(|| ToolCall {
        id: format!("call_echo_{}", request.messages.len()),
        name: name.to_owned(),
        arguments: arguments.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::{ChatMessage, ToolDefinition};

    fn request(message: &str) -> ChatRequest {
        ChatRequest {
            model: "parrot".to_owned(),
            system: Some("Be brief.".to_owned()),
            messages: vec![ChatMessage::user(message)],
            temperature: None,
            max_tokens: None,
            tools: vec![ToolDefinition {
                name: "look".to_owned(),
                description: None,
                parameters: json!({ "type": "object" }),
            }],
        }
    }

    async fn events(request: &ChatRequest, skip: usize) -> Vec<ChatEvent> {
        let settings = EchoSettings {
            delay: Duration::ZERO,
        };
        let events = answered(&settings, request, skip);
        events.map(Result::unwrap).collect().await
    }

    fn said(events: &[ChatEvent]) -> String {
        events
            .iter()
            .filter_map(|event| match event {
                ChatEvent::Text(text) => Some(text.as_str()),
                ChatEvent::ToolCall(_) | ChatEvent::Usage(_) | ChatEvent::Stop(_) => None,
            })
            .collect()
    }

    #[tokio::test]
    async fn the_answer_shows_model_prompt_and_message_word_by_word() {
        let events = events(&request("hello there"), 0).await;
        let text = "I am parrot, and was told: “Be brief.”. You said: hello there";
        assert_eq!(said(&events), text);
        assert_eq!(events.len(), text.split(' ').count() + 2);
        assert_eq!(events.last(), Some(&ChatEvent::Stop(StopReason::End)));
        assert!(matches!(events[events.len() - 2], ChatEvent::Usage(usage)
            if usage.prompt_tokens > 0 && usage.completion_tokens == estimate(text)));
    }

    #[tokio::test]
    async fn an_answer_goes_on_from_any_byte() {
        let request = request("héllo, wörld");
        let whole = text(&request);
        for skip in 0..whole.len() + 10 {
            let rest = said(&events(&request, skip).await);
            assert!(whole.ends_with(&rest), "{skip}");
            assert_eq!(rest.len(), whole.len() - whole.floor_char_boundary(skip));
        }
    }

    #[tokio::test]
    async fn a_defined_tool_is_called_on_request() {
        let first = events(&request("/tool look {\"at\": \"it\"}"), 0).await;
        let ChatEvent::ToolCall(call) = &first[0] else {
            panic!("{first:?}");
        };
        assert_eq!(
            (call.name.as_str(), call.arguments.as_str()),
            ("look", "{\"at\": \"it\"}")
        );
        assert_eq!(first.last(), Some(&ChatEvent::Stop(StopReason::ToolCalls)));
        assert!(matches!(
            events(&request("/tool look"), 0).await[0],
            ChatEvent::ToolCall(_)
        ));
        for message in ["/tool other {}", "/tool look [1]", "/tool look {", "/tool"] {
            let events = events(&request(message), 0).await;
            assert!(said(&events).ends_with(message), "{message}");
        }
        let mut after = request("/tool look");
        after
            .messages
            .push(ChatMessage::calls("", vec![call.clone()]));
        after
            .messages
            .push(ChatMessage::tool_result(call.id.clone(), "a cat"));
        assert_eq!(text(&after), "The tool answered: a cat");
    }

    #[tokio::test]
    async fn it_counts_and_stops_at_the_most_tokens() {
        assert_eq!(text(&request("/count 3")), "1 2 3");
        assert_eq!(text(&request("/count 99999999")).split(' ').count(), 10_000);
        let mut short = request("/count 100");
        short.max_tokens = Some(4);
        let events = events(&short, 0).await;
        assert_eq!(said(&events), "1 2 3 4");
        assert_eq!(events.last(), Some(&ChatEvent::Stop(StopReason::Length)));
    }

    #[tokio::test]
    async fn words_come_at_the_pace_that_is_set() {
        let settings = EchoSettings {
            delay: Duration::from_millis(5),
        };
        let start = tokio::time::Instant::now();
        answered(&settings, &request("/count 20"), 0).count().await;
        assert!(start.elapsed() >= Duration::from_millis(100));
    }
}
