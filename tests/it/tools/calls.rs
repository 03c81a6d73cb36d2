//! Calls by the built-in service, and what comes of them.

use serde_json::json;

use super::{echo, ended, ids, message, say, shown, states, submit, submit_with, text, working};
use crate::support::Socket;

#[tokio::test]
async fn a_call_is_returned_to_the_client_and_its_result_makes_the_agent_go_on() {
    let server = working().await;
    let ada = server.sign_up("Ada").await;
    let helper = echo(&ada).await;
    let sent = say(
        &ada,
        json!({ "agentId": helper }),
        "/tool look {\"at\": \"it\"}",
    )
    .await;
    assert_eq!(
        (
            &sent.run["status"],
            &sent.run["stopReason"],
            &sent.run["agentVersion"]
        ),
        (&json!("COMPLETED"), &json!("tool_calls"), &json!(1)),
        "{}",
        sent.run
    );
    let reply = message(&ada, &sent.reply).await;
    assert_eq!(
        (
            &reply["role"],
            &reply["content"],
            &reply["isCurrent"],
            &reply["agentVersion"]
        ),
        (&json!("ASSISTANT"), &json!(""), &json!(true), &json!(1))
    );
    let call = text(&reply["toolCalls"][0]["id"]);
    assert_eq!(
        reply["toolCalls"],
        json!([{ "id": call, "name": "look", "arguments": "{\"at\": \"it\"}", "problem": null,
                 "requiresApproval": false, "status": "PENDING", "result": null }])
    );

    let settled = submit(&ada, &sent.reply, &[(&call, "A cat.")]).await;
    let result = &settled["results"][0];
    assert_eq!(
        settled["results"],
        json!([{ "id": result["id"], "role": "TOOL", "content": "A cat.", "parentId": sent.reply, "toolCallId": call, "toolOutcome": "RESULT" }]),
        "{settled}"
    );
    assert_eq!(settled["message"]["toolCalls"][0]["status"], "DONE");
    assert_eq!(
        settled["message"]["toolCalls"][0]["result"]["content"],
        "A cat."
    );
    assert_eq!(settled["run"]["messageId"], result["id"]);
    assert_eq!(settled["conversation"]["id"], json!(sent.conversation));
    let run = ended(&ada, &settled["run"]).await;
    assert_eq!(
        (&run["status"], &run["stopReason"]),
        (&json!("COMPLETED"), &json!("end"))
    );
    let said = |role: &str, content: &str| (role.to_owned(), content.to_owned());
    assert_eq!(
        shown(&ada, &sent.conversation).await,
        [
            said("USER", "/tool look {\"at\": \"it\"}"),
            said("ASSISTANT", ""),
            said("TOOL", "A cat."),
            said("ASSISTANT", "The tool answered: A cat."),
        ]
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_call_is_told_and_stops_nothing() {
    let server = working().await;
    let ada = server.sign_up("Ada").await;
    let helper = echo(&ada).await;
    let sent = say(
        &ada,
        json!({ "agentId": helper }),
        "/tool look {\"at\": 424242}",
    )
    .await;
    let reply = message(&ada, &sent.reply).await;
    let call = &reply["toolCalls"][0];
    let problem = call["problem"].as_str().unwrap();
    assert!(
        problem.starts_with("/at: ") && !problem.contains("424242"),
        "{call}"
    );
    assert_eq!(
        (&call["status"], &call["arguments"]),
        (&json!("PENDING"), &json!("{\"at\": 424242}"))
    );
    let input = json!({ "messageId": sent.reply, "results": [{ "toolCallId": call["id"], "content": "", "isError": true }] });
    let settled = submit_with(&ada, input).await;
    assert_eq!(settled["results"][0]["toolOutcome"], "ERROR", "{settled}");
    assert_eq!(settled["results"][0]["content"], "");
    let run = ended(&ada, &settled["run"]).await;
    assert_eq!(run["status"], "COMPLETED", "{run}");
    assert_eq!(states(&ada, &sent.reply).await, ["DONE"]);
}

#[tokio::test]
async fn a_tool_that_is_gone_is_not_called_and_its_old_calls_are_still_told() {
    let server = working().await;
    let ada = server.sign_up("Ada").await;
    let helper = echo(&ada).await;
    let sent = say(&ada, json!({ "agentId": helper }), "/tool rest").await;
    let none = json!({ "id": helper, "tools": [] });
    super::mutate(&ada, "updateAgent", "agent { id }", none).await;
    let call = &ids(&ada, &sent.reply).await[0];
    let settled = submit(&ada, &sent.reply, &[(call, "Rested.")]).await;
    let run = ended(&ada, &settled["run"]).await;
    assert_eq!(
        (&run["status"], &run["agentVersion"]),
        (&json!("COMPLETED"), &json!(2))
    );
    let again = say(
        &ada,
        json!({ "conversationId": sent.conversation }),
        "/tool rest",
    )
    .await;
    let reply = message(&ada, &again.reply).await;
    assert_eq!(reply["toolCalls"], json!([]));
    assert!(text(&reply["content"]).ends_with("/tool rest"));
}

#[tokio::test]
async fn results_are_heard_of_as_any_message_and_so_is_the_run() {
    let server = working().await;
    let ada = server.sign_up("Ada").await;
    let helper = echo(&ada).await;
    let sent = say(&ada, json!({ "agentId": helper }), "/tool rest").await;
    let mut socket = Socket::open(&ada).await;
    let added = "subscription($id: ID!) { messageAdded(conversationId: $id) { role content toolCalls { name } } }";
    let id = json!({ "id": sent.conversation });
    socket.subscribe("added", added, id).await;
    let replied = "subscription($run: ID!) { replyStream(runId: $run) { ... on ReplyEnd { run { status } message { toolCalls { name status } } } } }";
    socket
        .subscribe("reply", replied, json!({ "run": sent.run["id"] }))
        .await;
    let end = socket.hear().await;
    assert_eq!(
        end["payload"]["data"]["replyStream"],
        json!({ "run": { "status": "COMPLETED" }, "message": { "toolCalls": [{ "name": "rest", "status": "PENDING" }] } }),
        "{end}"
    );
    assert_eq!(socket.hear().await["type"], "complete");
    let call = &ids(&ada, &sent.reply).await[0];
    submit(&ada, &sent.reply, &[(call, "Rested.")]).await;
    for (role, content) in [
        ("TOOL", "Rested."),
        ("ASSISTANT", "The tool answered: Rested."),
    ] {
        let heard = socket.hear().await;
        let message = &heard["payload"]["data"]["messageAdded"];
        assert_eq!(
            (&message["role"], &message["content"]),
            (&json!(role), &json!(content)),
            "{heard}"
        );
    }
}
