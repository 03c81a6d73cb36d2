//! Who did what.

use agentry_db::audit::{AuditFilter, NewAuditEvent, Origin, count, list, record};
use agentry_db::entity::CredentialKind;
use agentry_db::{Db, DbError, Direction, Page, PageRequest, Slice, Statements, Tenant};
use serde_json::json;

use super::{database, people};

async fn act(
    db: &Db,
    tenant: &Tenant,
    action: &'static str,
    target: &str,
    commits: bool,
) -> Result<(), DbError> {
    let origin = &Origin {
        credential: CredentialKind::Cookie,
        credential_id: Some(format!("session-of-{}", tenant.user())),
        ip: Some("192.0.2.1".to_owned()),
    };
    let work = |tx| async move {
        let event = NewAuditEvent {
            action,
            target_type: "Agent",
            target_id: target.to_owned(),
            metadata: json!({"name": target}),
        };
        record(&tx, origin, event).await?;
        commits
            .then_some(())
            .ok_or_else(|| DbError::Refused("undone".to_owned()))
    };
    db.write(tenant, "act", &Statements::default(), work).await
}

async fn seen(db: &Db, tenant: &Tenant, filter: &AuditFilter) -> Vec<String> {
    let read = db.read(tenant, Statements::default());
    let scope = &read.scope().await.unwrap();
    let request = PageRequest {
        slice: Slice::First(10),
        after: None,
        before: None,
        direction: Direction::Descending,
    };
    let Page { items, .. } = list(scope, filter, &request).await.unwrap();
    assert_eq!(count(scope, filter).await.unwrap(), items.len() as u64);
    items.into_iter().map(|event| event.target_id).collect()
}

/// Events stand when what they speak of stands, newest first; a member sees their own, an admin everyone's.
#[tokio::test]
async fn events_stand_with_their_deed_and_admins_see_all() {
    let (owner, service) = &database().await;
    let (alice, bob) = people(owner).await;
    act(service, &alice, "agent.create", "one", true)
        .await
        .unwrap();
    act(service, &bob, "agent.create", "two", true)
        .await
        .unwrap();
    act(service, &alice, "agent.delete", "three", true)
        .await
        .unwrap();
    act(service, &alice, "agent.delete", "four", false)
        .await
        .unwrap_err();
    let all = AuditFilter::default();
    assert_eq!(seen(service, &alice, &all).await, ["three", "one"]);
    assert_eq!(seen(service, &bob, &all).await, ["three", "two", "one"]);

    let events: Vec<(String, String, Option<String>, serde_json::Value)> = sqlx::query_as(
        "SELECT actor_user_id, credential, ip, metadata FROM audit_events WHERE target_id = 'one'",
    )
    .fetch_all(owner)
    .await
    .unwrap();
    let one = (
        "alice".to_owned(),
        "cookie".to_owned(),
        Some("192.0.2.1".to_owned()),
        json!({"name": "one"}),
    );
    assert_eq!(events, [one]);
}

/// Each part of a filter narrows.
#[tokio::test]
async fn filters_narrow() {
    let (owner, service) = &database().await;
    let (alice, bob) = people(owner).await;
    act(service, &alice, "agent.create", "one", true)
        .await
        .unwrap();
    act(service, &bob, "agent.delete", "two", true)
        .await
        .unwrap();
    sqlx::query(
        "UPDATE audit_events SET created_at = '2026-01-01T00:00:00Z' WHERE target_id = 'one'",
    )
    .execute(owner)
    .await
    .unwrap();
    let then = "2026-01-01T00:00:00Z".parse().unwrap();
    let later = "2026-01-01T00:00:00.001Z".parse().unwrap();
    let none = AuditFilter::default;
    let cases: [(AuditFilter, &[&str]); 11] = [
        (
            AuditFilter {
                action: Some("agent.delete".to_owned()),
                ..none()
            },
            &["two"],
        ),
        (
            AuditFilter {
                actor: Some("alice".into()),
                ..none()
            },
            &["one"],
        ),
        (
            AuditFilter {
                credential_id: Some("session-of-bob".to_owned()),
                ..none()
            },
            &["two"],
        ),
        (
            AuditFilter {
                credential_id: Some(String::new()),
                ..none()
            },
            &[],
        ),
        (
            AuditFilter {
                target_type: Some("Agent".to_owned()),
                ..none()
            },
            &["two", "one"],
        ),
        (
            AuditFilter {
                target_type: Some("Conversation".to_owned()),
                ..none()
            },
            &[],
        ),
        (
            AuditFilter {
                target_id: Some("one".to_owned()),
                ..none()
            },
            &["one"],
        ),
        (
            AuditFilter {
                target_id: Some("three".to_owned()),
                ..none()
            },
            &[],
        ),
        (
            AuditFilter {
                since: Some(then),
                ..none()
            },
            &["two", "one"],
        ),
        (
            AuditFilter {
                until: Some(then),
                ..none()
            },
            &[],
        ),
        (
            AuditFilter {
                since: Some(then),
                until: Some(later),
                ..none()
            },
            &["one"],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(seen(service, &bob, &filter).await, expected, "{filter:?}");
    }
}

/// Neither the service nor the keeper changes, deletes or empties what was written, whoever they say they act for.
#[tokio::test]
async fn nobody_but_the_owner_can_touch_an_event() {
    let (owner, service) = &database().await;
    let (_, bob) = people(owner).await;
    act(service, &bob, "agent.create", "one", true)
        .await
        .unwrap();
    for role in ["agentry_app", "agentry_keeper"] {
        for statement in [
            "UPDATE audit_events SET action = 'agent.delete'",
            "UPDATE audit_events SET metadata = '{}'",
            "DELETE FROM audit_events",
            "TRUNCATE audit_events",
            "INSERT INTO audit_events SELECT * FROM audit_events ON CONFLICT (organization_id, id) DO UPDATE SET ip = 'x'",
        ] {
            let mut transaction = owner.begin().await.unwrap();
            let enter = format!(
                "SET LOCAL ROLE {role}; SET LOCAL app.current_user_id = 'bob';
                 SET LOCAL app.current_org_id = 'acme'; SET LOCAL app.org_role = 'owner'"
            );
            sqlx::raw_sql(sqlx::AssertSqlSafe(enter))
                .execute(&mut *transaction)
                .await
                .unwrap();
            let refused = sqlx::query(statement).execute(&mut *transaction).await;
            let error = refused.unwrap_err().to_string();
            assert!(
                error.contains("permission denied"),
                "{role}: {statement}: {error}"
            );
        }
    }
    assert_eq!(seen(service, &bob, &AuditFilter::default()).await, ["one"]);
}
