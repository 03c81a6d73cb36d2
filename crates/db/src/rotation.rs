//! Re-sealing: every stored secret is carried over to the key that seals now, while the service runs.
//!
//! The owner connects, and reaches rows only as the keeper and one organisation at a time, so that row security binds this
//! too. Whatever ends the work half-way, running it again goes on where it stopped: a row says itself under which key it is.

use agentry_crypto::{KeyRing, SealError};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Postgres, Transaction};

use crate::DbError;
use crate::ids::OrganizationId;
use crate::sealed::{COLUMNS, Column};

/// How many rows are opened and sealed in one transaction.
const BATCH: i64 = 200;

/// What was found, and done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rotation {
    /// Sealed anew under the first key by this run.
    pub resealed: u64,
    /// Under the first key already. [`verify`] has opened them too, [`reseal`] has not.
    pub already: u64,
    /// Open, but not under the first key: what [`verify`] found left to do.
    pub pending: u64,
    /// Does not open under any key of the ring; left as it is: whose it is, what it is, and the id of its row.
    pub unreadable: Vec<(OrganizationId, &'static str, String)>,
    /// Changed or deleted by the service in between, which wins. Another run looks at them again.
    pub lost_races: u64,
}

/// Seals anew every key that is not under the first key of the ring. `owner` connects as the owner of the database.
///
/// # Errors
/// [`DbError`] as the database answers; what was committed until then stays. [`DbError::Refused`]: the role is not the
/// owner's, or may not act as `agentry_keeper`.
pub async fn reseal(owner: &PgConnectOptions, ring: &KeyRing) -> Result<Rotation, DbError> {
    run(owner, ring, Mode::Reseal).await
}

/// Opens every key and changes nothing.
///
/// # Errors
/// As [`reseal`].
pub async fn verify(owner: &PgConnectOptions, ring: &KeyRing) -> Result<Rotation, DbError> {
    run(owner, ring, Mode::Verify).await
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Reseal,
    Verify,
}

async fn run(owner: &PgConnectOptions, ring: &KeyRing, mode: Mode) -> Result<Rotation, DbError> {
    let options = owner
        .clone()
        .application_name("agentry keys")
        .disable_statement_logging();
    let mut connection = PgConnection::connect_with(&options).await?;
    let mut found = Rotation::default();
    for organization in organizations(&mut connection).await? {
        let organization = OrganizationId::from(organization);
        one_organization(&mut connection, ring, mode, &organization, &mut found).await?;
    }
    connection.close().await?;
    Ok(found)
}

async fn organizations(connection: &mut PgConnection) -> Result<Vec<String>, DbError> {
    Ok(
        sqlx::query_scalar(r#"SELECT "id" FROM "organization" ORDER BY "id""#)
            .fetch_all(connection)
            .await?,
    )
}

async fn one_organization(
    connection: &mut PgConnection,
    ring: &KeyRing,
    mode: Mode,
    organization: &OrganizationId,
    found: &mut Rotation,
) -> Result<(), DbError> {
    for column in COLUMNS {
        one_column(connection, ring, mode, (organization, column), found).await?;
    }
    Ok(())
}

async fn one_column(
    connection: &mut PgConnection,
    ring: &KeyRing,
    mode: Mode,
    (organization, column): (&OrganizationId, Column),
    found: &mut Rotation,
) -> Result<(), DbError> {
    // What starts like this is under the first key. Only a pre-selection: `needs_resealing` decides.
    let current = format!("v1.{}.", ring.primary_id());
    let mut after = String::new();
    if mode == Mode::Reseal {
        let mut transaction = act_within(connection, organization, "READ ONLY").await?;
        found.already += already(&mut transaction, organization, column, &current).await?;
    }
    let Column {
        table,
        name,
        organization: whose,
        what: _,
    } = column;
    let read = format!(
        "SELECT id, {name} FROM {table}
         WHERE {whose} = $1 AND id > $2 AND ($3 OR NOT starts_with({name}, $4)) AND {name} IS NOT NULL
         ORDER BY id LIMIT $5"
    );
    loop {
        let access = match mode {
            Mode::Reseal => "READ WRITE",
            Mode::Verify => "READ ONLY",
        };
        let mut transaction = act_within(connection, organization, access).await?;
        let rows: Vec<(String, String)> = sqlx::query_as(AssertSqlSafe(read.clone()))
            .bind(organization.as_str())
            .bind(&after)
            .bind(mode == Mode::Verify)
            .bind(&current)
            .bind(BATCH)
            .fetch_all(&mut *transaction)
            .await?;
        let Some((last, _)) = rows.last() else {
            return Ok(());
        };
        after.clone_from(last);
        let batch = Batch::of(rows, ring, mode, (organization, column), found)?;
        if !batch.ids.is_empty() {
            let wanted = batch.ids.len() as u64;
            let done = batch.write(&mut transaction, organization, column).await?;
            transaction.commit().await?;
            found.resealed += done;
            found.lost_races += wanted.saturating_sub(done);
        }
    }
}

async fn already(
    transaction: &mut Transaction<'_, Postgres>,
    organization: &OrganizationId,
    column: Column,
    current: &str,
) -> Result<u64, DbError> {
    let Column {
        table,
        name,
        organization: whose,
        what: _,
    } = column;
    let count =
        format!("SELECT count(*) FROM {table} WHERE {whose} = $1 AND starts_with({name}, $2)");
    let count: i64 = sqlx::query_scalar(AssertSqlSafe(count))
        .bind(organization.as_str())
        .bind(current)
        .fetch_one(&mut **transaction)
        .await?;
    Ok(count.unsigned_abs())
}

/// A transaction of the keeper's within one organisation. The id is bound, not written in: ids made elsewhere may hold anything.
async fn act_within<'c>(
    connection: &'c mut PgConnection,
    organization: &OrganizationId,
    access: &str,
) -> Result<Transaction<'c, Postgres>, DbError> {
    let begin = format!("BEGIN {access}; SET LOCAL ROLE agentry_keeper");
    let mut transaction = connection.begin_with(AssertSqlSafe(begin)).await?;
    sqlx::query("SELECT set_config('app.current_org_id', $1, true)")
        .bind(organization.as_str())
        .execute(&mut *transaction)
        .await?;
    Ok(transaction)
}

/// What is to be written: three lists of one length.
#[derive(Default)]
struct Batch {
    ids: Vec<String>,
    old: Vec<String>,
    new: Vec<String>,
}

impl Batch {
    fn of(
        rows: Vec<(String, String)>,
        ring: &KeyRing,
        mode: Mode,
        (organization, column): (&OrganizationId, Column),
        found: &mut Rotation,
    ) -> Result<Self, DbError> {
        let mut batch = Self::default();
        for (id, old) in rows {
            let place = column.place(organization, &id);
            let Ok(secret) = ring.open(&old, &place) else {
                let unreadable = (organization.clone(), column.what, id);
                found.unreadable.push(unreadable);
                continue;
            };
            match (ring.needs_resealing(&old), mode) {
                (false, _) => found.already += 1,
                (true, Mode::Verify) => found.pending += 1,
                (true, Mode::Reseal) => {
                    batch.new.push(ring.seal(&secret, &place).map_err(sealing)?);
                    batch.old.push(old);
                    batch.ids.push(id);
                }
            }
        }
        Ok(batch)
    }

    /// Compare and swap: a row that is no longer what was read is left to whoever changed it. How many were swapped.
    async fn write(
        &self,
        transaction: &mut Transaction<'_, Postgres>,
        organization: &OrganizationId,
        column: Column,
    ) -> Result<u64, DbError> {
        let Column {
            table,
            name,
            organization: whose,
            what: _,
        } = column;
        let write = format!(
            "UPDATE {table} c SET {name} = n.new
             FROM unnest($2::text[], $3::text[], $4::text[]) AS n (id, old, new)
             WHERE c.{whose} = $1 AND c.id = n.id AND c.{name} = n.old"
        );
        let done = sqlx::query(AssertSqlSafe(write))
            .bind(organization.as_str())
            .bind(&self.ids)
            .bind(&self.old)
            .bind(&self.new)
            .execute(&mut **transaction)
            .await?;
        Ok(done.rows_affected())
    }
}

fn sealing(error: SealError) -> DbError {
    DbError::Unexpected(error.to_string())
}
