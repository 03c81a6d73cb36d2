-- A user's open resets are found by the user. Only those rows: a value of better-auth's others may be too long for an index.
CREATE INDEX verification_reset_user_idx ON "verification" ("value") WHERE "identifier" LIKE 'reset-password:%';

-- What a message to an address must know, and whether the address is verified.
CREATE FUNCTION auth_find_person(p_email text) RETURNS TABLE (user_id text, name text, email text, verified boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT u."id", u."name", u."email", coalesce(u."emailVerified", false) FROM "user" u WHERE u."email" = p_email;
END $$;

-- Opens a reset for the account of an address, as better-auth writes it, and clears away what has expired of that account.
-- False: there is no such account.
CREATE FUNCTION auth_begin_reset(p_email text, p_id text, p_identifier text, p_expires_at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_user text;
BEGIN
  SELECT u."id" INTO v_user FROM "user" u WHERE u."email" = p_email;
  IF v_user IS NULL THEN RETURN false; END IF;
  DELETE FROM "verification" v
  WHERE v."identifier" LIKE 'reset-password:%' AND v."value" = v_user AND v."expiresAt" <= now();
  INSERT INTO "verification" ("id", "identifier", "value", "expiresAt", "createdAt", "updatedAt")
  VALUES (p_id, p_identifier, v_user, date_trunc('milliseconds', p_expires_at), now_ms(), now_ms());
  RETURN true;
END $$;

-- Whose open reset it is.
CREATE FUNCTION auth_reset_subject(p_identifier text) RETURNS TABLE (user_id text, name text, email text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT u."id", u."name", u."email" FROM "verification" v JOIN "user" u ON u."id" = v."value"
  WHERE v."identifier" = p_identifier AND v."expiresAt" > now() LIMIT 1;
END $$;

CREATE FUNCTION auth_is_verified(p_user_id text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM "user" u WHERE u."id" = p_user_id AND u."emailVerified");
END $$;

-- Uses up the acting user's reset: the new password, for an account that had none as well, and the end of every session and of
-- every other open reset. How many live sessions there were; NULL when the reset is open no more, and then nothing is changed.
CREATE FUNCTION my_password_reset(p_identifier text, p_account_id text, p_password text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_ended bigint;
BEGIN
  -- Two resets of one user wait for each other, so that an account without a password gets one row for it.
  PERFORM FROM "user" u WHERE u."id" = app_current_user() FOR NO KEY UPDATE;
  -- The row decides: of two uses at once the second finds it gone.
  DELETE FROM "verification" v
  WHERE v."identifier" = p_identifier AND v."value" = app_current_user() AND v."expiresAt" > now();
  IF NOT FOUND THEN RETURN NULL; END IF;
  UPDATE "account" a SET "password" = p_password, "updatedAt" = now_ms()
  WHERE a."userId" = app_current_user() AND a."providerId" = 'credential';
  IF NOT FOUND THEN
    INSERT INTO "account" ("id", "accountId", "providerId", "userId", "password", "createdAt", "updatedAt")
    VALUES (p_account_id, app_current_user(), 'credential', app_current_user(), p_password, now_ms(), now_ms());
  END IF;
  DELETE FROM "verification" v WHERE v."identifier" LIKE 'reset-password:%' AND v."value" = app_current_user();
  WITH gone AS (DELETE FROM "session" s WHERE s."userId" = app_current_user() RETURNING s."expiresAt")
  SELECT count(*) INTO v_ended FROM gone WHERE "expiresAt" > now();
  RETURN v_ended;
END $$;

-- Only while it still is the acting user's address.
CREATE FUNCTION my_email_verify(p_email text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE "user" u SET "emailVerified" = true, "updatedAt" = now_ms()
  WHERE u."id" = app_current_user() AND u."email" = p_email;
  RETURN FOUND;
END $$;

-- 'ok', 'gone' when p_from is the acting user's address no more, 'taken' when p_to is somebody's, 'outdated' when the password is a
-- newer one than that by which this was asked for at p_asked, a whole second: whoever was locked out by a new password gets nothing
-- by what they began before. Whoever changes it has shown that p_to is theirs. Links that went to the old address lose their worth.
CREATE FUNCTION my_email_change(p_from text, p_to text, p_asked timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  -- As for a reset: of a new password and a new address at once, the second one sees the first.
  PERFORM FROM "user" u WHERE u."id" = app_current_user() FOR NO KEY UPDATE;
  PERFORM FROM "account" a WHERE a."userId" = app_current_user() AND a."providerId" = 'credential' FOR SHARE;
  IF EXISTS (SELECT FROM "account" a WHERE a."userId" = app_current_user() AND a."providerId" = 'credential'
               AND date_trunc('second', a."updatedAt") > p_asked) THEN
    RETURN 'outdated';
  END IF;
  IF EXISTS (SELECT FROM "user" u WHERE u."email" = p_to) THEN RETURN 'taken'; END IF;
  BEGIN
    UPDATE "user" u SET "email" = p_to, "emailVerified" = true, "updatedAt" = now_ms()
    WHERE u."id" = app_current_user() AND u."email" = p_from;
    IF NOT FOUND THEN RETURN 'gone'; END IF;
  EXCEPTION WHEN unique_violation THEN RETURN 'taken';
  END;
  DELETE FROM "verification" v WHERE v."identifier" LIKE 'reset-password:%' AND v."value" = app_current_user();
  RETURN 'ok';
END $$;

REVOKE EXECUTE ON FUNCTION
  auth_find_person(text), auth_begin_reset(text, text, text, timestamptz), auth_reset_subject(text), auth_is_verified(text),
  my_password_reset(text, text, text), my_email_verify(text), my_email_change(text, text, timestamptz)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  auth_find_person(text), auth_begin_reset(text, text, text, timestamptz), auth_reset_subject(text), auth_is_verified(text),
  my_password_reset(text, text, text), my_email_verify(text), my_email_change(text, text, timestamptz)
TO agentry_app;
