//! Tables that belong to another role.

use sqlx::ConnectOptions as _;

use super::{BETTER_AUTH_1_5_2, life, migrate, run, said};
use crate::support::{Agentry, Database};

/// better-auth's tables, of a role of better-auth's own with this name. Roles are the cluster's.
async fn of_another_role(role: &str) -> Database {
    let database = Database::empty().await;
    let mut root = database.root().await;
    run(
        &mut root,
        &format!("CREATE ROLE {role} LOGIN; GRANT CREATE, USAGE ON SCHEMA public TO {role}"),
    )
    .await;
    let mut engine = database
        .owner
        .clone()
        .username(role)
        .connect()
        .await
        .unwrap();
    run(&mut engine, BETTER_AUTH_1_5_2.ddl).await;
    run(&mut engine, &BETTER_AUTH_1_5_2.rows()).await;
    database
}

async fn relations(database: &Database) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'seaql_migrations'")
        .fetch_one(&mut database.root().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_may_not_be_amended_is_told_and_nothing_is_migrated() {
    let database = of_another_role("engine_apart").await;
    for ended in [
        migrate(&database).await,
        Agentry::given(&database).refuse().await,
    ] {
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert_eq!(ended.stdout, "");
        let said = said(&ended);
        for line in [
            "table user: it belongs to engine_apart, and agentry_migrator may not change it, so it cannot be made to fit. As a \
             superuser, or as engine_apart where it may: GRANT \"engine_apart\" TO \"agentry_migrator\"; which must inherit it.",
            "table apikey: the column userId is missing. It could not be done: the table is another role's. As engine_apart: \
             ALTER TABLE \"apikey\" ADD COLUMN IF NOT EXISTS \"userId\" text; UPDATE \"apikey\" a SET \"userId\" = a.\"referenceId\" \
             WHERE a.\"userId\" IS NULL AND EXISTS (SELECT FROM \"user\" u WHERE u.\"id\" = a.\"referenceId\");",
        ] {
            assert!(said.contains(&line), "{line}\n{ended:?}");
        }
        assert_eq!(relations(&database).await, 9);
    }
}

#[tokio::test]
async fn an_owner_that_is_a_member_of_theirs_amends_and_serves() {
    let database = of_another_role("engine_shared").await;
    let mut root = database.root().await;
    run(&mut root, "GRANT engine_shared TO agentry_migrator").await;
    let ended = migrate(&database).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let running = Agentry::serving(&database).serve().await;
    life::of_a_neighbour(&running.url, &BETTER_AUTH_1_5_2).await;
    life::of_a_newcomer(&running.url, "Ada").await;
    assert_eq!(running.stop().await.code, Some(0));

    // A look-up that no longer reaches the rows is told, before anybody finds that they cannot sign in.
    run(&mut root, "REVOKE engine_shared FROM agentry_migrator").await;
    let ended = Agentry::serving(&database).refuse().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(
        said(&ended)[0],
        "table user: it belongs to engine_shared, and agentry_migrator, as whom the look-ups run, does not see its rows. As a \
         superuser, or as engine_shared where it may: GRANT \"engine_shared\" TO \"agentry_migrator\"; which must inherit it."
    );
    assert_eq!(said(&ended).len(), 9, "{ended:?}");
}
