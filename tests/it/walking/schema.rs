//! The tenant tables, as the catalog has them.

use std::collections::HashSet;

use sqlx::postgres::PgConnection;

/// A table with an `organization_id`.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    pub(super) key: Vec<String>,
    pub(super) references: Vec<Reference>,
}

#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of the catalog on its own"
)]
pub(super) struct Column {
    pub(super) name: String,
    /// It takes no NULL and has no default: a row must say it.
    pub(super) needed: bool,
    pub(super) nullable: bool,
    /// It is in a unique key.
    pub(super) unique: bool,
    /// The service may update it.
    pub(super) updatable: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Reference {
    pub(super) target: String,
    pub(super) columns: Vec<String>,
    pub(super) target_columns: Vec<String>,
}

impl Table {
    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|found| found.name == column)
    }

    /// The column that says whose a row is, where there is one.
    pub(super) fn person(&self) -> Option<&'static str> {
        ["user_id", "actor_user_id"]
            .into_iter()
            .find(|name| self.has(name))
    }
}

const COLUMNS: &str = "
SELECT a.attname::text, a.attnotnull AND NOT a.atthasdef AND a.attidentity = '', NOT a.attnotnull,
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND a.attnum = ANY (i.indkey)),
       has_column_privilege($2, a.attrelid, a.attnum, 'UPDATE')
FROM pg_attribute a
WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attnum";

const KEY: &str = "
SELECT a.attname::text FROM pg_index i
CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = $1::regclass AND i.indisprimary ORDER BY k.place";

const REFERENCES: &str = "
SELECT t.relname::text,
  ARRAY(SELECT a.attname::text FROM unnest(f.conkey) WITH ORDINALITY AS k (attnum, place)
        JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.attnum ORDER BY k.place),
  ARRAY(SELECT a.attname::text FROM unnest(f.confkey) WITH ORDINALITY AS k (attnum, place)
        JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.attnum ORDER BY k.place)
FROM pg_constraint f JOIN pg_class t ON t.oid = f.confrelid
WHERE f.contype = 'f' AND f.conrelid = $1::regclass
ORDER BY f.conname";

const TENANT_TABLES: &str = "
SELECT c.relname::text FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname";

/// Every tenant table, by name.
pub(super) async fn read(connection: &mut PgConnection, service: &str) -> Vec<Table> {
    let names: Vec<String> = sqlx::query_scalar(TENANT_TABLES)
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    let mut tables = Vec::with_capacity(names.len());
    for name in names {
        let columns: Vec<(String, bool, bool, bool, bool)> = sqlx::query_as(COLUMNS)
            .bind(&name)
            .bind(service)
            .fetch_all(&mut *connection)
            .await
            .unwrap();
        let key = sqlx::query_scalar(KEY)
            .bind(&name)
            .fetch_all(&mut *connection)
            .await
            .unwrap();
        let references: Vec<(String, Vec<String>, Vec<String>)> = sqlx::query_as(REFERENCES)
            .bind(&name)
            .fetch_all(&mut *connection)
            .await
            .unwrap();
        let column = |(name, needed, nullable, unique, updatable)| Column {
            name,
            needed,
            nullable,
            unique,
            updatable,
        };
        let reference = |(target, columns, target_columns)| Reference {
            target,
            columns,
            target_columns,
        };
        tables.push(Table {
            name,
            columns: columns.into_iter().map(column).collect(),
            key,
            references: references.into_iter().map(reference).collect(),
        });
    }
    tables
}

/// The tables whose rows have a visibility, of their own or of something they refer to.
pub(super) fn with_visibility(tables: &[Table]) -> HashSet<String> {
    let mut found: HashSet<String> = HashSet::new();
    loop {
        let before = found.len();
        for table in tables {
            if table.has("visibility")
                || table.references.iter().any(|to| found.contains(&to.target))
            {
                found.insert(table.name.clone());
            }
        }
        if found.len() == before {
            return found;
        }
    }
}
