-- Messages form a tree: each knows the one before it, several with one parent are siblings, and the current branch is the one
-- that ends in conversations.head_id. Neither is a reference: both are looked up inside their own conversation only, so they
-- cannot lead out of the tenant, and a key-share lock on the parent at each message would write that row again.
ALTER TABLE conversations ADD COLUMN head_id text CHECK (char_length(head_id) BETWEEN 1 AND 64);
ALTER TABLE agent_messages
  ADD COLUMN parent_id text CHECK (char_length(parent_id) BETWEEN 1 AND 64),
  ADD COLUMN is_current boolean NOT NULL DEFAULT true,
  ADD COLUMN run_id text CHECK (char_length(run_id) BETWEEN 1 AND 64),
  ADD COLUMN agent_version integer CHECK (agent_version > 0),
  ADD COLUMN model text CHECK (char_length(model) BETWEEN 1 AND 200),
  ADD COLUMN tool_calls jsonb CHECK (jsonb_typeof(tool_calls) = 'array'),
  ADD COLUMN tool_call_id text CHECK (char_length(tool_call_id) BETWEEN 1 AND 200);
-- A message that only calls tools says nothing.
ALTER TABLE agent_messages DROP CONSTRAINT agent_messages_content_check;
ALTER TABLE agent_messages ADD CONSTRAINT agent_messages_content_check
  CHECK (char_length(content) <= 1000000 AND (content <> '' OR tool_calls IS NOT NULL));

-- What was said until now is one branch.
ALTER TABLE agent_messages DISABLE TRIGGER agent_messages_touch;
ALTER TABLE conversations DISABLE TRIGGER conversations_touch;
SET LOCAL row_security = on;
ALTER TABLE agent_messages NO FORCE ROW LEVEL SECURITY;
ALTER TABLE conversations NO FORCE ROW LEVEL SECURITY;
UPDATE agent_messages m SET parent_id = p.parent_id
FROM (SELECT organization_id, conversation_id, id,
             lag(id) OVER (PARTITION BY organization_id, conversation_id ORDER BY created_at, id) AS parent_id
      FROM agent_messages) p
WHERE p.parent_id IS NOT NULL
  AND m.organization_id = p.organization_id AND m.conversation_id = p.conversation_id AND m.id = p.id;
UPDATE conversations c SET head_id = h.id
FROM (SELECT DISTINCT ON (organization_id, conversation_id) organization_id, conversation_id, id
      FROM agent_messages ORDER BY organization_id, conversation_id, created_at DESC, id DESC) h
WHERE c.organization_id = h.organization_id AND c.id = h.conversation_id;
ALTER TABLE agent_messages FORCE ROW LEVEL SECURITY;
ALTER TABLE conversations FORCE ROW LEVEL SECURITY;
ALTER TABLE agent_messages ENABLE TRIGGER agent_messages_touch;
ALTER TABLE conversations ENABLE TRIGGER conversations_touch;

-- What follows a message, or begins a conversation. The conversation does not lead: PostgreSQL takes conversations for short, and of two
-- indexes led by it would choose either for the other's work, and read all of it. (Not coalesce: under row security PostgreSQL holds that it
-- may leak, and would look at every row.)
CREATE INDEX agent_messages_parent_idx ON agent_messages
  (organization_id, (CASE WHEN parent_id IS NULL THEN conversation_id ELSE parent_id END));
GRANT UPDATE (head_id) ON conversations TO agentry_app;
-- What was said while a reply was being written follows that reply, once it is there.
GRANT UPDATE (is_current, parent_id) ON agent_messages TO agentry_app;
