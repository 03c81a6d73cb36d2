//! Settings that are missing or malformed: one sentence, exit 2, no secret repeated.

use super::sentence;
use crate::support::{AUTH_SECRET, Agentry, Database, TEST_KEY, until};

/// Nobody needs to listen there: settings are looked at first.
const NOWHERE: &str = "postgres://service@localhost/agentry?host=/nowhere";

fn given(settings: &[(&str, &str)]) -> Agentry {
    settings
        .iter()
        .fold(Agentry::bare(), |program, (name, value)| {
            program.env(name, value)
        })
}

#[tokio::test]
async fn a_given_database_needs_keys_and_a_secret_that_fit() {
    let malformed = format!("{TEST_KEY}0");
    for (settings, named) in [
        (
            &[("DATABASE_URL", NOWHERE)][..],
            "AGENTRY_ENCRYPTION_KEYS is missing",
        ),
        (
            &[("DATABASE_URL", NOWHERE), ("AGENTRY_ENCRYPTION_KEYS", "")],
            "AGENTRY_ENCRYPTION_KEYS is missing",
        ),
        (
            &[
                ("DATABASE_URL", NOWHERE),
                ("AGENTRY_ENCRYPTION_KEYS", &malformed),
            ],
            "AGENTRY_ENCRYPTION_KEYS is malformed",
        ),
        (
            &[("DATABASE_URL", NOWHERE), ("ENCRYPTION_KEY", "abcd")],
            "ENCRYPTION_KEY is malformed",
        ),
        (
            &[
                ("DATABASE_URL", NOWHERE),
                ("AGENTRY_ENCRYPTION_KEYS", TEST_KEY),
            ],
            "AGENTRY_AUTH_SECRET is missing",
        ),
        (
            &[
                ("DATABASE_URL", NOWHERE),
                ("AGENTRY_ENCRYPTION_KEYS", TEST_KEY),
                ("AGENTRY_AUTH_SECRET", "hunter2"),
            ],
            "AGENTRY_AUTH_SECRET is too short",
        ),
        (
            &[("DATABASE_URL", "postgress://service:hunter2@h/d")],
            "DATABASE_URL is not a PostgreSQL URL",
        ),
        (
            &[("DATABASE_OWNER_URL", NOWHERE)],
            "DATABASE_OWNER_URL is given but DATABASE_URL is not",
        ),
    ] {
        let ended = given(settings).refuse().await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(sentence(&ended).starts_with(named), "{ended:?}");
        assert_eq!(ended.stdout, "");
        for secret in ["hunter2", "abcd", &malformed[5..]] {
            assert!(!ended.stderr.contains(secret), "{ended:?}");
        }
    }
}

#[tokio::test]
async fn a_malformed_value_names_its_variable() {
    let ended = given(&[("AGENTRY_POOL_SIZE", "many")]).refuse().await;
    assert_eq!(ended.code, Some(2));
    assert!(
        sentence(&ended).starts_with("AGENTRY_POOL_SIZE (--pool-size) is set to \"many\""),
        "{ended:?}"
    );
}

#[tokio::test]
async fn a_database_that_is_away_at_the_start_is_one_sentence() {
    let ended = given(&[
        ("DATABASE_URL", NOWHERE),
        ("AGENTRY_ENCRYPTION_KEYS", TEST_KEY),
        ("AGENTRY_AUTH_SECRET", AUTH_SECRET),
        ("AGENTRY_ACQUIRE_TIMEOUT", "200ms"),
    ])
    .refuse()
    .await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        sentence(&ended).starts_with("the database is unavailable"),
        "{ended:?}"
    );
}

#[tokio::test]
async fn notifications_are_listened_for_where_it_is_told_to() {
    const WHO: &str = "SELECT usename::text FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    let database = Database::copy().await;
    // Whose login it is does not matter for this; it tells the connection from the pool's.
    let running = Agentry::given(&database)
        .env("DATABASE_LISTEN_URL", database.owner_url())
        .serve()
        .await;
    let root = tokio::sync::Mutex::new(database.root().await);
    let who = until("somebody listens", || async {
        let mut root = root.lock().await;
        let who: Vec<String> = sqlx::query_scalar(WHO).fetch_all(&mut *root).await.unwrap();
        (!who.is_empty()).then_some(who)
    });
    assert_eq!(who.await, [database.owner.get_username()]);
    assert_eq!(running.stop().await.code, Some(0));
}
