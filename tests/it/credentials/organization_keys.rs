//! Keys by which an organisation acts.

use serde_json::{Value, json};

use super::{cookie, create, key, refused, send, sql, unauthenticated, viewer};
use crate::conversations::{agent, mutate};
use crate::support::{Caller, Server};

const OF_ORGANIZATION: &str = "{ apiKeys(owner: ORGANIZATION) { id owner role name } }";

/// Ada with her organisation, Bob who is an admin there, and Carl who is a member.
async fn team() -> (Server, Caller, Caller, Caller) {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let (bob, carl) = (server.sign_up("Bob").await, server.sign_up("Carl").await);
    let bob = server.join(&ada, &bob, "admin").await;
    let carl = server.join(&ada, &carl, "member").await;
    (server, ada, bob, carl)
}

fn of(role: &str) -> Value {
    json!({ "name": "ci", "owner": "ORGANIZATION", "role": role })
}

/// The data of an operation sent with this key alone.
async fn with_key(server: &Server, key: &str, document: &str) -> Value {
    let (status, mut body) = send(server, document, &[("x-api-key", key)]).await;
    assert!(
        status == 200 && body.get("errors").is_none(),
        "{status} {body}"
    );
    body["data"].take()
}

#[tokio::test]
async fn key_acts_as_its_organization_in_its_role_and_nowhere_else() {
    let (server, ada, bob, _) = team().await;
    let elsewhere = server.sign_up("Eve").await;
    for (by, role) in [(&ada, "OWNER"), (&bob, "ADMIN"), (&bob, "MEMBER")] {
        let (text, id) = key(by, of(role)).await;
        let seen = viewer(&server, &[("x-api-key", &text)]).await;
        assert_eq!(seen["role"], role);
        assert_eq!(seen["authMethod"], "API_KEY");
        assert_eq!(seen["organization"]["id"], ada.organization_id);
        assert_eq!(seen["apiKey"]["id"], id);
        let me = seen["user"]["id"].as_str().unwrap();
        assert!(
            [&ada, &bob].iter().all(|person| person.user_id != me),
            "{me}"
        );
        for organization in [elsewhere.organization_id.as_str(), "nowhere"] {
            let headers = [("x-api-key", &*text), ("x-organization-id", organization)];
            assert_eq!(
                refused(&server, &headers).await,
                (403, "FORBIDDEN".to_owned())
            );
        }
        let here = [
            ("x-api-key", &*text),
            ("x-organization-id", &*ada.organization_id),
        ];
        assert_eq!(viewer(&server, &here).await["role"], role);
        let all = with_key(&server, &text, "{ viewer { organizations { id role } } }").await;
        let organization = json!([{ "id": ada.organization_id, "role": role }]);
        assert_eq!(all["viewer"]["organizations"], organization);
    }
}

#[tokio::test]
async fn what_one_key_makes_is_there_for_the_next_and_private_to_the_organization() {
    let (server, ada, _, carl) = team().await;
    let (first, id) = key(&ada, of("MEMBER")).await;
    let shared = agent(&carl, "Shared", "ORGANIZATION").await;
    let private = agent(&carl, "Private", "PRIVATE").await;
    let make = r#"mutation { createAgent(input: { name: "Robot", systemPrompt: "p" }) { ... on CreateAgentSuccess { agent { id } } } }"#;
    let made = with_key(&server, &first, make).await;
    let robot = made["createAgent"]["agent"]["id"].as_str().unwrap();

    let gone = mutate(&ada, "deleteApiKey", "deletedId", json!({ "id": id })).await;
    assert_eq!(gone["deletedId"], id);
    assert_eq!(
        refused(&server, &[("x-api-key", &first)]).await,
        unauthenticated()
    );
    let (second, _) = key(&ada, of("MEMBER")).await;
    let (admin, _) = key(&ada, of("ADMIN")).await;
    let agents = "{ agents { nodes { id } } }";
    let ids = |data: Value| {
        let nodes = data["agents"]["nodes"].as_array().unwrap().clone();
        let id = |node: &Value| node["id"].as_str().unwrap().to_owned();
        let mut ids: Vec<String> = nodes.iter().map(id).collect();
        ids.sort();
        ids
    };
    let sorted = |all: &[&str]| {
        let mut all: Vec<String> = all.iter().map(|id| (*id).to_owned()).collect();
        all.sort();
        all
    };
    let seen = ids(with_key(&server, &second, agents).await);
    assert_eq!(seen, sorted(&[robot, &shared]));
    let seen = ids(with_key(&server, &admin, agents).await);
    assert_eq!(seen, sorted(&[robot, &shared, &private]));
    let seen = ids(carl.query(agents, json!({})).await);
    assert_eq!(seen, sorted(&[&shared, &private]));
}

#[tokio::test]
async fn only_owners_and_admins_make_keys_and_none_above_themselves() {
    let (server, ada, bob, carl) = team().await;
    for (by, role, outcome) in [
        (&ada, "OWNER", "CreateApiKeySuccess"),
        (&bob, "OWNER", "Forbidden"),
        (&bob, "ADMIN", "CreateApiKeySuccess"),
        (&carl, "MEMBER", "Forbidden"),
    ] {
        assert_eq!(create(by, of(role)).await["__typename"], outcome, "{role}");
    }
    let mine = json!({ "name": "ci", "role": "MEMBER" });
    let made = create(&ada, mine).await;
    assert_eq!(made["fields"][0]["path"], json!(["role"]), "{made}");
    // What is refused by the ladder in the service is refused by the database as well.
    let mut connection = server.service_pool().await.acquire().await.unwrap();
    let organization = &ada.organization_id;
    for (user, role, wanted) in [
        (&carl.user_id, "member", "admins_only"),
        (&bob.user_id, "owner", "owners_only"),
        (&carl.user_id, "admin", "admins_only"),
        (&server.sign_up("Eve").await.user_id, "member", "gone"),
    ] {
        let say = format!(
            "BEGIN; SET LOCAL app.current_user_id = '{user}'; SET LOCAL app.current_org_id = '{organization}'; SET LOCAL app.org_role = 'owner'"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(say))
            .execute(&mut *connection)
            .await
            .unwrap();
        let word: String = sqlx::query_scalar("SELECT org_api_key_create('{}', $1, 100)")
            .bind(role)
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        assert_eq!(word, wanted, "{role}");
        sqlx::raw_sql("ROLLBACK")
            .execute(&mut *connection)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn keys_are_managed_by_owners_and_admins_and_an_owners_key_by_owners() {
    let (server, ada, bob, carl) = team().await;
    let eve = server.sign_up("Eve").await;
    let (high, top) = key(&ada, of("OWNER")).await;
    let (low, plain) = key(&ada, of("MEMBER")).await;
    let listed = bob.query(OF_ORGANIZATION, json!({})).await;
    assert_eq!(
        listed["apiKeys"],
        json!([{ "id": plain, "owner": "ORGANIZATION", "role": "MEMBER", "name": "ci" },
               { "id": top, "owner": "ORGANIZATION", "role": "OWNER", "name": "ci" }])
    );
    assert_eq!(carl.code(OF_ORGANIZATION, json!({})).await, "FORBIDDEN");
    let mine = "{ apiKeys { id } }";
    assert_eq!(ada.query(mine, json!({})).await["apiKeys"], json!([]));

    for (field, more) in [
        ("updateApiKey", json!({ "enabled": false })),
        ("deleteApiKey", json!({})),
        ("rotateApiKey", json!({})),
    ] {
        for (by, id, outcome) in [
            (&bob, &top, "Forbidden"),
            (&carl, &plain, "NotFound"),
            (&eve, &plain, "NotFound"),
        ] {
            let mut input = more.clone();
            input["id"] = json!(id);
            let ended = mutate(by, field, "__typename", input).await;
            assert_eq!(ended["__typename"], outcome, "{field}");
        }
    }
    let lift = |role: &str| json!({ "id": plain, "role": role });
    let lifted = mutate(&bob, "updateApiKey", "__typename", lift("OWNER")).await;
    assert_eq!(lifted["__typename"], "Forbidden");
    let lifted = mutate(&bob, "updateApiKey", "apiKey { role }", lift("ADMIN")).await;
    assert_eq!(lifted["apiKey"]["role"], "ADMIN");
    assert_eq!(
        viewer(&server, &[("x-api-key", &low)]).await["role"],
        "ADMIN"
    );

    let rename = json!({ "id": plain, "name": "deploy", "remaining": 3, "refill": { "amount": 3, "intervalSeconds": 60 },
        "rateLimit": { "max": 9, "windowSeconds": 60 }, "permissions": { "agents": ["read"] }, "expiresIn": 600 });
    let fields = "apiKey { name remaining refill { amount } rateLimit { max windowSeconds } permissions expiresAt enabled role }";
    let mut changed = mutate(&ada, "updateApiKey", fields, rename).await;
    assert!(changed["apiKey"]["expiresAt"].take().is_string());
    assert_eq!(
        changed["apiKey"],
        json!({ "name": "deploy", "remaining": 3, "refill": { "amount": 3 }, "rateLimit": { "max": 9, "windowSeconds": 60 },
                "permissions": { "agents": ["read"] }, "expiresAt": null, "enabled": true, "role": "ADMIN" })
    );
    let input = json!({ "id": plain, "overlapSeconds": 0 });
    let rotated = mutate(&bob, "rotateApiKey", "key apiKey { role name }", input).await;
    assert_eq!(
        rotated["apiKey"],
        json!({ "role": "ADMIN", "name": "deploy" })
    );
    assert_eq!(
        refused(&server, &[("x-api-key", &low)]).await,
        unauthenticated()
    );
    let agents = "{ agents { totalCount } }";
    with_key(&server, rotated["key"].as_str().unwrap(), agents).await;
    let off = json!({ "id": top, "enabled": false });
    mutate(&ada, "updateApiKey", "__typename", off).await;
    assert_eq!(
        refused(&server, &[("x-api-key", &high)]).await,
        unauthenticated()
    );
}

#[tokio::test]
async fn key_outlives_who_made_it_and_ends_with_its_organization() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let made = mutate(
        &ada,
        "createOrganization",
        "organization { id }",
        json!({ "name": "Team", "slug": "team" }),
    )
    .await;
    let team = made["organization"]["id"].as_str().unwrap().to_owned();
    let ada = ada.in_organization(&team);
    let bob = server.join(&ada, &bob, "admin").await;
    let (text, _) = key(&bob, of("ADMIN")).await;
    let seen = viewer(&server, &[("x-api-key", &text)]).await;
    let identity = seen["user"]["id"].as_str().unwrap().to_owned();
    bob.query("mutation { leaveOrganization { __typename } }", json!({}))
        .await;
    assert_eq!(
        viewer(&server, &[("x-api-key", &text)]).await["role"],
        "ADMIN"
    );
    // Whichever program deletes it.
    sql(
        &server,
        r#"DELETE FROM "organization" WHERE "id" = $1"#,
        &[&team],
    )
    .await;
    assert_eq!(
        refused(&server, &[("x-api-key", &text)]).await,
        unauthenticated()
    );
    let left: i64 = sqlx::query_scalar(
        r#"SELECT (SELECT count(*) FROM "apikey" WHERE "referenceId" = $1) + (SELECT count(*) FROM "user" WHERE "id" = $2)"#,
    )
    .bind(&team)
    .bind(&identity)
    .fetch_one(&server.owner_pool().await)
    .await
    .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn key_of_better_auth_is_a_member_whatever_its_metadata_says() {
    let (server, ada, ..) = team().await;
    let all: Value = serde_json::from_str(include_str!(
        "../../../crates/auth/src/testdata/better-auth.json"
    ))
    .unwrap();
    sql(
        &server,
        r#"INSERT INTO "apikey" ("id", "configId", "key", "referenceId", "createdAt", "updatedAt", "metadata")
           VALUES ('theirs', 'organization', $1, $2, now(), now(), '{"role":"owner","organization_role":"owner"}')"#,
        &[all["apiKeyHash"].as_str().unwrap(), &ada.organization_id],
    )
    .await;
    let theirs = all["apiKey"].as_str().unwrap();
    let seen = viewer(&server, &[("x-api-key", theirs)]).await;
    assert_eq!(seen["role"], "MEMBER");
    assert_eq!(seen["organization"]["id"], ada.organization_id);
    let lift = json!({ "id": "theirs", "role": "ADMIN" });
    mutate(&ada, "updateApiKey", "__typename", lift).await;
    let seen = viewer(&server, &[("x-api-key", theirs)]).await;
    assert_eq!(seen["role"], "ADMIN");
}

#[tokio::test]
async fn key_beside_a_persons_credential_is_refused() {
    let (server, ada, ..) = team().await;
    let (text, id) = key(
        &ada,
        json!({ "name": "ci", "owner": "ORGANIZATION", "remaining": 5 }),
    )
    .await;
    let cookie = cookie(&server, "ada@example.com").await;
    let headers = [("x-api-key", &*text), ("cookie", &*cookie)];
    assert_eq!(refused(&server, &headers).await, unauthenticated());
    let left: i32 = sqlx::query_scalar(r#"SELECT "remaining" FROM "apikey" WHERE "id" = $1"#)
        .bind(&id)
        .fetch_one(&server.owner_pool().await)
        .await
        .unwrap();
    assert_eq!(left, 5, "a refused call was counted");
}

#[tokio::test]
async fn identity_is_no_member_and_has_neither_session_nor_home() {
    let (server, ada, ..) = team().await;
    let (text, _) = key(&ada, of("OWNER")).await;
    let members = r"{ viewer { organization { members { totalCount nodes { userId } } } } }";
    let seen = with_key(&server, &text, members).await;
    assert_eq!(
        seen["viewer"]["organization"]["members"]["totalCount"], 3,
        "{seen}"
    );
    for document in [
        "mutation { leaveOrganization { __typename } }",
        r#"mutation { createOrganization(input: { name: "X", slug: "x-y-z" }) { __typename } }"#,
    ] {
        let (_, body) = send(&server, document, &[("x-api-key", &text)]).await;
        let said = body.to_string();
        assert!(
            said.contains("Forbidden") || said.contains("FORBIDDEN"),
            "{body}"
        );
    }
    // A session that an administrator of better-auth might make to act as somebody.
    sql(
        &server,
        r#"INSERT INTO "session" ("id", "userId", "token", "expiresAt", "createdAt", "updatedAt")
           SELECT 's', u."id", 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', now() + interval '1 day', now(), now()
           FROM "user" u WHERE u.service_organization_id = $1"#,
        &[&ada.organization_id],
    )
    .await;
    let bearer = [("authorization", "Bearer aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")];
    assert_eq!(refused(&server, &bearer).await, unauthenticated());
}

#[tokio::test]
async fn admins_key_manages_members_as_an_admin_does() {
    let (server, ada, _, carl) = team().await;
    let (admin, _) = key(&ada, of("ADMIN")).await;
    let (member, _) = key(&ada, of("MEMBER")).await;
    let role = |role: &str| {
        format!(
            r#"mutation {{ updateMemberRole(input: {{ userId: "{}", role: {role} }}) {{ __typename }} }}"#,
            carl.user_id
        )
    };
    for (text, document, outcome) in [
        (&member, role("ADMIN"), "Forbidden"),
        (&admin, role("OWNER"), "Forbidden"),
        (&admin, role("ADMIN"), "UpdateMemberRoleSuccess"),
    ] {
        let data = with_key(&server, text, &document).await;
        assert_eq!(
            data["updateMemberRole"]["__typename"], outcome,
            "{document}"
        );
    }
    // What invitations say who invites is not for a key to choose.
    let rename = r#"mutation { updateProfile(input: { name: "Ada" }) { __typename } }"#;
    let renamed = with_key(&server, &admin, rename).await;
    assert_eq!(renamed["updateProfile"]["__typename"], "Forbidden");
    // An invitation of the organisation's own stands until the organisation takes it back.
    let invite = r#"mutation { inviteMember(input: { email: "eve@example.com", role: MEMBER }) {
        ... on InviteMemberSuccess { invitation { id } } ... on UserError { message } } }"#;
    let invited = with_key(&server, &admin, invite).await;
    let id = invited["inviteMember"]["invitation"]["id"].clone();
    let eve = server.sign_up("Eve").await;
    let accept = mutate(&eve, "acceptInvitation", "__typename", json!({ "id": id })).await;
    assert_eq!(
        accept["__typename"], "AcceptInvitationSuccess",
        "{invited} {accept}"
    );
}

#[tokio::test]
async fn who_made_a_key_and_what_the_organization_did_is_audited() {
    let (server, ada, bob, _) = team().await;
    let (text, id) = key(&bob, of("ADMIN")).await;
    let make =
        r#"mutation { createAgent(input: { name: "R", systemPrompt: "p" }) { __typename } }"#;
    with_key(&server, &text, make).await;
    let events = ada
        .query(
            "{ auditEvents { nodes { action actorUserId targetId credential credentialId metadata } } }",
            json!({}),
        )
        .await;
    let events = events["auditEvents"]["nodes"].as_array().unwrap().clone();
    let of = |action: &str| {
        events
            .iter()
            .find(|event| event["action"] == action)
            .unwrap()
    };
    let made = of("api_key.create");
    assert_eq!(made["actorUserId"], bob.user_id);
    assert_eq!(made["targetId"], id);
    assert_eq!(
        made["metadata"]["owner"],
        json!({ "organizationRole": "admin" })
    );
    let agent = of("agent.create");
    assert_eq!(agent["actorUserId"], format!("org_{}", ada.organization_id));
    assert_eq!(agent["credential"], "API_KEY");
    assert_eq!(agent["credentialId"], id);
}
