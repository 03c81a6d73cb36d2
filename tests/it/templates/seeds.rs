//! The templates that come with the program: published once, whoever starts how often, by a publisher as whom nobody can act.

use agentry_db::catalogue::{self, PUBLISHER, Seed, Seeded};
use serde_json::{Value, json};

use super::{agent, definition, install, installed, mutate, offer, publisher, rows};
use crate::support::{Caller, Database, Server};

/// A template of this prompt. The checksum stands for the definition, as the real one does.
fn seed<'a>(slug: &'a str, prompt: &str) -> Seed<'a> {
    let mut definition = definition("Tidy");
    definition["agent"]["systemPrompt"] = prompt.into();
    definition["entityTypes"] = json!({ "shelf": { "name": "Shelf" } });
    Seed {
        slug,
        category: "home",
        icon: "🧹",
        definition,
        capabilities: json!({ "services": [], "tools": [], "domains": [] }),
        provides: json!({ "entity_types": 1, "entity_relationship_types": 0, "event_classifiers": 0, "watchers": 0 }),
        checksum: format!("{:064x}", prompt.len()),
    }
}

async fn publish(database: &Database, seeds: &[Seed<'_>]) -> Vec<Seeded> {
    catalogue::publish(&database.owner, seeds).await.unwrap()
}

/// The versions that there are, by template.
async fn versions(server: &Server) -> Vec<(String, i32, String)> {
    let owner = server.owner_pool().await;
    sqlx::query_as(
        "SELECT t.slug, v.version, t.status FROM template_versions v JOIN templates t ON t.id = v.template_id ORDER BY 1, 2",
    )
    .fetch_all(&owner)
    .await
    .unwrap()
}

async fn as_owner(server: &Server, statement: &'static str) {
    let owner = server.owner_pool().await;
    let done = sqlx::query(statement).execute(&owner).await.unwrap();
    assert_eq!(done.rows_affected(), 1, "{statement}");
}

fn version(slug: &str, version: i32, status: &str) -> (String, i32, String) {
    (slug.to_owned(), version, status.to_owned())
}

#[tokio::test]
async fn a_file_is_published_once_and_again_when_it_changes() {
    let server = Server::start().await;
    let first = [seed("tidy", "Tidy."), seed("wash", "Wash.")];
    let done = publish(&server.database, &first).await;
    assert_eq!(done, [Seeded::Published(1), Seeded::Published(1)]);
    let bob = server.sign_up("Bob").await;
    let made = installed(&bob, json!({ "slug": "tidy" })).await;
    assert_eq!(made["agent"]["systemPrompt"], "Tidy.");

    let done = publish(&server.database, &first).await;
    assert_eq!(done, [Seeded::Unchanged(1), Seeded::Unchanged(1)]);
    let next = [seed("tidy", "Tidy more."), seed("wash", "Wash.")];
    let done = publish(&server.database, &next).await;
    assert_eq!(done, [Seeded::Published(2), Seeded::Unchanged(1)]);
    // Whoever follows the newest version has it with the next read.
    let seen = agent(&bob, &made["agent"]["id"]).await;
    assert_eq!(seen["systemPrompt"], "Tidy more.");
    assert_eq!(seen["install"]["version"], 2);
    // A program that knows only the first takes nothing back when it starts again.
    let done = publish(&server.database, &first).await;
    assert_eq!(done, [Seeded::Unchanged(1), Seeded::Unchanged(1)]);
    let published = |slug, number| version(slug, number, "published");
    assert_eq!(
        versions(&server).await,
        [
            published("tidy", 1),
            published("tidy", 2),
            published("wash", 1)
        ]
    );
}

#[tokio::test]
async fn of_many_who_publish_at_once_one_does() {
    let server = Server::start().await;
    let seeds = [seed("tidy", "Tidy."), seed("wash", "Wash.")];
    let many = (0..8).map(|_| publish(&server.database, &seeds));
    let done = futures_util::future::join_all(many).await;
    let first = done
        .iter()
        .filter(|one| **one == [Seeded::Published(1), Seeded::Published(1)])
        .count();
    let others = done
        .iter()
        .filter(|one| **one == [Seeded::Unchanged(1), Seeded::Unchanged(1)])
        .count();
    assert_eq!((first, others), (1, 7), "{done:?}");
    assert_eq!(rows(&server, "template_versions").await, 2);
    assert_eq!(rows(&server, "\"organization\"").await, 1);
}

#[tokio::test]
async fn what_was_withdrawn_or_yanked_stays_so() {
    let server = Server::start().await;
    let first = [seed("tidy", "Tidy."), seed("wash", "Wash.")];
    publish(&server.database, &first).await;
    as_owner(
        &server,
        "UPDATE templates SET status = 'withdrawn' WHERE slug = 'tidy'",
    )
    .await;
    as_owner(
        &server,
        "UPDATE template_versions SET yanked_at = now_ms() WHERE template_id = (SELECT id FROM templates WHERE slug = 'wash')",
    )
    .await;
    assert_eq!(
        publish(&server.database, &first).await,
        [Seeded::Unchanged(1), Seeded::Unchanged(1)]
    );
    let bob = server.sign_up("Bob").await;
    for slug in ["tidy", "wash"] {
        let refused = install(&bob, json!({ "slug": slug })).await;
        assert_eq!(refused["code"], "TEMPLATE_NOT_FOUND", "{refused}");
    }
    // A new version of what was withdrawn is there for those who have it installed, and for nobody else.
    let next = [seed("tidy", "Tidy more."), seed("wash", "Wash more.")];
    assert_eq!(
        publish(&server.database, &next).await,
        [Seeded::Published(2), Seeded::Published(2)]
    );
    assert_eq!(versions(&server).await[1], version("tidy", 2, "withdrawn"));
    let refused = install(&bob, json!({ "slug": "tidy" })).await;
    assert_eq!(refused["code"], "TEMPLATE_NOT_FOUND", "{refused}");
    let made = installed(&bob, json!({ "slug": "wash" })).await;
    assert_eq!(made["install"]["version"], 2);
}

#[tokio::test]
async fn what_others_have_taken_is_left_to_them() {
    let server = Server::start().await;
    // Somebody who came first with the slugs of both the publisher and a template.
    let ada = publisher(&server, "Ada", "agentry").await;
    offer(&ada, "tidy", definition("Mine")).await;
    let seeds = [seed("tidy", "Tidy."), seed("wash", "Wash.")];
    assert_eq!(
        publish(&server.database, &seeds).await,
        [Seeded::SlugTaken, Seeded::Published(1)]
    );
    let nobody = Caller::nobody(&server);
    let document = "{ templates { nodes { slug name publisher { name slug } } } }";
    let seen = nobody.query(document, json!({})).await;
    let nodes = json!([
        { "slug": "tidy", "name": "Mine", "publisher": { "name": "agentry", "slug": "agentry" } },
        { "slug": "wash", "name": "Tidy", "publisher": { "name": "Agentry", "slug": "agentry-catalogue" } },
    ]);
    assert_eq!(seen["templates"]["nodes"], nodes);
}

#[tokio::test]
async fn nobody_can_act_as_the_publisher() {
    let server = Server::start().await;
    publish(&server.database, &[seed("tidy", "Tidy.")]).await;
    let bob = server.sign_up("Bob").await;
    let members = r#"SELECT count(*) FROM "member" WHERE "organizationId" = $1"#;
    let owner = server.owner_pool().await;
    let members: i64 = sqlx::query_scalar(members)
        .bind(PUBLISHER)
        .fetch_one(&owner)
        .await
        .unwrap();
    assert_eq!(members, 0);
    let outsider = bob.in_organization(PUBLISHER);
    assert_eq!(
        outsider.code("{ viewer { role } }", json!({})).await,
        "FORBIDDEN"
    );
    // Acting at home, it is another publisher's template.
    let input = json!({ "slug": "tidy", "definition": definition("Mine") });
    let taken = mutate(&bob, "publishTemplateVersion", "template { id }", input).await;
    assert_eq!(taken["__typename"], "Conflict", "{taken}");
    let id = bob
        .query("{ template(slug: \"tidy\") { id } }", json!({}))
        .await;
    let input = json!({ "id": id["template"]["id"], "status": "WITHDRAWN" });
    let refused = mutate(&bob, "setTemplateStatus", "template { id }", input).await;
    assert_eq!(refused["__typename"], "NotFound", "{refused}");
    let seen = bob
        .query(
            "{ template(slug: \"tidy\") { status installCount } }",
            json!({}),
        )
        .await;
    assert_eq!(
        seen["template"],
        json!({ "status": "PUBLISHED", "installCount": Value::Null })
    );
}

#[tokio::test]
async fn what_stands_beside_the_definition_follows_without_a_version() {
    let server = Server::start().await;
    publish(&server.database, &[seed("tidy", "Tidy.")]).await;
    let mut moved = seed("tidy", "Tidy.");
    (moved.category, moved.icon) = ("garden", "🌱");
    assert_eq!(
        publish(&server.database, &[moved]).await,
        [Seeded::Unchanged(1)]
    );
    let seen = Caller::nobody(&server)
        .query(
            "{ template(slug: \"tidy\") { category icon version } }",
            json!({}),
        )
        .await;
    assert_eq!(
        seen["template"],
        json!({ "category": "garden", "icon": "🌱", "version": 1 })
    );
}
