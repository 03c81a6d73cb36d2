//! What `agentry-db` promises, asked of a real PostgreSQL: what no GraphQL document can provoke.

use std::time::Duration;

use agentry_db::{Db, PoolSettings, Role, Tenant};
use sqlx::{Executor as _, PgPool};

use crate::support::{Database, pool};

mod audit;
mod idempotency;
mod proof;
mod rotation;

/// A migrated database, past row security and as the service has it.
async fn database() -> (PgPool, Db) {
    let database = Database::copy().await;
    let service = Db::open(database.service.clone(), &PoolSettings::default());
    (pool(&database.root).await, service)
}

/// Alice (a member) and Bob (an admin) in one organisation, `acme`.
async fn people(owner: &PgPool) -> (Tenant, Tenant) {
    owner
        .execute(
            r#"INSERT INTO "user" ("id", "name", "email") VALUES ('alice', 'Alice', 'a@example.com'), ('bob', 'Bob', 'b@example.com');
               INSERT INTO "organization" ("id", "name", "slug") VALUES ('acme', 'Acme', 'acme');
               INSERT INTO "member" ("id", "organizationId", "userId", "role")
               VALUES ('m1', 'acme', 'alice', 'member'), ('m2', 'acme', 'bob', 'admin');"#,
        )
        .await
        .unwrap();
    let tenant = |user: &str, role| Tenant::new(user.into(), "acme".into(), role).unwrap();
    (tenant("alice", Role::Member), tenant("bob", Role::Admin))
}

/// Waits until a connection of this name waits for a lock.
async fn somebody_waits(owner: &PgPool, application: &str) {
    let wait = async {
        loop {
            let waiting: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = $1 AND wait_event_type = 'Lock'",
            )
            .bind(application)
            .fetch_one(owner)
            .await
            .unwrap();
            if waiting > 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait)
        .await
        .expect("nobody waited for a lock");
}
