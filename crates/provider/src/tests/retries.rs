use std::time::SystemTime;

use agentry_provider_testkit::{Answer, FaultServer};
use tokio::time::Instant;

use super::*;

#[tokio::test]
async fn a_failing_server_is_asked_again_until_it_answers() {
    let server = FaultServer::start().await;
    server.next(Answer::refusal(500, "oops"));
    server.next(Answer::refusal(529, "overloaded"));
    ask(&openai(&server)).await.is_whole();
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_server_that_keeps_failing_is_given_up() {
    let server = FaultServer::start().await;
    server.always(Answer::refusal(503, "oops"));
    let error = ask(&openai(&server)).await.error.unwrap();
    assert_eq!(
        (error.code(), error.answered()),
        ("PROVIDER_SERVER_ERROR", false)
    );
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn retry_after_is_waited_for() {
    let server = FaultServer::start().await;
    server.next(Answer::refusal(429, "slow down").with("retry-after", "1"));
    let start = Instant::now();
    ask(&openai(&server)).await.is_whole();
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_retry_after_that_is_a_date_is_waited_for() {
    let server = FaultServer::start().await;
    // Dates have whole seconds, so that this one is up to a second away.
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(1));
    server.next(Answer::refusal(429, "slow down").with("retry-after", &date));
    ask(&openai(&server)).await.is_whole();
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_long_retry_after_is_told_at_once() {
    let server = FaultServer::start().await;
    server.always(Answer::refusal(429, "slow down").with("retry-after", "60"));
    let error = ask(&openai(&server)).await.error.unwrap();
    let retry_after = Some(Duration::from_mins(1));
    assert_eq!(error, ProviderError::RateLimited { retry_after });
    assert_eq!(error.retry_after(), retry_after);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_quota_that_is_used_up_is_no_rate() {
    let server = FaultServer::start().await;
    server.always(Answer::refusal(429, "You exceeded your current quota"));
    let outcome = ask(&openai(&server)).await;
    assert_eq!(outcome.error, Some(ProviderError::PaymentRequired));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn the_whole_call_ends_in_its_time_however_often_it_is_tried() {
    let server = FaultServer::start().await;
    server.always(Answer::refusal(429, "slow down").with("retry-after", "1"));
    let mut settings = settings();
    settings.patience.whole = Duration::from_millis(300);
    let providers = Providers::new(settings).unwrap();
    let outcome = call(&providers, &openai(&server), &request()).await;
    assert_eq!(outcome.error, Some(ProviderError::TimedOut));
}
