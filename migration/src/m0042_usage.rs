//! What agents used, by day, and what an organisation may spend in a month.

crate::sql_migration!("m0042_usage", protect: ["usage_days", "usage_months", "organization_budgets"]);

const UP: &str = include_str!("sql/usage.sql");

const DOWN: &str = r"
DROP FUNCTION budget_exceeded(boolean);
DROP FUNCTION usage_note(text, text, text, text, text, text, integer, integer, bigint, boolean);
DROP TRIGGER runs_count_gone ON runs;
DROP FUNCTION runs_count_gone();
DROP TRIGGER runs_count ON runs;
DROP FUNCTION runs_count();
DROP FUNCTION usage_add(timestamptz, text, text, text, text, text, text, text, integer, integer, bigint, boolean);
REVOKE SELECT (status, api_connection_id, prompt_tokens, cost_micros) ON runs FROM agentry_keeper;
DROP TABLE organization_budgets;
DROP TABLE usage_months;
DROP TABLE usage_days;
ALTER TABLE runs DROP COLUMN tokens_estimated;
";
