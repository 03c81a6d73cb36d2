-- One agent by id: the statements of the server, in its transactions. Ids as in data.sql.
\set u random(0, :users - 1)
\set xu 10000000 + (:u * 7919) % 10000019
\set a 1000 + random(0, 19)
\if :ready_w1 = 0
PREPARE w1_auth(text, text) AS
  SELECT session_id, user_id, organization_id, role, expires_at, name, email FROM auth_resolve_session($1, $2);
PREPARE w1_agent(text, text, bigint) AS
  SELECT "agents"."organization_id", "agents"."id", "agents"."user_id", "agents"."name", "agents"."description", "agents"."system_prompt", "agents"."model", "agents"."temperature", "agents"."max_tokens", "agents"."visibility", "agents"."created_at", "agents"."updated_at", "agents"."install_id", "agents"."archived_at", "agents"."version", "agents"."tools", CASE WHEN agents.install_id IS NOT NULL AND agents.archived_at IS NULL THEN agent_effective(agents.id) END AS "effective"
  FROM "agents" WHERE "agents"."organization_id" = $1 AND "agents"."id" = $2 LIMIT $3;
\set ready_w1 1
\endif
EXECUTE w1_auth('t:xu-1000-k3v9w2m7q-d8f1g6h', NULL);
BEGIN READ ONLY\; SET LOCAL app.current_user_id = 'u:xu-1000-k3v9w2m7q'\; SET LOCAL app.current_org_id = 'o:xu-1000-k3v9w2m7q'\; SET LOCAL app.org_role = 'owner';
EXECUTE w1_agent('o:xu-1000-k3v9w2m7q', 'a:xu-:a-k3v9w2m7q', 1);
ROLLBACK;
