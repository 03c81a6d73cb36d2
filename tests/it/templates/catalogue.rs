//! The catalogue, to those who have no credential.

use serde_json::{Value, json};

use super::{definition, finance, mutate, offer, publish, publisher, set_status};
use crate::support::{Caller, Server};

const ONE: &str = "query($slug: String!) { template(slug: $slug) { slug name description category status
    publisher { name slug } provides { entityTypes } capabilities { services } versions { version } installCount } }";

async fn slugs(caller: &Caller, arguments: &str) -> Vec<String> {
    let data = caller
        .query(
            &format!("{{ templates{arguments} {{ nodes {{ slug }} }} }}"),
            json!({}),
        )
        .await;
    let nodes = data["templates"]["nodes"].as_array().unwrap();
    nodes
        .iter()
        .map(|node| node["slug"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn whatever_is_not_published_looks_the_same_as_what_is_not_there() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let (nobody, eve) = (Caller::nobody(&server), server.sign_up("Eve").await);
    let (id, _) = publish(&acme, "finance", finance()).await;
    let missing = nobody.answer(ONE, json!({ "slug": "nothing" })).await;
    assert_eq!(missing["data"], json!({ "template": null }));
    for status in ["DRAFT", "WITHDRAWN"] {
        set_status(&acme, &id, status).await;
        for stranger in [&nobody, &eve] {
            let answer = stranger.answer(ONE, json!({ "slug": "finance" })).await;
            assert_eq!(answer, missing, "{status}");
            assert!(slugs(stranger, "").await.is_empty());
        }
        let own = acme.query(ONE, json!({ "slug": "finance" })).await;
        assert_eq!(own["template"]["status"], status);
    }
    set_status(&acme, &id, "UNLISTED").await;
    assert!(slugs(&nobody, "").await.is_empty());
    set_status(&acme, &id, "PUBLISHED").await;
    assert_eq!(slugs(&nobody, "").await, ["finance"]);
    let seen = nobody.query(ONE, json!({ "slug": "finance" })).await;
    assert_eq!(
        seen["template"],
        json!({ "slug": "finance", "name": "Personal finance", "description": "Keeps an eye on money.", "category": null,
                "status": "PUBLISHED", "publisher": { "name": "acme", "slug": "acme" }, "provides": { "entityTypes": 2 },
                "capabilities": { "services": [] }, "versions": [], "installCount": null })
    );
    // All its versions yanked, there is nothing to be had.
    let yank = json!({ "id": id, "version": 1 });
    mutate(
        &acme,
        "yankTemplateVersion",
        "templateVersion { yankedAt }",
        yank,
    )
    .await;
    assert_eq!(
        nobody.answer(ONE, json!({ "slug": "finance" })).await,
        missing
    );
    assert!(slugs(&nobody, "").await.is_empty());
    let back = json!({ "id": id, "version": 1, "yanked": false });
    mutate(
        &acme,
        "yankTemplateVersion",
        "templateVersion { yankedAt }",
        back,
    )
    .await;
    assert_eq!(slugs(&eve, "").await, ["finance"]);
    for slug in ["", "\0", "FINANCE", "finance ", "%"] {
        assert_eq!(
            nobody.query(ONE, json!({ "slug": slug })).await["template"],
            Value::Null
        );
    }
}

#[tokio::test]
async fn catalogue_is_searched_filtered_and_paged() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    for n in 0..5 {
        let mut document = definition(&format!("Helper {n}"));
        document["description"] = json!(if n == 3 { "Cooks 100%_." } else { "Writes." });
        let category = if n < 2 { "work" } else { "home" };
        let input =
            json!({ "slug": format!("helper-{n}"), "definition": document, "category": category });
        let done = mutate(&acme, "publishTemplateVersion", "template { id }", input).await;
        set_status(&acme, &done["template"]["id"], "PUBLISHED").await;
    }
    let nobody = Caller::nobody(&server);
    assert_eq!(
        slugs(&nobody, "(category: \"work\")").await,
        ["helper-0", "helper-1"]
    );
    assert_eq!(slugs(&nobody, "(search: \"COOKS\")").await, ["helper-3"]);
    assert_eq!(slugs(&nobody, "(search: \"0%_\")").await, ["helper-3"]);
    assert_eq!(
        slugs(&nobody, "(search: \"elper 4\", category: \"home\")").await,
        ["helper-4"]
    );
    let mut seen = Vec::new();
    let mut after = Value::Null;
    loop {
        let document = "query($after: String) { templates(first: 2, after: $after) { totalCount nodes { slug } pageInfo { hasNextPage endCursor } } }";
        let page = nobody.query(document, json!({ "after": after })).await["templates"].take();
        assert_eq!(page["totalCount"], 5);
        seen.extend(
            page["nodes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|node| node["slug"].clone()),
        );
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(
        seen,
        ["helper-0", "helper-1", "helper-2", "helper-3", "helper-4"]
    );
    let back = "{ templates(last: 2, category: \"home\") { nodes { slug } pageInfo { hasPreviousPage startCursor } } }";
    let page = nobody.query(back, json!({})).await["templates"].take();
    assert_eq!(
        page["nodes"],
        json!([{ "slug": "helper-3" }, { "slug": "helper-4" }])
    );
    assert_eq!(page["pageInfo"]["hasPreviousPage"], true);
    let more = "query($before: String) { templates(last: 5, before: $before) { nodes { slug } } }";
    let before = json!({ "before": page["pageInfo"]["startCursor"] });
    let page = nobody.query(more, before).await["templates"].take();
    assert_eq!(
        page["nodes"],
        json!([{ "slug": "helper-0" }, { "slug": "helper-1" }, { "slug": "helper-2" }])
    );
    for arguments in ["(first: 0)", "(first: 101)", "(after: \"nonsense\")"] {
        let document = format!("{{ templates{arguments} {{ nodes {{ slug }} }} }}");
        assert_eq!(nobody.code(&document, json!({})).await, "BAD_USER_INPUT");
    }
}

#[tokio::test]
async fn publisher_learns_how_many_installed_it_and_nothing_else() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let (bob, eve) = (server.sign_up("Bob").await, server.sign_up("Eve").await);
    let own = super::installed(&bob, json!({ "slug": "finance" })).await;
    super::installed(&eve, json!({ "slug": "finance" })).await;
    let count =
        "{ template(slug: \"finance\") { installCount } viewer { installs { totalCount } } }";
    let seen = acme.query(count, json!({})).await;
    assert_eq!(seen["template"]["installCount"], 2);
    assert_eq!(seen["viewer"]["installs"]["totalCount"], 0);
    let ended = json!({ "installId": own["install"]["id"] });
    mutate(&bob, "uninstallTemplate", "install { id }", ended).await;
    assert_eq!(
        acme.query(count, json!({})).await["template"]["installCount"],
        1
    );
    let update = json!({ "installId": own["install"]["id"], "name": "Mine now" });
    let refused = mutate(&acme, "updateInstall", "install { id }", update).await;
    assert_eq!(refused["__typename"], "NotFound");
    let gone = json!({ "id": eve_agent(&eve).await });
    mutate(&eve, "deleteAgent", "deletedAgentId", gone).await;
    assert_eq!(
        acme.query(count, json!({})).await["template"]["installCount"],
        0
    );
}

async fn eve_agent(eve: &Caller) -> Value {
    let mut data = eve
        .query("{ viewer { installs { nodes { agentId } } } }", json!({}))
        .await;
    data["viewer"]["installs"]["nodes"][0]["agentId"].take()
}
