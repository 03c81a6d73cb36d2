-- Word that somebody's credential or membership may not be good any more, for the streams they hold open at any replica. The
-- tables say so themselves, because better-auth writes to them too. Only an id travels: what is still good, whoever hears it
-- looks up. A NOTIFY takes one lock of the whole server at commit, so what happens all the time says nothing: a key's uses
-- being counted, a session being extended. An id of more than 64 characters acts nowhere here.
--
-- What is compared stands in the functions: in a trigger's condition it would keep the columns from being altered.
CREATE FUNCTION member_say_revoked() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD."role" IS NOT DISTINCT FROM NEW."role" AND OLD."userId" = NEW."userId"
     AND OLD."organizationId" = NEW."organizationId" THEN RETURN NULL; END IF;
  IF char_length(OLD."userId") BETWEEN 1 AND 64 THEN PERFORM pg_notify('agentry_revoked', OLD."userId"); END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION session_say_revoked() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW."expiresAt" >= OLD."expiresAt" AND OLD."token" = NEW."token" AND OLD."userId" = NEW."userId"
  THEN RETURN NULL; END IF;
  IF char_length(OLD."userId") BETWEEN 1 AND 64 THEN PERFORM pg_notify('agentry_revoked', OLD."userId"); END IF;
  RETURN NULL;
END $$;

-- As better-auth has it from 1.5 on, "referenceId" may name the owner alone: a user, or an organisation, which acts under an
-- identity of its own.
CREATE FUNCTION apikey_say_revoked() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_owner text := coalesce(nullif(OLD."referenceId", ''), OLD."userId");
BEGIN
  IF TG_OP = 'UPDATE'
     AND OLD."enabled" IS NOT DISTINCT FROM NEW."enabled" AND OLD."expiresAt" IS NOT DISTINCT FROM NEW."expiresAt"
     AND OLD."permissions" IS NOT DISTINCT FROM NEW."permissions" AND OLD."key" = NEW."key"
     AND OLD.organization_role IS NOT DISTINCT FROM NEW.organization_role
     AND OLD."userId" IS NOT DISTINCT FROM NEW."userId" AND OLD."referenceId" IS NOT DISTINCT FROM NEW."referenceId"
  THEN RETURN NULL; END IF;
  IF char_length(v_owner) BETWEEN 1 AND 64 THEN
    PERFORM pg_notify('agentry_revoked', v_owner);
    IF OLD."userId" IS NULL THEN PERFORM pg_notify('agentry_revoked', 'org_' || v_owner); END IF;
  END IF;
  RETURN NULL;
END $$;

REVOKE EXECUTE ON FUNCTION member_say_revoked(), session_say_revoked(), apikey_say_revoked() FROM PUBLIC;

-- The deletion of an organisation, or of a user, deletes the memberships and sessions one by one.
CREATE TRIGGER member_say_revoked AFTER UPDATE OR DELETE ON "member" FOR EACH ROW EXECUTE FUNCTION member_say_revoked();
CREATE TRIGGER session_say_revoked AFTER UPDATE OR DELETE ON "session" FOR EACH ROW EXECUTE FUNCTION session_say_revoked();
CREATE TRIGGER apikey_say_revoked AFTER UPDATE OR DELETE ON "apikey" FOR EACH ROW EXECUTE FUNCTION apikey_say_revoked();
