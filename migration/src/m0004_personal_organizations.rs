//! The personal organisation, and row security on the auth tables.
//!
//! Row security there is enabled, not forced: forcing it breaks better-auth's own sign-up, which owns these tables. The
//! service reads by column grants that leave out passwords, tokens, key hashes and private keys.

crate::sql_migration!("m0004_personal_organizations");

const UP: &str = r#"
ALTER TABLE "organization" ADD COLUMN personal_user_id text UNIQUE REFERENCES "user"("id") ON DELETE CASCADE;

ALTER TABLE "user" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "session" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "account" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "verification" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "organization" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "member" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "invitation" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "jwks" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "apikey" ENABLE ROW LEVEL SECURITY;

CREATE POLICY user_self ON "user" FOR SELECT TO agentry_app USING ("id" = app_current_user());
CREATE POLICY organization_current ON "organization" FOR SELECT TO agentry_app USING ("id" = app_current_org());
CREATE POLICY member_self ON "member" FOR SELECT TO agentry_app USING ("userId" = app_current_user());

GRANT SELECT ("id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt") ON "user" TO agentry_app;
GRANT SELECT ("id", "name", "slug", "logo", "createdAt", personal_user_id) ON "organization" TO agentry_app;
GRANT SELECT ("id", "organizationId", "userId", "role", "createdAt") ON "member" TO agentry_app;
"#;

const DOWN: &str = r#"
REVOKE ALL ON "user", "organization", "member" FROM agentry_app;
DROP POLICY member_self ON "member";
DROP POLICY organization_current ON "organization";
DROP POLICY user_self ON "user";
ALTER TABLE "apikey" DISABLE ROW LEVEL SECURITY;
ALTER TABLE "jwks" DISABLE ROW LEVEL SECURITY;
ALTER TABLE "invitation" DISABLE ROW LEVEL SECURITY;
ALTER TABLE "member" DISABLE ROW LEVEL SECURITY;
ALTER TABLE "organization" DISABLE ROW LEVEL SECURITY;
ALTER TABLE "verification" DISABLE ROW LEVEL SECURITY;
ALTER TABLE "account" DISABLE ROW LEVEL SECURITY;
ALTER TABLE "session" DISABLE ROW LEVEL SECURITY;
ALTER TABLE "user" DISABLE ROW LEVEL SECURITY;
ALTER TABLE "organization" DROP COLUMN personal_user_id;
"#;
