-- Who asks in W7: :streams people, each with a personal organisation and a session. Their agents and connections are made through
-- the server, which seals the keys. Doing it again takes away what earlier runs left.
--
-- Ids are computed as in data.sql. The numbers begin at 3000000.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;

CREATE FUNCTION pg_temp.id(kind text, u bigint, n bigint) RETURNS text IMMUTABLE LANGUAGE sql
  RETURN kind || (10000000 + (u * 7919) % 10000019)::text || '-' || (1000 + n)::text || '-k3v9w2m7q';

CREATE TEMP TABLE u AS
SELECT n, pg_temp.id('u', n, 0) AS id, pg_temp.id('o', n, 0) AS org FROM generate_series(3000000, 3000000 + :streams - 1) n;

INSERT INTO "user" ("id", "name", "email", "emailVerified", "createdAt", "updatedAt")
SELECT id, 'Listener ' || n, 'listener' || n || '@bench.example', true, now(), now() FROM u ON CONFLICT DO NOTHING;
INSERT INTO "organization" ("id", "name", "slug", "createdAt", personal_user_id)
SELECT org, 'Listener ' || n, 'bench-listener-' || n, now(), id FROM u ON CONFLICT DO NOTHING;
INSERT INTO "member" ("id", "organizationId", "userId", "role", "createdAt")
SELECT pg_temp.id('e', n, 0), org, id, 'owner', now() FROM u ON CONFLICT DO NOTHING;
INSERT INTO "session" ("id", "expiresAt", "token", "createdAt", "updatedAt", "userId")
SELECT pg_temp.id('s', n, 0), now() + interval '10 years', pg_temp.id('t', n, 0) || '-d8f1g6h', now(), now(), id FROM u ON CONFLICT DO NOTHING;

DELETE FROM agents a USING "organization" o WHERE o."id" = a.organization_id AND o."slug" LIKE 'bench-listener-%';
DELETE FROM api_connections c USING "organization" o WHERE o."id" = c.organization_id AND o."slug" LIKE 'bench-listener-%';

COMMIT;
VACUUM (ANALYZE) "user", "organization", "member", "session", agents, api_connections, conversations, agent_messages, runs, run_deltas;
