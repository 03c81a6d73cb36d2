//! What happens to people who are older than identities.

use sqlx::Executor as _;

use crate::support::{Agentry, Database};

async fn migrate(database: &Database, arguments: &[&str]) {
    let arguments = [&["migrate"], arguments].concat();
    let ended = Agentry::given(database).run(&arguments).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test]
async fn people_of_before_go_by_their_account_and_address() {
    let database = Database::empty().await;
    migrate(&database, &[]).await;
    let names = agentry_migration::names();
    let at = names
        .iter()
        .position(|name| name == "m0050_whatsapp_links")
        .unwrap();
    let down = format!("--steps={}", names.len() - at);
    migrate(&database, &["down", &down]).await;
    let mut root = database.root().await;
    root.execute(
        r#"INSERT INTO "user" ("id", "name", "email", "emailVerified") VALUES
             ('ada', 'Ada', ' Ada@Example.com ', true), ('bob', 'Bob', 'bob@example.com', false), ('eve', 'Eve', '', false);
           INSERT INTO "organization" ("id", "name", "slug", personal_user_id) VALUES
             ('home', 'Ada', 'ada', 'ada'), ('team', 'Team', 'team', NULL), ('nest', 'Eve', 'eve', 'eve')"#,
    )
    .await
    .unwrap();
    for _ in 0..2 {
        migrate(&database, &[]).await;
        let held: Vec<String> = sqlx::query_scalar(
            "SELECT concat_ws(' ', organization_id, user_id, namespace, identifier, source, verified_at IS NOT NULL)
             FROM member_identities ORDER BY 1",
        )
        .fetch_all(&mut root)
        .await
        .unwrap();
        assert_eq!(
            held,
            [
                "home ada auth_user_id ada auth:signup t",
                "home ada email ada@example.com auth:signup t",
                "nest eve auth_user_id eve auth:signup t",
            ]
        );
        migrate(&database, &["down", &down]).await;
    }
}
