//! Re-sealing under a new key.

use agentry_crypto::{KeyRing, generate_key};
use agentry_db::ids::{ApiConnectionId, OrganizationId};
use agentry_db::rotation::{Rotation, reseal, verify};
use agentry_db::sealed::api_key_place;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{Executor as _, PgPool};

use super::somebody_waits;
use crate::support::{Database, pool};

fn key(id: &str) -> String {
    format!("{id}:{}", generate_key().expose_secret())
}

fn ring(keys: &[&str]) -> KeyRing {
    KeyRing::parse(&SecretString::from(keys.join(","))).unwrap()
}

async fn store(owner: &PgPool, ring: &KeyRing, organization: &str, id: &str) {
    let secret = SecretString::from(format!("secret of {organization} {id}"));
    let (of, row) = (
        OrganizationId::from(organization),
        ApiConnectionId::from(id),
    );
    let sealed = ring.seal(&secret, &api_key_place(&of, &row)).unwrap();
    sqlx::query(
        "INSERT INTO api_connections (organization_id, id, user_id, name, service, api_key) VALUES ($1, $2, 'alice', 'Key', 'openai', $3)",
    )
    .bind(organization)
    .bind(id)
    .bind(sealed)
    .execute(owner)
    .await
    .unwrap();
}

fn counts(rotation: &Rotation) -> (u64, u64, u64, usize, u64) {
    let Rotation {
        resealed,
        already,
        pending,
        unreadable,
        lost_races,
    } = rotation;
    (*resealed, *already, *pending, unreadable.len(), *lost_races)
}

/// Every row of every organisation is carried over, more than one batch of them; what is current, unreadable, or written by
/// the service meanwhile is left as it is; and a second run finds nothing to do.
#[tokio::test]
async fn every_key_is_carried_over_while_the_service_writes() {
    let database = Database::copy().await;
    // An owner that is no superuser can do it: the rows are reached as the keeper.
    let options = database.owner.clone();
    let owner = &pool(&database.root).await;
    let (old, new, lost) = (key("old"), key("new"), key("lost"));
    let both = ring(&[&new, &old]);
    owner
        .execute(
            r#"INSERT INTO "user" ("id", "name", "email") VALUES ('alice', 'Alice', 'a@example.com');
               INSERT INTO "organization" ("id", "name", "slug") VALUES ('one', 'One', 'one'), ('t''wo', 'Two', 'two'), ('none', 'None', 'none');"#,
        )
        .await
        .unwrap();
    for n in 0..450 {
        store(owner, &ring(&[&old]), "one", &format!("c{n:03}")).await;
    }
    store(owner, &ring(&[&old]), "t'wo", "c000").await;
    store(owner, &both, "t'wo", "current").await;
    store(owner, &ring(&[&lost]), "t'wo", "lost").await;

    let before = verify(&options, &both).await.unwrap();
    assert_eq!(counts(&before), (0, 1, 451, 1, 0));
    assert_eq!(
        before.unreadable,
        [("t'wo".into(), "connection", "lost".to_owned())]
    );

    let written = both
        .seal(
            &SecretString::from("newer"),
            &api_key_place(&"one".into(), &"c005".into()),
        )
        .unwrap();
    let mut writer = owner.begin().await.unwrap();
    sqlx::query(
        "UPDATE api_connections SET api_key = $1 WHERE organization_id = 'one' AND id = 'c005'",
    )
    .bind(&written)
    .execute(&mut *writer)
    .await
    .unwrap();
    let run = tokio::spawn({
        let (options, both) = (options.clone(), both.clone());
        async move { reseal(&options, &both).await }
    });
    somebody_waits(owner, "agentry keys").await;
    writer.commit().await.unwrap();
    assert_eq!(counts(&run.await.unwrap().unwrap()), (450, 1, 0, 1, 1));
    let kept: String = sqlx::query_scalar(
        "SELECT api_key FROM api_connections WHERE organization_id = 'one' AND id = 'c005'",
    )
    .fetch_one(owner)
    .await
    .unwrap();
    assert_eq!(kept, written);

    let again = reseal(&options, &both).await.unwrap();
    assert_eq!(counts(&again), (0, 452, 0, 1, 0));
    // The old key can go: everything that opened still opens, and to what it was.
    let after = verify(&options, &ring(&[&new])).await.unwrap();
    assert_eq!(counts(&after), (0, 452, 0, 1, 0));
    let sealed: String = sqlx::query_scalar(
        "SELECT api_key FROM api_connections WHERE organization_id = 'one' AND id = 'c449'",
    )
    .fetch_one(owner)
    .await
    .unwrap();
    let opened = ring(&[&new]).open(&sealed, &api_key_place(&"one".into(), &"c449".into()));
    assert_eq!(opened.unwrap().expose_secret(), "secret of one c449");
}
