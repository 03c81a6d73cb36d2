-- The team has two of each role: whoever acts, and somebody like them. Everything of others is the peer's, who is a plain
-- member, but for an agent of somebody who is gone; the stranger owns an organisation elsewhere and acts there.
BEGIN;
-- The triggers and references ask for things in an order, and this is no place to prove them.
SET LOCAL session_replication_role = replica;

INSERT INTO "user" ("id", "name", "email", "emailVerified")
SELECT '#' || who, initcap(who), '#' || who || '@example.com', true
FROM unnest(ARRAY['owner', 'coowner', 'admin', 'coadmin', 'member', 'peer', 'gone', 'stranger', 'host']) who;
INSERT INTO "account" ("id", "accountId", "providerId", "userId", "password", "updatedAt")
VALUES ('#account', '#~', 'credential', '#~', '{password}', now());

INSERT INTO "organization" ("id", "name", "slug", personal_user_id)
VALUES ('#team', 'Team', '#team', NULL), ('#elsewhere', 'Elsewhere', '#elsewhere', NULL), ('#club', 'Club', '#club', NULL),
       ('#home', 'Home', '#home', '#~');
INSERT INTO "member" ("id", "organizationId", "userId", "role")
VALUES ('#m1', '#team', '#owner', 'owner'), ('#m2', '#team', '#coowner', 'owner'), ('#m3', '#team', '#admin', 'admin'),
       ('#m4', '#team', '#coadmin', 'admin'), ('#m5', '#team', '#member', 'member'), ('#m6', '#team', '#peer', 'member'),
       ('#m7', '#elsewhere', '#stranger', 'owner'), ('#m8', '#club', '#host', 'owner'), ('#m9', '#home', '#~', 'owner');
INSERT INTO "session" ("id", "token", "expiresAt", "updatedAt", "userId")
VALUES ('#session', '{session}', now() + '7 days', now(), '#~'), ('#session-own', '{other}', now() + '7 days', now(), '#~'),
       ('#session-expired', '{expired}', now() - interval '1 second', now(), '#~'),
       ('#session-peer', '#peer-token', now() + '7 days', now(), '#peer');
INSERT INTO "apikey" ("id", "key", "userId", "referenceId")
VALUES ('#key-own', '#own', '#~', '#~'), ('#key-peer', '#peer', '#peer', '#peer');
INSERT INTO "apikey" ("id", "key", "referenceId", organization_role)
VALUES ('#key-high', '#high', '#team', 'owner'), ('#key-low', '#low', '#team', 'member'), ('#key-foreign', '#foreign', '#club', 'owner');
INSERT INTO "invitation" ("id", "organizationId", "email", "role", "status", "expiresAt", "inviterId")
SELECT '#offer-' || role, '#team', '#' || role || '@elsewhere.example', role, 'pending', now() + interval '2 days', '#owner'
FROM unnest(ARRAY['owner', 'admin', 'member']) role;
INSERT INTO "invitation" ("id", "organizationId", "email", "role", "status", "expiresAt", "inviterId")
VALUES ('#invitation-own', '#club', '#~@example.com', 'member', 'pending', now() + interval '2 days', '#host'),
       ('#invitation-peer', '#club', '#peer@example.com', 'member', 'pending', now() + interval '2 days', '#host');

-- Each at its second version, without which there is no way back.
INSERT INTO agents (organization_id, id, user_id, name, system_prompt, visibility)
VALUES ('$', '#agent-own', '#~', 'Own', 'Answer.', 'private'), ('#team', '#agent-private', '#peer', 'Private', 'Answer.', 'private'),
       ('#team', '#agent-shared', '#peer', 'Shared', 'Answer.', 'organization'),
       ('#team', '#agent-left', '#gone', 'Left', 'Answer.', 'private');
UPDATE agents SET version = 2 WHERE id LIKE '#%';
INSERT INTO agent_versions (organization_id, agent_id, agent_user_id, agent_visibility, version, system_prompt, model, temperature, checksum)
SELECT organization_id, id, user_id, visibility, v, prompt, model, temperature,
       agent_version_checksum(prompt, model, temperature, NULL, NULL)
FROM agents CROSS JOIN (VALUES (1, 'Ask.'), (2, 'Answer.')) versions (v, prompt) WHERE id LIKE '#%';
INSERT INTO api_connections (organization_id, id, user_id, name, service, api_key, visibility)
VALUES ('$', '#connection-own', '#~', 'Own', 'openai', 'sealed', 'private'),
       ('$', '#connection-lent', '#~', 'Lent', 'openai', 'sealed', 'organization'),
       ('#team', '#connection-private', '#peer', 'Private', 'openai', 'sealed', 'private'),
       ('#team', '#connection-shared', '#peer', 'Shared', 'openai', 'sealed', 'organization'),
       ('$', '#linked-own', '#~', 'Own', 'openai', 'sealed', 'private'),
       ('#team', '#linked-private', '#peer', 'Private', 'openai', 'sealed', 'private'),
       ('#team', '#linked-shared', '#peer', 'Shared', 'openai', 'sealed', 'organization');
INSERT INTO agent_api_connections (organization_id, id, agent_id, agent_user_id, agent_visibility, api_connection_id,
                                   connection_user_id, connection_visibility)
SELECT a.organization_id, c.id, a.id, a.user_id, a.visibility, c.id, c.user_id, c.visibility
FROM agents a JOIN api_connections c
  ON c.organization_id = a.organization_id
     AND (c.id = replace(a.id, 'agent', 'linked') OR a.id = '#agent-shared' AND c.id = '#connection-lent')
WHERE a.id LIKE '#%';

-- `published` and `draft` are of whoever acts, `offered` of a club elsewhere; `own`, `private` and `shared` are for the installs of those names.
INSERT INTO templates (id, publisher_org_id, slug, status, name, first_published_at)
SELECT '#template-' || name, CASE WHEN name IN ('published', 'draft') THEN '$' ELSE '#club' END, '#' || name,
       CASE name WHEN 'draft' THEN 'draft' ELSE 'published' END, initcap(name), CASE WHEN name <> 'draft' THEN now() END
FROM unnest(ARRAY['published', 'draft', 'offered', 'own', 'private', 'shared']) name;
INSERT INTO template_versions (template_id, version, publisher_org_id, definition, capabilities, provides, checksum)
SELECT id, 1, publisher_org_id, '{"name":"Old","agent":{"systemPrompt":"Answer."}}', '{"services":[],"tools":[],"domains":[]}', '{}', repeat('0', 64)
FROM templates WHERE id LIKE '#%';
INSERT INTO agents (organization_id, id, user_id, name, system_prompt, visibility, install_id)
VALUES ('$', '#installed-own', '#~', 'Own', 'Answer.', 'private', '#install-own'),
       ('#team', '#installed-private', '#peer', 'Private', 'Answer.', 'private', '#install-private'),
       ('#team', '#installed-shared', '#peer', 'Shared', 'Answer.', 'organization', '#install-shared');
INSERT INTO whatsapp_numbers (id, publisher_org_id, template_id, display_phone, number, gateway_url, app_secret, verify_token_hash)
VALUES ('#number-own', '$', '#template-published', '447900000011', '#own', 'https://gateway.example.com', 'sealed', repeat('0', 64)),
       ('#number-foreign', '#club', '#template-offered', '447900000012', '#foreign', 'https://gateway.example.com', 'sealed', repeat('0', 64));
INSERT INTO template_installs (organization_id, id, template_id, agent_id, agent_user_id, agent_visibility, installed_by_user_id, granted_capabilities)
SELECT organization_id, install_id, replace(install_id, 'install', 'template'), id, user_id, visibility, user_id,
       '{"services":[],"tools":[],"domains":[]}'
FROM agents WHERE id LIKE '#installed-%';
INSERT INTO entity_types (organization_id, id, slug, name) VALUES ('$', '#type-own', 'own', 'Own');

-- `hosted` is the peer's, with an agent of whoever acts.
INSERT INTO conversations (organization_id, id, agent_id, agent_user_id, user_id)
VALUES ('$', '#conversation-own', '#agent-own', '#~', '#~'), ('$', '#conversation-hosted', '#agent-own', '#~', '#peer'),
       ('#team', '#conversation-private', '#agent-private', '#peer', '#peer'),
       ('#team', '#conversation-shared', '#agent-shared', '#peer', '#peer');
INSERT INTO agent_messages (organization_id, conversation_id, id, agent_id, agent_user_id, user_id, role, content)
SELECT organization_id, id, replace(id, 'conversation', 'message'), agent_id, agent_user_id, user_id, 'user', 'Hello'
FROM conversations WHERE id LIKE '#%';
UPDATE conversations SET head_id = replace(id, 'conversation', 'message') WHERE id LIKE '#%';
-- Two calls each: one that may be carried out, and one that waits for approval. Not on the branch that is shown.
INSERT INTO agent_messages (organization_id, conversation_id, id, agent_id, agent_user_id, user_id, role, content, parent_id, is_current,
                            tool_calls)
SELECT organization_id, id, replace(id, 'conversation', 'calls'), agent_id, agent_user_id, user_id, 'assistant', '',
       replace(id, 'conversation', 'message'), false,
       '[{"id":"free","name":"look","arguments":"{}"},{"id":"asks","name":"look","arguments":"{}","requiresApproval":true}]'
FROM conversations WHERE id LIKE '#%';
INSERT INTO runs (organization_id, id, conversation_id, agent_id, agent_user_id, user_id, message_id, reply_id, model)
SELECT organization_id, replace(id, 'conversation', 'run'), id, agent_id, agent_user_id, user_id, replace(id, 'conversation', 'message'),
       replace(id, 'conversation', 'reply'), 'gpt-3.5-turbo'
FROM conversations WHERE id LIKE '#%';
INSERT INTO agent_feedback (organization_id, id, conversation_id, message_id, agent_id, agent_user_id, conversation_user_id, user_id, rating)
SELECT organization_id, replace(id, 'conversation', 'feedback'), id, replace(id, 'conversation', 'message'), agent_id, agent_user_id,
       user_id, user_id, 1
FROM conversations WHERE id LIKE '#%';
COMMIT;
