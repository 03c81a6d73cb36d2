//! `regenerateMessage`, `editMessage`, `selectBranch`.

use serde_json::{Value, json};

use super::{answer, ask, begin, chain, done, echo, id, more, shown, still};
use crate::support::{Caller, Server};

/// Ada's conversation: One, Reply one, Two, Reply two.
struct Talk {
    server: Server,
    ada: Caller,
    id: String,
    first: Value,
    second: Value,
}

const SAID: [&str; 4] = ["One", "Reply one", "Two", "Reply two"];

impl Talk {
    async fn start() -> Self {
        let server = still(&[]).await;
        let ada = server.sign_up("Ada").await;
        let first = begin(&ada, &echo(&ada, "PRIVATE").await, "One").await;
        let id = id(&first["conversation"]);
        answer(&server, &ada, &first, "Reply one").await;
        let second = more(&ada, &id, "Two").await;
        answer(&server, &ada, &second, "Reply two").await;
        Self {
            server,
            ada,
            id,
            first,
            second,
        }
    }

    async fn ask(&self, field: &str, input: Value) -> Value {
        done(&ask(&self.ada, field, input).await).clone()
    }

    async fn again(&self, message: &Value) -> Value {
        self.ask("regenerateMessage", json!({ "messageId": message }))
            .await
    }

    async fn edit(&self, message: &Value, content: &str) -> Value {
        let input = json!({ "messageId": message, "content": content });
        self.ask("editMessage", input).await
    }

    async fn select(&self, message: &Value) {
        self.ask("selectBranch", json!({ "messageId": message }))
            .await;
    }

    async fn answer(&self, run: &Value, text: &str) -> bool {
        answer(&self.server, &self.ada, run, text).await
    }

    /// What is shown is this, along the parents too.
    async fn shows(&self, said: &[&str]) {
        assert_eq!(chain(&self.server, &self.id).await, said);
        let mut shown = shown(&self.ada, &self.id, "CURRENT").await;
        let mut said = said.to_vec();
        shown.sort();
        said.sort_unstable();
        assert_eq!(shown, said);
    }

    /// The contents of a message's siblings.
    async fn siblings(&self, message: &Value) -> Vec<Value> {
        let read = "query($id: ID!) { message(id: $id) { siblings { content isCurrent } } }";
        let read = self.ada.query(read, json!({ "id": message })).await;
        let siblings = read["message"]["siblings"].as_array().unwrap();
        siblings
            .iter()
            .map(|one| json!([one["content"], one["isCurrent"]]))
            .collect()
    }
}

#[tokio::test]
async fn another_reply_takes_the_place_of_the_first_once_it_is_there() {
    let talk = Talk::start().await;
    let reply = &talk.first["run"]["replyId"];
    let again = talk.again(reply).await;
    assert_eq!(again["message"]["id"], talk.first["message"]["id"]);
    assert_ne!(again["run"]["replyId"], *reply);
    talk.shows(&SAID).await;
    assert!(talk.answer(&again, "Other one").await);
    talk.shows(&["One", "Other one"]).await;
    assert_eq!(
        shown(&talk.ada, &talk.id, "ALL").await,
        ["One", "Reply one", "Two", "Reply two", "Other one"]
    );
    assert_eq!(
        talk.siblings(reply).await,
        [json!(["Reply one", false]), json!(["Other one", true])]
    );
    talk.select(reply).await;
    talk.shows(&SAID).await;
    talk.select(&again["run"]["replyId"]).await;
    talk.shows(&["One", "Other one"]).await;
    // The conversation goes on from there.
    let third = more(&talk.ada, &talk.id, "Three").await;
    assert_eq!(third["message"]["parentId"], again["run"]["replyId"]);
    talk.answer(&third, "Reply three").await;
    talk.shows(&["One", "Other one", "Three", "Reply three"])
        .await;
    // A message that both branches share shows the newest behind it.
    talk.select(reply).await;
    talk.select(&talk.first["message"]["id"]).await;
    talk.shows(&["One", "Other one", "Three", "Reply three"])
        .await;
}

#[tokio::test]
async fn run_that_says_nothing_changes_nothing() {
    let talk = Talk::start().await;
    let again = talk.again(&talk.second["run"]["replyId"]).await;
    talk.answer(&again, "").await;
    talk.shows(&SAID).await;
    // A message that got no reply is answered when asked for.
    let third = more(&talk.ada, &talk.id, "Three").await;
    talk.answer(&third, "").await;
    let again = talk.again(&third["message"]["id"]).await;
    assert_eq!(again["message"]["id"], third["message"]["id"]);
    talk.answer(&again, "Reply three").await;
    talk.shows(&[
        "One",
        "Reply one",
        "Two",
        "Reply two",
        "Three",
        "Reply three",
    ])
    .await;
}

#[tokio::test]
async fn edited_message_stands_beside_the_old_one_and_is_shown_at_once() {
    let talk = Talk::start().await;
    let edited = talk.edit(&talk.second["message"]["id"], "Deux").await;
    assert_eq!(edited["message"]["content"], "Deux");
    assert_eq!(edited["message"]["isCurrent"], true);
    assert_eq!(
        edited["message"]["parentId"],
        talk.second["message"]["parentId"]
    );
    talk.shows(&["One", "Reply one", "Deux"]).await;
    assert!(talk.answer(&edited, "Reply deux").await);
    talk.shows(&["One", "Reply one", "Deux", "Reply deux"])
        .await;
    // The first message of a conversation has siblings too.
    let begun = talk.edit(&talk.first["message"]["id"], "Un").await;
    talk.shows(&["Un"]).await;
    talk.answer(&begun, "Reply un").await;
    talk.shows(&["Un", "Reply un"]).await;
    assert_eq!(
        talk.siblings(&begun["message"]["id"]).await,
        [json!(["One", false]), json!(["Un", true])]
    );
    talk.select(&talk.second["message"]["id"]).await;
    talk.shows(&SAID).await;
    talk.select(&talk.first["message"]["id"]).await;
    talk.shows(&["One", "Reply one", "Deux", "Reply deux"])
        .await;
}

#[tokio::test]
async fn what_is_off_the_shown_branch_is_shown_when_it_is_worked_on() {
    let talk = Talk::start().await;
    let edited = talk.edit(&talk.first["message"]["id"], "Un").await;
    talk.answer(&edited, "Reply un").await;
    // Of the branch that is not shown, another reply to its second message.
    let again = talk.again(&talk.second["run"]["replyId"]).await;
    assert_eq!(again["message"]["isCurrent"], true);
    talk.shows(&SAID).await;
    talk.answer(&again, "Other two").await;
    talk.shows(&["One", "Reply one", "Two", "Other two"]).await;
    talk.select(&edited["message"]["id"]).await;
    let deux = talk.edit(&talk.second["message"]["id"], "Deux").await;
    talk.shows(&["One", "Reply one", "Deux"]).await;
    talk.answer(&deux, "Reply deux").await;
    talk.shows(&["One", "Reply one", "Deux", "Reply deux"])
        .await;
}

#[tokio::test]
async fn branch_that_is_selected_meanwhile_stays_selected() {
    let talk = Talk::start().await;
    let edited = talk.edit(&talk.second["message"]["id"], "Deux").await;
    talk.select(&talk.second["message"]["id"]).await;
    talk.shows(&SAID).await;
    assert!(!talk.answer(&edited, "Reply deux").await);
    talk.shows(&SAID).await;
    talk.select(&edited["run"]["replyId"]).await;
    talk.shows(&["One", "Reply one", "Deux", "Reply deux"])
        .await;
}
