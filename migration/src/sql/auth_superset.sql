ALTER TABLE "apikey" ADD COLUMN IF NOT EXISTS "configId" text NOT NULL DEFAULT 'default';
ALTER TABLE "apikey" ADD COLUMN IF NOT EXISTS "referenceId" text NOT NULL DEFAULT '';
ALTER TABLE "apikey" ALTER COLUMN "configId" SET DEFAULT 'default', ALTER COLUMN "referenceId" SET DEFAULT '';
ALTER TABLE "apikey" ADD COLUMN IF NOT EXISTS "userId" text REFERENCES "user"("id") ON DELETE CASCADE;
ALTER TABLE "apikey" ALTER COLUMN "userId" DROP NOT NULL;
ALTER TABLE "invitation" ADD COLUMN IF NOT EXISTS "teamId" text;
ALTER TABLE "jwks" ADD COLUMN IF NOT EXISTS "alg" text;
ALTER TABLE "jwks" ADD COLUMN IF NOT EXISTS "crv" text;
-- Only here: tables that better-auth 1.5 and later made have had no such column until now.
CREATE INDEX IF NOT EXISTS "apikey_userId_idx" ON "apikey" ("userId");
CREATE INDEX IF NOT EXISTS "apikey_configId_idx" ON "apikey" ("configId");
CREATE INDEX IF NOT EXISTS "apikey_referenceId_idx" ON "apikey" ("referenceId");

-- Each generation writes one of the two owner columns; the other is filled so that both can read the key.
CREATE OR REPLACE FUNCTION apikey_fill_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(NEW."referenceId", '') = '' AND NEW."userId" IS NOT NULL THEN
    NEW."referenceId" := NEW."userId";
  END IF;
  IF NEW."userId" IS NULL AND coalesce(NEW."referenceId", '') <> ''
     AND EXISTS (SELECT 1 FROM "user" u WHERE u."id" = NEW."referenceId") THEN
    NEW."userId" := NEW."referenceId";
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS apikey_fill_owner ON "apikey";
CREATE TRIGGER apikey_fill_owner BEFORE INSERT OR UPDATE ON "apikey"
  FOR EACH ROW EXECUTE FUNCTION apikey_fill_owner();
UPDATE "apikey" SET "referenceId" = "userId" WHERE "referenceId" = '' AND "userId" IS NOT NULL;

-- Only 1.7.0 to 1.7.2 read and write it, and cannot sign a user in without it; later ones refuse it when NOT NULL.
ALTER TABLE "account" ADD COLUMN IF NOT EXISTS "issuer" text;
CREATE OR REPLACE FUNCTION account_fill_issuer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW."issuer" IS NULL AND NEW."providerId" = 'credential' THEN
    NEW."issuer" := 'local:credential';
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS account_fill_issuer ON "account";
CREATE TRIGGER account_fill_issuer BEFORE INSERT ON "account"
  FOR EACH ROW EXECUTE FUNCTION account_fill_issuer();
UPDATE "account" SET "issuer" = 'local:credential' WHERE "issuer" IS NULL AND "providerId" = 'credential';
