-- Append a message: the statements of the server, in its transactions. Ids as in data.sql.
\set u random(0, :users - 1)
\set xu 10000000 + (:u * 7919) % 10000019
\set v 1000 + random(0, 38)
\set length 24 * random(2, 15)
\set r random(1, 1000000000000)
\set s random(1, 1000000)
\if :ready_w5 = 0
PREPARE w5_auth(text, text) AS
  SELECT session_id, user_id, organization_id, role, expires_at, name, email FROM auth_resolve_session($1, $2);
PREPARE w5_append(text, text, text, text, text, text, jsonb) AS
WITH held AS (
  SELECT c.organization_id, c.id, c.head_id FROM conversations c
  WHERE c.organization_id = $1 AND c.id = $2 AND c.user_id = $3 AND c.archived_at IS NULL
    AND EXISTS (SELECT 1 FROM agents a WHERE a.organization_id = $1 AND a.id = c.agent_id)
  FOR NO KEY UPDATE OF c
), conversation AS (
  UPDATE conversations c
  SET head_id = $4,
      last_message_at = GREATEST(date_trunc('milliseconds', clock_timestamp()), c.last_message_at + interval '1 millisecond')
  FROM held
  WHERE c.organization_id = $1 AND c.id = $2 AND c.id = held.id
  RETURNING c.organization_id, c.id, c.agent_id, c.agent_user_id, c.user_id, c.withheld, c.last_message_at, held.head_id AS parent_id
)
INSERT INTO agent_messages (organization_id, conversation_id, id, agent_id, agent_user_id, user_id, withheld, role, content, metadata, parent_id, created_at, updated_at)
SELECT organization_id, id, $4, agent_id, agent_user_id, user_id, withheld, $5, $6, $7, parent_id, last_message_at, last_message_at FROM conversation
RETURNING *;
\set ready_w5 1
\endif
EXECUTE w5_auth('t:xu-1000-k3v9w2m7q-d8f1g6h', NULL);
BEGIN READ WRITE\; SET LOCAL app.current_user_id = 'u:xu-1000-k3v9w2m7q'\; SET LOCAL app.current_org_id = 'o:xu-1000-k3v9w2m7q'\; SET LOCAL app.org_role = 'owner';
EXECUTE w5_append('o:xu-1000-k3v9w2m7q', 'v:xu-:v-k3v9w2m7q', 'u:xu-1000-k3v9w2m7q', 'b:r-:s', 'user', repeat('x', :length), '{}');
COMMIT;
