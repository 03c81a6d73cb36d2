//! One reply at a time in a conversation, and no more than a user may ask for.

use std::collections::BTreeSet;

use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use super::{answer, ask, begin, done, echo, id, more, root, shown, still, stored};

fn kind(outcome: &Value) -> &str {
    outcome["__typename"].as_str().unwrap()
}

#[tokio::test]
async fn of_two_at_once_one_is_taken_and_the_other_told_of_its_run() {
    let server = still(&["--runs-per-minute=1000"]).await;
    let ada = server.sign_up("Ada").await;
    let agent = echo(&ada, "PRIVATE").await;
    for round in 0..10 {
        let begun = begin(&ada, &agent, "One").await;
        answer(&server, &ada, &begun, "Reply").await;
        let (conversation, message) = (&begun["conversation"]["id"], &begun["message"]["id"]);
        let send = |text: &str| {
            ask(
                &ada,
                "sendMessage",
                json!({ "conversationId": conversation, "content": text }),
            )
        };
        let (one, other) = match round % 3 {
            0 => join(send("a"), send("b")).await,
            1 => {
                let again = ask(&ada, "regenerateMessage", json!({ "messageId": message }));
                join(send("a"), again).await
            }
            _ => {
                let edit = json!({ "messageId": message, "content": "b" });
                join(send("a"), ask(&ada, "editMessage", edit)).await
            }
        };
        let (taken, refused) = if kind(&one) == "ConversationBusy" {
            (other, one)
        } else {
            (one, other)
        };
        assert_eq!(kind(&refused), "ConversationBusy", "{taken} {refused}");
        let run = &done(&taken)["run"];
        assert_eq!(
            refused["run"],
            json!({ "id": run["id"], "status": "QUEUED" })
        );
        let of: i64 = sqlx::query_scalar("SELECT count(*) FROM runs WHERE conversation_id = $1")
            .bind(conversation.as_str())
            .fetch_one(&root(&server).await)
            .await
            .unwrap();
        assert_eq!(of, 2);
    }
}

#[tokio::test]
async fn those_that_wait_wait_in_the_order_in_which_they_came() {
    let server = still(&["--runs-per-minute=1000"]).await;
    let ada = server.sign_up("Ada").await;
    let begun = begin(&ada, &echo(&ada, "PRIVATE").await, "begun").await;
    let conversation = id(&begun["conversation"]);
    let texts: Vec<String> = (0..19).map(|n| format!("{n}")).collect();
    join_all(texts.iter().map(|text| more(&ada, &conversation, text))).await;
    // The line, the runs and the messages all have one order.
    let line: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT l.run_id, r.id, m.content FROM
           (SELECT run_id, row_number() OVER (ORDER BY position) AS place FROM run_leases) l
           JOIN (SELECT id, message_id, row_number() OVER (ORDER BY created_at, id) AS place FROM runs) r USING (place)
           JOIN (SELECT id, content, row_number() OVER (ORDER BY created_at) AS place FROM agent_messages) m USING (place)
         WHERE r.message_id = m.id ORDER BY place",
    )
    .fetch_all(&root(&server).await)
    .await
    .unwrap();
    assert_eq!(line.len(), 20);
    for (leased, run, _) in &line {
        assert_eq!(leased, run);
    }
    let said: Vec<String> = line.into_iter().map(|(.., content)| content).collect();
    assert_eq!(shown(&ada, &conversation, "CURRENT").await, said);
    let kept: BTreeSet<String> = said[1..].iter().cloned().collect();
    assert_eq!(kept, texts.into_iter().collect());
    // The first in line is what the conversation waits for.
    let read = "query($id: ID!) { conversation(id: $id) { activeRun { id } } }";
    let read = ada.query(read, json!({ "id": conversation })).await;
    assert_eq!(read["conversation"]["activeRun"]["id"], begun["run"]["id"]);
}

#[tokio::test]
async fn line_of_a_conversation_is_bounded_and_others_are_not_held_up() {
    let server = still(&["--max-runs=3"]).await;
    let ada = server.sign_up("Ada").await;
    let agent = echo(&ada, "PRIVATE").await;
    let begun = begin(&ada, &agent, "1").await;
    let conversation = id(&begun["conversation"]);
    for text in ["2", "3"] {
        more(&ada, &conversation, text).await;
    }
    let message = &begun["message"]["id"];
    let before = stored(&server).await;
    for (field, input) in [
        (
            "sendMessage",
            json!({ "conversationId": conversation, "content": "4", "onBusy": "ENQUEUE" }),
        ),
        (
            "regenerateMessage",
            json!({ "messageId": message, "onBusy": "ENQUEUE" }),
        ),
        (
            "editMessage",
            json!({ "messageId": message, "content": "4", "onBusy": "ENQUEUE" }),
        ),
    ] {
        let outcome = ask(&ada, field, input).await;
        assert_eq!(
            (kind(&outcome), &outcome["limit"]),
            ("LimitReached", &json!(3))
        );
    }
    assert_eq!(stored(&server).await, before);
    begin(&ada, &agent, "elsewhere").await;
    answer(&server, &ada, &begun, "Reply").await;
    more(&ada, &conversation, "4").await;
}

#[tokio::test]
async fn user_asks_for_so_many_runs_in_a_minute_and_others_for_theirs() {
    let server = still(&["--runs-per-minute=3"]).await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let agent = echo(&ada, "PRIVATE").await;
    let begun = begin(&ada, &agent, "1").await;
    let message = &begun["message"]["id"];
    let edit = |text: &str| json!({ "messageId": message, "content": text, "onBusy": "ENQUEUE" });
    done(&ask(&ada, "editMessage", edit("2")).await);
    let again = json!({ "messageId": message, "onBusy": "ENQUEUE" });
    done(&ask(&ada, "regenerateMessage", again.clone()).await);
    let before = stored(&server).await;
    for (field, input) in [
        ("sendMessage", json!({ "agentId": agent, "content": "4" })),
        ("editMessage", edit("4")),
        ("regenerateMessage", again),
    ] {
        let outcome = ask(&ada, field, input).await;
        assert_eq!(kind(&outcome), "TooManyRequests", "{field}: {outcome}");
        let wait = outcome["retryAfter"].as_i64().unwrap();
        assert!((1..=120).contains(&wait), "{wait}");
    }
    assert_eq!(stored(&server).await, before);
    begin(&bob, &echo(&bob, "PRIVATE").await, "1").await;
    // What asks for nothing is not counted.
    let cancel = json!({ "runId": begun["run"]["id"] });
    done(&ask(&ada, "cancelRun", cancel).await);
}
