//! Nobody changes versions.

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::{agent, root, update, versions};
use crate::support::Server;

#[tokio::test]
async fn the_service_can_neither_make_change_nor_delete_versions_by_hand() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let id = agent(&ada, "One.", "PRIVATE").await;
    let pool = server.service_pool().await;
    let mut service = pool.acquire().await.unwrap();
    let act = format!(
        "SET LOCAL app.current_user_id = '{}'; SET LOCAL app.current_org_id = '{}'; SET LOCAL app.org_role = 'owner'",
        ada.user_id, ada.organization_id
    );
    for statement in [
        "UPDATE agent_versions SET system_prompt = 'Other.'".to_owned(),
        "UPDATE agent_versions SET version = 7".to_owned(),
        "DELETE FROM agent_versions".to_owned(),
        "TRUNCATE agent_versions".to_owned(),
        "INSERT INTO agent_versions (organization_id, agent_id, agent_user_id, agent_visibility, version, system_prompt, model,
           temperature, checksum) SELECT organization_id, agent_id, agent_user_id, agent_visibility, 2, 'Forged.', model, temperature,
           checksum FROM agent_versions".to_owned(),
        "UPDATE agents SET version = 7".to_owned(),
        format!("SELECT agent_version_checksum('{id}', '', 0, 1, NULL)"),
    ] {
        let mut transaction = service.begin().await.unwrap();
        transaction.execute(AssertSqlSafe(act.clone())).await.unwrap();
        let seen: i64 = sqlx::query_scalar("SELECT count(*) FROM agent_versions")
            .fetch_one(&mut *transaction)
            .await
            .unwrap();
        assert_eq!(seen, 1);
        let refused = transaction.execute(AssertSqlSafe(statement.clone())).await.unwrap_err();
        let code = refused.as_database_error().and_then(sqlx::error::DatabaseError::code);
        assert_eq!(code.as_deref(), Some("42501"), "{statement}: {refused}");
        transaction.rollback().await.unwrap();
    }
    assert_eq!(versions(&ada, &id).await.len(), 1);
}

#[tokio::test]
async fn the_acting_organisation_stays_after_an_agent_is_written() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let id = agent(&ada, "One.", "PRIVATE").await;
    let root = root(&server).await;
    for (before, after) in [("", ""), ("elsewhere", "elsewhere")] {
        let mut transaction = root.begin().await.unwrap();
        let set = "SELECT set_config('app.current_org_id', $1, true)";
        sqlx::query(set)
            .bind(before)
            .execute(&mut *transaction)
            .await
            .unwrap();
        let change = "UPDATE agents SET system_prompt = system_prompt || '!' WHERE id = $1";
        sqlx::query(change)
            .bind(&id)
            .execute(&mut *transaction)
            .await
            .unwrap();
        let acting: String = sqlx::query_scalar("SELECT current_setting('app.current_org_id')")
            .fetch_one(&mut *transaction)
            .await
            .unwrap();
        assert_eq!(acting, after);
        transaction.commit().await.unwrap();
    }
    assert_eq!(
        update(&ada, &id, json!({ "systemPrompt": "Mine." })).await,
        4
    );
    let deleted = "mutation($id: ID!) { deleteAgent(input: { id: $id }) { __typename } }";
    ada.query(deleted, json!({ "id": id })).await;
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM agent_versions")
        .fetch_one(&root)
        .await
        .unwrap();
    assert_eq!(left, 0);
}
