-- Whether the tokens of a run are an estimate: while it is under way, and where the provider never said what it counted.
ALTER TABLE runs ADD COLUMN tokens_estimated boolean NOT NULL DEFAULT false;
GRANT UPDATE (tokens_estimated) ON runs TO agentry_app;

-- What was used on a day (UTC), by whom, of whose agent, over which connection. Everything in it is a note, not a reference: what was
-- spent stays spent when the conversation, the agent, the connection or the person goes. The owner is the one the agent had then.
-- No connection: the empty text.
CREATE TABLE usage_days (
  organization_id text NOT NULL REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  day date NOT NULL,
  user_id text NOT NULL CHECK (char_length(user_id) BETWEEN 1 AND 64),
  agent_id text NOT NULL CHECK (char_length(agent_id) BETWEEN 1 AND 64),
  agent_user_id text NOT NULL CHECK (char_length(agent_user_id) BETWEEN 1 AND 64),
  api_connection_id text NOT NULL CHECK (char_length(api_connection_id) <= 64),
  service text NOT NULL CHECK (char_length(service) <= 64),
  model text NOT NULL CHECK (char_length(model) BETWEEN 1 AND 200),
  completed bigint NOT NULL DEFAULT 0 CHECK (completed >= 0),
  failed bigint NOT NULL DEFAULT 0 CHECK (failed >= 0),
  cancelled bigint NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
  titles bigint NOT NULL DEFAULT 0 CHECK (titles >= 0),
  prompt_tokens bigint NOT NULL DEFAULT 0 CHECK (prompt_tokens >= 0),
  completion_tokens bigint NOT NULL DEFAULT 0 CHECK (completion_tokens >= 0),
  cost_micros bigint NOT NULL DEFAULT 0 CHECK (cost_micros >= 0),
  estimated bigint NOT NULL DEFAULT 0 CHECK (estimated >= 0),
  unpriced bigint NOT NULL DEFAULT 0 CHECK (unpriced >= 0),
  PRIMARY KEY (organization_id, day, user_id, agent_id, agent_user_id, api_connection_id, service, model)
);
CREATE INDEX usage_days_user_idx ON usage_days (organization_id, user_id, day);
CREATE INDEX usage_days_owner_idx ON usage_days (organization_id, agent_user_id, day);
CREATE POLICY usage_days_select ON usage_days FOR SELECT TO agentry_app
  USING (organization_id = app_current_org() AND (user_id = app_current_user() OR agent_user_id = app_current_user()
         OR app_current_org_role() IN ('owner', 'admin')));
-- The service only reads it: what writes it is the keeper, in the functions below.
CREATE POLICY usage_days_insert ON usage_days FOR INSERT TO agentry_app
  WITH CHECK (organization_id = app_current_org() AND user_id = app_current_user());
GRANT SELECT ON usage_days TO agentry_app;

-- What somebody was paid for in a month (UTC), of the whole organisation: what its budget is held against.
CREATE TABLE usage_months (
  organization_id text NOT NULL REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  month date NOT NULL CHECK (extract(day FROM month) = 1),
  tokens bigint NOT NULL CHECK (tokens >= 0),
  cost_micros bigint NOT NULL CHECK (cost_micros >= 0),
  PRIMARY KEY (organization_id, month)
);
CREATE POLICY usage_months_select ON usage_months FOR SELECT TO agentry_app
  USING (organization_id = app_current_org() AND app_current_org_role() IN ('owner', 'admin'));
CREATE POLICY usage_months_insert ON usage_months FOR INSERT TO agentry_app
  WITH CHECK (organization_id = app_current_org() AND (app_current_user() IS NOT NULL AND app_current_org_role() IN ('owner', 'admin')));
GRANT SELECT ON usage_months TO agentry_app;

-- What an organisation may spend in a month. NULL, as no row: as much as it likes. There is one, `monthly`.
CREATE TABLE organization_budgets (
  organization_id text NOT NULL REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  id text NOT NULL DEFAULT 'monthly' CHECK (char_length(id) BETWEEN 1 AND 64),
  monthly_cost_micros bigint CHECK (monthly_cost_micros >= 0),
  monthly_tokens bigint CHECK (monthly_tokens >= 0),
  created_at timestamptz NOT NULL DEFAULT now_ms(),
  updated_at timestamptz NOT NULL DEFAULT now_ms(),
  PRIMARY KEY (organization_id, id)
);
CREATE POLICY organization_budgets_select ON organization_budgets FOR SELECT TO agentry_app
  USING (organization_id = app_current_org() AND app_current_user() IS NOT NULL);
CREATE POLICY organization_budgets_insert ON organization_budgets FOR INSERT TO agentry_app
  WITH CHECK (organization_id = app_current_org() AND (app_current_user() IS NOT NULL AND app_current_org_role() IN ('owner', 'admin')));
CREATE POLICY organization_budgets_update ON organization_budgets FOR UPDATE TO agentry_app
  USING (organization_id = app_current_org() AND app_current_org_role() IN ('owner', 'admin'))
  WITH CHECK (organization_id = app_current_org() AND (app_current_user() IS NOT NULL AND app_current_org_role() IN ('owner', 'admin')));
GRANT SELECT, INSERT, UPDATE (monthly_cost_micros, monthly_tokens) ON organization_budgets TO agentry_app;

-- Nobody counts for themself: the keeper does, in the functions below.
GRANT SELECT, INSERT, UPDATE (completed, failed, cancelled, titles, prompt_tokens, completion_tokens, cost_micros, estimated, unpriced)
  ON usage_days TO agentry_keeper;
CREATE POLICY usage_days_keeper_select ON usage_days FOR SELECT TO agentry_keeper USING (organization_id = app_current_org());
CREATE POLICY usage_days_keeper_insert ON usage_days FOR INSERT TO agentry_keeper WITH CHECK (organization_id = app_current_org());
CREATE POLICY usage_days_keeper_update ON usage_days FOR UPDATE TO agentry_keeper
  USING (organization_id = app_current_org()) WITH CHECK (organization_id = app_current_org());
GRANT SELECT, INSERT, UPDATE (tokens, cost_micros) ON usage_months TO agentry_keeper;
CREATE POLICY usage_months_keeper_select ON usage_months FOR SELECT TO agentry_keeper USING (organization_id = app_current_org());
CREATE POLICY usage_months_keeper_insert ON usage_months FOR INSERT TO agentry_keeper WITH CHECK (organization_id = app_current_org());
CREATE POLICY usage_months_keeper_update ON usage_months FOR UPDATE TO agentry_keeper
  USING (organization_id = app_current_org()) WITH CHECK (organization_id = app_current_org());
GRANT SELECT (organization_id, id, monthly_cost_micros, monthly_tokens) ON organization_budgets TO agentry_keeper;
CREATE POLICY organization_budgets_keeper_select ON organization_budgets FOR SELECT TO agentry_keeper
  USING (organization_id = app_current_org());
GRANT SELECT (status, api_connection_id, prompt_tokens, cost_micros) ON runs TO agentry_keeper;

-- Adds one call to its day and, where it went over a connection, to its month; or the rest of one, of which a part was counted. The day's row is written before the month's, which many
-- write, and both at the end of a transaction: nobody waits for another in a circle, and nobody for long.
CREATE FUNCTION usage_add(p_at timestamptz, p_kind text, p_user_id text, p_agent_id text, p_agent_user_id text, p_api_connection_id text,
                          p_service text, p_model text, p_prompt_tokens integer, p_completion_tokens integer, p_cost_micros bigint,
                          p_estimated boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_day date := (p_at AT TIME ZONE 'UTC')::date;
  v_called boolean := p_prompt_tokens IS NOT NULL;
  v_prompt bigint := coalesce(p_prompt_tokens, 0);
  v_completion bigint := coalesce(p_completion_tokens, 0);
  v_cost bigint := CASE WHEN v_called THEN coalesce(p_cost_micros, 0) ELSE 0 END;
BEGIN
  INSERT INTO usage_days AS d (organization_id, day, user_id, agent_id, agent_user_id, api_connection_id, service, model, completed,
                               failed, cancelled, titles, prompt_tokens, completion_tokens, cost_micros, estimated, unpriced)
  VALUES (app_current_org(), v_day, p_user_id, p_agent_id, p_agent_user_id, coalesce(p_api_connection_id, ''), coalesce(p_service, ''),
          p_model, (p_kind = 'completed')::int, (p_kind = 'failed')::int, (p_kind = 'cancelled')::int, (p_kind = 'title')::int, v_prompt,
          v_completion, v_cost, (v_called AND p_estimated AND p_kind <> 'rest')::int,
          (v_called AND p_cost_micros IS NULL AND p_kind <> 'rest')::int)
  ON CONFLICT (organization_id, day, user_id, agent_id, agent_user_id, api_connection_id, service, model) DO UPDATE SET
    completed = d.completed + excluded.completed, failed = d.failed + excluded.failed, cancelled = d.cancelled + excluded.cancelled,
    titles = d.titles + excluded.titles, prompt_tokens = d.prompt_tokens + excluded.prompt_tokens,
    completion_tokens = d.completion_tokens + excluded.completion_tokens, cost_micros = d.cost_micros + excluded.cost_micros,
    estimated = d.estimated + excluded.estimated, unpriced = d.unpriced + excluded.unpriced;
  IF v_called AND p_api_connection_id IS NOT NULL THEN
    INSERT INTO usage_months AS m (organization_id, month, tokens, cost_micros)
    VALUES (app_current_org(), date_trunc('month', v_day::timestamp)::date, v_prompt + v_completion, v_cost)
    ON CONFLICT (organization_id, month) DO UPDATE SET
      tokens = m.tokens + excluded.tokens, cost_micros = m.cost_micros + excluded.cost_micros;
  END IF;
END $$;
REVOKE EXECUTE ON FUNCTION usage_add(timestamptz, text, text, text, text, text, text, text, integer, integer, bigint, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION usage_add(timestamptz, text, text, text, text, text, text, text, integer, integer, bigint, boolean)
  TO agentry_keeper;

-- Counts a run when it ends, whoever ends it: in the same transaction, so that it is counted once, or has not ended.
CREATE FUNCTION runs_count() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_acting text := app_current_org();
BEGIN
  PERFORM set_config('app.current_org_id', NEW.organization_id, true);
  PERFORM usage_add(NEW.finished_at, NEW.status, NEW.user_id, NEW.agent_id, NEW.agent_user_id, NEW.api_connection_id, NEW.service,
                    NEW.model, NEW.prompt_tokens, NEW.completion_tokens, NEW.cost_micros, NEW.tokens_estimated);
  PERFORM set_config('app.current_org_id', coalesce(v_acting, ''), true);
  RETURN NULL;
END $$;
ALTER FUNCTION runs_count() OWNER TO agentry_keeper;
REVOKE EXECUTE ON FUNCTION runs_count() FROM PUBLIC;
CREATE TRIGGER runs_count AFTER UPDATE ON runs FOR EACH ROW
  WHEN (OLD.finished_at IS NULL AND NEW.finished_at IS NOT NULL) EXECUTE FUNCTION runs_count();

-- Counts what was sent for a run that goes while it is under way, with its conversation: it is not to be forgotten for as long as the
-- provider talks, nor for good should its worker be lost. Where the organisation goes, so does what it used.
CREATE FUNCTION runs_count_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_acting text := app_current_org();
BEGIN
  PERFORM set_config('app.current_org_id', OLD.organization_id, true);
  BEGIN
    PERFORM usage_add(now(), 'cancelled', OLD.user_id, OLD.agent_id, OLD.agent_user_id, OLD.api_connection_id, OLD.service, OLD.model,
                      OLD.prompt_tokens, OLD.completion_tokens, OLD.cost_micros, OLD.tokens_estimated);
  EXCEPTION WHEN foreign_key_violation THEN NULL;
  END;
  PERFORM set_config('app.current_org_id', coalesce(v_acting, ''), true);
  RETURN NULL;
END $$;
ALTER FUNCTION runs_count_gone() OWNER TO agentry_keeper;
REVOKE EXECUTE ON FUNCTION runs_count_gone() FROM PUBLIC;
CREATE TRIGGER runs_count_gone AFTER DELETE ON runs FOR EACH ROW WHEN (OLD.status = 'running') EXECUTE FUNCTION runs_count_gone();

-- Counts a call of the acting user's that no run tells of: that for a title, or the rest of what a run used that is gone.
CREATE FUNCTION usage_note(p_kind text, p_agent_id text, p_agent_user_id text, p_api_connection_id text, p_service text, p_model text,
                           p_prompt_tokens integer, p_completion_tokens integer, p_cost_micros bigint, p_estimated boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM usage_add(now(), p_kind, app_current_user(), p_agent_id, p_agent_user_id, p_api_connection_id, p_service, p_model,
                    p_prompt_tokens, p_completion_tokens, p_cost_micros, p_estimated);
END $$;
ALTER FUNCTION usage_note(text, text, text, text, text, text, integer, integer, bigint, boolean) OWNER TO agentry_keeper;
REVOKE EXECUTE ON FUNCTION usage_note(text, text, text, text, text, text, integer, integer, bigint, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION usage_note(text, text, text, text, text, text, integer, integer, bigint, boolean) TO agentry_app;

-- Which budget of the acting organisation is used up, if one is: by what ended this month and by the prompts of what is under way. No
-- more is told than that, and to any member: whoever is refused is told why. Those who take runs up hold the organisation's, so that
-- each sees what the one before has taken up.
CREATE FUNCTION budget_exceeded(p_hold boolean)
RETURNS TABLE (kind text, most bigint, spent bigint, resets_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_month date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
  v_budget record;
  v_spent record;
BEGIN
  IF app_current_user() IS NULL THEN RETURN; END IF;
  SELECT b.monthly_cost_micros AS cost, b.monthly_tokens AS tokens INTO v_budget FROM organization_budgets b
    WHERE b.organization_id = app_current_org() AND b.id = 'monthly';
  IF NOT FOUND OR (v_budget.cost IS NULL AND v_budget.tokens IS NULL) THEN RETURN; END IF;
  IF p_hold THEN PERFORM pg_advisory_xact_lock(hashtextextended('budget:' || app_current_org(), 0)); END IF;
  -- One statement: a run that ends meanwhile is in one of the two, and not in both.
  SELECT coalesce(sum(t.cost), 0)::bigint AS cost, coalesce(sum(t.tokens), 0)::bigint AS tokens INTO v_spent FROM (
    SELECT m.cost_micros AS cost, m.tokens FROM usage_months m WHERE m.organization_id = app_current_org() AND m.month = v_month
    UNION ALL
    SELECT r.cost_micros, r.prompt_tokens FROM runs r
    WHERE r.organization_id = app_current_org() AND r.status = 'running' AND r.api_connection_id IS NOT NULL) t;
  resets_at := (v_month + interval '1 month') AT TIME ZONE 'UTC';
  IF v_spent.cost >= v_budget.cost THEN
    RETURN QUERY SELECT 'cost', v_budget.cost, v_spent.cost, resets_at;
  ELSIF v_spent.tokens >= v_budget.tokens THEN
    RETURN QUERY SELECT 'tokens', v_budget.tokens, v_spent.tokens, resets_at;
  END IF;
END $$;
ALTER FUNCTION budget_exceeded(boolean) OWNER TO agentry_keeper;
REVOKE EXECUTE ON FUNCTION budget_exceeded(boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION budget_exceeded(boolean) TO agentry_app;
