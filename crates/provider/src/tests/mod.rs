//! Whole calls against a server on this machine that has every fault.

#![allow(clippy::unwrap_used, reason = "tests")]

mod anthropic;
mod faults;
mod guard;
mod openai;
mod retries;
mod tls;

use std::time::Duration;

use agentry_provider_testkit::FaultServer;
use futures_util::StreamExt as _;
use url::Url;

use crate::settings::{Patience, Retries};
use crate::{
    AllowList, ChatEvent, ChatMessage, ChatRequest, Endpoint, ProviderError, Providers, Service,
    Settings, StopReason,
};

/// The key of every call here.
const KEY: &str = "sk-test-0123456789abcdef";

/// Settings that allow this machine, and wait long enough for a busy one; tests of silence shorten what they wait for.
fn settings() -> Settings {
    let ms = Duration::from_millis;
    Settings {
        allow: AllowList::parse(["127.0.0.0/8"]).unwrap(),
        patience: Patience {
            connect: ms(10_000),
            first_token: ms(10_000),
            between_tokens: ms(10_000),
            whole: ms(30_000),
            test: ms(10_000),
        },
        retries: Retries {
            tries: 3,
            first_wait: ms(10),
            longest_wait: ms(50),
            longest_retry_after: ms(1_100),
        },
        ..Settings::default()
    }
}

fn providers() -> Providers {
    Providers::new(settings()).unwrap()
}

/// The same with this much patience for the first token and between tokens.
fn impatient(first_token: u64, between_tokens: u64) -> Providers {
    let mut settings = settings();
    settings.patience.first_token = Duration::from_millis(first_token);
    settings.patience.between_tokens = Duration::from_millis(between_tokens);
    Providers::new(settings).unwrap()
}

fn at(service: &str, url: Url) -> Endpoint {
    Endpoint::new(Service::of(service), Some(KEY.into()), "connection").at(url)
}

fn openai(server: &FaultServer) -> Endpoint {
    at("openai", server.openai_url())
}

fn anthropic(server: &FaultServer) -> Endpoint {
    at("anthropic", server.anthropic_url())
}

fn request() -> ChatRequest {
    ChatRequest {
        model: "model-a".to_owned(),
        system: Some("Be kind.".to_owned()),
        messages: vec![ChatMessage::user("Hi")],
        temperature: Some(0.7),
        max_tokens: Some(100),
        tools: Vec::new(),
    }
}

/// What came of a call, up to its end.
#[derive(Debug)]
struct Outcome {
    events: Vec<ChatEvent>,
    error: Option<ProviderError>,
}

impl Outcome {
    fn text(&self) -> String {
        self.events
            .iter()
            .filter_map(|event| match event {
                ChatEvent::Text(text) => Some(text.as_str()),
                ChatEvent::ToolCall(_) | ChatEvent::Usage(_) | ChatEvent::Stop(_) => None,
            })
            .collect()
    }

    fn code(&self) -> &'static str {
        self.error.as_ref().map_or("", ProviderError::code)
    }

    #[track_caller]
    fn is_whole(&self) {
        assert_eq!(self.error, None);
        assert_eq!(self.events.last(), Some(&ChatEvent::Stop(StopReason::End)));
    }
}

async fn call(providers: &Providers, endpoint: &Endpoint, request: &ChatRequest) -> Outcome {
    let mut outcome = Outcome {
        events: Vec::new(),
        error: None,
    };
    match providers.stream(endpoint, request).await {
        Ok(mut stream) => {
            while let Some(event) = stream.next().await {
                match event {
                    Ok(event) => outcome.events.push(event),
                    Err(error) => outcome.error = Some(error),
                }
            }
        }
        Err(error) => outcome.error = Some(error),
    }
    outcome
}

async fn ask(endpoint: &Endpoint) -> Outcome {
    call(&providers(), endpoint, &request()).await
}
