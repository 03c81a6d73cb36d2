//! Who may not say what came of calls, and what cannot be said.

use serde_json::{Value, json};

use super::{
    decide, decide_with, echo, ended, ids, kind, outcome, say, states, submit, submit_with, working,
};
use crate::conversations::mutate;
use crate::organizations::founded;
use crate::support::{Caller, Server};

#[tokio::test]
async fn bad_input_changes_nothing() {
    let server = working().await;
    let ada = server.sign_up("Ada").await;
    let helper = echo(&ada).await;
    let sent = say(&ada, json!({ "agentId": helper }), "/tool pay {}").await;
    let call = &ids(&ada, &sent.reply).await[0];
    let result = |call: &str, content: &str| json!({ "toolCallId": call, "content": content });
    let many: Vec<Value> = (0..129).map(|n| result(&format!("c{n}"), "x")).collect();
    for (results, path) in [
        (json!([]), vec!["results"]),
        (json!(many), vec!["results"]),
        (
            json!([result(call, "a"), result(call, "b")]),
            vec!["results", "1", "toolCallId"],
        ),
        (
            json!([result(call, &"x".repeat(100_001))]),
            vec!["results", "0", "content"],
        ),
        (
            json!([result(call, "a\0b")]),
            vec!["results", "0", "content"],
        ),
    ] {
        let refused =
            submit_with(&ada, json!({ "messageId": sent.reply, "results": results })).await;
        assert_eq!(refused["fields"][0]["path"], json!(path), "{refused}");
    }
    let decision = |call: &str, reason: &str| json!({ "toolCallId": call, "decision": "DENY", "reason": reason });
    for (decisions, path) in [
        (json!([]), vec!["decisions"]),
        (
            json!([decision(call, ""), decision(call, "")]),
            vec!["decisions", "1", "toolCallId"],
        ),
        (
            json!([decision(call, &"x".repeat(2_001))]),
            vec!["decisions", "0", "reason"],
        ),
        (
            json!([decision(call, "\0")]),
            vec!["decisions", "0", "reason"],
        ),
    ] {
        let refused = decide_with(
            &ada,
            json!({ "messageId": sent.reply, "decisions": decisions }),
        )
        .await;
        assert_eq!(refused["fields"][0]["path"], json!(path), "{refused}");
    }
    for (message, call, expected) in [
        (sent.reply.as_str(), "none", "NotFound"),
        (sent.reply.as_str(), "", "NotFound"),
        (sent.reply.as_str(), "\0", "NotFound"),
        ("none", call, "NotFound"),
        ("\0", call, "NotFound"),
        (sent.message.as_str(), call, "ValidationFailed"),
    ] {
        let refused = submit(&ada, message, &[(call, "x")]).await;
        assert_eq!(kind(&refused), expected, "{refused}");
        let refused = decide(&ada, message, &[(call, "APPROVE")]).await;
        assert_eq!(kind(&refused), expected, "{refused}");
    }
    assert_eq!(states(&ada, &sent.reply).await, ["AWAITING_APPROVAL"]);
}

#[tokio::test]
async fn only_the_conversations_user_says_what_came_of_its_calls() {
    let server = working().await;
    let ada = founded(&server.sign_up("Ada").await, "acme").await;
    let bob = server
        .join(&ada, &server.sign_up("Bob").await, "member")
        .await;
    let cy = server
        .join(&ada, &server.sign_up("Cy").await, "owner")
        .await;
    let eve = server.sign_up("Eve").await;
    let helper = super::agent(
        &ada,
        json!({ "model": "echo", "visibility": "ORGANIZATION" }),
    )
    .await;
    let sent = say(&bob, json!({ "agentId": helper }), "/tool pay {}").await;
    let call = &ids(&bob, &sent.reply).await[0];
    // The agent's owner reads it; others of the organisation do not, and nobody elsewhere.
    for (caller, expected) in [(&ada, "Forbidden"), (&cy, "NotFound"), (&eve, "NotFound")] {
        let refused = decide(caller, &sent.reply, &[(call, "APPROVE")]).await;
        assert_eq!(kind(&refused), expected, "{refused}");
        let refused = submit(caller, &sent.reply, &[(call, "x")]).await;
        assert_eq!(kind(&refused), expected, "{refused}");
    }
    let nobody = Caller::nobody(&server);
    let document = "mutation($m: ID!) { submitToolResults(input: { messageId: $m, results: [] }) { __typename } }";
    assert_eq!(
        nobody.code(document, json!({ "m": sent.reply })).await,
        "UNAUTHENTICATED"
    );

    let put_away = |archived: bool| json!({ "id": sent.conversation, "archived": archived });
    mutate(
        &bob,
        "archiveConversation",
        "conversation { id }",
        put_away(true),
    )
    .await;
    let refused = decide(&bob, &sent.reply, &[(call, "APPROVE")]).await;
    assert_eq!(kind(&refused), "Conflict", "{refused}");
    mutate(
        &bob,
        "archiveConversation",
        "conversation { id }",
        put_away(false),
    )
    .await;
    let decided = decide(&bob, &sent.reply, &[(call, "APPROVE")]).await;
    assert_eq!(kind(&decided), "DecideToolCallsSuccess", "{decided}");
    let private = json!({ "id": helper, "visibility": "PRIVATE" });
    mutate(&ada, "updateAgent", "agent { id }", private).await;
    let refused = submit(&bob, &sent.reply, &[(call, "x")]).await;
    assert_eq!(kind(&refused), "Forbidden", "{refused}");
}

#[tokio::test]
async fn the_same_key_stores_results_once_and_is_for_nothing_else() {
    let server = working().await;
    let ada = server.sign_up("Ada").await;
    let helper = echo(&ada).await;
    let sent = say(&ada, json!({ "agentId": helper }), "/tool rest").await;
    let call = &ids(&ada, &sent.reply).await[0];
    let input = |content: &str| json!({ "messageId": sent.reply, "idempotencyKey": "k", "results": [{ "toolCallId": call, "content": content }] });
    let first = submit_with(&ada, input("Rested.")).await;
    let again = submit_with(&ada, input("Rested.")).await;
    assert_eq!(
        (&again["run"]["id"], &again["results"]),
        (&first["run"]["id"], &first["results"]),
        "{again}"
    );
    let other = submit_with(&ada, input("Slept.")).await;
    assert_eq!(kind(&other), "Conflict", "{other}");
    ended(&ada, &first["run"]).await;
    let twice = submit(&ada, &sent.reply, &[(call, "Rested.")]).await;
    assert_eq!(kind(&twice), "Conflict", "{twice}");
    assert_eq!(super::shown(&ada, &sent.conversation).await.len(), 4);
}

#[tokio::test]
async fn what_cannot_go_on_is_not_stored() {
    let server =
        Server::start_with(&["--run-workers=16", "--runs-per-minute=3", "--titles=false"]).await;
    let ada = server.sign_up("Ada").await;
    let helper = echo(&ada).await;
    let sent = say(&ada, json!({ "agentId": helper }), "/tool rest").await;
    let call = &ids(&ada, &sent.reply).await[0];
    let other = json!({ "id": helper, "model": "claude-sonnet-4-5" });
    mutate(&ada, "updateAgent", "agent { id }", other).await;
    let refused = submit(&ada, &sent.reply, &[(call, "x")]).await;
    assert_eq!(kind(&refused), "ConnectionMissing", "{refused}");
    assert_eq!(states(&ada, &sent.reply).await, ["PENDING"]);
    mutate(
        &ada,
        "updateAgent",
        "agent { id }",
        json!({ "id": helper, "model": "echo" }),
    )
    .await;
    let done = submit(&ada, &sent.reply, &[(call, "x")]).await;
    assert_eq!(kind(&done), "SubmitToolResultsSuccess", "{done}");
    let often = submit(&ada, &sent.reply, &[(call, "x")]).await;
    assert_eq!(kind(&often), "TooManyRequests", "{often}");
}

#[tokio::test]
async fn a_key_that_may_write_messages_is_enough() {
    let server = working().await;
    let ada = server.sign_up("Ada").await;
    let helper = echo(&ada).await;
    let sent = say(&ada, json!({ "agentId": helper }), "/tool pay {}").await;
    let call = &ids(&ada, &sent.reply).await[0];
    let key = |permissions: Value| {
        let input = json!({ "name": "Key", "permissions": permissions });
        outcome(&ada, "createApiKey", "key", input)
    };
    let reader = key(json!({ "messages": ["read"] })).await;
    let writer = key(json!({ "messages": ["write"] })).await;
    let with = async |key: &Value, document: &str| -> Value {
        let nobody = Caller::nobody(&server);
        let request = nobody.post(document, json!({}));
        let request = request.header("x-api-key", super::text(&key["key"]));
        request.send().await.unwrap().json().await.unwrap()
    };
    let decide = format!(
        "mutation {{ decideToolCalls(input: {{ messageId: \"{}\", decisions: [{{ toolCallId: \"{call}\", decision: APPROVE }}] }}) {{ __typename }} }}",
        sent.reply
    );
    let submit = format!(
        "mutation {{ submitToolResults(input: {{ messageId: \"{}\", results: [{{ toolCallId: \"{call}\", content: \"x\" }}] }}) {{ __typename ... on SubmitToolResultsSuccess {{ run {{ id }} results {{ content }} }} }} }}",
        sent.reply
    );
    for document in [&decide, &submit] {
        let refused = with(&reader, document).await;
        assert_eq!(
            refused["errors"][0]["extensions"]["code"], "FORBIDDEN",
            "{refused}"
        );
    }
    let decided = with(&writer, &decide).await["data"].take();
    assert_eq!(
        decided["decideToolCalls"]["__typename"], "DecideToolCallsSuccess",
        "{decided}"
    );
    let done = with(&writer, &submit).await["data"].take();
    assert_eq!(
        done["submitToolResults"]["results"],
        json!([{ "content": "x" }]),
        "{done}"
    );
    ended(&ada, &done["submitToolResults"]["run"]).await;
}
