//! Small helpers for statements that SeaORM has no word for.

use sea_orm::{
    ActiveValue, ConnectionTrait as _, DbBackend, DbErr, FromQueryResult, Statement, TryGetable,
    Value,
};

use crate::ids::OrganizationId;
use crate::scope::{query, wrap};
use crate::{Db, DbError, Refused, Scope};

/// Through what something public is read: the transaction of whoever asks or, when nobody is signed in, the pool.
#[derive(Debug, Clone)]
pub enum Through {
    /// The transaction of a tenant.
    Tenant(Scope),
    /// Nobody's.
    Nobody(Db),
}

impl Through {
    /// The rows of a statement.
    pub(crate) async fn all<T: FromQueryResult>(
        &self,
        sql: impl Into<String>,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<T>, DbError> {
        let db = match self {
            Self::Tenant(scope) => return all(scope, sql, values).await,
            Self::Nobody(db) => db,
        };
        let statement = query(statement(sql, values));
        let rows = statement.fetch_all(&db.pool).await.map_err(wrap)?;
        rows.into_iter()
            .map(|row| T::from_query_result(&row.into(), ""))
            .collect::<Result<_, _>>()
            .map_err(DbError::from)
    }
}

/// `Set` what is given; leave the column alone otherwise.
pub(crate) fn set<V: Into<Value>>(value: Option<V>) -> ActiveValue<V> {
    value.map_or(ActiveValue::NotSet, ActiveValue::Set)
}

/// The pattern for `ILIKE` that finds a text anywhere, its own wildcards taken literally.
pub(crate) fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// A prepared statement of plain SQL.
pub(crate) fn statement(
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

/// The rows of a statement.
pub(crate) async fn all<T: FromQueryResult>(
    scope: &Scope,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<T>, DbError> {
    let rows = scope.query_all_raw(statement(sql, values)).await?;
    rows.iter()
        .map(|row| T::from_query_result(row, ""))
        .collect::<Result<_, _>>()
        .map_err(DbError::from)
}

/// The first row of a statement, if there is one.
pub(crate) async fn first<T: FromQueryResult>(
    scope: &Scope,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<T>, DbError> {
    let row = scope.query_one_raw(statement(sql, values)).await?;
    row.map(|row| T::from_query_result(&row, ""))
        .transpose()
        .map_err(DbError::from)
}

/// The one value of a statement that always answers a row.
pub(crate) async fn scalar<T: TryGetable>(
    scope: &Scope,
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<T, DbError> {
    let row = scope.query_one_raw(statement(sql, values)).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))?;
    Ok(row.try_get_by_index(0)?)
}

/// What a function that follows rules of its own answered.
pub(crate) async fn ruled(
    scope: &Scope,
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Result<(), Refused>, DbError> {
    let word: String = scalar(scope, sql, values).await?;
    Refused::read(&word)
}

/// Runs a statement for what it does.
pub(crate) async fn run(
    scope: &Scope,
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<(), DbError> {
    scope.execute_raw(statement(sql, values)).await?;
    Ok(())
}

/// Lets the transaction act in this organisation, for as long as it is not told another one: only one in which the database has just
/// found the acting user a member.
pub(crate) async fn act_in(scope: &Scope, organization: &OrganizationId) -> Result<(), DbError> {
    let act_in = "SELECT set_config('app.current_org_id', $1, true)";
    run(scope, act_in, [organization.as_str().into()]).await
}

/// Runs a statement; how many rows it wrote.
pub(crate) async fn affected(
    scope: &Scope,
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DbError> {
    let done = scope.execute_raw(statement(sql, values)).await?;
    Ok(done.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::containing;

    #[test]
    fn wildcards_in_a_search_are_letters() {
        assert_eq!(containing(r"50%_\"), r"%50\%\_\\%");
    }
}
