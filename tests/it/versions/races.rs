//! Many at once.

use std::collections::HashSet;

use agentry_db::{DbError, Role, Statements, agent, agent_version, entity};
use futures_util::future::join_all;
use serde_json::json;

use super::{acting, restore, root, update, versions};
use crate::support::Server;

#[tokio::test]
async fn eight_updates_at_once_make_eight_versions_in_a_row() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let id = &super::agent(&ada, "0", "PRIVATE").await;
    let numbers = join_all((1..=8).map(|n| {
        let changes = json!({ "systemPrompt": n.to_string() });
        let ada = &ada;
        async move { (n.to_string(), update(ada, id, changes).await) }
    }))
    .await;
    let all = versions(&ada, id).await;
    let listed: Vec<_> = all
        .iter()
        .map(|one| one["version"].as_i64().unwrap())
        .collect();
    assert_eq!(listed, (1..=9).collect::<Vec<_>>());
    let prompts: HashSet<_> = all
        .iter()
        .map(|one| one["systemPrompt"].as_str().unwrap())
        .collect();
    assert_eq!(prompts.len(), 9);
    // Each was told the number of what it wrote.
    for (prompt, number) in numbers {
        let version = &all[usize::try_from(number - 1).unwrap()];
        assert_eq!(version["systemPrompt"], json!(prompt));
    }
    let (is, newest): (String, i32) =
        sqlx::query_as("SELECT system_prompt, version FROM agents WHERE id = $1")
            .bind(id)
            .fetch_one(&root(&server).await)
            .await
            .unwrap();
    assert_eq!((json!(is), newest), (all[8]["systemPrompt"].clone(), 9));
}

#[tokio::test]
async fn one_key_eight_times_at_once_goes_back_once() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let id = &super::agent(&ada, "One.", "PRIVATE").await;
    update(&ada, id, json!({ "systemPrompt": "Two." })).await;
    let done = join_all((0..8).map(|_| restore(&ada, id, 1, Some("key")))).await;
    for one in &done {
        assert_eq!(one["agentVersion"], done[0]["agentVersion"], "{one}");
    }
    assert_eq!(versions(&ada, id).await.len(), 3);
}

/// What answers a run is noted by whoever asks, who may be no more than able to see the agent.
#[tokio::test]
async fn what_an_agent_is_effectively_made_of_becomes_one_version_however_many_ask() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let bob = server.sign_up("Bob").await;
    let bob = server.join(&ada, &bob, "member").await;
    let eve = server.sign_up("Eve").await;
    let id = super::agent(&ada, "One.", "ORGANIZATION").await;
    let ensure = async |who, role, made: entity::agent::Model| {
        let (db, tenant) = acting(&server, who, role);
        let statements = Statements::default();
        db.write(&tenant, "test.ensure", &statements, |scope| {
            let made = made.clone();
            async move { agent_version::ensure(&scope, &made).await }
        })
        .await
    };
    let (db, tenant) = acting(&server, &bob, Role::Member);
    let read = db.read(&tenant, Statements::default());
    let stored = agent::find(&read.scope().await.unwrap(), &(&*id).into()).await;
    let stored = stored.unwrap().unwrap();
    read.release().await;
    assert_eq!(
        ensure(&bob, Role::Member, stored.clone()).await.unwrap(),
        Some(1)
    );

    let mut installed = stored.clone();
    installed.system_prompt = "What its template says.".to_owned();
    let numbers = join_all((0..8).map(|_| ensure(&bob, Role::Member, installed.clone()))).await;
    for number in numbers {
        assert_eq!(number.unwrap(), Some(2));
    }
    // Read before the other version came: the one it was read at still fits.
    assert_eq!(
        ensure(&bob, Role::Member, stored.clone()).await.unwrap(),
        Some(1)
    );
    let all = versions(&bob, &id).await;
    assert_eq!(all.len(), 2);
    assert_eq!(all[1]["systemPrompt"], json!("What its template says."));
    assert_eq!(all[1]["createdById"], json!(bob.user_id));

    installed.system_prompt = "Other.".to_owned();
    assert_eq!(
        ensure(&eve, Role::Owner, installed.clone()).await.unwrap(),
        None
    );
    update(&ada, &id, json!({ "visibility": "PRIVATE" })).await;
    assert_eq!(
        ensure(&bob, Role::Member, installed.clone()).await.unwrap(),
        None
    );
    installed.system_prompt = String::new();
    let refused = ensure(&ada, Role::Owner, installed).await;
    assert!(
        matches!(refused, Err(DbError::Constraint { .. })),
        "{refused:?}"
    );
    assert_eq!(versions(&ada, &id).await.len(), 2);
}

/// An agent with an install is made of its template: its row says nothing of what answers.
#[tokio::test]
async fn the_row_of_an_installed_agent_makes_no_versions() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let id = super::agent(&ada, "One.", "PRIVATE").await;
    let (db, tenant) = acting(&server, &ada, Role::Owner);
    let read = db.read(&tenant, Statements::default());
    let made = agent::find(&read.scope().await.unwrap(), &(&*id).into()).await;
    let mut made = made.unwrap().unwrap();
    read.release().await;
    let root = root(&server).await;
    for statement in [
        "ALTER TABLE agents DROP COLUMN IF EXISTS install_id CASCADE",
        "ALTER TABLE agents ADD COLUMN install_id text",
        "INSERT INTO agents (organization_id, id, user_id, name, system_prompt, version, install_id)
         SELECT organization_id, 'installed', user_id, 'Installed', 'Stored.', 7, 'install' FROM agents",
        "UPDATE agents SET system_prompt = 'Stored anew.' WHERE id = 'installed'",
    ] {
        sqlx::query(statement).execute(&root).await.unwrap();
    }
    let counted = async || -> (i32, i64) {
        sqlx::query_as(
            "SELECT version, (SELECT count(*) FROM agent_versions WHERE agent_id = 'installed') FROM agents WHERE id = 'installed'",
        )
        .fetch_one(&root)
        .await
        .unwrap()
    };
    assert_eq!(counted().await, (0, 0));
    (made.id, made.version) = ("installed".into(), 0);
    for (prompt, version) in [
        ("From the template.", 1),
        ("From the template.", 1),
        ("Of its next version.", 2),
        ("From the template.", 3),
    ] {
        prompt.clone_into(&mut made.system_prompt);
        let made = &made;
        let ensured = db
            .write(
                &tenant,
                "test.ensure",
                &Statements::default(),
                |scope| async move { agent_version::ensure(&scope, made).await },
            )
            .await;
        assert_eq!(ensured.unwrap(), Some(version), "{prompt}");
        assert_eq!(counted().await, (version, i64::from(version)));
    }
}
