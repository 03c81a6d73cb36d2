//! Tables that change while nobody looks, and tables that nothing can make fit.

use sqlx::ConnectOptions as _;

use super::{life, migrate, run, said};
use crate::support::{Agentry, Caller, Database};

#[tokio::test]
async fn column_dropped_under_a_running_server_is_named_at_the_next_start_and_comes_back() {
    let database = Database::copy().await;
    let running = Agentry::serving(&database).serve().await;
    Caller::sign_up_at(&running.url, "Ada").await;
    let mut owner = database.owner.connect().await.unwrap();
    run(&mut owner, "ALTER TABLE \"user\" DROP COLUMN \"image\"").await;
    assert_eq!(running.stop().await.code, Some(0));

    let ended = Agentry::serving(&database).refuse().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended
            .stderr
            .contains("the auth tables do not fit, so nothing is served"),
        "{ended:?}"
    );
    assert_eq!(
        said(&ended),
        [
            "table user: the column image is missing. `agentry migrate` does it; or, as agentry_migrator: ALTER TABLE \"user\" \
          ADD COLUMN IF NOT EXISTS \"image\" text;"
        ]
    );
    let ended = Agentry::serving(&database).run(&["doctor"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended
            .stdout
            .lines()
            .any(|line| line.starts_with("FAIL table user")
                && line.ends_with("  the column image is missing")),
        "{ended:?}"
    );

    // With the owner's login it is added, and the grant that went with it too.
    let running = Agentry::given(&database).serve().await;
    life::of_a_newcomer(&running.url, "Bea").await;
    let ended = running.stop().await;
    for added in [
        "the column image is missing",
        "the service may not SELECT image",
    ] {
        assert!(ended.stderr.contains(added), "{ended:?}");
    }
    assert_eq!(
        Agentry::serving(&database).serve().await.stop().await.code,
        Some(0)
    );
}

#[tokio::test]
async fn dropped_table_is_made_anew() {
    let database = Database::copy().await;
    let mut owner = database.owner.connect().await.unwrap();
    run(&mut owner, "DROP TABLE \"apikey\"").await;
    let ended = Agentry::serving(&database).refuse().await;
    assert!(
        said(&ended)[0].starts_with("table apikey: it is missing. `agentry migrate` does it;"),
        "{ended:?}"
    );
    let ended = migrate(&database).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let running = Agentry::serving(&database).serve().await;
    life::of_a_newcomer(&running.url, "Ada").await;
    let ended = running.stop().await;
    assert!(!ended.stderr.contains(r#""level":"WARN""#), "{ended:?}");
}

/// As Prisma and many others would name them. Nothing is migrated.
#[tokio::test]
async fn snake_case_columns_are_refused_before_anything_is_made() {
    let database = Database::empty().await;
    let mut owner = database.owner.connect().await.unwrap();
    let ddl = super::BETTER_AUTH_1_7_25
        .ddl
        .replace("\"userId\"", "\"user_id\"")
        .replace("\"expiresAt\"", "\"expires_at\"");
    run(&mut owner, &ddl).await;
    let ended = migrate(&database).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        said(&ended).contains(
            &"table session: the column userId is missing and there is user_id: columns under other names (column mapping) are not \
              supported. Let better-auth use its own names (no `fields`), and as agentry_migrator: ALTER TABLE \"session\" RENAME \
              COLUMN \"user_id\" TO \"userId\";"
        ),
        "{ended:?}"
    );
    let made: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_class WHERE relname = 'agents'")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert_eq!(made, 0);
}

/// As better-auth's command line writes them for Drizzle.
#[tokio::test]
async fn moments_without_time_zone_are_refused_before_anything_is_made() {
    let database = Database::empty().await;
    let mut owner = database.owner.connect().await.unwrap();
    run(
        &mut owner,
        &super::BETTER_AUTH_1_7_25
            .ddl
            .replace("timestamptz", "timestamp"),
    )
    .await;
    let ended = migrate(&database).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let told = said(&ended);
    assert!(
        told.contains(
            &"table session: the column expiresAt is timestamp without time zone, which names another moment in every time \
              zone; it must be timestamp with time zone. Where what wrote it was in UTC, as Drizzle always is: as agentry_migrator: ALTER \
              TABLE \"session\" ALTER COLUMN \"expiresAt\" TYPE timestamptz USING \"expiresAt\" AT TIME ZONE 'UTC';"
        ),
        "{ended:?}"
    );
    // What is advised helps.
    for line in told {
        let (_, sql) = line.rsplit_once("as agentry_migrator: ").unwrap();
        run(&mut owner, sql).await;
    }
    assert_eq!(migrate(&database).await.code, Some(0));
}

#[tokio::test]
async fn two_accounts_of_one_address_hinder_the_index_and_are_said_to() {
    let database = Database::empty().await;
    let mut owner = database.owner.connect().await.unwrap();
    let ddl = super::AGENTUITY_2_0_21
        .ddl
        .replace(" CONSTRAINT \"user_email_unique\" UNIQUE", "");
    run(&mut owner, &ddl).await;
    run(&mut owner, &super::AGENTUITY_2_0_21.rows()).await;
    run(
        &mut owner,
        "UPDATE \"user\" SET \"email\" = 'olive@example.com'",
    )
    .await;
    let ended = migrate(&database).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(
        said(&ended),
        [
            "table user: there is no unique index on email, so signUp fails, and one address may have two accounts. It could not be \
          done: could not create unique index \"user_email_idx\". As agentry_migrator: CREATE UNIQUE INDEX ON \"user\" (\"email\");"
        ]
    );
    run(
        &mut owner,
        "UPDATE \"user\" SET \"email\" = \"id\" || '@example.com'",
    )
    .await;
    assert_eq!(migrate(&database).await.code, Some(0));
}
