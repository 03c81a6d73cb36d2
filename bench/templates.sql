-- What the benchmark of templates needs beside data.sql: two templates, of one type and of five hundred; :users readers, each with a
-- plain agent and one installed from the large template; and :installers people who have installed nothing yet. Doing it
-- again changes nothing.
--
-- Ids are computed as in data.sql. Numbers of readers begin at 1000000, those of installers at 2000000.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET synchronous_commit = off;
BEGIN;

CREATE FUNCTION pg_temp.id(kind text, u bigint, n bigint) RETURNS text IMMUTABLE LANGUAGE sql
  RETURN kind || (10000000 + (u * 7919) % 10000019)::text || '-' || (1000 + n)::text || '-k3v9w2m7q';

CREATE TEMP TABLE u AS
SELECT n, pg_temp.id('u', n, 0) AS id, pg_temp.id('o', n, 0) AS org, 'reader' AS kind FROM generate_series(1000000, 1000000 + :users - 1) n
UNION ALL
SELECT n, pg_temp.id('u', n, 0), pg_temp.id('o', n, 0), 'installer' FROM generate_series(2000000, 2000000 + :installers - 1) n;

INSERT INTO "user" ("id", "name", "email", "emailVerified", "createdAt", "updatedAt")
SELECT id, kind || ' ' || n, kind || n || '@bench.example', true, now(), now() FROM u ON CONFLICT DO NOTHING;
INSERT INTO "organization" ("id", "name", "slug", "createdAt", personal_user_id)
SELECT org, kind || ' ' || n, 'bench-' || kind || '-' || n, now(), id FROM u ON CONFLICT DO NOTHING;
INSERT INTO "member" ("id", "organizationId", "userId", "role", "createdAt")
SELECT pg_temp.id('e', n, 0), org, id, 'owner', now() FROM u ON CONFLICT DO NOTHING;
INSERT INTO "session" ("id", "expiresAt", "token", "createdAt", "updatedAt", "userId")
SELECT pg_temp.id('s', n, 0), now() + interval '10 years', pg_temp.id('t', n, 0) || '-d8f1g6h', now(), now(), id FROM u ON CONFLICT DO NOTHING;

-- A definition of so many types, each with a schema of some hundred bytes.
CREATE FUNCTION pg_temp.definition(types integer) RETURNS jsonb IMMUTABLE LANGUAGE sql
  RETURN jsonb_build_object(
    'name', 'Expert', 'description', 'Answers questions about everything',
    'agent', jsonb_build_object('model', 'gpt-4o-mini', 'maxTokens', 1024, 'description', 'Answers questions about subject 0', 'systemPrompt',
      'You are a patient expert. Answer in short sentences, name your sources, and say so when you do not know.'),
    'capabilities', '{"services": ["openai"]}'::jsonb,
    'entityTypes', (SELECT jsonb_object_agg('type-' || i, jsonb_build_object(
      'name', 'Type ' || i, 'description', 'What is known of things of type ' || i, 'color', '#2563eb', 'metadataSchema',
      '{"type": "object", "required": ["amount", "on"], "additionalProperties": false, "properties": {
         "amount": {"type": "string", "pattern": "^-?[0-9]{1,15}$"}, "on": {"type": "string", "format": "date"},
         "status": {"enum": ["open", "done", "dropped"]}, "note": {"type": "string", "maxLength": 500}}}'::jsonb))
      FROM generate_series(1, types) i));

INSERT INTO "organization" ("id", "name", "slug", "createdAt") VALUES ('bench-publisher', 'Bench', 'bench-publisher', now()) ON CONFLICT DO NOTHING;
SELECT t.outcome FROM (VALUES (1), (500)) s (types) CROSS JOIN LATERAL template_add('bench-publisher', 'bench-' || types, 'bench-' || types,
  pg_temp.definition(types), '{"services": ["openai"], "tools": [], "domains": []}',
  jsonb_build_object('entity_types', types, 'entity_relationship_types', 0, 'event_classifiers', 0, 'watchers', 0),
  encode(sha256(convert_to(pg_temp.definition(types)::text, 'UTF8')), 'hex'), NULL, NULL, NULL, NULL, '[]', '[]', 2147483647) t;
UPDATE templates SET status = 'published', first_published_at = now_ms() WHERE publisher_org_id = 'bench-publisher' AND status = 'draft';

-- Agent 0 is plain, agent 1 is installed. To a reader they are the same.
INSERT INTO agents (organization_id, id, user_id, name, description, system_prompt, model, max_tokens, install_id)
SELECT org, pg_temp.id('a', u.n, a), u.id, 'Agent ' || a, 'Answers questions about subject 0',
       'You are a patient expert. Answer in short sentences, name your sources, and say so when you do not know.',
       'gpt-4o-mini', 1024, CASE a WHEN 1 THEN pg_temp.id('i', u.n, 0) END
FROM generate_series(0, 1) a CROSS JOIN u WHERE u.kind = 'reader' ON CONFLICT DO NOTHING;
INSERT INTO template_installs (organization_id, id, template_id, agent_id, agent_user_id, agent_visibility, installed_by_user_id, granted_capabilities)
SELECT org, pg_temp.id('i', n, 0), 'bench-500', pg_temp.id('a', n, 1), id, 'private', id, '{"services": ["openai"], "tools": [], "domains": []}'
FROM u WHERE kind = 'reader' ON CONFLICT DO NOTHING;

COMMIT;
VACUUM (ANALYZE);
CHECKPOINT;
