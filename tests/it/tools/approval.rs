//! Calls that a person is asked about first.

use agentry_provider_testkit::{Answer, FaultServer};
use serde_json::{Value, json};

use super::{
    decide, decide_with, echo, ended, ids, kind, message, say, shown, states, submit, working,
};
use crate::answers::{linked, working as served_by};

#[tokio::test]
async fn an_approved_call_is_carried_out_and_no_other() {
    let server = working().await;
    let ada = server.sign_up("Ada").await;
    let helper = echo(&ada).await;
    let sent = say(
        &ada,
        json!({ "agentId": helper }),
        "/tool pay {\"amount\": 5}",
    )
    .await;
    assert_eq!(states(&ada, &sent.reply).await, ["AWAITING_APPROVAL"]);
    let call = &ids(&ada, &sent.reply).await[0];
    let early = submit(&ada, &sent.reply, &[(call, "Paid.")]).await;
    assert_eq!(kind(&early), "Conflict", "{early}");
    assert!(
        early["message"].as_str().unwrap().contains("approval"),
        "{early}"
    );

    let decided = decide(&ada, &sent.reply, &[(call, "APPROVE")]).await;
    assert_eq!(kind(&decided), "DecideToolCallsSuccess", "{decided}");
    assert_eq!(
        (&decided["run"], &decided["denials"]),
        (&Value::Null, &json!([]))
    );
    assert_eq!(decided["message"]["toolCalls"][0]["status"], "PENDING");
    for decision in ["APPROVE", "DENY"] {
        let again = decide(&ada, &sent.reply, &[(call, decision)]).await;
        assert_eq!(kind(&again), "Conflict", "{again}");
    }
    let settled = submit(&ada, &sent.reply, &[(call, "Paid.")]).await;
    let run = ended(&ada, &settled["run"]).await;
    assert_eq!(run["status"], "COMPLETED", "{run}");
    let last = shown(&ada, &sent.conversation).await.pop().unwrap();
    assert_eq!(last.1, "The tool answered: Paid.");
    for decision in ["APPROVE", "DENY"] {
        let late = decide(&ada, &sent.reply, &[(call, decision)]).await;
        assert_eq!(kind(&late), "Conflict", "{late}");
    }
}

#[tokio::test]
async fn a_denial_is_told_to_the_model_with_its_reason_and_noted() {
    let server = working().await;
    let ada = server.sign_up("Ada").await;
    let helper = echo(&ada).await;
    let sent = say(
        &ada,
        json!({ "agentId": helper }),
        "/tool pay {\"amount\": 5}",
    )
    .await;
    let call = &ids(&ada, &sent.reply).await[0];
    let no = json!({ "toolCallId": call, "decision": "DENY", "reason": "Too dear." });
    let input = json!({ "messageId": sent.reply, "decisions": [no], "idempotencyKey": "no" });
    let denied = decide_with(&ada, input.clone()).await;
    let denial = &denied["denials"][0];
    assert_eq!(
        (&denial["role"], &denial["toolOutcome"]),
        (&json!("TOOL"), &json!("DENIED")),
        "{denied}"
    );
    assert!(
        denial["content"]
            .as_str()
            .unwrap()
            .ends_with("They said: Too dear."),
        "{denied}"
    );
    let run = ended(&ada, &denied["run"]).await;
    assert_eq!(run["status"], "COMPLETED", "{run}");
    assert_eq!(states(&ada, &sent.reply).await, ["DENIED"]);
    let last = shown(&ada, &sent.conversation).await.pop().unwrap();
    assert!(
        last.1
            .starts_with("The tool answered: The user did not allow"),
        "{last:?}"
    );
    let again = decide_with(&ada, input).await;
    assert_eq!(
        (&again["run"]["id"], &again["denials"]),
        (&run["id"], &denied["denials"]),
        "{again}"
    );
    let late = submit(&ada, &sent.reply, &[(call, "Paid all the same.")]).await;
    assert_eq!(kind(&late), "Conflict", "{late}");

    let query = "{ auditEvents(filter: { action: \"message.decide_tool_calls\" }) { nodes { targetType targetId metadata } } }";
    let events = ada.query(query, json!({})).await["auditEvents"]["nodes"].take();
    let told = json!({ "id": call, "tool": "pay", "reason": "Too dear." });
    assert_eq!(
        events,
        json!([{ "targetType": "Message", "targetId": sent.reply, "metadata": { "approved": [], "denied": [told] } }])
    );
}

#[tokio::test]
async fn calls_are_decided_and_answered_in_any_order_and_the_model_is_asked_with_the_last() {
    let provider = FaultServer::start().await;
    let server = served_by(&provider, &[]).await;
    let ada = server.sign_up("Ada").await;
    let helper = super::agent(&ada, json!({ "model": "gpt-4o" })).await;
    linked(&ada, &provider, &json!(helper), json!({})).await;
    provider.next(Answer::calls([
        ("pay", "{\"amount\": 1}"),
        ("pay", "{\"amount\": 2}"),
        ("look", "{\"at\": \"it\"}"),
    ]));
    let sent = say(&ada, json!({ "agentId": helper }), "Do it all.").await;
    let calls = ids(&ada, &sent.reply).await;
    let [one, two, look] = [&calls[0], &calls[1], &calls[2]];
    assert_eq!(
        states(&ada, &sent.reply).await,
        ["AWAITING_APPROVAL", "AWAITING_APPROVAL", "PENDING"]
    );
    // Of two at once, one that cannot be decided spoils both.
    let both = decide(&ada, &sent.reply, &[(one, "APPROVE"), (look, "APPROVE")]).await;
    assert_eq!(kind(&both), "Conflict", "{both}");
    let looked = submit(&ada, &sent.reply, &[(look, "A cat.")]).await;
    assert_eq!(
        (kind(&looked), &looked["run"]),
        ("SubmitToolResultsSuccess", &Value::Null),
        "{looked}"
    );
    let decided = decide(&ada, &sent.reply, &[(two, "DENY"), (one, "APPROVE")]).await;
    assert_eq!(decided["run"], Value::Null, "{decided}");
    assert_eq!(
        states(&ada, &sent.reply).await,
        ["PENDING", "DENIED", "DONE"]
    );
    assert_eq!(provider.requests().len(), 1);
    let paid = submit(&ada, &sent.reply, &[(one, "Paid.")]).await;
    let run = ended(&ada, &paid["run"]).await;
    assert_eq!(run["status"], "COMPLETED", "{run}");
    let body = provider.requests().pop().unwrap().body;
    let results: Vec<(&str, &str)> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["role"] == "tool")
        .map(|m| {
            (
                m["tool_call_id"].as_str().unwrap(),
                m["content"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(results.len(), 3, "{body}");
    assert_eq!(
        (results[0], results[2]),
        ((look.as_str(), "A cat."), (one.as_str(), "Paid."))
    );
    assert!(results[1].1.contains("did not allow"), "{results:?}");
    // Each result stands behind the one before it.
    let mut behind = message(&ada, &sent.reply).await;
    for index in [2, 1, 0] {
        let result = message(&ada, behind_of(&ada, &sent.reply, index).await.as_str()).await;
        assert_eq!(result["parentId"], behind["id"]);
        behind = result;
    }
}

/// The message that says what came of the call at this place.
async fn behind_of(caller: &crate::support::Caller, reply: &str, index: usize) -> String {
    let reply = message(caller, reply).await;
    super::text(&reply["toolCalls"][index]["result"]["id"])
}
