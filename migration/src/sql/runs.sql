-- An agent's work on one reply. Whose it is, and whose agent, is copied by reference, as on messages. Which connection paid
-- is a note, not a reference: it outlives the connection.
CREATE TABLE runs (
  organization_id text NOT NULL REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  id text NOT NULL CHECK (char_length(id) BETWEEN 1 AND 64),
  conversation_id text NOT NULL,
  agent_id text NOT NULL,
  agent_user_id text NOT NULL,
  user_id text NOT NULL,
  withheld boolean NOT NULL DEFAULT false,
  message_id text NOT NULL CHECK (char_length(message_id) BETWEEN 1 AND 64),
  reply_id text NOT NULL CHECK (char_length(reply_id) BETWEEN 1 AND 64),
  status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
  service text CHECK (char_length(service) BETWEEN 1 AND 64),
  model text NOT NULL CHECK (char_length(model) BETWEEN 1 AND 200),
  agent_version integer CHECK (agent_version > 0),
  api_connection_id text CHECK (char_length(api_connection_id) BETWEEN 1 AND 64),
  stop_reason text CHECK (char_length(stop_reason) BETWEEN 1 AND 64),
  error_code text CHECK (char_length(error_code) BETWEEN 1 AND 64),
  error_message text CHECK (char_length(error_message) BETWEEN 1 AND 1000),
  prompt_tokens integer CHECK (prompt_tokens >= 0),
  completion_tokens integer CHECK (completion_tokens >= 0),
  cost_micros bigint CHECK (cost_micros >= 0),
  first_token_ms integer CHECK (first_token_ms >= 0),
  attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  asked_at timestamptz,
  cancel_requested_at timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now_ms(),
  updated_at timestamptz NOT NULL DEFAULT now_ms(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT runs_copied_key UNIQUE (organization_id, id, agent_user_id, user_id, withheld),
  CONSTRAINT runs_conversation_fkey FOREIGN KEY (organization_id, conversation_id, agent_id, agent_user_id, user_id, withheld)
    REFERENCES conversations (organization_id, id, agent_id, agent_user_id, user_id, withheld)
    ON DELETE CASCADE ON UPDATE CASCADE,
  CHECK ((finished_at IS NULL) = (status IN ('queued', 'running')))
);
CREATE INDEX runs_created_at_idx ON runs (organization_id, created_at, id);
CREATE INDEX runs_conversation_idx ON runs (organization_id, conversation_id, created_at, id);
CREATE INDEX runs_user_idx ON runs (organization_id, user_id, created_at, id);
CREATE INDEX runs_agent_idx ON runs (organization_id, agent_id, created_at, id);
-- What a conversation still has to do, among however much it has done.
CREATE INDEX runs_active_idx ON runs (organization_id, conversation_id, created_at, id) WHERE status IN ('queued', 'running');
CREATE UNIQUE INDEX runs_one_running_idx ON runs (organization_id, conversation_id) WHERE status = 'running';

CREATE POLICY runs_select ON runs FOR SELECT TO agentry_app
  USING (organization_id = app_current_org() AND (user_id = app_current_user() OR (agent_user_id = app_current_user() AND NOT withheld)));
CREATE POLICY runs_insert ON runs FOR INSERT TO agentry_app
  WITH CHECK (organization_id = app_current_org() AND user_id = app_current_user());
CREATE POLICY runs_update ON runs FOR UPDATE TO agentry_app
  USING (organization_id = app_current_org() AND user_id = app_current_user())
  WITH CHECK (organization_id = app_current_org() AND user_id = app_current_user());
GRANT SELECT, INSERT ON runs TO agentry_app;
GRANT UPDATE (status, service, model, agent_version, api_connection_id, stop_reason, error_code, error_message, prompt_tokens,
              completion_tokens, cost_micros, first_token_ms, attempts, asked_at, cancel_requested_at, started_at, finished_at)
  ON runs TO agentry_app;

-- What a reply that is not finished has said so far. `sequence` is how many characters of the reply there are with this piece,
-- so it can be asked for after any of them, also when the pieces are long folded into the message.
CREATE TABLE run_deltas (
  organization_id text NOT NULL,
  run_id text NOT NULL,
  sequence integer NOT NULL CHECK (sequence > 0),
  agent_user_id text NOT NULL,
  user_id text NOT NULL,
  withheld boolean NOT NULL DEFAULT false,
  text text NOT NULL CHECK (text <> ''),
  PRIMARY KEY (organization_id, run_id, sequence),
  CONSTRAINT run_deltas_run_fkey FOREIGN KEY (organization_id, run_id, agent_user_id, user_id, withheld)
    REFERENCES runs (organization_id, id, agent_user_id, user_id, withheld) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE POLICY run_deltas_select ON run_deltas FOR SELECT TO agentry_app
  USING (organization_id = app_current_org() AND (user_id = app_current_user() OR (agent_user_id = app_current_user() AND NOT withheld)));
CREATE POLICY run_deltas_insert ON run_deltas FOR INSERT TO agentry_app
  WITH CHECK (organization_id = app_current_org() AND user_id = app_current_user());
CREATE POLICY run_deltas_delete ON run_deltas FOR DELETE TO agentry_app
  USING (organization_id = app_current_org() AND user_id = app_current_user());
GRANT SELECT, DELETE ON run_deltas TO agentry_app;

-- Work that is due or being done, of every tenant: ids only, reached through functions only. A row is there from the moment a
-- run is made until it has ended; the worker that holds it proves so by its name, which is a secret of that process.
CREATE TABLE run_leases (
  run_id text PRIMARY KEY,
  position bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  tenant text NOT NULL,
  conversation_id text NOT NULL,
  user_id text NOT NULL,
  role text NOT NULL,
  available_at timestamptz NOT NULL DEFAULT now(),
  worker text,
  lease_until timestamptz,
  CHECK ((worker IS NULL) = (lease_until IS NULL))
);
CREATE INDEX run_leases_conversation_idx ON run_leases (tenant, conversation_id, position);
ALTER TABLE run_leases ENABLE ROW LEVEL SECURITY;
-- The keeper asks whether a worker holds a run of the organisation it writes in.
CREATE POLICY run_leases_keeper ON run_leases FOR SELECT TO agentry_keeper USING (tenant = app_current_org());
GRANT SELECT ON run_leases TO agentry_keeper;
GRANT SELECT (organization_id, id, agent_user_id, user_id, withheld) ON runs TO agentry_keeper;
CREATE POLICY runs_keeper_select ON runs FOR SELECT TO agentry_keeper USING (organization_id = app_current_org());
GRANT INSERT ON run_deltas TO agentry_keeper;
CREATE POLICY run_deltas_keeper_insert ON run_deltas FOR INSERT TO agentry_keeper WITH CHECK (organization_id = app_current_org());
