//! Every table, policy, key, reference, function and grant, against what this house asks of it.

use sqlx::postgres::PgConnection;

use super::snapshot::assert_kept;
use super::{database, grants, rules};

#[tokio::test]
async fn no_rule_is_broken_and_nothing_is_granted_but_what_is_kept() {
    let (owner, _) = database().await;
    let mut connection = owner.acquire().await.unwrap();
    let broken = violations(&mut connection).await;
    assert!(
        broken.is_empty(),
        "the catalog breaks:\n{}",
        broken.join("\n")
    );
    assert_kept("grants.snapshot.txt", &grants::read(&mut connection).await);
}

/// What breaks which rule, one line each.
pub(super) async fn violations(connection: &mut PgConnection) -> Vec<String> {
    let mut broken = Vec::new();
    for (rule, sql) in rules::RULES {
        let offenders: Vec<String> = sqlx::query_scalar(sql)
            .fetch_all(&mut *connection)
            .await
            .unwrap_or_else(|error| panic!("{rule}: {error}"));
        broken.extend(
            offenders
                .iter()
                .map(|offender| format!("{rule}: {offender}")),
        );
    }
    broken
}
