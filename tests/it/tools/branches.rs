//! Calls on branches, in forks, and beside runs that go on.

use serde_json::{Value, json};

use super::{
    echo, ended, ids, kind, message, outcome, say, shown, states, submit, submit_with, text,
    working,
};
use crate::conversations::mutate;
use crate::support::{Caller, Server};

async fn contents(caller: &Caller, conversation: &str) -> Vec<String> {
    let shown = shown(caller, conversation).await;
    shown.into_iter().map(|(_, content)| content).collect()
}

#[tokio::test]
async fn results_of_a_reply_that_is_not_shown_stay_on_its_branch() {
    let server = working().await;
    let ada = server.sign_up("Ada").await;
    let helper = echo(&ada).await;
    let sent = say(&ada, json!({ "agentId": helper }), "/tool rest").await;
    let edit = json!({ "messageId": sent.message, "content": "Hello" });
    let edited = outcome(&ada, "editMessage", "run { id }", edit).await;
    ended(&ada, &edited["run"]).await;
    let before = contents(&ada, &sent.conversation).await;
    assert_eq!(before[0], "Hello");
    let call = &ids(&ada, &sent.reply).await[0];
    assert_eq!(states(&ada, &sent.reply).await, ["PENDING"]);
    let settled = submit(&ada, &sent.reply, &[(call, "Rested.")]).await;
    let run = ended(&ada, &settled["run"]).await;
    assert_eq!(run["status"], "COMPLETED", "{run}");
    assert_eq!(contents(&ada, &sent.conversation).await, before);
    let reply = message(&ada, &text(&run["replyId"])).await;
    assert_eq!(
        (&reply["isCurrent"], &reply["content"]),
        (&json!(false), &json!("The tool answered: Rested."))
    );
    let select = json!({ "messageId": reply["id"] });
    mutate(&ada, "selectBranch", "conversation { id }", select).await;
    assert_eq!(
        contents(&ada, &sent.conversation).await,
        ["/tool rest", "", "Rested.", "The tool answered: Rested."]
    );
}

#[tokio::test]
async fn another_reply_calls_anew_and_the_old_calls_stay_beside_it() {
    let server = working().await;
    let ada = server.sign_up("Ada").await;
    let helper = echo(&ada).await;
    let sent = say(&ada, json!({ "agentId": helper }), "/tool rest").await;
    let again = outcome(
        &ada,
        "regenerateMessage",
        "run { id }",
        json!({ "messageId": sent.reply }),
    )
    .await;
    let run = ended(&ada, &again["run"]).await;
    let other = text(&run["replyId"]);
    assert_eq!(message(&ada, &sent.reply).await["isCurrent"], false);
    // One name, two calls: each is known by its message.
    let (old, new) = (ids(&ada, &sent.reply).await, ids(&ada, &other).await);
    let settled = submit(&ada, &other, &[(&new[0], "New.")]).await;
    ended(&ada, &settled["run"]).await;
    assert_eq!(states(&ada, &other).await, ["DONE"]);
    assert_eq!(states(&ada, &sent.reply).await, ["PENDING"]);
    let settled = submit(&ada, &sent.reply, &[(&old[0], "Old.")]).await;
    let run = ended(&ada, &settled["run"]).await;
    let reply = message(&ada, &text(&run["replyId"])).await;
    assert_eq!(reply["content"], "The tool answered: Old.");
    assert_eq!(
        contents(&ada, &sent.conversation).await,
        ["/tool rest", "", "New.", "The tool answered: New."]
    );
}

#[tokio::test]
async fn a_result_told_while_another_reply_is_written_stays_with_its_call() {
    let server = Server::start_with(&[
        "--run-workers=16",
        "--runs-per-minute=1000",
        "--titles=false",
        "--echo-delay=300ms",
    ])
    .await;
    let ada = server.sign_up("Ada").await;
    let helper = echo(&ada).await;
    let sent = say(&ada, json!({ "agentId": helper }), "/tool rest").await;
    let call = &ids(&ada, &sent.reply).await[0];
    // Without its tools the agent answers the same message in words, slowly.
    mutate(
        &ada,
        "updateAgent",
        "agent { id }",
        json!({ "id": helper, "tools": [] }),
    )
    .await;
    let again = outcome(
        &ada,
        "regenerateMessage",
        "run { id }",
        json!({ "messageId": sent.message }),
    )
    .await;
    let busy = submit(&ada, &sent.reply, &[(call, "Rested.")]).await;
    assert_eq!(kind(&busy), "ConversationBusy", "{busy}");
    let input = json!({ "messageId": sent.reply, "results": [{ "toolCallId": call, "content": "Rested." }], "onBusy": "ENQUEUE" });
    let settled = submit_with(&ada, input).await;
    let result = text(&settled["results"][0]["id"]);
    let other = ended(&ada, &again["run"]).await;
    let run = ended(&ada, &settled["run"]).await;
    assert_eq!(
        (&other["status"], &run["status"]),
        (&json!("COMPLETED"), &json!("COMPLETED"))
    );
    let result = message(&ada, &result).await;
    assert_eq!(
        (&result["parentId"], &result["isCurrent"]),
        (&json!(sent.reply), &json!(false)),
        "{result}"
    );
    let reply = message(&ada, &text(&run["replyId"])).await;
    assert_eq!(
        (&reply["content"], &reply["isCurrent"]),
        (&json!("The tool answered: Rested."), &json!(false))
    );
    assert_eq!(states(&ada, &sent.reply).await, ["DONE"]);
    let shown = contents(&ada, &sent.conversation).await;
    assert_eq!(shown.len(), 2, "{shown:?}");
}

#[tokio::test]
async fn a_fork_has_the_calls_and_results_of_its_own() {
    let server = working().await;
    let ada = server.sign_up("Ada").await;
    let helper = echo(&ada).await;
    let sent = say(&ada, json!({ "agentId": helper }), "/tool rest").await;
    let fork = async |message: &str| {
        let made = mutate(
            &ada,
            "forkConversation",
            "conversation { id }",
            json!({ "messageId": message }),
        )
        .await;
        text(&made["conversation"]["id"])
    };
    let open = fork(&sent.reply).await;
    let call = &ids(&ada, &sent.reply).await[0];
    let settled = submit(&ada, &sent.reply, &[(call, "Rested.")]).await;
    let run = ended(&ada, &settled["run"]).await;
    let whole = fork(&text(&run["replyId"])).await;
    // Forked at the reply, its calls are open again: the results are not there.
    let late = fork(&sent.reply).await;
    let query = "query($id: ID!) { conversation(id: $id) { messages { nodes { id toolOutcome toolCalls { id status } } } } }";
    let told = async |conversation: &str| -> Vec<Value> {
        let data = ada.query(query, json!({ "id": conversation })).await;
        data["conversation"]["messages"]["nodes"]
            .as_array()
            .unwrap()
            .clone()
    };
    for conversation in [&open, &late] {
        let messages = told(conversation).await;
        assert_eq!(
            messages[1]["toolCalls"],
            json!([{ "id": call, "status": "PENDING" }])
        );
        let settled = submit(&ada, &text(&messages[1]["id"]), &[(call, "Again.")]).await;
        ended(&ada, &settled["run"]).await;
        assert_eq!(
            contents(&ada, conversation).await[3],
            "The tool answered: Again."
        );
    }
    let messages = told(&whole).await;
    assert_eq!(messages[1]["toolCalls"][0]["status"], "DONE");
    assert_eq!(messages[2]["toolOutcome"], "RESULT");
    assert_eq!(messages.len(), 4);
}
