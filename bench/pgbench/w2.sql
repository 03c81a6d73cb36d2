-- My 20 agents: the statements of the server, in its transaction.
\set u random(0, :users - 1)
\set xu 10000000 + (:u * 7919) % 10000019
\if :ready_w2 = 0
PREPARE auth_w2(text, text) AS
  SELECT session_id, user_id, organization_id, role, expires_at, name, email FROM auth_resolve_session($1, $2);
PREPARE w2(text, bigint) AS
  SELECT "agents"."organization_id", "agents"."id", "agents"."user_id", "agents"."name", "agents"."description", "agents"."system_prompt", "agents"."model", "agents"."temperature", "agents"."max_tokens", "agents"."visibility", "agents"."created_at", "agents"."updated_at"
  FROM "agents" WHERE "agents"."organization_id" = $1 ORDER BY "agents"."created_at" ASC, "agents"."id" ASC LIMIT $2;
\set ready_w2 1
\endif
EXECUTE auth_w2('t:xu-k3v9w2m7q5x8z1-d8f1g6h', NULL);
BEGIN READ ONLY\; SET LOCAL app.current_user_id = 'u:xu-k3v9w2m7q5x8z1'\; SET LOCAL app.current_org_id = 'o:xu-k3v9w2m7q5x8z1'\; SET LOCAL app.org_role = 'owner';
EXECUTE w2('o:xu-k3v9w2m7q5x8z1', 21);
ROLLBACK;
