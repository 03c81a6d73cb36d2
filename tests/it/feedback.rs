//! Feedback on messages.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::conversations::{Team, mutate};
use crate::support::Caller;

const FIELDS: &str =
    "feedback { id messageId conversationId agentId userId rating comment createdAt updatedAt }";

async fn give(caller: &Caller, input: Value) -> Value {
    mutate(caller, "giveFeedback", FIELDS, input).await
}

/// The team, and the id of a message of Bob's.
async fn team() -> (Team, Value) {
    let team = Team::start().await;
    let input = json!({ "conversationId": team.bobs, "role": "ASSISTANT", "content": "x" });
    let mut added = mutate(&team.bob, "appendMessage", "appendedMessage { id }", input).await;
    let message = added["appendedMessage"]["id"].take();
    (team, message)
}

async fn seen(caller: &Caller, message: &Value) -> Value {
    let document = "query($m: ID!) { message(id: $m) {
        feedback { userId rating comment } viewerFeedback { rating } feedbackSummary { up down total } } }";
    let mut data = caller.query(document, json!({ "m": message })).await;
    data["message"].take()
}

#[tokio::test]
async fn giving_it_again_changes_it() {
    let (team, message) = team().await;
    let first = give(
        &team.bob,
        json!({ "messageId": message, "rating": "UP", "comment": "Good." }),
    )
    .await;
    let first = &first["feedback"];
    assert_eq!(
        (&first["rating"], &first["comment"]),
        (&json!("UP"), &json!("Good."))
    );
    assert_eq!(first["messageId"], message);
    assert_eq!(first["conversationId"], json!(team.bobs));
    assert_eq!(first["agentId"], json!(team.agent));
    assert_eq!(first["userId"], json!(team.bob.user_id));
    let again = give(&team.bob, json!({ "messageId": message, "rating": "DOWN" })).await;
    let again = &again["feedback"];
    assert_eq!(again["id"], first["id"]);
    assert_eq!(
        (&again["rating"], &again["comment"]),
        (&json!("DOWN"), &Value::Null)
    );
    let node = "query($id: ID!) { node(id: $id) { ... on Feedback { rating } } }";
    let node = team.bob.query(node, json!({ "id": first["id"] })).await;
    assert_eq!(node["node"]["rating"], "DOWN");
}

#[tokio::test]
async fn given_many_times_at_once_it_is_one() {
    let (team, message) = team().await;
    let ratings = ["UP", "DOWN"].into_iter().cycle().take(12);
    let given = join_all(ratings.map(|rating| {
        let input = json!({ "messageId": message, "rating": rating });
        async { give(&team.bob, input).await }
    }))
    .await;
    let id = &given[0]["feedback"]["id"];
    assert!(
        given.iter().all(|one| one["feedback"]["id"] == *id),
        "{given:?}"
    );
    let seen = seen(&team.bob, &message).await;
    assert_eq!(seen["feedback"].as_array().unwrap().len(), 1, "{seen}");
}

#[tokio::test]
async fn an_agents_owner_sees_all_of_it_and_others_their_own() {
    let (team, message) = team().await;
    give(&team.bob, json!({ "messageId": message, "rating": "DOWN" })).await;
    give(&team.ada, json!({ "messageId": message, "rating": "UP" })).await;
    let one = |caller: &Caller, rating: &str| json!({ "userId": caller.user_id, "rating": rating, "comment": null });
    let (bobs, adas) = (one(&team.bob, "DOWN"), one(&team.ada, "UP"));
    for (caller, all, own, summary) in [
        (
            &team.ada,
            json!([bobs, adas]),
            "UP",
            json!({ "up": 1, "down": 1, "total": 2 }),
        ),
        (
            &team.bob,
            json!([bobs]),
            "DOWN",
            json!({ "up": 0, "down": 1, "total": 1 }),
        ),
    ] {
        let seen = seen(caller, &message).await;
        assert_eq!(seen["feedback"], all);
        assert_eq!(seen["viewerFeedback"]["rating"], own);
        assert_eq!(seen["feedbackSummary"], summary);
        let agents = "{ agents { nodes { feedbackSummary { up down total } } } }";
        let agents = caller.query(agents, json!({})).await;
        assert_eq!(agents["agents"]["nodes"][0]["feedbackSummary"], summary);
    }
}

#[tokio::test]
async fn a_message_out_of_sight_takes_none() {
    let (team, message) = team().await;
    let eve = team.server.sign_up("Eve").await;
    let cid = team.server.sign_up("Cid").await;
    let cid = team.server.join(&team.ada, &cid, "admin").await;
    let missing = json!("tz4a98xxat96iws9zmbrgj3a");
    for (caller, id) in [
        (&eve, &message),
        (&cid, &message),
        (&team.bob, &missing),
        (&team.bob, &json!("a\0b")),
    ] {
        let given = give(caller, json!({ "messageId": id, "rating": "UP" })).await;
        assert_eq!(given["__typename"], "NotFound", "{given}");
        let input = json!({ "messageId": id });
        let taken = mutate(caller, "withdrawFeedback", "messageId", input).await;
        assert_eq!(taken["__typename"], "NotFound", "{taken}");
    }
    for comment in ["a\0b", &"x".repeat(5_001)] {
        let input = json!({ "messageId": message, "rating": "UP", "comment": comment });
        let given = give(&team.bob, input).await;
        assert_eq!(given["__typename"], "ValidationFailed", "{given}");
    }
    let seen = seen(&team.ada, &message).await;
    assert_eq!(seen["feedbackSummary"]["total"], 0);
}

#[tokio::test]
async fn what_was_given_can_be_taken_back() {
    let (team, message) = team().await;
    let given = give(&team.bob, json!({ "messageId": message, "rating": "UP" })).await;
    let take = async || {
        let input = json!({ "messageId": message });
        let fields = "withdrawnFeedbackId messageId";
        mutate(&team.bob, "withdrawFeedback", fields, input).await
    };
    let taken = take().await;
    assert_eq!(taken["withdrawnFeedbackId"], given["feedback"]["id"]);
    assert_eq!(taken["messageId"], message);
    assert_eq!(take().await["withdrawnFeedbackId"], Value::Null);
    assert_eq!(
        seen(&team.bob, &message).await["viewerFeedback"],
        Value::Null
    );
}
