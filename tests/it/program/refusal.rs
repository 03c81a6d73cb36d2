//! The boot proof: nothing is served where row security would not bind the service.

use sqlx::Executor as _;

use crate::support::{Agentry, Database, Ended};

fn assert_refused(ended: &Ended, reasons: &[&str]) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.stdout, "", "no address is told");
    assert!(
        ended
            .stderr
            .contains("the database does not isolate tenants, so nothing is served"),
        "{ended:?}"
    );
    for reason in reasons {
        assert!(ended.stderr.contains(reason), "{reason}: {ended:?}");
    }
}

#[tokio::test]
async fn a_superuser_is_refused() {
    let database = Database::copy().await;
    let ended = Agentry::serving(&database)
        .env("DATABASE_URL", database.root_url())
        .refuse()
        .await;
    assert_refused(
        &ended,
        &["role agentry_owner: is not a superuser: no. Connect as another role"],
    );
}

#[tokio::test]
async fn the_owner_is_refused() {
    let database = Database::copy().await;
    let ended = Agentry::serving(&database)
        .env("DATABASE_URL", database.owner_url())
        .refuse()
        .await;
    assert_refused(
        &ended,
        &[
            "role agentry_migrator: owns nothing of this database: no. Connect as a role that is not the owner",
        ],
    );
}

#[tokio::test]
async fn a_table_without_row_security_is_named_with_the_remedy() {
    let database = Database::copy().await;
    for (loosen, remedy) in [
        (
            "DISABLE ROW LEVEL SECURITY",
            "table agents: row security is enabled: no. As the owner: ALTER TABLE \"agents\" ENABLE ROW LEVEL SECURITY;",
        ),
        (
            "NO FORCE ROW LEVEL SECURITY",
            "table agents: row security is forced: no. As the owner: ALTER TABLE \"agents\" FORCE ROW LEVEL SECURITY;",
        ),
    ] {
        let alter = |what: &str| sqlx::AssertSqlSafe(format!("ALTER TABLE agents {what}"));
        let mut root = database.root().await;
        root.execute(alter(loosen)).await.unwrap();
        // Migrating anew must not hide it either.
        for program in [Agentry::serving(&database), Agentry::given(&database)] {
            assert_refused(&program.refuse().await, &[remedy]);
        }
        let (_, statement) = remedy.rsplit_once("As the owner: ").unwrap();
        root.execute(sqlx::AssertSqlSafe(statement.to_owned()))
            .await
            .unwrap();
    }
    let running = Agentry::serving(&database).serve().await;
    assert_eq!(running.stop().await.code, Some(0));
}
