//! Event streams tell each event's place, and go on after the last one a client has seen, as browsers and other clients of
//! server-sent events ask for by themselves.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::client::{Came, Ear, Events};
use super::{Heard, REPLY, Stage, rest, until_end, until_sequence};

/// Asks for the reply without what would tell a place in it, under another name.
const BARE: &str =
    "subscription($run: ID!) { x: replyStream(runId: $run) { ... on ReplyDelta { text } } }";

fn events(request: RequestBuilder, last: &str) -> RequestBuilder {
    let request = request.header("accept", "text/event-stream");
    request.header("last-event-id", last)
}

async fn ear(request: RequestBuilder) -> Ear {
    Ear::Events(Events::open(request).await.unwrap())
}

/// A GET of the reply, as a browser's `EventSource` sends it.
fn get(stage: &Stage, query: &str, variables: Value) -> RequestBuilder {
    let mut url = reqwest::Url::parse(&format!("{}/graphql", stage.server.url)).unwrap();
    url.query_pairs_mut()
        .append_pair("query", query)
        .append_pair("variables", &variables.to_string());
    reqwest::Client::new()
        .get(url)
        .bearer_auth(&stage.ada.token)
}

#[tokio::test]
async fn every_event_of_a_reply_carries_its_place_whatever_was_selected() {
    let stage = Stage::start().await;
    let run = stage.running().await;
    let post = stage.ada.post(BARE, json!({ "run": run }));
    let by_get = get(&stage, BARE, json!({ "run": run }));
    for request in [post, by_get] {
        let mut ear = ear(request.header("accept", "text/event-stream")).await;
        stage.worker.say(&run, 2, "👍é").await;
        let Came::Next(answer, id) = ear.came().await.unwrap() else {
            panic!("no event")
        };
        assert_eq!(answer["data"]["x"]["text"], "👍é");
        assert_eq!(id.as_deref(), Some("2"));
        stage.worker.forget(&run).await;
    }
    stage.worker.say(&run, 2, "👍é").await;
    stage.worker.finish(&run, "👍é!", "completed").await;
    let mut ear = ear(events(stage.ada.post(BARE, json!({ "run": run })), "2")).await;
    for expected in [json!({ "text": "!" }), json!({})] {
        let Came::Next(answer, id) = ear.came().await.unwrap() else {
            panic!("no event")
        };
        assert_eq!(answer["data"]["x"], expected);
        assert_eq!(id.as_deref(), Some("3"));
    }
    ear.completed().await;
}

#[tokio::test]
async fn a_stream_goes_on_after_the_last_event_seen_or_after_what_was_asked_for() {
    let stage = Stage::start().await;
    let run = stage.running().await;
    let text = "0123456789";
    stage.worker.say_in_pieces(&run, text, &[3]).await;
    for round in ["growing", "folded"] {
        for (after, last, from) in [(0, "4", 4), (6, "4", 6), (0, "", 0), (2, "10", 10)] {
            let variables = json!({ "run": run, "after": after });
            for request in [
                stage.ada.post(REPLY, variables.clone()),
                get(&stage, REPLY, variables.clone()),
            ] {
                let mut ear = ear(events(request, last)).await;
                let mut heard = Heard::after(from);
                if round == "growing" {
                    until_sequence(&mut ear, &mut heard, text.len()).await;
                } else {
                    until_end(&mut ear, &mut heard).await;
                }
                assert_eq!(heard.text, rest(text, from), "{round} {after} {last}");
            }
        }
        if round == "growing" {
            stage.worker.finish(&run, text, "completed").await;
        }
    }
}

#[tokio::test]
async fn a_last_event_of_another_kind_is_refused() {
    let stage = Stage::start().await;
    let run = stage.queued().await;
    for last in ["x", "-1", "1e3", "99999999999", "1"] {
        let mut ear = ear(events(stage.ada.post(REPLY, json!({ "run": run })), last)).await;
        let error = ear.error().await;
        assert_eq!(
            error["extensions"]["code"], "BAD_USER_INPUT",
            "{last}: {error}"
        );
    }
    // Where events have no places it means nothing.
    let agents = stage.ada.post("{ agents { totalCount } }", json!({}));
    let mut ear = ear(events(agents, "x")).await;
    assert_eq!(ear.event().await["data"]["agents"]["totalCount"], 1);
}

#[tokio::test]
async fn events_without_a_place_have_no_id() {
    let stage = Stage::start().await;
    let updated = "subscription($c: ID!) { runUpdated(conversationId: $c) { status } }";
    let request = stage.ada.post(updated, json!({ "c": stage.conversation }));
    let mut ear = ear(request.header("accept", "text/event-stream")).await;
    let talk = async {
        loop {
            let run = stage.queued().await;
            stage.worker.begin(&run).await;
            stage.worker.finish(&run, "x", "completed").await;
        }
    };
    let came = tokio::select! {
        came = ear.came() => came.unwrap(),
        () = talk => unreachable!("it never stops"),
    };
    assert!(matches!(came, Came::Next(_, None)), "{came:?}");
}
