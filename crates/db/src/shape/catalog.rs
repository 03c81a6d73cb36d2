//! What the catalog says of the auth tables.

use std::collections::BTreeMap;

use serde::Deserialize;
use sqlx::PgConnection;

use super::expected;
use crate::DbError;

/// The tables that there are, and who looks at them.
#[derive(Debug, Deserialize)]
pub(super) struct Catalog {
    /// The role whose rights the look-up functions have, or would have.
    pub(super) definer: String,
    /// The role that reads this.
    pub(super) reader: String,
    /// By name. Those that are missing are missing here.
    pub(super) tables: BTreeMap<String, Table>,
}

#[derive(Debug, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of the catalog on its own"
)]
pub(super) struct Table {
    /// `r` and `p` are tables; `v`, `m` and `f` are views and foreign tables.
    pub(super) kind: String,
    pub(super) owner: String,
    /// Whether the look-up functions read and write every row.
    pub(super) reached: bool,
    /// Whether the reader may change the table itself.
    pub(super) alterable: bool,
    pub(super) forced: bool,
    pub(super) columns: BTreeMap<String, Column>,
    /// The columns of each unique index that holds at every moment and for every row.
    pub(super) keys: Vec<Vec<String>>,
    pub(super) primary: Option<Vec<String>>,
    pub(super) references: Vec<Reference>,
    /// Those that are enabled.
    pub(super) triggers: Vec<String>,
    pub(super) policies: Vec<Policy>,
    /// `SELECT email`: what the service may do with single columns.
    pub(super) grants: Vec<String>,
    pub(super) deletes: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Column {
    /// As PostgreSQL spells it in full: `timestamp with time zone`.
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) not_null: bool,
    /// It has a default, or is generated.
    pub(super) filled: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Reference {
    pub(super) name: String,
    pub(super) column: String,
    pub(super) target: String,
    pub(super) target_column: String,
    pub(super) cascades: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Policy {
    pub(super) name: String,
    pub(super) permissive: bool,
    /// It applies to every role, the service included.
    pub(super) everyone: bool,
}

/// Reads it, in one statement.
pub(super) async fn read(connection: &mut PgConnection) -> Result<Catalog, DbError> {
    let names: Vec<&str> = expected::TABLES.iter().map(|table| table.name).collect();
    let text: String = sqlx::query_scalar(include_str!("catalog.sql"))
        .bind(names)
        .fetch_one(connection)
        .await?;
    serde_json::from_str(&text).map_err(|error| DbError::Unexpected(error.to_string()))
}
