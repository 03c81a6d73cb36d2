-- Who says that a number is theirs, and who has shown it. It stands beside the tenants' tables, for a message arrives before
-- there is a tenant: whose it is, and no more, is what the functions below tell. `number` is one for all the forms of a number.
-- `verified_by`: the organisation whose bot it was shown to, which may be gone by now. What was shown is believed only while that one
-- is trusted, which the functions are told; a business-scoped id means somebody to that one alone. `beside`: the number that such an id
-- was shown with, and goes with.
CREATE TABLE whatsapp_claims (
  id bigint GENERATED ALWAYS AS IDENTITY,
  user_id text NOT NULL REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  tenant text NOT NULL REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  namespace text NOT NULL CHECK (namespace IN ('wa_jid', 'wa_bsuid')),
  number text NOT NULL CHECK (char_length(number) BETWEEN 1 AND 160),
  identifier text NOT NULL CHECK (char_length(identifier) BETWEEN 1 AND 160),
  phone text CHECK (phone ~ '^[+][1-9][0-9]{6,14}$'),
  beside text CHECK (char_length(beside) BETWEEN 1 AND 160),
  verified_by text,
  verified_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now_ms(),
  PRIMARY KEY (user_id, id),
  CHECK ((verified_by IS NULL) = (verified_at IS NULL)),
  CHECK (namespace = 'wa_jid' OR verified_at IS NOT NULL),
  CHECK (namespace = 'wa_bsuid' OR beside IS NULL)
);
CREATE UNIQUE INDEX whatsapp_claims_user_key ON whatsapp_claims (user_id, number) WHERE namespace = 'wa_jid';
-- The first to show it has it; this is also what messages are routed by.
CREATE UNIQUE INDEX whatsapp_claims_verified_key ON whatsapp_claims (number) WHERE namespace = 'wa_jid' AND verified_at IS NOT NULL;
CREATE UNIQUE INDEX whatsapp_claims_scoped_key ON whatsapp_claims (number, verified_by) WHERE namespace = 'wa_bsuid';
CREATE INDEX whatsapp_claims_number_idx ON whatsapp_claims (number);
ALTER TABLE whatsapp_claims ENABLE ROW LEVEL SECURITY;

-- Codes that are under way, by their hash alone: one for a user at a time.
CREATE TABLE link_codes (
  code_hash bytea PRIMARY KEY CHECK (octet_length(code_hash) = 32),
  user_id text NOT NULL REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  tenant text NOT NULL REFERENCES "organization"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  purpose text NOT NULL CHECK (purpose IN ('link:whatsapp')),
  template_id text REFERENCES templates (id) ON DELETE SET NULL ON UPDATE CASCADE,
  -- Of the template, for as long as the code lasts: no other publisher's bot takes it.
  publisher_org_id text,
  expected_number text NOT NULL,
  expected_phone text NOT NULL CHECK (expected_phone ~ '^[+][1-9][0-9]{6,14}$'),
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now_ms(),
  UNIQUE (user_id, purpose)
);
CREATE INDEX link_codes_expires_at_idx ON link_codes (expires_at);
CREATE INDEX link_codes_template_idx ON link_codes (template_id);
ALTER TABLE link_codes ENABLE ROW LEVEL SECURITY;

-- What was done to a link by a message, or to somebody by another's: no session and no key did it.
ALTER TABLE audit_events DROP CONSTRAINT audit_events_credential_check;
ALTER TABLE audit_events ADD CONSTRAINT audit_events_credential_check
  CHECK (credential IN ('cookie', 'bearer', 'sign_in', 'api_key', 'jwt', 'link', 'whatsapp'));
CREATE POLICY audit_events_keeper_insert ON audit_events FOR INSERT TO agentry_keeper WITH CHECK (organization_id = app_current_org());
GRANT INSERT ON audit_events TO agentry_keeper;

-- Of a number, the last two digits are told: enough to know which of one's own it was.
CREATE FUNCTION whatsapp_audit(p_organization text, p_user text, p_action text, p_phone text, p_metadata jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_acting text := app_current_org();
BEGIN
  PERFORM set_config('app.current_org_id', p_organization, true);
  INSERT INTO audit_events (organization_id, id, actor_user_id, credential, action, target_type, target_id, metadata)
  VALUES (p_organization, 'w' || left(replace(gen_random_uuid()::text, '-', ''), 23), p_user, 'whatsapp', p_action, 'User', p_user,
          jsonb_strip_nulls(jsonb_build_object('phone', '…' || right(p_phone, 2))) || p_metadata);
  PERFORM set_config('app.current_org_id', coalesce(v_acting, ''), true);
END $$;
ALTER FUNCTION whatsapp_audit(text, text, text, text, jsonb) OWNER TO agentry_keeper;
REVOKE EXECUTE ON FUNCTION whatsapp_audit(text, text, text, text, jsonb) FROM PUBLIC;

-- Where a user's links are kept: their personal organisation, of which they are a member still. NULL: they have none.
CREATE FUNCTION whatsapp_home(p_user text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (SELECT o."id" FROM "organization" o
          WHERE o.personal_user_id = p_user AND EXISTS (SELECT FROM "member" m WHERE m."organizationId" = o."id" AND m."userId" = p_user));
END $$;
REVOKE EXECUTE ON FUNCTION whatsapp_home(text) FROM PUBLIC;

-- Ends these claims of a user, with the business-scoped ids that were shown beside a number among them, and what they went by
-- through them. What it was, in E.164 where that is known.
CREATE FUNCTION whatsapp_forget(p_user text, p_claims bigint[]) RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_one record;
  v_phones text[] := '{}';
BEGIN
  FOR v_one IN
    WITH gone AS (
      DELETE FROM whatsapp_claims c
      WHERE c.user_id = p_user
        AND (c.id = ANY (p_claims) OR c.beside IN (SELECT n.number FROM whatsapp_claims n WHERE n.user_id = p_user AND n.id = ANY (p_claims)))
      RETURNING c.id, c.tenant, c.namespace, c.identifier, c.phone)
    SELECT * FROM gone ORDER BY gone.phone, gone.identifier
  LOOP
    -- Two businesses may know somebody by one id.
    PERFORM member_identity_end(v_one.tenant, p_user, ARRAY['phone', v_one.namespace], 'link:whatsapp',
                                array_remove(ARRAY[v_one.identifier, v_one.phone], NULL), false)
    WHERE NOT EXISTS (SELECT FROM whatsapp_claims c
                      WHERE c.user_id = p_user AND c.namespace = v_one.namespace AND c.identifier = v_one.identifier);
    v_phones := v_phones || coalesce(v_one.phone, v_one.identifier);
  END LOOP;
  RETURN v_phones;
END $$;
REVOKE EXECUTE ON FUNCTION whatsapp_forget(text, bigint[]) FROM PUBLIC;
