//! The roles and the database every embedded cluster has.

use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions, Connection};

use super::address::Address;
use super::{DATABASE, OWNER_ROLE, SERVICE_ROLE};

/// Makes what is missing; a start cut short here is completed by the next.
pub(crate) async fn prepare(address: &Address) -> Result<(), sqlx::Error> {
    let mut connection = address.options(OWNER_ROLE, "postgres").connect().await?;
    if !exists(
        &mut connection,
        "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)",
        SERVICE_ROLE,
    )
    .await?
    {
        // Exactly what the boot proof wants of it: nothing but a login.
        sqlx::raw_sql(
            "CREATE ROLE agentry_service LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION",
        )
        .execute(&mut connection)
        .await?;
    }
    if !exists(
        &mut connection,
        "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)",
        DATABASE,
    )
    .await?
    {
        sqlx::raw_sql("CREATE DATABASE agentry OWNER agentry_owner")
            .execute(&mut connection)
            .await?;
    }
    connection.close().await
}

async fn exists(
    connection: &mut PgConnection,
    query: &'static str,
    name: &str,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(query)
        .bind(name)
        .fetch_one(connection)
        .await
}
