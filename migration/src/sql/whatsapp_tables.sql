-- A number that people write to, of the publisher of the template whose agents answer there. It is one of Meta's, which it is known to by
-- `phone_number_id`, or a gateway's of the publisher's own. The token and the secret are sealed; of the verify token there is a hash.
-- `number` is one for all the forms of a number: nobody registers one that is another bot's.
CREATE TABLE whatsapp_numbers (
  id text PRIMARY KEY CHECK (char_length(id) BETWEEN 1 AND 64),
  publisher_org_id text NOT NULL,
  template_id text NOT NULL,
  phone_number_id text UNIQUE CHECK (phone_number_id ~ '^[0-9]{1,40}$'),
  display_phone text NOT NULL CHECK (display_phone ~ '^[1-9][0-9]{6,14}$'),
  number text NOT NULL UNIQUE CHECK (char_length(number) BETWEEN 1 AND 160),
  gateway_url text CHECK (char_length(gateway_url) BETWEEN 1 AND 2000),
  access_token text CHECK (char_length(access_token) BETWEEN 1 AND 20000),
  app_secret text NOT NULL CHECK (char_length(app_secret) BETWEEN 1 AND 20000),
  verify_token_hash text NOT NULL CHECK (verify_token_hash ~ '^[0-9a-f]{64}$'),
  token_refused_at timestamptz,
  -- It kept a call waiting for long and did not take the part: nothing is sent by it before this, and then one part to try. So often in
  -- a row.
  held_until timestamptz,
  silences integer NOT NULL DEFAULT 0,
  rotated_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now_ms(),
  updated_at timestamptz NOT NULL DEFAULT now_ms(),
  FOREIGN KEY (template_id, publisher_org_id) REFERENCES templates (id, publisher_org_id) ON DELETE CASCADE ON UPDATE CASCADE,
  CHECK ((gateway_url IS NULL) = (phone_number_id IS NOT NULL) AND (gateway_url IS NULL) = (access_token IS NOT NULL))
);
CREATE INDEX whatsapp_numbers_publisher_idx ON whatsapp_numbers (publisher_org_id, created_at, id);
CREATE INDEX whatsapp_numbers_template_idx ON whatsapp_numbers (template_id, publisher_org_id);
ALTER TABLE whatsapp_numbers ENABLE ROW LEVEL SECURITY;
CREATE POLICY whatsapp_numbers_publisher ON whatsapp_numbers FOR SELECT TO agentry_app USING (publisher_org_id = app_current_org());
GRANT SELECT (id, publisher_org_id, template_id, phone_number_id, display_phone, gateway_url, token_refused_at, rotated_at, created_at,
              updated_at) ON whatsapp_numbers TO agentry_app;
CREATE TRIGGER whatsapp_numbers_touch BEFORE UPDATE ON whatsapp_numbers FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
-- Re-sealing.
CREATE POLICY whatsapp_numbers_keeper_select ON whatsapp_numbers FOR SELECT TO agentry_keeper USING (publisher_org_id = app_current_org());
CREATE POLICY whatsapp_numbers_keeper_update ON whatsapp_numbers FOR UPDATE TO agentry_keeper USING (publisher_org_id = app_current_org());
GRANT SELECT (id, publisher_org_id, access_token, app_secret), UPDATE (access_token, app_secret) ON whatsapp_numbers TO agentry_keeper;

-- What came in, once for each id of a message, until it is old. It is nobody's before it is known who sent it: reached through
-- functions only, by workers. What it says is kept until it is dealt with, and no longer.
CREATE TABLE whatsapp_inbox (
  number_id text NOT NULL REFERENCES whatsapp_numbers (id) ON DELETE CASCADE ON UPDATE CASCADE,
  message_id text NOT NULL CHECK (char_length(message_id) BETWEEN 1 AND 256),
  position bigint GENERATED ALWAYS AS IDENTITY,
  sender text NOT NULL CHECK (char_length(sender) BETWEEN 1 AND 200),
  scoped_id text CHECK (char_length(scoped_id) BETWEEN 1 AND 200),
  kind text NOT NULL CHECK (kind ~ '^[a-z_]{1,40}$'),
  content text,
  sent_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  available_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  attempts integer NOT NULL DEFAULT 0,
  worker text,
  lease_until timestamptz,
  outcome text CHECK (outcome ~ '^[a-z_]{1,40}$'),
  done_at timestamptz,
  PRIMARY KEY (number_id, message_id),
  CHECK ((worker IS NULL) = (lease_until IS NULL)),
  CHECK ((outcome IS NULL) = (done_at IS NULL)),
  CHECK (done_at IS NULL OR content IS NULL)
);
-- What is done has an outcome, so these two hold the same. Each is for a question of its own, which says it in the index's words: a table
-- that was quiet when its statistics were made has no open rows for all that is known, and to read any of the two through costs nothing.
CREATE INDEX whatsapp_inbox_open_idx ON whatsapp_inbox (position) WHERE done_at IS NULL;
CREATE INDEX whatsapp_inbox_sender_idx ON whatsapp_inbox (number_id, sender, position) WHERE outcome IS NULL;
CREATE INDEX whatsapp_inbox_received_idx ON whatsapp_inbox USING brin (received_at);
ALTER TABLE whatsapp_inbox ENABLE ROW LEVEL SECURITY;

-- What goes out: the parts of an answer to a message. An answer that an agent is at work on awaits its run; then it is cut into
-- parts that are ready. `sending` is noted before a part is sent; one of which it was never learned whether it was taken is in
-- `doubt` until a callback tells, or for a while.
CREATE TABLE whatsapp_outbox (
  id text PRIMARY KEY CHECK (char_length(id) BETWEEN 1 AND 64),
  number_id text NOT NULL,
  message_id text NOT NULL,
  -- Of the message in the inbox.
  position bigint NOT NULL,
  part integer NOT NULL CHECK (part > 0),
  sender text NOT NULL,
  state text NOT NULL CHECK (state IN ('awaiting', 'ready', 'sending', 'doubt', 'sent', 'delivered', 'read', 'failed')),
  open boolean NOT NULL GENERATED ALWAYS AS (state IN ('awaiting', 'ready', 'sending', 'doubt')) STORED,
  content text,
  tenant text,
  user_id text,
  run_id text,
  namespace text,
  linked text,
  agent_id text,
  provider_id text CHECK (char_length(provider_id) BETWEEN 1 AND 256),
  error text CHECK (char_length(error) BETWEEN 1 AND 100),
  window_until timestamptz NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  available_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  worker text,
  lease_until timestamptz,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  sent_at timestamptz,
  UNIQUE (number_id, message_id, part),
  FOREIGN KEY (number_id, message_id) REFERENCES whatsapp_inbox (number_id, message_id) ON DELETE CASCADE ON UPDATE CASCADE,
  CHECK ((worker IS NULL) = (lease_until IS NULL)),
  CHECK (state <> 'awaiting' OR tenant IS NOT NULL),
  -- What an agent says, and by which link it was asked; or words of the bot's own.
  CHECK (num_nulls(tenant, user_id, run_id, namespace, linked, agent_id) IN (0, 6)),
  CHECK ((content IS NOT NULL) = (state IN ('ready', 'sending', 'doubt')))
);
-- For whatsapp_outbox_claim alone, which says `open`: whoever has a part's id must not come to think that one of these is shorter.
CREATE INDEX whatsapp_outbox_sender_idx ON whatsapp_outbox (number_id, sender, position, part) WHERE open;
CREATE INDEX whatsapp_outbox_awaiting_idx ON whatsapp_outbox (available_at, id) WHERE open AND state = 'awaiting';
CREATE INDEX whatsapp_outbox_due_idx ON whatsapp_outbox (number_id, available_at, id) WHERE open AND state IN ('ready', 'doubt');
CREATE INDEX whatsapp_outbox_sending_idx ON whatsapp_outbox (number_id, lease_until, id) WHERE open AND state = 'sending';
CREATE INDEX whatsapp_outbox_window_idx ON whatsapp_outbox (window_until, id) WHERE open AND state IN ('awaiting', 'ready', 'doubt');
ALTER TABLE whatsapp_outbox ENABLE ROW LEVEL SECURITY;

-- Which conversation a sender's messages to an agent go into.
CREATE TABLE whatsapp_conversations (
  organization_id text NOT NULL REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  agent_id text NOT NULL,
  user_id text NOT NULL,
  sender text NOT NULL CHECK (char_length(sender) BETWEEN 1 AND 200),
  agent_user_id text NOT NULL,
  withheld boolean NOT NULL DEFAULT false,
  conversation_id text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now_ms(),
  updated_at timestamptz NOT NULL DEFAULT now_ms(),
  PRIMARY KEY (organization_id, agent_id, user_id, sender),
  FOREIGN KEY (organization_id, conversation_id, agent_id, agent_user_id, user_id, withheld)
    REFERENCES conversations (organization_id, id, agent_id, agent_user_id, user_id, withheld) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX whatsapp_conversations_conversation_idx ON whatsapp_conversations (organization_id, conversation_id);
CREATE POLICY whatsapp_conversations_select ON whatsapp_conversations FOR SELECT TO agentry_app
  USING (organization_id = app_current_org() AND user_id = app_current_user());
CREATE POLICY whatsapp_conversations_insert ON whatsapp_conversations FOR INSERT TO agentry_app
  WITH CHECK (organization_id = app_current_org() AND user_id = app_current_user());
CREATE POLICY whatsapp_conversations_update ON whatsapp_conversations FOR UPDATE TO agentry_app
  USING (organization_id = app_current_org() AND user_id = app_current_user())
  WITH CHECK (organization_id = app_current_org() AND user_id = app_current_user());
GRANT SELECT, INSERT ON whatsapp_conversations TO agentry_app;
GRANT UPDATE (agent_user_id, withheld, conversation_id) ON whatsapp_conversations TO agentry_app;
