//! From a message sent to the reply heard, with the server's own workers.

use serde_json::json;

use super::client::Way;
use super::{heard, rest};
use crate::conversations::mutate;
use crate::support::Server;

#[tokio::test]
async fn what_a_worker_writes_is_heard_whole_on_every_server() {
    let server = Server::start_with(&["--run-workers=4"]).await;
    let replica = Server::on(server.database.clone(), &[]).await;
    let ada = server.sign_up("Ada").await;
    let echo = json!({ "name": "Echo", "systemPrompt": "Say it again.", "model": "echo" });
    let echo = mutate(&ada, "createAgent", "agent { id }", echo).await;
    let words: Vec<String> = (0..200).map(|n| format!("wörd{n} 👍")).collect();
    for (way, caller) in [
        (Way::Socket, ada.moved_to(&replica.url)),
        (Way::Events, ada.clone()),
    ] {
        let input = json!({ "agentId": echo["agent"]["id"], "content": words.join(" ") });
        let sent = mutate(&ada, "sendMessage", "run { id }", input).await;
        let run = sent["run"]["id"]
            .as_str()
            .unwrap_or_else(|| panic!("{sent}"));
        let live = heard(&caller, way, run, 0).await;
        let end = live.end.unwrap();
        assert_eq!(end["run"]["status"], "COMPLETED", "{end}");
        assert_eq!(end["message"]["content"], live.text);
        assert!(live.text.contains("wörd199"), "{}", live.text);
        let again = heard(&caller, way, run, 100).await;
        assert_eq!(again.text, rest(&live.text, 100));
    }
}
