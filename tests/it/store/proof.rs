//! The boot proof sees each way in which row security may not bind the service.

use agentry_db::proof::prove;
use agentry_db::{Db, PoolSettings};
use sqlx::{AssertSqlSafe, Executor as _, PgPool};

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

/// Spoils the database in each way in turn. Roles are the cluster's, so `service` must be a role of this test's own.
pub(crate) async fn each_way_to_be_unbound_is_refused(owner: &PgPool, service: &Db, role: &str) {
    assert_eq!(prove(service).await.unwrap().refusal(), None);
    for (spoil, mend, named) in SPOILT {
        let [spoil, mend, named] = [spoil, mend, named].map(|text| text.replace("SERVICE", role));
        owner.execute(AssertSqlSafe(spoil.clone())).await.unwrap();
        let refusal = prove(service).await.unwrap().refusal();
        owner.execute(AssertSqlSafe(mend)).await.unwrap();
        let refusal = refusal.unwrap_or_else(|| panic!("not refused: {spoil}"));
        assert!(refusal.contains(&named), "{spoil}: {refusal}");
    }
    assert_eq!(prove(service).await.unwrap().refusal(), None);
}

/// A server that is given a superuser's address does not start.
pub(crate) async fn a_superuser_is_refused(owner: &PgPool) {
    let options = (*owner.connect_options()).clone();
    let db = Db::open(options, &PoolSettings::default());
    let refusal = prove(&db).await.unwrap().refusal().unwrap();
    assert!(refusal.contains("is not a superuser: no"), "{refusal}");
    db.close().await;
}
