//! One key, one thing.

use std::sync::Arc;

use agentry_db::idempotency::{Claim, claim};
use agentry_db::{Db, DbError, Statements, Tenant};
use tokio::sync::Notify;

use super::{database, people, somebody_waits};

async fn once(
    db: &Db,
    tenant: &Tenant,
    key: &str,
    operation: &'static str,
    hash: &str,
    target: &str,
) -> Claim {
    let work = |tx| async move { claim(&tx, key, operation, hash, target).await };
    db.write(tenant, "claim", &Statements::default(), work)
        .await
        .unwrap()
}

fn replay(target: &str) -> Claim {
    Claim::Replay {
        target: target.to_owned(),
    }
}

/// Replays what is the same, refuses what is not, and tells users apart.
#[tokio::test]
async fn the_same_is_replayed_and_anything_else_is_a_conflict() {
    let (owner, service) = &database().await;
    let (alice, bob) = people(owner).await;
    assert_eq!(
        once(service, &alice, "k", "createAgent", "h", "a1").await,
        Claim::New
    );
    assert_eq!(
        once(service, &alice, "k", "createAgent", "h", "a2").await,
        replay("a1")
    );
    assert_eq!(
        once(service, &alice, "k", "createAgent", "other", "a3").await,
        Claim::Conflict
    );
    assert_eq!(
        once(service, &alice, "k", "createConversation", "h", "a4").await,
        Claim::Conflict
    );
    assert_eq!(
        once(service, &bob, "k", "createAgent", "h", "a5").await,
        Claim::New
    );
}

/// Two at once: the second waits for the first, then replays what it made, or goes ahead when it made nothing.
#[tokio::test]
async fn two_at_once_make_one_thing() {
    let (owner, service) = &database().await;
    let (alice, _) = people(owner).await;
    for (key, commits, expected) in [
        ("kept", true, replay("first")),
        ("undone", false, Claim::New),
    ] {
        let (claimed, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let first = tokio::spawn({
            let (db, tenant) = (service.clone(), alice.clone());
            let (claimed, go_on) = (claimed.clone(), go_on.clone());
            async move {
                let work = |tx| {
                    let (claimed, go_on) = (claimed.clone(), go_on.clone());
                    async move {
                        let outcome = claim(&tx, key, "createAgent", "h", "first").await?;
                        claimed.notify_one();
                        go_on.notified().await;
                        commits
                            .then_some(outcome)
                            .ok_or_else(|| DbError::Refused("undone".to_owned()))
                    }
                };
                db.write(&tenant, "first", &Statements::default(), work)
                    .await
            }
        });
        claimed.notified().await;
        let second = tokio::spawn({
            let (db, tenant) = (service.clone(), alice.clone());
            async move { once(&db, &tenant, key, "createAgent", "h", "second").await }
        });
        somebody_waits(owner, "agentry").await;
        go_on.notify_one();
        assert_eq!(first.await.unwrap().is_ok(), commits);
        assert_eq!(second.await.unwrap(), expected, "{key}");
    }
}

/// A day later a key is forgotten, and only the user's own.
#[tokio::test]
async fn keys_are_forgotten_after_a_day() {
    let (owner, service) = &database().await;
    let (alice, bob) = people(owner).await;
    for tenant in [&alice, &bob] {
        once(service, tenant, "old", "createAgent", "h", "a1").await;
    }
    once(service, &alice, "young", "createAgent", "h", "a2").await;
    sqlx::query(
        "UPDATE idempotency_keys SET created_at = now() - CASE key WHEN 'old' THEN interval '24 hours 1 second' ELSE interval '23 hours' END",
    )
    .execute(owner)
    .await
    .unwrap();
    assert_eq!(
        once(service, &alice, "young", "createAgent", "h", "a3").await,
        replay("a2")
    );
    let left: Vec<(String, String)> =
        sqlx::query_as("SELECT user_id, key FROM idempotency_keys ORDER BY 1, 2")
            .fetch_all(owner)
            .await
            .unwrap();
    let expected =
        [("alice", "young"), ("bob", "old")].map(|(user, key)| (user.to_owned(), key.to_owned()));
    assert_eq!(left, expected);
    assert_eq!(
        once(service, &alice, "old", "createAgent", "other", "a4").await,
        Claim::New
    );
}
