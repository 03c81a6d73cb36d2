//! Rows for any tenant table, made by walking its columns and references.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;

use super::schema::Table;

/// Column to value, as text.
pub(super) type Row = BTreeMap<String, String>;

/// What a table's rows hold where only the table knows; `#` becomes a number of its own. A new column that takes no NULL and
/// has no default needs a line here.
const VALUES: [(&str, &str, &str); 47] = [
    ("agent_feedback", "rating", "1"),
    ("agent_messages", "content", "Hello"),
    ("agent_messages", "role", "user"),
    (
        "agent_versions",
        "checksum",
        "0123456789012345678901234567890123456789012345678901234567890123",
    ),
    ("agent_versions", "model", "echo"),
    ("agent_versions", "system_prompt", "Answer."),
    ("agent_versions", "temperature", "1"),
    ("agent_versions", "version", "#"),
    ("agents", "name", "Agent"),
    ("agents", "system_prompt", "Answer."),
    ("api_connections", "api_key", "v1.key.sealed"),
    ("api_connections", "name", "Connection"),
    ("api_connections", "service", "openai"),
    ("audit_events", "action", "agent.create"),
    ("audit_events", "credential", "cookie"),
    ("audit_events", "target_id", "target"),
    ("audit_events", "target_type", "Agent"),
    ("entity_relationship_types", "name", "Knows"),
    ("entity_relationship_types", "slug", "type-#"),
    ("entity_types", "name", "Company"),
    ("entity_types", "slug", "type-#"),
    ("conversation_words", "indexed_until", "2026-01-01"),
    ("conversation_words", "words", " hello "),
    ("idempotency_keys", "input_hash", "hash"),
    ("idempotency_keys", "key", "key-#"),
    ("idempotency_keys", "operation", "createAgent"),
    ("idempotency_keys", "target_id", "target"),
    ("member_identities", "identifier", "name-#"),
    ("member_identities", "namespace", "email"),
    ("member_identities", "source", "auth:signup"),
    ("template_installs", "template_id", "template-#"),
    ("run_deltas", "sequence", "#"),
    ("run_deltas", "text", "Hello"),
    ("run_leases", "conversation_id", "conversation"),
    ("run_leases", "role", "member"),
    ("runs", "message_id", "message"),
    ("runs", "model", "echo"),
    ("runs", "reply_id", "reply"),
    ("usage_days", "agent_id", "agent"),
    ("usage_days", "api_connection_id", "connection"),
    ("usage_days", "day", "2026-01-31"),
    ("usage_days", "model", "model-#"),
    ("usage_days", "service", "openai"),
    ("usage_months", "cost_micros", "1"),
    ("usage_months", "month", "1#-01-01"),
    ("usage_months", "tokens", "1"),
    ("whatsapp_conversations", "sender", "sender-#"),
];

/// Whose a row is, and who may see what it hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Alice's, and nobody else is let in.
    Private,
    /// Alice's, under something that she shares.
    Shared,
    /// Bob's, under something that Alice shares.
    Hosted,
}

impl Kind {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Shared => "shared",
            Self::Hosted => "hosted",
        }
    }
}

/// Alice and Bob are members of `here`, Carol is its admin. Alice is a member of `there` too, which is Dave's.
pub(super) const PEOPLE: &str = r#"
INSERT INTO "user" ("id", "name", "email") VALUES
  ('alice', 'Alice', 'alice@example.com'), ('bob', 'Bob', 'bob@example.com'),
  ('carol', 'Carol', 'carol@example.com'), ('dave', 'Dave', 'dave@example.com');
INSERT INTO "organization" ("id", "name", "slug") VALUES ('here', 'Here', 'here'), ('there', 'There', 'there');
INSERT INTO "member" ("id", "organizationId", "userId", "role") VALUES
  ('m1', 'here', 'alice', 'member'), ('m2', 'here', 'bob', 'member'), ('m3', 'here', 'carol', 'admin'),
  ('m4', 'there', 'alice', 'member'), ('m5', 'there', 'dave', 'owner');
INSERT INTO templates (id, publisher_org_id, slug, name)
  SELECT 'template-' || n, 'there', 'template-' || n, 'Template' FROM generate_series(1, 3000) n;
"#;

/// Makes rows, and remembers them for others to refer to.
pub(super) struct Seeder<'a> {
    tables: &'a [Table],
    made: Vec<(String, Row)>,
    count: u32,
}

impl<'a> Seeder<'a> {
    pub(super) fn new(tables: &'a [Table]) -> Self {
        Self {
            tables,
            made: Vec::new(),
            count: 0,
        }
    }

    /// A row that is stored.
    pub(super) async fn stored(
        &mut self,
        connection: &mut PgConnection,
        table: &Table,
        kind: Kind,
    ) -> Row {
        self.store(connection, table, kind, Row::new()).await
    }

    /// A row that could be stored: all it refers to is there.
    pub(super) async fn possible(
        &mut self,
        connection: &mut PgConnection,
        table: &Table,
        kind: Kind,
    ) -> Row {
        self.build(connection, table, kind, Row::new()).await
    }

    async fn store(
        &mut self,
        connection: &mut PgConnection,
        table: &Table,
        kind: Kind,
        given: Row,
    ) -> Row {
        let row = self.build(connection, table, kind, given).await;
        sqlx::query(AssertSqlSafe(insertion(table, &row)))
            .bind(json(&row))
            .execute(&mut *connection)
            .await
            .unwrap_or_else(|error| panic!("no row for {}: {error}", table.name));
        self.made.push((table.name.clone(), row.clone()));
        row
    }

    async fn build(
        &mut self,
        connection: &mut PgConnection,
        table: &Table,
        kind: Kind,
        mut row: Row,
    ) -> Row {
        row.insert("organization_id".to_owned(), "here".to_owned());
        self.refer(connection, table, kind, &mut row).await;
        // What can be shared is Alice's; in what she shares, others act.
        let holder = match kind {
            Kind::Hosted if !table.has("visibility") => "bob",
            Kind::Private | Kind::Shared | Kind::Hosted => "alice",
        };
        for column in &table.columns {
            if row.contains_key(&column.name) {
                continue;
            }
            self.count += 1;
            let value = match column.name.as_str() {
                "id" => format!("r{}", self.count),
                "visibility" if kind == Kind::Private => "private".to_owned(),
                "visibility" => "organization".to_owned(),
                "withheld" => "false".to_owned(),
                name if column.needed && name.ends_with("user_id") => holder.to_owned(),
                name if column.needed => self.value(&table.name, name),
                _ => continue,
            };
            row.insert(column.name.clone(), value);
        }
        row
    }

    /// Fills the columns that refer to tenant tables, with rows made for it or, where a column is said already, with the row
    /// that fits.
    async fn refer(
        &mut self,
        connection: &mut PgConnection,
        table: &Table,
        kind: Kind,
        row: &mut Row,
    ) {
        for reference in &table.references {
            let Some(target) = self.tables.iter().find(|t| t.name == reference.target) else {
                continue;
            };
            let pairs = || reference.columns.iter().zip(&reference.target_columns);
            let is_nullable =
                |name: &String| table.columns.iter().any(|c| c.name == *name && c.nullable);
            if pairs().any(|(here, _)| is_nullable(here) && !row.contains_key(here)) {
                continue;
            }
            let wanted: Row = pairs()
                .filter_map(|(here, there)| Some((there.clone(), row.get(here)?.clone())))
                .filter(|(there, _)| there != "organization_id")
                .collect();
            let fits = |(name, made): &&(String, Row)| {
                *name == target.name
                    && wanted
                        .iter()
                        .all(|(column, value)| made.get(column) == Some(value))
            };
            let found = self.made.iter().find(fits).map(|(_, made)| made.clone());
            let parent = match found {
                Some(parent) if !wanted.is_empty() => parent,
                _ => Box::pin(self.store(connection, target, kind, wanted)).await,
            };
            for (here, there) in pairs() {
                row.insert(here.clone(), parent[there].clone());
            }
        }
    }

    fn value(&self, table: &str, column: &str) -> String {
        let known = VALUES
            .iter()
            .find(|(of, name, _)| (*of, *name) == (table, column));
        let (_, _, value) =
            known.unwrap_or_else(|| panic!("say in walking/seed.rs what {table}.{column} holds"));
        value.replace('#', &self.count.to_string())
    }
}

/// Stores a row given as JSON in `$1`.
pub(super) fn insertion(table: &Table, row: &Row) -> String {
    let columns = row.keys().map(|name| format!("\"{name}\""));
    let columns = columns.collect::<Vec<_>>().join(", ");
    let name = &table.name;
    format!(
        "INSERT INTO {name} ({columns}) SELECT {columns} FROM jsonb_populate_record(NULL::{name}, $1::text::jsonb)"
    )
}

/// The row as JSON text.
pub(super) fn json(row: &Row) -> String {
    serde_json::to_string(row).unwrap()
}
