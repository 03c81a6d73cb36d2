//! Who may not see a reply any more hears no more of it. The next look at credentials is an hour off in all of these.

use serde_json::json;

use super::client::{Came, Ear, Way};
use super::{Heard, Stage, listen, until_sequence};
use crate::conversations::{agent, conversation, mutate};
use crate::organizations::founded;
use crate::support::{Caller, Server};

/// Reads on until the stream is ended from the other side; what it was ended with. The secret must not be heard.
async fn ended(ear: &mut Ear) -> String {
    loop {
        match ear.came().await.expect("a word at the end") {
            Came::Next(answer, _) => {
                assert!(!answer.to_string().contains("secret"), "{answer}");
                if let Some(code) = answer["errors"][0]["extensions"]["code"].as_str() {
                    return code.to_owned();
                }
            }
            Came::Refused(errors) => {
                return errors[0]["extensions"]["code"].as_str().unwrap().to_owned();
            }
            Came::Closed(code) => return code.to_string(),
            Came::Complete => panic!("it ended as if all were said"),
        }
    }
}

/// Ada's team, in which Bob talks to an agent that Ada shares, on servers that do not look again by themselves.
async fn team() -> (Stage, Caller, Caller, String) {
    let stage = Stage::start_with(&["--recheck=1h"]).await;
    let team = founded(&stage.ada, "acme").await;
    let bob = stage.server.sign_up("Bob").await;
    let guest = stage.server.join(&team, &bob, "member").await;
    let shared = agent(&team, "Shared", "ORGANIZATION").await;
    let talk = conversation(&guest, &shared).await;
    let run = stage.worker.queue(&talk).await;
    stage.worker.begin(&run).await;
    stage.worker.say(&run, 5, "hello").await;
    (stage, team, guest, run)
}

async fn listening(caller: &Caller, at: &Server, way: Way, run: &str) -> Ear {
    let mut ear = listen(&caller.moved_to(&at.url), way, run, 0).await;
    until_sequence(&mut ear, &mut Heard::default(), 5).await;
    ear
}

#[tokio::test]
async fn one_who_was_removed_or_signed_out_hears_no_more_on_any_server() {
    for (way, end) in [(Way::Socket, "4403"), (Way::Events, "UNAUTHENTICATED")] {
        let (stage, team, guest, run) = team().await;
        let mut theirs = listening(&guest, &stage.replica, way, &run).await;
        let mut owners = listening(&team, &stage.replica, way, &run).await;
        let out = json!({ "userId": guest.user_id });
        let removed = mutate(&team, "removeMember", "__typename", out).await;
        assert_eq!(removed["__typename"], "RemoveMemberSuccess");
        stage.worker.say(&run, 11, "secret").await;
        assert_eq!(ended(&mut theirs).await, end);
        // Whose agent it is goes on.
        assert_eq!(owners.event().await["data"]["said"]["text"], "secret");

        let mine = stage.running().await;
        stage.worker.say(&mine, 5, "hello").await;
        let mut ear = listening(&stage.ada, &stage.replica, way, &mine).await;
        stage
            .ada
            .query("mutation { signOut { __typename } }", json!({}))
            .await;
        stage.worker.say(&mine, 11, "secret").await;
        assert_eq!(ended(&mut ear).await, end);
    }
}

#[tokio::test]
async fn an_agent_that_changes_hands_takes_the_replies_to_others_out_of_its_former_owners_sight() {
    let (stage, team, guest, run) = team().await;
    let cleo = stage.server.sign_up("Cleo").await;
    let cleo = stage.server.join(&team, &cleo, "member").await;
    let mut owners = listening(&team, &stage.replica, Way::Socket, &run).await;
    let mut theirs = listening(&guest, &stage.replica, Way::Events, &run).await;
    let of = "query($run: ID!) { run(id: $run) { agentId } }";
    let found = guest.query(of, json!({ "run": run })).await;
    let hand_over = json!({ "id": found["run"]["agentId"], "newOwnerId": cleo.user_id });
    let moved = mutate(&team, "transferAgent", "__typename", hand_over).await;
    assert_eq!(moved["__typename"], "TransferAgentSuccess", "{moved}");
    stage.worker.say(&run, 11, "secret").await;
    assert_eq!(ended(&mut owners).await, "NOT_FOUND");
    assert_eq!(theirs.event().await["data"]["said"]["text"], "secret");
    let mut heirs = listen(&cleo, Way::Socket, &run, 0).await;
    until_sequence(&mut heirs, &mut Heard::default(), 11).await;
}

#[tokio::test]
async fn a_conversation_that_is_deleted_ends_its_replies() {
    let stage = Stage::start().await;
    let run = stage.running().await;
    stage.worker.say(&run, 5, "hello").await;
    let mut ear = listening(&stage.ada, &stage.server, Way::Socket, &run).await;
    let gone = json!({ "id": stage.conversation });
    let gone = mutate(&stage.ada, "deleteConversation", "__typename", gone).await;
    assert_eq!(gone["__typename"], "DeleteConversationSuccess", "{gone}");
    assert_eq!(ended(&mut ear).await, "NOT_FOUND");
}
