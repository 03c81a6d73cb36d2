//! Publishing: versions, statuses, yanking, and what a definition may not say.

use serde_json::{Value, json};

use super::{definition, finance, mutate, offer, publish, publisher, set_status};
use crate::support::Server;

#[tokio::test]
async fn versions_are_numbered_kept_and_the_same_definition_makes_no_new_one() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let (id, first) = publish(&acme, "finance", finance()).await;
    assert_eq!(first, 1);
    assert_eq!(
        publish(&acme, "finance", finance()).await,
        (id.clone(), json!(1))
    );
    let mut changed = finance();
    changed["agent"]["systemPrompt"] = json!("Help with money, kindly.");
    assert_eq!(
        publish(&acme, "finance", changed.clone()).await,
        (id.clone(), json!(2))
    );
    let document = "{ template(slug: \"finance\") { status version installCount
        versions { version checksum definition provides { entityTypes entityRelationshipTypes watchers eventClassifiers } } } }";
    let seen = acme.query(document, json!({})).await;
    let template = &seen["template"];
    assert_eq!(
        (&template["status"], &template["version"]),
        (&json!("DRAFT"), &json!(2))
    );
    assert_eq!(template["installCount"], 0);
    let versions = template["versions"].as_array().unwrap();
    assert_eq!(versions[0]["definition"], changed);
    assert_eq!(versions[1]["definition"], finance());
    assert_eq!(versions[1]["checksum"].as_str().unwrap().len(), 64);
    assert_eq!(
        versions[1]["provides"],
        json!({ "entityTypes": 2, "entityRelationshipTypes": 1, "watchers": 1, "eventClassifiers": 1 })
    );
}

#[tokio::test]
async fn version_does_not_change_even_for_the_owner_of_the_tables() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    publish(&acme, "finance", finance()).await;
    let owner = server.owner_pool().await;
    for change in [
        "definition = '{\"agent\":{}}'",
        "checksum = repeat('0', 64)",
        "capabilities = '{\"tools\":[\"x\"]}'",
        "version = 9",
    ] {
        let sql = format!("UPDATE template_versions SET {change}");
        let refused = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&owner).await;
        let error = refused.unwrap_err();
        let code = error
            .as_database_error()
            .unwrap()
            .code()
            .unwrap()
            .into_owned();
        assert_eq!(code, "23000", "{change}: {error}");
    }
    // And the service has no right to write any of it at all.
    let service = server.service_pool().await;
    for sql in [
        "UPDATE templates SET status = 'published'",
        "DELETE FROM template_versions",
        "INSERT INTO template_uses VALUES ('a', 'b')",
        "SELECT * FROM template_uses",
        "SELECT * FROM template_definition('a', 1)",
    ] {
        let refused = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()))
            .execute(&service)
            .await
            .unwrap_err();
        let code = refused
            .as_database_error()
            .unwrap()
            .code()
            .unwrap()
            .into_owned();
        assert_eq!(code, "42501", "{sql}");
    }
}

#[tokio::test]
async fn agent_is_published_without_secrets_and_an_installed_one_is_not() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let input = json!({ "name": "Helper", "systemPrompt": "Be kind.", "model": "gpt-4o", "temperature": 0.3, "maxTokens": 9 });
    let mut made = mutate(&acme, "createAgent", "agent { id }", input).await;
    let agent = made["agent"]["id"].take();
    let input = json!({ "name": "Main", "service": "openai", "apiKey": "sk-0123456789abcdef" });
    let mut made = mutate(&acme, "createApiConnection", "apiConnection { id }", input).await;
    let link = json!({ "agentId": agent, "apiConnectionId": made["apiConnection"]["id"].take() });
    mutate(&acme, "linkApiConnection", "__typename", link).await;
    let input = json!({ "slug": "helper", "agentId": agent, "botPhone": "+44 7123 456-789", "category": "work", "icon": "🤝", "notes": "First." });
    let selection = "template { id botPhone category icon notes capabilities { services } } templateVersion { definition }";
    let done = mutate(&acme, "publishTemplateVersion", selection, input).await;
    assert_eq!(
        done["templateVersion"]["definition"],
        json!({ "name": "Helper", "agent": { "systemPrompt": "Be kind.", "model": "gpt-4o", "temperature": 0.3, "maxTokens": 9 },
                "capabilities": { "services": ["openai"] } })
    );
    assert_eq!(done["template"]["botPhone"], "447123456789");
    assert_eq!(done["template"]["notes"], "First.");
    assert!(!done.to_string().contains("sk-0123"));

    set_status(&acme, &done["template"]["id"], "PUBLISHED").await;
    let bob = server.sign_up("Bob").await;
    let mine = super::installed(
        &bob,
        json!({ "slug": "helper", "acceptCapabilities": true }),
    )
    .await;
    let again = json!({ "slug": "copy", "agentId": mine["agent"]["id"] });
    let refused = mutate(&bob, "publishTemplateVersion", "stripped", again).await;
    assert_eq!(refused["code"], "TEMPLATE_IS_INSTANCE", "{refused}");
    let both = json!({ "slug": "x", "agentId": agent, "definition": definition("x") });
    for input in [both, json!({ "slug": "x" })] {
        let refused = mutate(&acme, "publishTemplateVersion", "stripped", input).await;
        assert_eq!(refused["__typename"], "ValidationFailed");
    }
}

#[tokio::test]
async fn bad_definitions_are_refused_with_codes_and_secrets_are_taken_out() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let with = |part: &str, value: Value| {
        let mut document = definition("Bad");
        document[part] = value;
        document
    };
    let cases = [
        (
            with("entityTypes", json!({ "$member": { "name": "M" } })),
            "RESERVED_TYPE",
        ),
        (with("surprise", json!(1)), "UNKNOWN_KEY"),
        (with("agent", json!({ "systemPrompt": 5 })), "INVALID"),
        (
            with(
                "entityTypes",
                json!({ "a": { "name": "A", "metadataSchema": { "$ref": "#" } } }),
            ),
            "CYCLIC_SCHEMA",
        ),
        (
            with(
                "entityTypes",
                json!({ "a": { "name": "A", "metadataSchema": { "$ref": "http://127.0.0.1/x" } } }),
            ),
            "FOREIGN_REFERENCE",
        ),
        (
            with(
                "entityTypes",
                json!({ "a": { "name": "A", "metadataSchema": { "pattern": "((a{1,1000}){1,1000}){1,1000}" } } }),
            ),
            "HOSTILE_PATTERN",
        ),
        (
            with(
                "entityTypes",
                json!({ "a": { "name": "A", "metadataSchema": { "type": "nothing" } } }),
            ),
            "INVALID_SCHEMA",
        ),
        (
            with(
                "watchers",
                json!({ "w": { "name": "W", "prompt": "p", "types": ["none"] } }),
            ),
            "UNKNOWN_REFERENCE",
        ),
        (
            with("description", json!("x".repeat(600 * 1024))),
            "TOO_LARGE",
        ),
        (json!("no object"), "INVALID"),
    ];
    for (document, code) in cases {
        let input = json!({ "slug": "bad", "definition": document });
        let refused = mutate(&acme, "publishTemplateVersion", "stripped", input).await;
        assert_eq!(refused["problems"][0]["code"], code, "{refused}");
    }
    // A megabyte does not even come in.
    let huge =
        json!({ "slug": "bad", "definition": with("description", json!("x".repeat(1 << 20))) });
    let document = "mutation($input: PublishTemplateVersionInput!) { publishTemplateVersion(input: $input) { __typename } }";
    let answer = acme
        .post(document, json!({ "input": huge }))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 413);
    assert_eq!(super::rows(&server, "templates").await, 0);

    let mut leaky = definition("Leaky");
    leaky["agent"]["apiKey"] = json!("sk-secret");
    leaky["organizationId"] = json!("o1");
    let input = json!({ "slug": "leaky", "definition": leaky });
    let done = mutate(
        &acme,
        "publishTemplateVersion",
        "stripped templateVersion { definition }",
        input,
    )
    .await;
    assert_eq!(
        done["stripped"],
        json!(["/organizationId", "/agent/apiKey"]),
        "{done}"
    );
    assert!(
        !done["templateVersion"]["definition"]
            .to_string()
            .contains("sk-secret")
    );
    for slug in ["", "Bad", "a--b", "-a", "a b", "ä"] {
        let input = json!({ "slug": slug, "definition": definition("x") });
        let refused = mutate(&acme, "publishTemplateVersion", "stripped", input).await;
        assert_eq!(refused["fields"][0]["path"], json!(["slug"]), "{slug}");
    }
}

#[tokio::test]
async fn only_owners_and_admins_of_the_publisher_publish() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let (bob, eve) = (server.sign_up("Bob").await, server.sign_up("Eve").await);
    let member = server.join(&acme, &bob, "member").await;
    let id = offer(&acme, "finance", finance()).await;
    let publish = json!({ "slug": "finance", "definition": definition("Mine") });
    let status = json!({ "id": id, "status": "WITHDRAWN" });
    let yank = json!({ "id": id, "version": 1 });
    for (field, input) in [
        ("publishTemplateVersion", &publish),
        ("setTemplateStatus", &status),
        ("yankTemplateVersion", &yank),
    ] {
        let refused = mutate(&member, field, "__typename", input.clone()).await;
        assert_eq!(refused["__typename"], "Forbidden", "{field}: {refused}");
    }
    // To anyone else the slug is taken, and the template is not theirs to see as one that could be changed.
    let taken = mutate(&eve, "publishTemplateVersion", "stripped", publish).await;
    assert_eq!(taken["__typename"], "Conflict");
    for (field, input) in [("setTemplateStatus", status), ("yankTemplateVersion", yank)] {
        let refused = mutate(&eve, field, "__typename", input).await;
        assert_eq!(refused["__typename"], "NotFound", "{field}");
    }
    let seen = eve
        .query(
            "{ template(slug: \"finance\") { status version installCount versions { version } } }",
            json!({}),
        )
        .await;
    assert_eq!(
        seen["template"],
        json!({ "status": "PUBLISHED", "version": 1, "installCount": null, "versions": [] })
    );
}

#[tokio::test]
async fn of_two_who_publish_one_slug_at_once_one_gets_it_and_versions_never_meet() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let other = publisher(&server, "Bob", "other").await;
    let input =
        |n: usize| json!({ "slug": "race", "definition": definition(&format!("Race {n}")) });
    let (one, two) = tokio::join!(
        mutate(&acme, "publishTemplateVersion", "stripped", input(0)),
        mutate(&other, "publishTemplateVersion", "stripped", input(1)),
    );
    let mut ended = [
        one["__typename"].as_str().unwrap(),
        two["__typename"].as_str().unwrap(),
    ];
    ended.sort_unstable();
    assert_eq!(ended, ["Conflict", "PublishTemplateVersionSuccess"]);
    let many = (0..8).map(|n| {
        let (acme, input) = (
            acme.clone(),
            json!({ "slug": "many", "definition": definition(&format!("Many {n}")) }),
        );
        async move {
            mutate(
                &acme,
                "publishTemplateVersion",
                "templateVersion { version }",
                input,
            )
            .await
        }
    });
    let mut versions: Vec<i64> = futures_util::future::join_all(many)
        .await
        .into_iter()
        .map(|done| done["templateVersion"]["version"].as_i64().unwrap())
        .collect();
    versions.sort_unstable();
    assert_eq!(versions, (1..=8).collect::<Vec<_>>());
}
