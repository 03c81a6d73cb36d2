-- Word that somebody's credential or membership may not be good any more, for the streams they hold open at any replica. The
-- tables say so themselves, because better-auth writes to them too. Only an id travels: what is still good, whoever hears it
-- looks up. A NOTIFY takes one lock of the whole server at commit, so what happens all the time says nothing: a key's uses
-- being counted, a session being extended. An id of more than 64 characters acts nowhere here.
CREATE FUNCTION auth_say_revoked() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF char_length(OLD."userId") BETWEEN 1 AND 64 THEN
    PERFORM pg_notify('agentry_revoked', OLD."userId");
  END IF;
  RETURN NULL;
END $$;

-- As better-auth has it from 1.5 on, "referenceId" may name the owner alone: a user, or an organisation, which acts under an
-- identity of its own.
CREATE FUNCTION apikey_say_revoked() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_owner text := coalesce(nullif(OLD."referenceId", ''), OLD."userId");
BEGIN
  IF char_length(v_owner) BETWEEN 1 AND 64 THEN
    PERFORM pg_notify('agentry_revoked', v_owner);
    IF OLD."userId" IS NULL THEN PERFORM pg_notify('agentry_revoked', 'org_' || v_owner); END IF;
  END IF;
  RETURN NULL;
END $$;

REVOKE EXECUTE ON FUNCTION auth_say_revoked(), apikey_say_revoked() FROM PUBLIC;

-- The deletion of an organisation, or of a user, deletes the memberships and sessions one by one.
CREATE TRIGGER member_say_removed AFTER DELETE ON "member" FOR EACH ROW EXECUTE FUNCTION auth_say_revoked();
CREATE TRIGGER member_say_changed AFTER UPDATE ON "member" FOR EACH ROW
  WHEN (OLD."role" IS DISTINCT FROM NEW."role" OR OLD."userId" <> NEW."userId" OR OLD."organizationId" <> NEW."organizationId")
  EXECUTE FUNCTION auth_say_revoked();
CREATE TRIGGER session_say_ended AFTER DELETE ON "session" FOR EACH ROW EXECUTE FUNCTION auth_say_revoked();
CREATE TRIGGER session_say_changed AFTER UPDATE ON "session" FOR EACH ROW
  WHEN (NEW."expiresAt" < OLD."expiresAt" OR OLD."token" <> NEW."token" OR OLD."userId" <> NEW."userId")
  EXECUTE FUNCTION auth_say_revoked();
CREATE TRIGGER apikey_say_deleted AFTER DELETE ON "apikey" FOR EACH ROW EXECUTE FUNCTION apikey_say_revoked();
CREATE TRIGGER apikey_say_changed AFTER UPDATE ON "apikey" FOR EACH ROW
  WHEN (OLD."enabled" IS DISTINCT FROM NEW."enabled" OR OLD."expiresAt" IS DISTINCT FROM NEW."expiresAt"
        OR OLD."permissions" IS DISTINCT FROM NEW."permissions" OR OLD."key" <> NEW."key"
        OR OLD.organization_role IS DISTINCT FROM NEW.organization_role
        OR OLD."userId" IS DISTINCT FROM NEW."userId" OR OLD."referenceId" IS DISTINCT FROM NEW."referenceId")
  EXECUTE FUNCTION apikey_say_revoked();
