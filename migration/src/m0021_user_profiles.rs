//! What people say of themselves beyond better-auth's `user`: a table beside it, so that better-auth's own stays as it is.

crate::sql_migration!("m0021_user_profiles");

// Row security is not forced, as on `user`: the owner of both answers for colleagues, through one function that shows the public
// part of it. The service is not the owner, and is bound.
const UP: &str = r#"
CREATE TABLE user_profiles (
  user_id text PRIMARY KEY REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  bio text CHECK (char_length(bio) BETWEEN 1 AND 2000),
  preferences jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(preferences) = 'object' AND octet_length(preferences::text) <= 65536),
  avatar_url text CHECK (char_length(avatar_url) BETWEEN 1 AND 2000),
  created_at timestamptz NOT NULL DEFAULT now_ms(),
  updated_at timestamptz NOT NULL DEFAULT now_ms()
);
ALTER TABLE user_profiles ENABLE ROW LEVEL SECURITY;
CREATE POLICY user_profiles_self ON user_profiles FOR ALL TO agentry_app
  USING (user_id = app_current_user()) WITH CHECK (user_id = app_current_user());
GRANT SELECT, INSERT (user_id, bio, preferences, avatar_url), UPDATE (bio, preferences, avatar_url) ON user_profiles TO agentry_app;
CREATE TRIGGER user_profiles_touch BEFORE UPDATE ON user_profiles
  FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- The public part of the profiles of these people, as far as the acting user shares an organisation with them. Their preferences
-- are nobody else's business.
CREATE FUNCTION colleague_profiles(p_users text[]) RETURNS TABLE (user_id text, bio text, avatar_url text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT p.user_id, p.bio, p.avatar_url FROM user_profiles p
  WHERE p.user_id = ANY (p_users)
    AND EXISTS (SELECT FROM "member" mine JOIN "member" theirs ON theirs."organizationId" = mine."organizationId"
                WHERE mine."userId" = app_current_user() AND theirs."userId" = p.user_id);
END $$;
REVOKE EXECUTE ON FUNCTION colleague_profiles(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION colleague_profiles(text[]) TO agentry_app;
"#;

const DOWN: &str = r"
DROP FUNCTION colleague_profiles(text[]);
DROP TABLE user_profiles;
";
