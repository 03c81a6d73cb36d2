-- The data of scripts/bench-search.sh, beside that of data.sql: user 0 gets :messages more messages of 120 to 1,400 characters in
-- conversations of 50, in words as often used as words are (the n-th one n times less than the first).
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET session_replication_role = replica;
SET synchronous_commit = off;
BEGIN;
CREATE TEMP TABLE me AS
SELECT a.organization_id AS org, a.user_id AS me, a.id AS agent FROM agents a
WHERE a.user_id = 'u10000000-1000-k3v9w2m7q' ORDER BY a.created_at LIMIT 1;
CREATE FUNCTION pg_temp.at(n bigint) RETURNS timestamptz IMMUTABLE LANGUAGE sql
  RETURN timestamptz '2026-03-01 00:00:00Z' + n * interval '10 seconds';
INSERT INTO conversations (organization_id, id, agent_id, agent_user_id, user_id, title, head_id, last_message_at, created_at, updated_at)
SELECT org, 'search-v-' || v, agent, me, me, 'Talk ' || v, 'search-m-' || v * 50 + 49, pg_temp.at(v * 50 + 49), pg_temp.at(v * 50), pg_temp.at(v * 50)
FROM me CROSS JOIN generate_series(0, :messages / 50 - 1) v;
INSERT INTO agent_messages (organization_id, conversation_id, id, agent_id, agent_user_id, user_id, role, content, parent_id, created_at, updated_at)
SELECT org, 'search-v-' || n / 50, 'search-m-' || n, agent, me, me, CASE WHEN n % 2 = 0 THEN 'user' ELSE 'assistant' END,
       w.content, CASE WHEN n % 50 > 0 THEN 'search-m-' || n - 1 END, pg_temp.at(n), pg_temp.at(n)
FROM me CROSS JOIN generate_series(0, :messages - 1) n CROSS JOIN LATERAL (
  SELECT string_agg('w' || floor(exp(random() * ln(30000)))::int, ' ') ||
         CASE WHEN n % 20000 = 777 THEN ' xylophone' ELSE '' END AS content
  FROM generate_series(1, 20 + (n * 37 % 200)::int)) w;
COMMIT;
VACUUM (ANALYZE) conversations, agent_messages;
