//! Calls and results where conversations are read as a whole.

use reqwest::Client;
use serde_json::{Value, json};

use super::{decide, echo, ended, ids, say, submit, working};
use crate::support::Caller;

async fn export(caller: &Caller, conversation: &str, format: &str) -> String {
    let url = format!(
        "{}/api/conversations/{conversation}/export?format={format}",
        caller.url()
    );
    let request = Client::new().get(url).bearer_auth(&caller.token);
    request.send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn exports_and_search_have_calls_and_results() {
    let server = working().await;
    let ada = server.sign_up("Ada").await;
    let helper = echo(&ada).await;
    let sent = say(
        &ada,
        json!({ "agentId": helper }),
        "/tool look {\"at\": \"``` # x\"}",
    )
    .await;
    let look = &ids(&ada, &sent.reply).await[0];
    let settled = submit(&ada, &sent.reply, &[(look, "A wombat.\n# Not a heading")]).await;
    ended(&ada, &settled["run"]).await;
    let paid = say(
        &ada,
        json!({ "conversationId": sent.conversation }),
        "/tool pay {}",
    )
    .await;
    let pay = &ids(&ada, &paid.reply).await[0];
    let denied = decide(&ada, &paid.reply, &[(pay, "DENY")]).await;
    ended(&ada, &denied["run"]).await;

    let document: Value =
        serde_json::from_str(&export(&ada, &sent.conversation, "json").await).unwrap();
    let messages = document["messages"].as_array().unwrap();
    assert_eq!(
        messages[1]["toolCalls"],
        json!([{ "id": look, "name": "look", "arguments": "{\"at\": \"``` # x\"}", "requiresApproval": false, "approved": false }])
    );
    assert_eq!(
        (
            &messages[2]["role"],
            &messages[2]["toolCallId"],
            &messages[2]["toolOutcome"]
        ),
        (&json!("tool"), &json!(look), &json!("result"))
    );
    assert_eq!(messages[6]["toolOutcome"], "denied", "{}", messages[6]);

    let text = export(&ada, &sent.conversation, "markdown").await;
    for part in [
        &format!("\nCalls look · `{look}`\n\n> ````json\n> {{\"at\": \"``` # x\"}}\n> ````\n"),
        &format!(" · result of `{look}`\n\n> A wombat.\n> # Not a heading\n"),
        &format!(" · denied of `{pay}`\n"),
    ] {
        assert!(text.contains(part), "{part}\n---\n{text}");
    }

    let search = "{ searchMessages(query: \"wombat\", filter: { role: TOOL }) { edges { snippet node { role toolCallId } } } }";
    let found = ada.query(search, json!({})).await["searchMessages"]["edges"].take();
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    assert_eq!(
        found[0]["node"],
        json!({ "role": "TOOL", "toolCallId": look })
    );
}
