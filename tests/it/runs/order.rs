//! Replies of runs that waited, and what was said meanwhile: each reply follows its message, and nothing that was said is lost.

use serde_json::{Value, json};

use super::{answer, ask, begin, chain, done, echo, id, more, shown, still};
use crate::conversations::mutate;
use crate::support::{Caller, Server};

async fn start() -> (Server, Caller, String, Value) {
    let server = still(&[]).await;
    let ada = server.sign_up("Ada").await;
    let first = begin(&ada, &echo(&ada, "PRIVATE").await, "One").await;
    let id = id(&first["conversation"]);
    (server, ada, id, first)
}

/// The chain that is shown, which is all that is shown.
async fn says(server: &Server, ada: &Caller, conversation: &str) -> Vec<String> {
    let said = chain(server, conversation).await;
    let current = shown(ada, conversation, "CURRENT").await;
    assert_eq!(said.len(), current.len(), "{said:?} {current:?}");
    said
}

async fn again(ada: &Caller, message: &Value) -> Value {
    let input = json!({ "messageId": message, "onBusy": "ENQUEUE" });
    done(&ask(ada, "regenerateMessage", input).await).clone()
}

#[tokio::test]
async fn reply_comes_between_its_message_and_those_that_waited() {
    let (server, ada, talk, first) = start().await;
    let second = more(&ada, &talk, "Two").await;
    let third = more(&ada, &talk, "Three").await;
    assert_eq!(says(&server, &ada, &talk).await, ["One", "Two", "Three"]);
    assert!(answer(&server, &ada, &first, "Reply one").await);
    assert_eq!(
        says(&server, &ada, &talk).await,
        ["One", "Reply one", "Two", "Three"]
    );
    // The second run ends without a word.
    answer(&server, &ada, &second, "").await;
    assert!(answer(&server, &ada, &third, "Reply three").await);
    assert_eq!(
        says(&server, &ada, &talk).await,
        ["One", "Reply one", "Two", "Three", "Reply three"]
    );
    // Answered at last, it steps before what came after it was asked for, and takes the place of what came before.
    let again = again(&ada, &second["message"]["id"]).await;
    let fourth = more(&ada, &talk, "Four").await;
    answer(&server, &ada, &again, "Reply two").await;
    assert_eq!(
        says(&server, &ada, &talk).await,
        ["One", "Reply one", "Two", "Reply two", "Four"]
    );
    answer(&server, &ada, &fourth, "Reply four").await;
    assert_eq!(
        says(&server, &ada, &talk).await,
        ["One", "Reply one", "Two", "Reply two", "Four", "Reply four"]
    );
}

#[tokio::test]
async fn message_that_waited_follows_the_last_of_several_replies() {
    let (server, ada, talk, first) = start().await;
    answer(&server, &ada, &first, "Reply").await;
    let one = again(&ada, &first["run"]["replyId"]).await;
    let other = again(&ada, &first["run"]["replyId"]).await;
    let second = more(&ada, &talk, "Two").await;
    assert_eq!(says(&server, &ada, &talk).await, ["One", "Reply", "Two"]);
    answer(&server, &ada, &one, "Reply again").await;
    assert_eq!(
        says(&server, &ada, &talk).await,
        ["One", "Reply again", "Two"]
    );
    answer(&server, &ada, &other, "Reply once more").await;
    assert_eq!(
        says(&server, &ada, &talk).await,
        ["One", "Reply once more", "Two"]
    );
    answer(&server, &ada, &second, "Reply two").await;
    assert_eq!(
        says(&server, &ada, &talk).await,
        ["One", "Reply once more", "Two", "Reply two"]
    );
    let read = "query($id: ID!) { message(id: $id) { siblings { content } } }";
    let read = ada
        .query(read, json!({ "id": first["run"]["replyId"] }))
        .await;
    let siblings = read["message"]["siblings"].as_array().unwrap();
    assert_eq!(siblings.len(), 3, "{siblings:?}");
}

#[tokio::test]
async fn what_was_appended_meanwhile_follows_the_reply() {
    let (server, ada, talk, first) = start().await;
    let input = json!({ "conversationId": talk, "role": "USER", "content": "By the way" });
    mutate(&ada, "appendMessage", "__typename", input).await;
    assert!(answer(&server, &ada, &first, "Reply").await);
    assert_eq!(
        says(&server, &ada, &talk).await,
        ["One", "Reply", "By the way"]
    );
}

#[tokio::test]
async fn message_edited_while_it_is_answered_keeps_its_reply_on_its_own_branch() {
    let (server, ada, talk, first) = start().await;
    let input =
        json!({ "messageId": first["message"]["id"], "content": "Un", "onBusy": "ENQUEUE" });
    let edited = done(&ask(&ada, "editMessage", input).await).clone();
    assert!(!answer(&server, &ada, &first, "Reply one").await);
    assert_eq!(says(&server, &ada, &talk).await, ["Un"]);
    assert!(answer(&server, &ada, &edited, "Reply un").await);
    assert_eq!(says(&server, &ada, &talk).await, ["Un", "Reply un"]);
    let input = json!({ "messageId": first["run"]["replyId"] });
    done(&ask(&ada, "selectBranch", input).await);
    assert_eq!(says(&server, &ada, &talk).await, ["One", "Reply one"]);
}
