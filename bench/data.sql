-- The data of the benchmark, for :users users: each with a personal organisation and a session, 20 agents, 5 API connections,
-- 40 links, 39 conversations, 1,000 messages and feedback on every tenth of them.
--
-- Ids are text of the length of real ones, computed from the user's number and the row's number among theirs, so that wrk and
-- pgbench can name any row without reading a list. Users' numbers are scattered, as random ids are, and messages lie in the
-- heap as they would have arrived, all users' mixed.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
-- Every reference below is right by construction; checking a million of them takes longer than writing them.
SET session_replication_role = replica;
SET synchronous_commit = off;
SET maintenance_work_mem = '256MB';
BEGIN;

-- 7919 and 10000019 are primes, so no two users meet. The same sum stands in wrk.lua and in pgbench/.
CREATE FUNCTION pg_temp.id(kind text, u bigint, n bigint) RETURNS text IMMUTABLE LANGUAGE sql
  RETURN kind || (10000000 + (u * 7919) % 10000019)::text || '-' || (1000 + n)::text || '-k3v9w2m7q';

-- Message k of the long conversation was written k minutes after this moment.
CREATE FUNCTION pg_temp.moment(k bigint) RETURNS timestamptz IMMUTABLE LANGUAGE sql
  RETURN timestamptz '2026-01-01 00:00:00Z' + k * interval '1 minute';

CREATE TEMP TABLE u AS SELECT n, pg_temp.id('u', n, 0) AS id, pg_temp.id('o', n, 0) AS org FROM generate_series(0, :users - 1) n;

INSERT INTO "user" ("id", "name", "email", "emailVerified", "createdAt", "updatedAt")
SELECT id, 'User ' || n, 'user' || n || '@bench.example', true, pg_temp.moment(0), pg_temp.moment(0) FROM u;

INSERT INTO "organization" ("id", "name", "slug", "createdAt", personal_user_id)
SELECT org, 'User ' || n, 'bench-user-' || n, pg_temp.moment(0), id FROM u;

INSERT INTO "member" ("id", "organizationId", "userId", "role", "createdAt")
SELECT pg_temp.id('e', n, 0), org, id, 'owner', pg_temp.moment(0) FROM u;

INSERT INTO "session" ("id", "expiresAt", "token", "createdAt", "updatedAt", "userId")
SELECT pg_temp.id('s', n, 0), now() + interval '10 years', pg_temp.id('t', n, 0) || '-d8f1g6h', now(), now(), id FROM u;

INSERT INTO agents (organization_id, id, user_id, name, description, system_prompt, model, max_tokens, created_at, updated_at)
SELECT org, pg_temp.id('a', u.n, a), u.id, 'Agent ' || a, 'Answers questions about subject ' || a,
       'You are a patient expert. Answer in short sentences, name your sources, and say so when you do not know.',
       'gpt-4o-mini', 1024, pg_temp.moment(a), pg_temp.moment(a)
FROM generate_series(0, 19) a CROSS JOIN u ORDER BY a, u.n;

INSERT INTO agent_versions (organization_id, id, agent_id, agent_user_id, agent_visibility, version, system_prompt, model, temperature,
                            max_tokens, checksum, created_by_user_id, created_at)
SELECT a.organization_id, replace(a.id, 'a', 'w'), a.id, a.user_id, a.visibility, 1, a.system_prompt, a.model, a.temperature, a.max_tokens,
       agent_version_checksum(a.system_prompt, a.model, a.temperature, a.max_tokens, NULL), a.user_id, a.created_at
FROM agents a JOIN u ON u.org = a.organization_id ORDER BY a.created_at, a.id;

-- No call is ever made with these keys; their sealed form is as long as a real one's.
INSERT INTO api_connections (organization_id, id, user_id, name, service, api_key, key_hint, created_at, updated_at)
SELECT org, pg_temp.id('c', u.n, c), u.id, 'Key ' || c, (ARRAY['openai', 'anthropic', 'github', 'mistral', 'slack'])[c + 1],
       'v1.bench.' || repeat('A', 106), 'wxyz', pg_temp.moment(c), pg_temp.moment(c)
FROM generate_series(0, 4) c CROSS JOIN u ORDER BY c, u.n;

-- Each agent may use two of its owner's connections.
INSERT INTO agent_api_connections (organization_id, id, agent_id, agent_user_id, agent_visibility,
                                   api_connection_id, connection_user_id, connection_visibility, created_at, updated_at)
SELECT org, pg_temp.id('l', u.n, l), pg_temp.id('a', u.n, l / 2), u.id, 'private',
       pg_temp.id('c', u.n, (l / 2 + l % 2 * 2) % 5), u.id, 'private', pg_temp.moment(l), pg_temp.moment(l)
FROM generate_series(0, 39) l CROSS JOIN u ORDER BY l, u.n;

-- A user's messages by number: 0 to 429 are one long conversation with agent 0, the rest 38 short ones of 15, two an agent.
CREATE TEMP TABLE m AS
SELECT k, CASE WHEN k < 430 THEN 0 ELSE 1 + (k - 430) / 15 END AS conversation
FROM generate_series(0, 999) k;
ALTER TABLE m ADD agent bigint;
UPDATE m SET agent = (conversation + 1) / 2;

INSERT INTO conversations (organization_id, id, agent_id, agent_user_id, user_id, title, last_message_at, head_id, created_at, updated_at)
SELECT org, pg_temp.id('v', u.n, v.conversation), pg_temp.id('a', u.n, v.agent), u.id, u.id,
       'Conversation ' || v.conversation, pg_temp.moment(v.last), pg_temp.id('m', u.n, v.last), pg_temp.moment(v.first), pg_temp.moment(v.last)
FROM (SELECT conversation, agent, min(k) AS first, max(k) AS last FROM m GROUP BY conversation, agent) v CROSS JOIN u
ORDER BY v.conversation, u.n;

INSERT INTO agent_messages (organization_id, conversation_id, id, agent_id, agent_user_id, user_id, role, content, parent_id, created_at, updated_at)
SELECT org, pg_temp.id('v', u.n, m.conversation), pg_temp.id('m', u.n, m.k), pg_temp.id('a', u.n, m.agent),
       u.id, u.id, CASE WHEN m.k % 2 = 0 THEN 'user' ELSE 'assistant' END,
       -- 40 to 439 characters.
       substr(repeat('The answer depends on where you stand, and on when you ask. ', 8), 1, (40 + (m.k * 37 + u.n * 11) % 400)::int),
       CASE WHEN m.k > 0 AND (m.k < 430 OR (m.k - 430) % 15 > 0) THEN pg_temp.id('m', u.n, m.k - 1) END,
       pg_temp.moment(m.k), pg_temp.moment(m.k)
FROM m CROSS JOIN u ORDER BY m.k, u.n;

INSERT INTO agent_feedback (organization_id, id, conversation_id, message_id, agent_id, agent_user_id, conversation_user_id,
                            user_id, rating, comment, created_at, updated_at)
SELECT org, pg_temp.id('f', u.n, m.k), pg_temp.id('v', u.n, m.conversation), pg_temp.id('m', u.n, m.k),
       pg_temp.id('a', u.n, m.agent), u.id, u.id, u.id, m.k / 10 % 2, 'Noted.', pg_temp.moment(m.k), pg_temp.moment(m.k)
FROM m CROSS JOIN u WHERE (m.k * 7 + m.k / 10 * 3 + u.n * 3) % 10 = 0 ORDER BY m.k, u.n;

COMMIT;
VACUUM (ANALYZE);
CHECKPOINT;
