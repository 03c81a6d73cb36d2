-- better-auth up to 1.5 accepts an invitation without a look at what another program does with it at that moment, and takes a
-- member out by the id of one row: someone who is in twice would stay. So nobody is in twice; of those who are, the strongest stays.
DELETE FROM "member" m USING (
  SELECT "id", row_number() OVER (
    PARTITION BY "organizationId", "userId"
    ORDER BY array_position(ARRAY['owner', 'admin', 'member'], app_highest_role("role")), "createdAt", "id") AS place
  FROM "member") d
WHERE d."id" = m."id" AND d.place > 1;
CREATE UNIQUE INDEX "member_once" ON "member" ("organizationId", "userId");

-- Whether whoever is this may bring somebody in as that. For the functions below, not for the service.
CREATE FUNCTION org_may_invite(p_actor_role text, p_role text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN coalesce(p_actor_role = 'owner' OR (p_actor_role = 'admin' AND p_role <> 'owner'), false);
END $$;

-- An invitation into the acting organisation. A live one for the address is renewed when p_resend says so.
CREATE FUNCTION invitation_create(
  p_id text, p_email text, p_role text, p_expires_at timestamptz, p_resend boolean, p_members integer, p_invitations integer)
RETURNS TABLE (status text, id text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_role text := org_locked_role();
  v_live text;
  v_live_role text;
BEGIN
  IF v_role IS NULL THEN RETURN QUERY SELECT 'gone', NULL::text; RETURN; END IF;
  IF v_role = 'member' THEN RETURN QUERY SELECT 'admins_only', NULL::text; RETURN; END IF;
  IF p_role NOT IN ('owner', 'admin', 'member') THEN RETURN QUERY SELECT 'no_such_role', NULL::text; RETURN; END IF;
  IF NOT org_may_invite(v_role, p_role) THEN RETURN QUERY SELECT 'owners_only', NULL::text; RETURN; END IF;
  IF EXISTS (SELECT FROM "member" m JOIN "user" u ON u."id" = m."userId"
             WHERE m."organizationId" = app_current_org() AND lower(u."email") = lower(p_email)) THEN
    RETURN QUERY SELECT 'already_member', NULL::text; RETURN;
  END IF;
  IF (SELECT count(DISTINCT m."userId") FROM "member" m WHERE m."organizationId" = app_current_org()) >= p_members THEN
    RETURN QUERY SELECT 'members_full', NULL::text; RETURN;
  END IF;
  SELECT i."id", app_highest_role(i."role") INTO v_live, v_live_role FROM "invitation" i
  WHERE i."organizationId" = app_current_org() AND lower(i."email") = lower(p_email)
    AND i."status" = 'pending' AND i."expiresAt" > now()
  ORDER BY i."createdAt" DESC, i."id" LIMIT 1;
  IF v_live IS NOT NULL THEN
    IF NOT p_resend THEN RETURN QUERY SELECT 'already_invited', NULL::text; RETURN; END IF;
    -- What an owner offered is not an admin's to change.
    IF NOT org_may_invite(v_role, v_live_role) THEN RETURN QUERY SELECT 'owners_only', NULL::text; RETURN; END IF;
    UPDATE "invitation" i
    SET "expiresAt" = date_trunc('milliseconds', p_expires_at), "role" = p_role, "inviterId" = app_current_user()
    WHERE i."id" = v_live;
    RETURN QUERY SELECT 'ok', v_live; RETURN;
  END IF;
  IF (SELECT count(*) FROM "invitation" i WHERE i."organizationId" = app_current_org()
        AND i."status" = 'pending' AND i."expiresAt" > now()) >= p_invitations THEN
    RETURN QUERY SELECT 'invitations_full', NULL::text; RETURN;
  END IF;
  INSERT INTO "invitation" ("id", "organizationId", "email", "role", "status", "expiresAt", "createdAt", "inviterId")
  VALUES (p_id, app_current_org(), p_email, p_role, 'pending', date_trunc('milliseconds', p_expires_at), now_ms(), app_current_user());
  RETURN QUERY SELECT 'ok', p_id;
END $$;

-- A pending invitation, expired or not, lives on from now, in the name of whoever asks.
CREATE FUNCTION invitation_resend(p_id text, p_expires_at timestamptz, p_invitations integer) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_role text := org_locked_role();
  v_row record;
BEGIN
  IF v_role IS NULL THEN RETURN 'gone'; END IF;
  IF v_role = 'member' THEN RETURN 'admins_only'; END IF;
  SELECT i."status", i."email", app_highest_role(i."role") AS role INTO v_row FROM "invitation" i
  WHERE i."id" = p_id AND i."organizationId" = app_current_org();
  IF NOT FOUND THEN RETURN 'no_such_invitation'; END IF;
  IF v_row.status <> 'pending' THEN RETURN v_row.status; END IF;
  IF NOT org_may_invite(v_role, v_row.role) THEN RETURN 'owners_only'; END IF;
  IF EXISTS (SELECT FROM "member" m JOIN "user" u ON u."id" = m."userId"
             WHERE m."organizationId" = app_current_org() AND lower(u."email") = lower(v_row.email)) THEN
    RETURN 'already_member';
  END IF;
  IF EXISTS (SELECT FROM "invitation" i WHERE i."organizationId" = app_current_org() AND i."id" <> p_id
             AND lower(i."email") = lower(v_row.email) AND i."status" = 'pending' AND i."expiresAt" > now()) THEN
    RETURN 'already_invited';
  END IF;
  IF (SELECT count(*) FROM "invitation" i WHERE i."organizationId" = app_current_org() AND i."id" <> p_id
        AND i."status" = 'pending' AND i."expiresAt" > now()) >= p_invitations THEN
    RETURN 'invitations_full';
  END IF;
  UPDATE "invitation" i
  SET "expiresAt" = date_trunc('milliseconds', p_expires_at), "inviterId" = app_current_user()
  WHERE i."id" = p_id AND i."status" = 'pending';
  IF NOT FOUND THEN RETURN coalesce((SELECT i."status" FROM "invitation" i WHERE i."id" = p_id), 'no_such_invitation'); END IF;
  RETURN 'ok';
END $$;

CREATE FUNCTION invitation_cancel(p_id text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_role text := org_locked_role();
  v_status text;
BEGIN
  IF v_role IS NULL THEN RETURN 'gone'; END IF;
  IF v_role = 'member' THEN RETURN 'admins_only'; END IF;
  SELECT i."status" INTO v_status FROM "invitation" i WHERE i."id" = p_id AND i."organizationId" = app_current_org();
  IF NOT FOUND THEN RETURN 'no_such_invitation'; END IF;
  IF v_status <> 'pending' THEN RETURN v_status; END IF;
  -- better-auth takes no lock: somebody may have taken it up since it was read.
  UPDATE "invitation" i SET "status" = 'canceled' WHERE i."id" = p_id AND i."status" = 'pending';
  IF NOT FOUND THEN RETURN coalesce((SELECT i."status" FROM "invitation" i WHERE i."id" = p_id), 'no_such_invitation'); END IF;
  RETURN 'ok';
END $$;

-- The pending invitations of those of these organisations that the acting user is an owner or admin of, expired ones too; at
-- most 1,000 of each.
CREATE FUNCTION org_invitations(p_organizations text[])
RETURNS TABLE (id text, organization_id text, organization_name text, email text, role text,
               expires_at timestamptz, created_at timestamptz, inviter_id text, inviter_name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT i."id", o."id", o."name", i."email", app_highest_role(i."role"), i."expiresAt", i."createdAt", i."inviterId", u."name"
  FROM "organization" o
  CROSS JOIN LATERAL (
    SELECT i.* FROM "invitation" i WHERE i."organizationId" = o."id" AND i."status" = 'pending'
    ORDER BY i."createdAt" DESC, i."id" LIMIT 1000) i
  JOIN "user" u ON u."id" = i."inviterId"
  WHERE o."id" = ANY (p_organizations) AND CASE WHEN o."id" = app_current_org() THEN org_acting_role() ELSE org_role_of(o."id", app_current_user()) END
          IN ('owner', 'admin')
  ORDER BY i."createdAt" DESC, i."id";
END $$;

-- The live invitations for the acting user's address, once they have shown that it is theirs: whoever registers an address
-- first would see them otherwise.
CREATE FUNCTION my_invitations()
RETURNS TABLE (id text, organization_id text, organization_name text, email text, role text,
               expires_at timestamptz, created_at timestamptz, inviter_id text, inviter_name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT i."id", i."organizationId", o."name", i."email", app_highest_role(i."role"), i."expiresAt", i."createdAt", i."inviterId", u."name"
  FROM "user" me
  JOIN "invitation" i ON lower(i."email") = lower(me."email")
  JOIN "organization" o ON o."id" = i."organizationId" JOIN "user" u ON u."id" = i."inviterId"
  WHERE me."id" = app_current_user() AND me."emailVerified" AND i."status" = 'pending' AND i."expiresAt" > now()
  ORDER BY i."createdAt" DESC, i."id" LIMIT 1000;
END $$;

-- What stands in the way of the acting user taking this invitation up or down; 'ok' when nothing does.
CREATE FUNCTION invitation_state(p_id text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_row record;
BEGIN
  SELECT i."status", i."expiresAt" <= now() AS expired,
         lower(i."email") = lower(u."email") AND u.service_organization_id IS NULL AS mine INTO v_row
  FROM "invitation" i JOIN "user" u ON u."id" = app_current_user() WHERE i."id" = p_id;
  RETURN CASE WHEN NOT FOUND THEN 'no_such_invitation'
              WHEN NOT v_row.mine THEN 'other_address'
              WHEN v_row.status <> 'pending' THEN v_row.status
              WHEN v_row.expired THEN 'expired'
              ELSE 'ok' END;
END $$;

-- Membership for an invitation. The inviter must still be one who could offer it.
CREATE FUNCTION invitation_accept(p_id text, p_member_id text, p_session_id text, p_members integer)
RETURNS TABLE (status text, organization_id text, role text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_organization text;
  v_inviter text;
  v_role text;
  v_state text;
BEGIN
  SELECT i."organizationId" INTO v_organization FROM "invitation" i WHERE i."id" = p_id;
  -- All changes to its members wait for each other, so the second of two calls finds what the first one did.
  PERFORM FROM "organization" o WHERE o."id" = v_organization FOR NO KEY UPDATE;
  v_state := invitation_state(p_id);
  IF v_state <> 'ok' THEN RETURN QUERY SELECT v_state, NULL::text, NULL::text; RETURN; END IF;
  SELECT i."inviterId", app_highest_role(i."role") INTO v_inviter, v_role FROM "invitation" i WHERE i."id" = p_id;
  -- What the organisation itself offered, by a key of the right role, stands.
  IF NOT org_may_invite(CASE WHEN v_inviter = 'org_' || v_organization THEN 'owner' ELSE org_role_of(v_organization, v_inviter) END, v_role) THEN
    RETURN QUERY SELECT 'withdrawn', NULL::text, NULL::text; RETURN;
  END IF;
  -- Admins read the id of what an owner offered, here and in better-auth, and could sign up with that address themselves.
  IF v_role = 'owner' AND NOT EXISTS (SELECT FROM "user" u WHERE u."id" = app_current_user() AND u."emailVerified") THEN
    RETURN QUERY SELECT 'unverified', NULL::text, NULL::text; RETURN;
  END IF;
  IF org_role_of(v_organization, app_current_user()) IS NOT NULL THEN
    RETURN QUERY SELECT 'already_member', NULL::text, NULL::text; RETURN;
  END IF;
  IF (SELECT count(DISTINCT m."userId") FROM "member" m WHERE m."organizationId" = v_organization) >= p_members THEN
    RETURN QUERY SELECT 'members_full', NULL::text, NULL::text; RETURN;
  END IF;
  -- better-auth takes no lock: the row itself decides between it and us.
  UPDATE "invitation" i SET "status" = 'accepted' WHERE i."id" = p_id AND i."status" = 'pending';
  IF NOT FOUND THEN RETURN QUERY SELECT invitation_state(p_id), NULL::text, NULL::text; RETURN; END IF;
  INSERT INTO "member" ("id", "organizationId", "userId", "role", "createdAt")
  VALUES (p_member_id, v_organization, app_current_user(), v_role, now_ms())
  ON CONFLICT ("organizationId", "userId") DO NOTHING;
  IF NOT FOUND THEN RETURN QUERY SELECT 'already_member', NULL::text, NULL::text; RETURN; END IF;
  UPDATE "session" s SET "activeOrganizationId" = v_organization WHERE s."id" = p_session_id AND s."userId" = app_current_user();
  RETURN QUERY SELECT 'ok', v_organization, v_role;
END $$;

CREATE FUNCTION invitation_reject(p_id text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_state text;
BEGIN
  PERFORM FROM "invitation" i WHERE i."id" = p_id FOR UPDATE;
  v_state := invitation_state(p_id);
  IF v_state = 'ok' THEN
    UPDATE "invitation" i SET "status" = 'rejected' WHERE i."id" = p_id;
  END IF;
  RETURN v_state;
END $$;

REVOKE EXECUTE ON FUNCTION
  org_may_invite(text, text), invitation_state(text),
  invitation_create(text, text, text, timestamptz, boolean, integer, integer), invitation_resend(text, timestamptz, integer),
  invitation_cancel(text), org_invitations(text[]), my_invitations(),
  invitation_accept(text, text, text, integer), invitation_reject(text)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  invitation_create(text, text, text, timestamptz, boolean, integer, integer), invitation_resend(text, timestamptz, integer),
  invitation_cancel(text), org_invitations(text[]), my_invitations(),
  invitation_accept(text, text, text, integer), invitation_reject(text)
TO agentry_app;
