//! `runUpdated`.

use serde_json::{Value, json};

use super::Stage;
use super::client::{Ear, Way};
use crate::support::Caller;

const UPDATED: &str =
    "subscription($c: ID!) { runUpdated(conversationId: $c) { id status reply { content } } }";

async fn watch(caller: &Caller, way: Way, conversation: &str) -> Ear {
    let variables = json!({ "c": conversation });
    Ear::open(caller, way, UPDATED, variables).await.unwrap()
}

/// Makes and ends runs until the watcher hears of one; a subscription begins a little after it was asked for.
async fn heard(ear: &mut Ear, stage: &Stage) {
    let work = async {
        loop {
            let run = stage.queued().await;
            stage.worker.finish(&run, "", "failed").await;
        }
    };
    tokio::select! {
        _ = ear.event() => {}
        () = work => unreachable!("it never stops"),
    }
}

/// The next update of this run.
async fn update(ear: &mut Ear, run: &str) -> Value {
    loop {
        let mut event = ear.event().await;
        let update = event["data"]["runUpdated"].take();
        if update["id"] == *run {
            return update;
        }
    }
}

#[tokio::test]
async fn every_change_of_a_run_is_told_once_to_who_may_see_it() {
    let stage = Stage::start().await;
    let mut ears = [
        watch(&stage.ada, Way::Socket, &stage.conversation).await,
        watch(&stage.elsewhere(), Way::Events, &stage.conversation).await,
    ];
    for ear in &mut ears {
        heard(ear, &stage).await;
    }
    let run = stage.queued().await;
    for ear in &mut ears {
        assert_eq!(update(ear, &run).await["status"], "QUEUED");
    }
    stage.worker.begin(&run).await;
    for ear in &mut ears {
        assert_eq!(update(ear, &run).await["status"], "RUNNING");
    }
    stage.worker.finish(&run, "done", "completed").await;
    // Said again, it is no news.
    stage.worker.announce(&run).await;
    let next = stage.queued().await;
    for ear in &mut ears {
        let ended = update(ear, &run).await;
        assert_eq!(ended["status"], "COMPLETED");
        assert_eq!(ended["reply"]["content"], "done");
        assert_eq!(ear.event().await["data"]["runUpdated"]["id"], next);
    }
    let eve = stage.server.sign_up("Eve").await;
    for conversation in [&stage.conversation, "tz4a98xxat96iws9zmbrgj3a", "a\0b"] {
        let error = watch(&eve, Way::Socket, conversation).await.error().await;
        assert_eq!(error["extensions"]["code"], "NOT_FOUND", "{error}");
    }
}
