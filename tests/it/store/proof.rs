//! The boot proof sees each way in which row security may not bind the service.

use agentry_db::proof::prove;
use agentry_db::{Db, PoolSettings};
use sqlx::{AssertSqlSafe, Executor as _};

use crate::support::{Database, pool};

/// `SERVICE` stands for the service's role. Spoil, mend, and who and what the refusal must name.
const SPOILT: [(&str, &str, &str); 14] = [
    (
        "ALTER ROLE SERVICE BYPASSRLS",
        "ALTER ROLE SERVICE NOBYPASSRLS",
        "role SERVICE: has no BYPASSRLS",
    ),
    (
        "ALTER ROLE SERVICE CREATEROLE",
        "ALTER ROLE SERVICE NOCREATEROLE",
        "role SERVICE: has no CREATEROLE",
    ),
    (
        "CREATE SCHEMA s AUTHORIZATION SERVICE",
        "DROP SCHEMA s",
        "role SERVICE: owns nothing",
    ),
    (
        "GRANT agentry_keeper TO SERVICE",
        "REVOKE agentry_keeper FROM SERVICE",
        "REVOKE agentry_keeper",
    ),
    (
        "GRANT pg_read_all_data TO SERVICE",
        "REVOKE pg_read_all_data FROM SERVICE",
        "REVOKE pg_read_all_data",
    ),
    (
        "REVOKE agentry_app FROM SERVICE",
        "GRANT agentry_app TO SERVICE",
        "GRANT agentry_app TO",
    ),
    (
        "ALTER TABLE agents DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE agents ENABLE ROW LEVEL SECURITY",
        "table agents: row security is enabled",
    ),
    (
        "ALTER TABLE agents NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE agents FORCE ROW LEVEL SECURITY",
        "table agents: row security is forced",
    ),
    (
        "ALTER TABLE \"session\" DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE \"session\" ENABLE ROW LEVEL SECURITY",
        "table session: row security is enabled",
    ),
    (
        "ALTER POLICY agents_tenant ON agents USING (true)",
        "ALTER POLICY agents_tenant ON agents USING (organization_id = app_current_org())",
        "table agents: a restrictive policy",
    ),
    (
        "GRANT DELETE ON audit_events TO agentry_app",
        "REVOKE DELETE ON audit_events FROM agentry_app",
        "table audit_events: every verb",
    ),
    (
        "GRANT TRUNCATE ON agents TO PUBLIC",
        "REVOKE TRUNCATE ON agents FROM PUBLIC",
        "table agents: TRUNCATE",
    ),
    (
        "GRANT SELECT (api_key) ON api_connections TO agentry_app",
        "REVOKE SELECT (api_key) ON api_connections FROM agentry_app",
        "table api_connections: the column api_key",
    ),
    (
        "CREATE VIEW v AS SELECT * FROM agents; GRANT SELECT ON v TO agentry_app",
        "DROP VIEW v",
        "relation v: reads with the rights",
    ),
];

/// A login of this test's own: roles are the cluster's, and other tests go on meanwhile.
const ROLE: &str = "spoilt_service";

#[tokio::test]
async fn each_way_to_be_unbound_is_refused() {
    let database = Database::copy().await;
    let owner = &pool(&database.root).await;
    owner
        .execute("CREATE ROLE spoilt_service LOGIN; GRANT agentry_app TO spoilt_service")
        .await
        .unwrap();
    let options = database.service.clone().username(ROLE);
    let service = &Db::open(options, &PoolSettings::default());
    assert_eq!(prove(service).await.unwrap().refusal(), None);
    for (spoil, mend, named) in SPOILT {
        let [spoil, mend, named] = [spoil, mend, named].map(|text| text.replace("SERVICE", ROLE));
        owner.execute(AssertSqlSafe(spoil.clone())).await.unwrap();
        let refusal = prove(service).await.unwrap().refusal();
        owner.execute(AssertSqlSafe(mend)).await.unwrap();
        let refusal = refusal.unwrap_or_else(|| panic!("not refused: {spoil}"));
        assert!(refusal.contains(&named), "{spoil}: {refusal}");
    }
    assert_eq!(prove(service).await.unwrap().refusal(), None);
}

/// A server that is given the owner's address, or a superuser's, does not start.
#[tokio::test]
async fn the_owner_and_a_superuser_are_refused() {
    let database = Database::copy().await;
    for (options, named) in [
        (database.owner, "owns nothing of this database: no"),
        (database.root, "is not a superuser: no"),
    ] {
        let db = Db::open(options, &PoolSettings::default());
        let refusal = prove(&db).await.unwrap().refusal().unwrap();
        assert!(refusal.contains(named), "{refusal}");
    }
}

/// Whoever connects as the owner and steps down could step up again.
#[tokio::test]
async fn stepping_down_is_not_enough() {
    let database = Database::copy().await;
    let options = database.root.options([("role", "agentry_app")]);
    let db = Db::open(options, &PoolSettings::default());
    let refusal = prove(&db).await.unwrap().refusal().unwrap();
    assert!(
        refusal.contains("is the connection's current role too: no"),
        "{refusal}"
    );
    assert!(refusal.contains("is not a superuser: no"), "{refusal}");
}
