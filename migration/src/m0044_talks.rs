//! Search in what somebody said and was told, and where a conversation was forked from.

crate::sql_migration!("m0044_talks", protect: ["conversation_words"]);

const UP: &str = include_str!("sql/talks.sql");

const DOWN: &str = r"
DROP TABLE conversation_words;
REVOKE UPDATE (forked_from_id, forked_at_id) ON conversations FROM agentry_app;
ALTER TABLE conversations DROP CONSTRAINT conversations_user_key;
ALTER TABLE conversations DROP COLUMN forked_from_id, DROP COLUMN forked_at_id;
";
