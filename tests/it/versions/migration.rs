//! What happens to agents that are older than versions.

use sqlx::{Connection as _, Executor as _};

use crate::support::{Agentry, Database};

async fn migrate(database: &Database, arguments: &[&str]) {
    let arguments = [&["migrate"], arguments].concat();
    let ended = Agentry::given(database).run(&arguments).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test]
async fn agents_of_before_get_their_first_version_as_they_are() {
    let database = Database::empty().await;
    migrate(&database, &[]).await;
    let names = agentry_migration::names();
    let at = names
        .iter()
        .position(|name| name == "m0041_agent_versions")
        .unwrap();
    let down = format!("--steps={}", names.len() - at);
    migrate(&database, &["down", &down]).await;
    let mut root = database.root().await;
    root.execute(
        r#"INSERT INTO "user" ("id", "name", "email") VALUES ('ada', 'Ada', 'ada@example.com');
           INSERT INTO "organization" ("id", "name", "slug") VALUES ('here', 'Here', 'here'), ('there', 'There', 'there');
           INSERT INTO agents (organization_id, id, user_id, name, system_prompt, model, temperature, max_tokens, visibility, updated_at)
           VALUES ('here', 'one', 'ada', 'One', 'Be one.', 'echo', 1.25, 7, 'organization', '2026-02-03T04:05:06.789Z'),
                  ('there', 'two', 'ada', 'Two', 'Be two.', 'o3', 0, NULL, 'private', '2026-02-03T04:05:06.789Z')"#,
    )
    .await
    .unwrap();
    // Twice: going back and forth again loses nothing of the agents.
    for _ in 0..2 {
        migrate(&database, &[]).await;
        let kept: Vec<String> = sqlx::query_scalar(
            "SELECT concat_ws(' ', v.organization_id, v.agent_id, a.version, v.version, v.system_prompt, v.model, v.temperature, v.max_tokens,
                              v.agent_user_id, v.agent_visibility, v.created_by_user_id, to_char(v.created_at AT TIME ZONE 'UTC', 'DD HH24'))
             FROM agent_versions v JOIN agents a ON a.id = v.agent_id ORDER BY 1",
        )
        .fetch_all(&mut root)
        .await
        .unwrap();
        assert_eq!(
            kept,
            [
                "here one 1 1 Be one. echo 1.2500 7 ada organization 03 04",
                "there two 1 1 Be two. o3 0.0000 ada private 03 04",
            ]
        );
        let unseen: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_class WHERE oid IN ('agents'::regclass, 'agent_versions'::regclass)
             AND NOT (relrowsecurity AND relforcerowsecurity)",
        )
        .fetch_one(&mut root)
        .await
        .unwrap();
        assert_eq!(unseen, 0);
        migrate(&database, &["down", &down]).await;
    }
    migrate(&database, &[]).await;
    root.execute("UPDATE agents SET system_prompt = 'Be three.' WHERE id = 'two'")
        .await
        .unwrap();
    let numbers: Vec<i32> = sqlx::query_scalar(
        "SELECT version FROM agent_versions WHERE agent_id = 'two' ORDER BY version",
    )
    .fetch_all(&mut root)
    .await
    .unwrap();
    assert_eq!(numbers, [1, 2]);
    root.close().await.unwrap();
}
