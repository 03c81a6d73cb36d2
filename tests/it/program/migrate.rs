//! `agentry migrate`, as an owner who is no superuser.

use sqlx::Connection as _;

use crate::support::{Agentry, Database, Ended};

/// Everything in the database that is neither PostgreSQL's nor the list of what was applied.
const OURS: &str = "
SELECT 'relation ' || relname FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'seaql_migrations%'
UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'type ' || typname FROM pg_type
  WHERE typnamespace = 'public'::regnamespace AND typname NOT LIKE '%seaql_migrations'
UNION ALL SELECT 'schema ' || nspname FROM pg_namespace
  WHERE nspname NOT LIKE 'pg\\_%' AND nspname NOT IN ('public', 'information_schema')
UNION ALL SELECT 'default privilege of ' || defaclrole::regrole::text FROM pg_default_acl
UNION ALL SELECT 'grant on the schema: ' || grantee::regrole::text || ' ' || privilege_type
  FROM pg_namespace, aclexplode(nspacl) WHERE nspname = 'public' AND grantee <> 0
  AND grantee::regrole::text IN ('agentry_app', 'agentry_keeper')
ORDER BY 1";

async fn ours(database: &Database) -> Vec<String> {
    let mut root = database.root().await;
    let found = sqlx::query_scalar(OURS).fetch_all(&mut root).await.unwrap();
    root.close().await.unwrap();
    found
}

async fn migrate(database: &Database, arguments: &[&str]) -> Ended {
    let ended = Agentry::given(database)
        .run(&[&["migrate"], arguments].concat())
        .await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended
}

#[tokio::test]
async fn up_and_down_to_nothing_and_up_again() {
    let database = Database::empty().await;
    assert_eq!(ours(&database).await, Vec::<String>::new());
    let all = agentry_migration::names().len();
    let count = |ended: &Ended, word: &str| {
        let lines = ended.stdout.lines();
        lines.filter(|line| line.starts_with(word)).count()
    };

    let status = migrate(&database, &["status"]).await;
    assert_eq!(count(&status, "pending"), all, "{status:?}");
    let up = migrate(&database, &[]).await;
    assert!(
        up.stdout.contains(&format!("{all} migrations applied")),
        "{up:?}"
    );
    let status = migrate(&database, &["status"]).await;
    assert_eq!(count(&status, "applied"), all, "{status:?}");
    let whole = ours(&database).await;
    assert!(whole.contains(&"relation agents".to_owned()), "{whole:?}");

    migrate(&database, &["down"]).await;
    let status = migrate(&database, &["status"]).await;
    assert_eq!(count(&status, "pending"), 1, "{status:?}");
    migrate(&database, &["down", &format!("--steps={}", all - 1)]).await;
    assert_eq!(ours(&database).await, Vec::<String>::new());

    migrate(&database, &["up"]).await;
    assert_eq!(ours(&database).await, whole);
    let again = migrate(&database, &["up"]).await;
    assert!(again.stdout.contains("0 migrations applied"), "{again:?}");
    let running = Agentry::given(&database).serve().await;
    assert_eq!(running.stop().await.code, Some(0));
}

#[tokio::test]
async fn two_at_once_do_the_work_once() {
    let database = Database::empty().await;
    let all = agentry_migration::names().len();
    let (one, two) = tokio::join!(migrate(&database, &[]), migrate(&database, &[]));
    let told = format!("{}{}", one.stdout, two.stdout);
    assert!(
        told.contains(&format!("{all} migrations applied"))
            && told.contains("0 migrations applied"),
        "{told}"
    );
}

#[tokio::test]
async fn without_the_owner_nothing_is_migrated() {
    let database = Database::empty().await;
    let ended = Agentry::serving(&database).run(&["migrate"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.stderr.contains("DATABASE_OWNER_URL is missing"),
        "{ended:?}"
    );
    let ended = Agentry::serving(&database).refuse().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("`agentry migrate`"), "{ended:?}");
    assert_eq!(ours(&database).await, Vec::<String>::new());
}
