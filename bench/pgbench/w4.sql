-- 50 messages, deep in a conversation: the statements of the server, in its transactions. Ids as in data.sql.
\set u random(0, :users - 1)
\set xu 10000000 + (:u * 7919) % 10000019
\set k random(200, 369)
\set m 1000 + :k
\if :ready_w4 = 0
PREPARE w4_auth(text, text) AS
  SELECT session_id, user_id, organization_id, role, expires_at, name, email FROM auth_resolve_session($1, $2);
PREPARE w4_conversation(text, text, bigint) AS
  SELECT "conversations"."organization_id", "conversations"."id", "conversations"."agent_id", "conversations"."agent_user_id", "conversations"."user_id", "conversations"."title", "conversations"."last_message_at", "conversations"."archived_at", "conversations"."withheld", "conversations"."head_id", "conversations"."forked_from_id", "conversations"."forked_at_id", "conversations"."created_at", "conversations"."updated_at"
  FROM "conversations" WHERE "conversations"."organization_id" = $1 AND "conversations"."id" = $2 LIMIT $3;
PREPARE w4_messages(text, text, bool, timestamptz, text, bigint) AS
  SELECT "agent_messages"."organization_id", "agent_messages"."conversation_id", "agent_messages"."id", "agent_messages"."agent_id", "agent_messages"."agent_user_id", "agent_messages"."user_id", "agent_messages"."role", "agent_messages"."content", "agent_messages"."metadata", "agent_messages"."withheld", "agent_messages"."parent_id", "agent_messages"."is_current", "agent_messages"."run_id", "agent_messages"."agent_version", "agent_messages"."model", "agent_messages"."tool_calls", "agent_messages"."tool_call_id", "agent_messages"."tool_outcome", "agent_messages"."created_at", "agent_messages"."updated_at"
  FROM "agent_messages" WHERE "agent_messages"."organization_id" = $1 AND "agent_messages"."conversation_id" = $2 AND "agent_messages"."is_current" = $3 AND ("agent_messages"."created_at", "agent_messages"."id") > ($4, $5)
  ORDER BY "agent_messages"."created_at" ASC, "agent_messages"."id" ASC LIMIT $6;
\set ready_w4 1
\endif
EXECUTE w4_auth('t:xu-1000-k3v9w2m7q-d8f1g6h', NULL);
BEGIN READ ONLY\; SET LOCAL app.current_user_id = 'u:xu-1000-k3v9w2m7q'\; SET LOCAL app.current_org_id = 'o:xu-1000-k3v9w2m7q'\; SET LOCAL app.org_role = 'owner';
EXECUTE w4_conversation('o:xu-1000-k3v9w2m7q', 'v:xu-1000-k3v9w2m7q', 1);
EXECUTE w4_messages('o:xu-1000-k3v9w2m7q', 'v:xu-1000-k3v9w2m7q', true, to_timestamp(1767225600 + :k * 60), 'm:xu-:m-k3v9w2m7q', 51);
ROLLBACK;
