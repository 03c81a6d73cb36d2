-- 20 agents, each with its connections and its latest 5 messages with feedback: the statements of the server, in its transactions. Ids as in data.sql.
\set u random(0, :users - 1)
\set xu 10000000 + (:u * 7919) % 10000019
\if :ready_w3 = 0
PREPARE w3_auth(text, text) AS
  SELECT session_id, user_id, organization_id, role, expires_at, name, email FROM auth_resolve_session($1, $2);
PREPARE w3_agents(text, bigint) AS
  SELECT "agents"."organization_id", "agents"."id", "agents"."user_id", "agents"."name", "agents"."description", "agents"."system_prompt", "agents"."model", "agents"."temperature", "agents"."max_tokens", "agents"."visibility", "agents"."created_at", "agents"."updated_at", "agents"."install_id", "agents"."archived_at", "agents"."version", "agents"."tools", CASE WHEN agents.install_id IS NOT NULL AND agents.archived_at IS NULL THEN agent_effective(agents.id) END AS "effective"
  FROM "agents" WHERE "agents"."organization_id" = $1 AND "agents"."archived_at" IS NULL ORDER BY "agents"."created_at" ASC, "agents"."id" ASC LIMIT $2;
PREPARE w3_connections(text, text, text[]) AS
  SELECT "api_connections"."organization_id" AS "organization_id", "api_connections"."id" AS "id", "api_connections"."user_id" AS "user_id", "api_connections"."name" AS "name", "api_connections"."service" AS "service", "api_connections"."key_hint" AS "key_hint", "api_connections"."base_url" AS "base_url", "api_connections"."metadata" AS "metadata", "api_connections"."visibility" AS "visibility", "api_connections"."last_used_at" AS "last_used_at", "api_connections"."rotated_at" AS "rotated_at", "api_connections"."created_at" AS "created_at", "api_connections"."updated_at" AS "updated_at", "agent_api_connections"."agent_id"
  FROM "api_connections" INNER JOIN "agent_api_connections" ON "agent_api_connections"."organization_id" = "api_connections"."organization_id" AND "agent_api_connections"."api_connection_id" = "api_connections"."id"
  WHERE "api_connections"."organization_id" = $1 AND "agent_api_connections"."organization_id" = $2 AND "agent_api_connections"."agent_id" = ANY($3)
  ORDER BY "agent_api_connections"."created_at" ASC, "agent_api_connections"."id" ASC;
PREPARE w3_messages(text, text[], bool[], text, bigint) AS
  SELECT m.* FROM unnest($2::text[], $3::bool[]) AS p(id, owned) CROSS JOIN LATERAL (
    (SELECT m.* FROM agent_messages m
     WHERE p.owned AND m.organization_id = $1 AND m.agent_id = p.id ORDER BY m.created_at DESC, m.id DESC LIMIT $5)
    UNION ALL
    (SELECT m.* FROM conversations c CROSS JOIN LATERAL (
       SELECT m.* FROM agent_messages m
       WHERE m.organization_id = $1 AND m.conversation_id = c.id ORDER BY m.created_at DESC, m.id DESC LIMIT $5) m
     WHERE NOT p.owned AND c.organization_id = $1 AND c.agent_id = p.id AND c.user_id = $4 ORDER BY m.created_at DESC, m.id DESC LIMIT $5)
  ) m ORDER BY m.created_at DESC, m.id DESC;
PREPARE w3_feedback(text, text[]) AS
  SELECT "agent_feedback"."organization_id", "agent_feedback"."id", "agent_feedback"."conversation_id", "agent_feedback"."message_id", "agent_feedback"."agent_id", "agent_feedback"."agent_user_id", "agent_feedback"."conversation_user_id", "agent_feedback"."user_id", "agent_feedback"."rating", "agent_feedback"."comment", "agent_feedback"."withheld", "agent_feedback"."created_at", "agent_feedback"."updated_at"
  FROM "agent_feedback" WHERE "agent_feedback"."organization_id" = $1 AND "agent_feedback"."message_id" = ANY($2)
  ORDER BY "agent_feedback"."created_at" ASC, "agent_feedback"."id" ASC;
\set ready_w3 1
\endif
EXECUTE w3_auth('t:xu-1000-k3v9w2m7q-d8f1g6h', NULL);
BEGIN READ ONLY\; SET LOCAL app.current_user_id = 'u:xu-1000-k3v9w2m7q'\; SET LOCAL app.current_org_id = 'o:xu-1000-k3v9w2m7q'\; SET LOCAL app.org_role = 'owner';
EXECUTE w3_agents('o:xu-1000-k3v9w2m7q', 21);
EXECUTE w3_connections('o:xu-1000-k3v9w2m7q', 'o:xu-1000-k3v9w2m7q', '{a:xu-1000-k3v9w2m7q,a:xu-1001-k3v9w2m7q,a:xu-1002-k3v9w2m7q,a:xu-1003-k3v9w2m7q,a:xu-1004-k3v9w2m7q,a:xu-1005-k3v9w2m7q,a:xu-1006-k3v9w2m7q,a:xu-1007-k3v9w2m7q,a:xu-1008-k3v9w2m7q,a:xu-1009-k3v9w2m7q,a:xu-1010-k3v9w2m7q,a:xu-1011-k3v9w2m7q,a:xu-1012-k3v9w2m7q,a:xu-1013-k3v9w2m7q,a:xu-1014-k3v9w2m7q,a:xu-1015-k3v9w2m7q,a:xu-1016-k3v9w2m7q,a:xu-1017-k3v9w2m7q,a:xu-1018-k3v9w2m7q,a:xu-1019-k3v9w2m7q}');
EXECUTE w3_messages('o:xu-1000-k3v9w2m7q', '{a:xu-1000-k3v9w2m7q,a:xu-1001-k3v9w2m7q,a:xu-1002-k3v9w2m7q,a:xu-1003-k3v9w2m7q,a:xu-1004-k3v9w2m7q,a:xu-1005-k3v9w2m7q,a:xu-1006-k3v9w2m7q,a:xu-1007-k3v9w2m7q,a:xu-1008-k3v9w2m7q,a:xu-1009-k3v9w2m7q,a:xu-1010-k3v9w2m7q,a:xu-1011-k3v9w2m7q,a:xu-1012-k3v9w2m7q,a:xu-1013-k3v9w2m7q,a:xu-1014-k3v9w2m7q,a:xu-1015-k3v9w2m7q,a:xu-1016-k3v9w2m7q,a:xu-1017-k3v9w2m7q,a:xu-1018-k3v9w2m7q,a:xu-1019-k3v9w2m7q}', '{t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t}', 'u:xu-1000-k3v9w2m7q', 6);
EXECUTE w3_feedback('o:xu-1000-k3v9w2m7q', '{m:xu-1425-k3v9w2m7q,m:xu-1426-k3v9w2m7q,m:xu-1427-k3v9w2m7q,m:xu-1428-k3v9w2m7q,m:xu-1429-k3v9w2m7q,m:xu-1455-k3v9w2m7q,m:xu-1456-k3v9w2m7q,m:xu-1457-k3v9w2m7q,m:xu-1458-k3v9w2m7q,m:xu-1459-k3v9w2m7q,m:xu-1485-k3v9w2m7q,m:xu-1486-k3v9w2m7q,m:xu-1487-k3v9w2m7q,m:xu-1488-k3v9w2m7q,m:xu-1489-k3v9w2m7q,m:xu-1515-k3v9w2m7q,m:xu-1516-k3v9w2m7q,m:xu-1517-k3v9w2m7q,m:xu-1518-k3v9w2m7q,m:xu-1519-k3v9w2m7q,m:xu-1545-k3v9w2m7q,m:xu-1546-k3v9w2m7q,m:xu-1547-k3v9w2m7q,m:xu-1548-k3v9w2m7q,m:xu-1549-k3v9w2m7q,m:xu-1575-k3v9w2m7q,m:xu-1576-k3v9w2m7q,m:xu-1577-k3v9w2m7q,m:xu-1578-k3v9w2m7q,m:xu-1579-k3v9w2m7q,m:xu-1605-k3v9w2m7q,m:xu-1606-k3v9w2m7q,m:xu-1607-k3v9w2m7q,m:xu-1608-k3v9w2m7q,m:xu-1609-k3v9w2m7q,m:xu-1635-k3v9w2m7q,m:xu-1636-k3v9w2m7q,m:xu-1637-k3v9w2m7q,m:xu-1638-k3v9w2m7q,m:xu-1639-k3v9w2m7q,m:xu-1665-k3v9w2m7q,m:xu-1666-k3v9w2m7q,m:xu-1667-k3v9w2m7q,m:xu-1668-k3v9w2m7q,m:xu-1669-k3v9w2m7q,m:xu-1695-k3v9w2m7q,m:xu-1696-k3v9w2m7q,m:xu-1697-k3v9w2m7q,m:xu-1698-k3v9w2m7q,m:xu-1699-k3v9w2m7q,m:xu-1725-k3v9w2m7q,m:xu-1726-k3v9w2m7q,m:xu-1727-k3v9w2m7q,m:xu-1728-k3v9w2m7q,m:xu-1729-k3v9w2m7q,m:xu-1755-k3v9w2m7q,m:xu-1756-k3v9w2m7q,m:xu-1757-k3v9w2m7q,m:xu-1758-k3v9w2m7q,m:xu-1759-k3v9w2m7q,m:xu-1785-k3v9w2m7q,m:xu-1786-k3v9w2m7q,m:xu-1787-k3v9w2m7q,m:xu-1788-k3v9w2m7q,m:xu-1789-k3v9w2m7q,m:xu-1815-k3v9w2m7q,m:xu-1816-k3v9w2m7q,m:xu-1817-k3v9w2m7q,m:xu-1818-k3v9w2m7q,m:xu-1819-k3v9w2m7q,m:xu-1845-k3v9w2m7q,m:xu-1846-k3v9w2m7q,m:xu-1847-k3v9w2m7q,m:xu-1848-k3v9w2m7q,m:xu-1849-k3v9w2m7q,m:xu-1875-k3v9w2m7q,m:xu-1876-k3v9w2m7q,m:xu-1877-k3v9w2m7q,m:xu-1878-k3v9w2m7q,m:xu-1879-k3v9w2m7q,m:xu-1905-k3v9w2m7q,m:xu-1906-k3v9w2m7q,m:xu-1907-k3v9w2m7q,m:xu-1908-k3v9w2m7q,m:xu-1909-k3v9w2m7q,m:xu-1935-k3v9w2m7q,m:xu-1936-k3v9w2m7q,m:xu-1937-k3v9w2m7q,m:xu-1938-k3v9w2m7q,m:xu-1939-k3v9w2m7q,m:xu-1965-k3v9w2m7q,m:xu-1966-k3v9w2m7q,m:xu-1967-k3v9w2m7q,m:xu-1968-k3v9w2m7q,m:xu-1969-k3v9w2m7q,m:xu-1995-k3v9w2m7q,m:xu-1996-k3v9w2m7q,m:xu-1997-k3v9w2m7q,m:xu-1998-k3v9w2m7q,m:xu-1999-k3v9w2m7q}');
ROLLBACK;
