use agentry_provider_testkit::{Answer, FaultServer, Then, port_that_hangs_up, port_that_refuses};

use super::*;
use crate::settings::Sizes;
use crate::{CircuitSettings, Unreachable};

/// Both protocols at one server.
fn both(server: &FaultServer) -> [Endpoint; 2] {
    [openai(server), anthropic(server)]
}

/// The same answer in both protocols gives the same outcome: this text, and this code.
async fn both_end(then: Then, text: &str, code: &str) -> Vec<ProviderError> {
    both_end_by(&providers(), then, text, code).await
}

async fn both_end_by(
    providers: &Providers,
    then: Then,
    text: &str,
    code: &str,
) -> Vec<ProviderError> {
    let server = FaultServer::start().await;
    server.always(Answer::ending(["Half", " an"], then));
    let mut errors = Vec::new();
    for endpoint in both(&server) {
        let outcome = call(providers, &endpoint, &request()).await;
        let seen = (outcome.text(), outcome.code());
        assert_eq!(seen, (text.to_owned(), code), "{}", endpoint.service);
        errors.extend(outcome.error);
    }
    assert_eq!(
        server.requests().len(),
        2,
        "what was answered is not asked again"
    );
    errors
}

#[tokio::test]
async fn refusals_are_told_apart_and_never_asked_again() {
    for (status, message, code) in [
        (
            401,
            "Incorrect API key provided: sk-test-0123456789abcdef",
            "PROVIDER_UNAUTHORIZED",
        ),
        (403, "no", "PROVIDER_UNAUTHORIZED"),
        (402, "no", "PROVIDER_PAYMENT_REQUIRED"),
        (
            404,
            "The model `model-a` does not exist",
            "PROVIDER_MODEL_NOT_FOUND",
        ),
        (
            400,
            "This model's maximum context length is 8 tokens",
            "PROVIDER_CONTEXT_TOO_LONG",
        ),
        (400, "bad: sk-test-0123456789abcdef", "PROVIDER_BAD_REQUEST"),
    ] {
        let server = FaultServer::start().await;
        server.always(Answer::refusal(status, message));
        for endpoint in both(&server) {
            let outcome = ask(&endpoint).await;
            assert_eq!(outcome.code(), code, "{status} {message}");
            let error = outcome.error.unwrap();
            assert!(!error.answered() && !error.is_transient());
            assert!(
                !format!("{error} {error:?}").contains("0123456789"),
                "{error:?}"
            );
        }
        assert_eq!(server.requests().len(), 2, "{status}");
    }
}

#[tokio::test]
async fn silence_before_the_answer_times_out() {
    let server = FaultServer::start().await;
    server.always(Answer::Silence);
    for endpoint in both(&server) {
        let error = call(&impatient(300, 10_000), &endpoint, &request())
            .await
            .error
            .unwrap();
        assert_eq!(error, ProviderError::TimedOutBeforeFirstToken);
        assert!(error.answered());
    }
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn silence_before_the_first_token_times_out_whatever_else_comes() {
    let server = FaultServer::start().await;
    for then in [Then::Silence, Then::Pings] {
        server.always(Answer::ending([""; 0], then));
        for endpoint in both(&server) {
            let error = call(&impatient(300, 10_000), &endpoint, &request())
                .await
                .error
                .unwrap();
            assert_eq!(error, ProviderError::TimedOutBeforeFirstToken, "{then:?}");
        }
    }
}

#[tokio::test]
async fn silence_between_tokens_times_out() {
    let code = "PROVIDER_TIMED_OUT_BETWEEN_TOKENS";
    let providers = impatient(10_000, 500);
    both_end_by(&providers, Then::Silence, "Half an", code).await;
}

#[tokio::test]
async fn signs_of_life_keep_an_answer_going_until_the_whole_call_is_over() {
    let server = FaultServer::start().await;
    server.always(Answer::ending(["Half"], Then::Pings));
    let mut settings = settings();
    settings.patience.between_tokens = Duration::from_secs(1);
    settings.patience.whole = Duration::from_millis(1_500);
    let providers = Providers::new(settings).unwrap();
    for endpoint in both(&server) {
        let outcome = call(&providers, &endpoint, &request()).await;
        assert_eq!(outcome.error, Some(ProviderError::TimedOut));
        assert_eq!(outcome.text(), "Half");
    }
}

#[tokio::test]
async fn slow_tokens_are_no_silence() {
    let server = FaultServer::start().await;
    server.always(Answer::tokens(15, Duration::from_millis(100)));
    for endpoint in both(&server) {
        let outcome = call(&impatient(1_000, 1_000), &endpoint, &request()).await;
        outcome.is_whole();
        assert!(outcome.text().ends_with("t12 t13 t14 "));
    }
}

#[tokio::test]
async fn a_cut_stream_is_cut_and_keeps_what_came() {
    for error in both_end(Then::Cut, "Half an", "PROVIDER_STREAM_CUT").await {
        assert!(error.answered() && error.is_transient());
    }
}

#[tokio::test]
async fn a_body_that_ends_in_good_order_without_the_mark_is_cut_too() {
    both_end(Then::Stop, "Half an", "PROVIDER_STREAM_CUT").await;
}

#[tokio::test]
async fn an_answer_that_is_all_there_is_whole_though_the_mark_never_comes() {
    let server = FaultServer::start().await;
    for then in [Then::EndWithoutMark, Then::Linger] {
        server.always(Answer::ending(["All"], then));
        for endpoint in both(&server) {
            let outcome = call(&impatient(10_000, 500), &endpoint, &request()).await;
            outcome.is_whole();
            assert_eq!(outcome.text(), "All", "{then:?}");
        }
    }
}

#[tokio::test]
async fn malformed_json_is_malformed() {
    both_end(Then::BadJson, "Half an", "PROVIDER_MALFORMED").await;
}

#[tokio::test]
async fn malformed_frames_are_malformed() {
    both_end(Then::BadBytes, "Half an", "PROVIDER_MALFORMED").await;
    both_end(Then::NoEvents, "Half an", "PROVIDER_MALFORMED").await;
}

#[tokio::test]
async fn a_fault_in_the_stream_is_told() {
    both_end(Then::Fault, "Half an", "PROVIDER_BROKE_OFF").await;
}

#[tokio::test]
async fn ten_megabytes_in_one_frame_are_too_large() {
    for error in both_end(Then::Flood(10 << 20), "Half an", "PROVIDER_TOO_LARGE").await {
        assert_eq!(error, ProviderError::TooLarge { limit: 1 << 20 });
    }
}

#[tokio::test]
async fn ten_megabytes_in_many_frames_are_too_large() {
    let server = FaultServer::start().await;
    server.always(Answer::words(vec!["x".repeat(10_000); 1_000]));
    for endpoint in both(&server) {
        let outcome = ask(&endpoint).await;
        assert_eq!(
            outcome.error,
            Some(ProviderError::TooLarge { limit: 2 << 20 })
        );
        assert!(outcome.text().len() <= 2 << 20);
    }
    let mut settings = settings();
    settings.sizes = Sizes {
        wire: 100_000,
        ..Sizes::default()
    };
    let providers = Providers::new(settings).unwrap();
    let outcome = call(&providers, &openai(&server), &request()).await;
    assert_eq!(
        outcome.error,
        Some(ProviderError::TooLarge { limit: 100_000 })
    );
}

#[tokio::test]
async fn ten_megabytes_of_refusal_are_not_read() {
    let server = FaultServer::start().await;
    server.always(Answer::refusal(400, &"x".repeat(10 << 20)));
    let error = ask(&openai(&server)).await.error.unwrap();
    assert_eq!(error.code(), "PROVIDER_BAD_REQUEST");
    assert!(error.to_string().len() < 200);
}

#[tokio::test]
async fn success_that_is_no_stream_is_none() {
    let server = FaultServer::start().await;
    let status = |kind: &str, body: &str| Answer::Status {
        status: 200,
        headers: vec![("content-type".to_owned(), kind.to_owned())],
        body: body.to_owned(),
    };
    server.next(status("text/html; charset=utf-8", "<html>Sign in</html>"));
    assert_eq!(ask(&openai(&server)).await.code(), "PROVIDER_MALFORMED");
    server.next(status("application/json", "{\"choices\": []}"));
    assert_eq!(ask(&openai(&server)).await.code(), "PROVIDER_MALFORMED");
    server.next(status(
        "application/json",
        "{\"error\": {\"message\": \"upstream\"}}",
    ));
    assert_eq!(ask(&openai(&server)).await.code(), "PROVIDER_BROKE_OFF");
}

#[tokio::test]
async fn a_port_that_refuses_is_unreachable() {
    let url = Url::parse(&format!("http://{}/v1", port_that_refuses().await)).unwrap();
    let error = ask(&at("openai", url)).await.error.unwrap();
    assert_eq!(error, ProviderError::Unreachable(Unreachable::Refused));
    assert!(!error.answered() && error.is_transient());
}

#[tokio::test]
async fn a_port_that_hangs_up_is_unreachable() {
    let url = Url::parse(&format!("http://{}/v1", port_that_hangs_up().await)).unwrap();
    let error = ask(&at("openai", url)).await.error.unwrap();
    assert_eq!(error, ProviderError::Unreachable(Unreachable::Closed));
}

#[tokio::test]
async fn plain_http_addressed_with_https_is_a_tls_fault() {
    let server = FaultServer::start().await;
    let mut url = server.openai_url();
    url.set_scheme("https").unwrap();
    let error = ask(&at("openai", url)).await.error.unwrap();
    assert_eq!(error, ProviderError::Unreachable(Unreachable::Tls));
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_connection_that_fails_again_and_again_is_left_alone_until_a_test_succeeds() {
    let server = FaultServer::start().await;
    let mut settings = settings();
    settings.circuit = CircuitSettings {
        failures: 2,
        cool_down: Duration::from_mins(1),
    };
    let providers = Providers::new(settings).unwrap();
    server.always(Answer::ending(["Half"], Then::Cut));
    for code in [
        "PROVIDER_STREAM_CUT",
        "PROVIDER_STREAM_CUT",
        "PROVIDER_CIRCUIT_OPEN",
    ] {
        let outcome = call(&providers, &openai(&server), &request()).await;
        assert_eq!(outcome.code(), code);
    }
    assert_eq!(server.requests().len(), 2, "nobody was called any more");
    server.always(Answer::words(["ok"]));
    let mut other = openai(&server);
    other.identity = "another".to_owned();
    call(&providers, &other, &request()).await.is_whole();
    let still = call(&providers, &openai(&server), &request()).await;
    assert_eq!(still.code(), "PROVIDER_CIRCUIT_OPEN");
    providers.test(&openai(&server)).await.unwrap();
    call(&providers, &openai(&server), &request())
        .await
        .is_whole();
}
