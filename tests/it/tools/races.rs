//! Several at once.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{decide, echo, ended, ids, kind, say, shown, states, submit, working};

#[tokio::test]
async fn of_submissions_at_once_one_is_taken() {
    let server = working().await;
    let ada = server.sign_up("Ada").await;
    let helper = echo(&ada).await;
    for round in 0..5 {
        let sent = say(&ada, json!({ "agentId": helper }), "/tool rest").await;
        let call = ids(&ada, &sent.reply).await.remove(0);
        let contents: Vec<String> = (0..8).map(|n| format!("{n}")).collect();
        let results = contents
            .iter()
            .map(|content| [(call.as_str(), content.as_str())])
            .collect::<Vec<_>>();
        let all = join_all(
            results
                .iter()
                .map(|result| submit(&ada, &sent.reply, result)),
        )
        .await;
        let (won, lost): (Vec<&Value>, Vec<&Value>) = all
            .iter()
            .partition(|outcome| kind(outcome) == "SubmitToolResultsSuccess");
        assert_eq!((won.len(), lost.len()), (1, 7), "{round}: {all:?}");
        assert!(
            lost.iter().all(|outcome| kind(outcome) == "Conflict"),
            "{all:?}"
        );
        ended(&ada, &won[0]["run"]).await;
        let said = shown(&ada, &sent.conversation).await;
        assert_eq!(said.len(), 4, "{said:?}");
        assert_eq!(said[2].1, won[0]["results"][0]["content"].as_str().unwrap());
    }
}

#[tokio::test]
async fn a_call_is_approved_or_denied_and_never_both() {
    let server = working().await;
    let ada = server.sign_up("Ada").await;
    let helper = echo(&ada).await;
    for _ in 0..5 {
        let sent = say(&ada, json!({ "agentId": helper }), "/tool pay {}").await;
        let call = ids(&ada, &sent.reply).await.remove(0);
        let decisions =
            ["APPROVE", "DENY", "APPROVE", "DENY"].map(|decision| [(call.as_str(), decision)]);
        let all = join_all(
            decisions
                .iter()
                .map(|decision| decide(&ada, &sent.reply, decision)),
        )
        .await;
        let won: Vec<&Value> = all
            .iter()
            .filter(|it| kind(it) == "DecideToolCallsSuccess")
            .collect();
        assert_eq!(won.len(), 1, "{all:?}");
        let denied = !won[0]["run"].is_null();
        let expected = if denied { "DENIED" } else { "PENDING" };
        assert_eq!(states(&ada, &sent.reply).await, [expected]);
        if denied {
            ended(&ada, &won[0]["run"]).await;
        }
    }
}

#[tokio::test]
async fn a_message_and_a_result_at_once_leave_one_way_through_the_conversation() {
    let server = working().await;
    let ada = server.sign_up("Ada").await;
    let helper = echo(&ada).await;
    for _ in 0..5 {
        let sent = say(&ada, json!({ "agentId": helper }), "/tool rest").await;
        let call = ids(&ada, &sent.reply).await.remove(0);
        let message =
            json!({ "conversationId": sent.conversation, "content": "Stop.", "onBusy": "ENQUEUE" });
        let results = [(call.as_str(), "Rested.")];
        let (said, told) = tokio::join!(
            super::mutate(&ada, "sendMessage", "run { id }", message),
            submit(&ada, &sent.reply, &results),
        );
        assert_eq!(kind(&said), "SendMessageSuccess", "{said}");
        ended(&ada, &said["run"]).await;
        let shown = shown(&ada, &sent.conversation).await;
        let contents: Vec<&str> = shown.iter().map(|(_, content)| content.as_str()).collect();
        if kind(&told) == "SubmitToolResultsSuccess" {
            ended(&ada, &told["run"]).await;
            assert_eq!(states(&ada, &sent.reply).await, ["DONE"]);
            assert!(
                contents.contains(&"Rested.") && contents.contains(&"Stop."),
                "{contents:?}"
            );
        } else {
            assert_eq!(kind(&told), "Conflict", "{told}");
            assert_eq!(states(&ada, &sent.reply).await, ["DROPPED"]);
            assert_eq!(contents.len(), 4, "{contents:?}");
        }
    }
}
