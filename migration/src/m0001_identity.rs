//! Roles, and the functions by which a policy asks who is acting.
//!
//! The functions are STABLE, take no argument and never raise: a policy that raises takes every query of its table down.
//! A transaction-local setting reads `''` after its transaction, not NULL, hence `NULLIF`.

crate::sql_migration!("m0001_identity");

const UP: &str = r"
DO $$ BEGIN
  -- Roles belong to the cluster, not to the database: another database of the same cluster may have made them.
  -- Two databases migrating at once may race past the check, so losing that race is no error either.
  BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'agentry_app') THEN
      CREATE ROLE agentry_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
  END;
  BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'agentry_keeper') THEN
      CREATE ROLE agentry_keeper NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
  END;
  -- The owner hands functions to the keeper and enters it to re-seal keys. From version 16 on, whoever makes a role is a
  -- member that may administer it, but may not enter it until it grants itself that.
  IF NOT pg_has_role(current_user, 'agentry_keeper',
                     CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END) THEN
    EXECUTE format('GRANT agentry_keeper TO %I', current_user);
  END IF;
END $$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
-- CREATE lets the keeper own its functions; it cannot log in, so nobody creates anything through it.
GRANT USAGE ON SCHEMA public TO agentry_app;
GRANT USAGE, CREATE ON SCHEMA public TO agentry_keeper;

-- So that a server can say whether the database is as its build expects it.
GRANT SELECT ON seaql_migrations TO agentry_app;

CREATE FUNCTION app_current_user() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
  RETURN NULLIF(current_setting('app.current_user_id', true), '');
CREATE FUNCTION app_current_org() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
  RETURN NULLIF(current_setting('app.current_org_id', true), '');
CREATE FUNCTION app_current_org_role() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
  RETURN NULLIF(current_setting('app.org_role', true), '');

-- Milliseconds: what better-auth compares, and what a JavaScript Date can hold.
CREATE FUNCTION now_ms() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
  RETURN date_trunc('milliseconds', now());

CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  NEW.updated_at := date_trunc('milliseconds', now());
  RETURN NEW;
END $$;

REVOKE EXECUTE ON FUNCTION touch_updated_at() FROM PUBLIC;
";

const DOWN: &str = r"
DROP FUNCTION touch_updated_at();
DROP FUNCTION now_ms();
DROP FUNCTION app_current_org_role();
DROP FUNCTION app_current_org();
DROP FUNCTION app_current_user();
-- The roles stay: they are the cluster's, and another database may stand on them.
REVOKE SELECT ON seaql_migrations FROM agentry_app;
REVOKE USAGE ON SCHEMA public FROM agentry_app;
REVOKE USAGE, CREATE ON SCHEMA public FROM agentry_keeper;
";
