//! The built-in service, which needs neither network nor key.

use serde_json::json;

use super::{agent, ended, rows, send, send_again};
use crate::support::{Server, until};

#[tokio::test]
async fn echo_answers_without_a_connection_and_names_the_conversation() {
    let server = Server::start_with(&super::flags(&["--titles=true"])).await;
    let ada = server.sign_up("Ada").await;
    let helper = agent(&ada, json!({ "model": "echo" })).await;
    let sent = send(&ada, &helper, "What is new in Rome?").await;
    assert_eq!(sent["run"]["status"], "QUEUED");
    let run = ended(&ada, &sent).await;
    assert_eq!(run["status"], "COMPLETED", "{run}");
    assert_eq!(run["service"], "echo");
    assert_eq!(run["stopReason"], "end");
    let said = run["reply"]["content"].as_str().unwrap();
    assert!(said.contains("What is new in Rome?"), "{said}");
    assert_eq!(run["text"], run["reply"]["content"]);
    assert_eq!(run["reply"]["id"], run["replyId"]);
    assert_eq!(run["reply"]["parentId"], sent["message"]["id"]);
    assert_eq!(run["costMicros"], 0);
    for number in ["promptTokens", "completionTokens"] {
        assert!(run[number].as_i64().unwrap() > 0, "{run}");
    }
    assert!(run["timeToFirstTokenMs"].is_i64(), "{run}");
    let title = until("the conversation has a title", || async {
        let run = super::run(&ada, &sent["run"]["id"]).await;
        run["conversation"]["title"].as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(title, "What is new in Rome?");
    assert_eq!(rows(&server, "run_deltas").await, 0);
    assert_eq!(rows(&server, "run_leases").await, 0);
}

#[tokio::test]
async fn messages_in_line_are_answered_one_after_the_other() {
    let server = Server::start_with(&super::flags(&[])).await;
    let ada = server.sign_up("Ada").await;
    let helper = agent(&ada, json!({ "model": "echo" })).await;
    let first = send(&ada, &helper, "/count 5").await;
    let second = send_again(&ada, &first, "/count 3").await;
    let third = send_again(&ada, &first, "/count 2").await;
    let last = ended(&ada, &third).await;
    assert_eq!(last["reply"]["content"], "1 2", "{last}");
    let second = ended(&ada, &second).await;
    assert_eq!(second["reply"]["content"], "1 2 3");
    let messages = last["conversation"]["messages"]["nodes"].clone();
    let said: Vec<_> = messages
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["content"].as_str().unwrap())
        .collect();
    assert_eq!(said.len(), 6, "{said:?}");
    for each in ["1 2 3 4 5", "1 2 3", "1 2"] {
        assert!(said.contains(&each), "{said:?}");
    }
}
