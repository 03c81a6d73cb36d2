//! What types of relationships lead from and to, across organisations; and what lists, searches and checks show of types.

use serde_json::{Value, json};

use super::{definition, finance, installed, mutate, offer, publish, publisher};
use crate::support::{Caller, Server};

const TYPE: &str = "entityType { id slug catalog name fromTypeIds toTypeIds inverseTypeId symmetric eventKinds archivedAt }";

async fn create(caller: &Caller, input: Value) -> Value {
    mutate(caller, "createEntityType", TYPE, input).await
}

async fn made(caller: &Caller, input: Value) -> Value {
    let mut done = create(caller, input).await;
    assert_eq!(done["__typename"], "CreateEntityTypeSuccess", "{done}");
    done["entityType"].take()
}

fn relationship(slug: &str, from: &str, to: &str) -> Value {
    json!({ "kind": "RELATIONSHIP", "slug": slug, "name": slug, "from": [from], "to": [to] })
}

async fn id_of(caller: &Caller, slug: &str) -> Value {
    let document = "query($slug: String!) { entityType(slug: $slug) { id } }";
    caller.query(document, json!({ "slug": slug })).await["entityType"]["id"].take()
}

async fn slugs(caller: &Caller, arguments: &str) -> Value {
    let document =
        format!("{{ entityTypes{arguments} {{ totalCount nodes {{ slug catalog }} }} }}");
    let mut data = caller.query(&document, json!({})).await;
    data["entityTypes"].take()
}

fn with_type(name: &str, slug: &str) -> Value {
    let mut document = definition(name);
    document["entityTypes"] = json!({ slug: { "name": name } });
    document
}

#[tokio::test]
async fn end_that_a_catalog_brings_is_kept_by_its_id_in_the_own_organization() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    installed(&bob, json!({ "slug": "finance" })).await;
    made(&bob, json!({ "slug": "person", "name": "Person" })).await;
    let owes = made(&bob, relationship("owes", "person", "account")).await;
    let account = id_of(&bob, "account").await;
    assert_eq!(owes["toTypeIds"], json!([account]));
    // A namesake made later does not hijack what was meant, nor does a rename.
    let own = made(&bob, json!({ "slug": "account", "name": "Mine" })).await;
    let mut next = finance();
    next["entityTypes"]["account"]["name"] = json!("Ledger");
    publish(&acme, "finance", next).await;
    let document = "{ entityType(slug: \"owes\", kind: RELATIONSHIP) { toTypeIds catalog } }";
    let seen = bob.query(document, json!({})).await;
    assert_eq!(
        seen["entityType"],
        json!({ "toTypeIds": [account], "catalog": null })
    );
    assert_ne!(own["id"], account);
    let owner: String = sqlx::query_scalar("SELECT organization_id FROM entity_relationship_types")
        .fetch_one(&mut server.database.root().await)
        .await
        .unwrap();
    assert_eq!(owner, bob.organization_id);
}

#[tokio::test]
async fn own_type_wins_at_the_end_of_a_relationship() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    installed(&bob, json!({ "slug": "finance" })).await;
    let own = made(&bob, json!({ "slug": "account", "name": "Mine" })).await;
    let plain = made(&bob, relationship("a", "account", "account")).await;
    assert_eq!(plain["fromTypeIds"], json!([own["id"]]));
    let named = made(&bob, relationship("b", "account", "finance/account")).await;
    assert_eq!(
        named["toTypeIds"],
        json!([id_of(&bob, "finance/account").await])
    );
}

#[tokio::test]
async fn unknown_types_and_those_of_other_organizations_are_no_ends() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    made(&acme, json!({ "slug": "secret", "name": "Secret" })).await;
    let bob = server.sign_up("Bob").await;
    made(&bob, json!({ "slug": "person", "name": "Person" })).await;
    // Nothing is searched that is not installed here, and nobody's private types at all.
    for end in [
        "nothing",
        "secret",
        "account",
        "finance/account",
        "acme/secret",
        "$member",
        "",
        "\0",
    ] {
        let refused = create(&bob, relationship("r", "person", end)).await;
        assert_eq!(
            refused["fields"][0]["path"],
            json!(["to"]),
            "{end:?}: {refused}"
        );
    }
    for ends in [json!([]), json!(vec!["person"; 101])] {
        let input = json!({ "kind": "RELATIONSHIP", "slug": "r", "name": "R", "from": ends });
        let refused = create(&bob, input).await;
        assert_eq!(refused["fields"][0]["path"], json!(["from"]), "{refused}");
    }
    let input = json!({ "slug": "thing", "name": "Thing", "from": ["person"] });
    assert_eq!(
        create(&bob, input).await["fields"][0]["path"],
        json!(["from"])
    );
}

#[tokio::test]
async fn end_that_two_catalogs_bring_asks_which_is_meant() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "crm", with_type("Client", "company")).await;
    offer(&acme, "books", with_type("Debtor", "company")).await;
    let bob = server.sign_up("Bob").await;
    installed(&bob, json!({ "slug": "crm" })).await;
    installed(&bob, json!({ "slug": "books" })).await;
    let document = "mutation($input: CreateEntityTypeInput!) { createEntityType(input: $input) { __typename } }";
    let input = relationship("r", "company", "company");
    let errors = bob.errors(document, json!({ "input": input })).await;
    assert_eq!(errors[0]["extensions"]["code"], "AMBIGUOUS_TYPE");
    let both = made(&bob, relationship("r", "crm/company", "books/company")).await;
    assert_ne!(both["fromTypeIds"], both["toTypeIds"]);
}

#[tokio::test]
async fn inverse_resolves_as_the_ends_do_and_ends_change() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    installed(&bob, json!({ "slug": "finance" })).await;
    let input = json!({ "kind": "RELATIONSHIP", "slug": "holds", "name": "Holds", "inverse": "booked-on", "symmetric": true });
    let holds = made(&bob, input).await;
    let document = "{ entityType(slug: \"booked-on\", kind: RELATIONSHIP) { id } }";
    let booked = bob.query(document, json!({})).await["entityType"]["id"].take();
    assert_eq!(
        (&holds["inverseTypeId"], &holds["symmetric"]),
        (&booked, &json!(true))
    );
    assert_eq!(holds["fromTypeIds"], Value::Null);
    let change = json!({ "id": holds["id"], "from": ["account"], "inverse": null, "name": "Has" });
    let changed = mutate(&bob, "updateEntityType", TYPE, change).await;
    let account = id_of(&bob, "account").await;
    assert_eq!(
        (
            &changed["entityType"]["fromTypeIds"],
            &changed["entityType"]["inverseTypeId"]
        ),
        (&json!([account]), &Value::Null),
        "{changed}"
    );
    let change = json!({ "id": holds["id"], "from": null });
    let changed = mutate(&bob, "updateEntityType", TYPE, change).await;
    assert_eq!(changed["entityType"]["fromTypeIds"], Value::Null);
    for (change, path) in [
        (json!({ "from": ["nothing"] }), "from"),
        (json!({ "icon": "x" }), "icon"),
        (json!({ "eventKinds": {} }), "eventKinds"),
        (json!({ "name": null }), "name"),
    ] {
        let mut input = change.clone();
        input["id"] = holds["id"].clone();
        let refused = mutate(&bob, "updateEntityType", TYPE, input).await;
        assert_eq!(
            refused["fields"][0]["path"],
            json!([path]),
            "{change}: {refused}"
        );
    }
}

#[tokio::test]
async fn list_puts_own_types_first_and_tells_whose_the_others_are() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    installed(&bob, json!({ "slug": "finance" })).await;
    for slug in ["zebra", "transaction"] {
        made(&bob, json!({ "slug": slug, "name": slug })).await;
    }
    let own = |slug: &str| json!({ "slug": slug, "catalog": null });
    let theirs = |slug: &str| json!({ "slug": slug, "catalog": "finance" });
    assert_eq!(
        slugs(&bob, "").await,
        json!({ "totalCount": 4, "nodes": [own("transaction"), own("zebra"), theirs("account"), theirs("transaction")] })
    );
    // By pages of one, the same.
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let document = "query($after: String) { entityTypes(first: 1, after: $after) { nodes { slug } pageInfo { hasNextPage endCursor } } }";
        let mut page = bob.query(document, json!({ "after": after })).await["entityTypes"].take();
        seen.push(page["nodes"][0]["slug"].take());
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].take();
    }
    assert_eq!(seen, ["transaction", "zebra", "account", "transaction"]);
}

#[tokio::test]
async fn search_finds_own_and_installed_types_and_nobody_elses() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    made(&acme, json!({ "slug": "transit", "name": "Private" })).await;
    let bob = server.sign_up("Bob").await;
    installed(&bob, json!({ "slug": "finance" })).await;
    made(
        &bob,
        json!({ "slug": "trip", "name": "Trans-Siberian 100%_" }),
    )
    .await;
    let trip = json!({ "slug": "trip", "catalog": null });
    let theirs = json!({ "slug": "transaction", "catalog": "finance" });
    assert_eq!(
        slugs(&bob, "(search: \"TRANS\")").await["nodes"],
        json!([trip, theirs])
    );
    assert_eq!(
        slugs(&bob, "(search: \"trans\", own: true)").await,
        json!({ "totalCount": 1, "nodes": [trip] })
    );
    assert_eq!(
        slugs(&bob, "(search: \"0%_\")").await["nodes"],
        json!([trip])
    );
    assert_eq!(slugs(&bob, "(search: \"private\")").await["totalCount"], 0);
    assert_eq!(
        slugs(&bob, "(own: true, kind: RELATIONSHIP)").await["totalCount"],
        0
    );
    let long = format!(
        "{{ entityTypes(search: \"{}\") {{ totalCount }} }}",
        "x".repeat(201)
    );
    assert_eq!(bob.code(&long, json!({})).await, "BAD_USER_INPUT");
}

#[tokio::test]
async fn ends_of_a_foreign_type_are_read_and_never_written() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    installed(&bob, json!({ "slug": "finance" })).await;
    let document =
        "{ entityType(slug: \"booked-on\", kind: RELATIONSHIP) { id fromTypeIds toTypeIds } }";
    let booked = bob.query(document, json!({})).await["entityType"].take();
    let (account, transaction) = (
        id_of(&bob, "account").await,
        id_of(&bob, "transaction").await,
    );
    assert_eq!(
        (&booked["fromTypeIds"], &booked["toTypeIds"]),
        (&json!([transaction]), &json!([account]))
    );
    for (field, input) in [
        (
            "updateEntityType",
            json!({ "id": booked["id"], "from": ["account"] }),
        ),
        ("archiveEntityType", json!({ "id": booked["id"] })),
    ] {
        let refused = mutate(&bob, field, TYPE, input).await;
        assert_eq!(refused["__typename"], "NotFound", "{field}");
    }
}

#[tokio::test]
async fn metadata_is_checked_by_the_schema_of_whoever_brings_the_type() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    offer(&acme, "finance", finance()).await;
    let bob = server.sign_up("Bob").await;
    installed(&bob, json!({ "slug": "finance" })).await;
    let document = "query($metadata: JSON!) { entityType(slug: \"transaction\") { problems(metadata: $metadata) { code path } } }";
    let problems = |metadata: Value| {
        let bob = bob.clone();
        async move {
            let mut data = bob.query(document, json!({ "metadata": metadata })).await;
            data["entityType"]["problems"].take()
        }
    };
    assert_eq!(problems(json!({ "amount": 5 })).await, json!([]));
    let refused = json!([{ "code": "INVALID", "path": "/amount" }]);
    assert_eq!(problems(json!({ "amount": "five" })).await, refused);
    assert_eq!(
        problems(json!("text")).await,
        json!([{ "code": "INVALID", "path": "" }])
    );
}

#[tokio::test]
async fn event_kinds_are_kept_changed_and_checked() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let kinds =
        json!({ "paid": { "type": "object", "properties": { "amount": { "type": "number" } } } });
    let input = json!({ "slug": "invoice", "name": "Invoice", "eventKinds": kinds });
    let invoice = made(&acme, input).await;
    assert_eq!(invoice["eventKinds"], kinds);
    let change = json!({ "id": invoice["id"], "eventKinds": { "sent": {} } });
    let changed = mutate(&acme, "updateEntityType", TYPE, change).await;
    assert_eq!(changed["entityType"]["eventKinds"], json!({ "sent": {} }));
    for (kinds, code) in [
        (json!([]), "INVALID"),
        (json!({ "Paid": {} }), "INVALID"),
        (json!({ "paid": { "$ref": "#" } }), "CYCLIC_SCHEMA"),
        (json!({ "paid": { "title": "\0" } }), "INVALID"),
        (json!({ "paid": { "type": "nothing" } }), "INVALID_SCHEMA"),
    ] {
        let change = json!({ "id": invoice["id"], "eventKinds": kinds });
        let refused = mutate(&acme, "updateEntityType", TYPE, change).await;
        assert_eq!(refused["problems"][0]["code"], code, "{refused}");
    }
    let mut with_events = definition("Events");
    with_events["entityTypes"] = json!({ "bill": { "name": "Bill", "eventKinds": { "due": {} } } });
    offer(&acme, "events", with_events).await;
    let bob = server.sign_up("Bob").await;
    installed(&bob, json!({ "slug": "events" })).await;
    let seen = bob
        .query("{ entityType(slug: \"bill\") { eventKinds } }", json!({}))
        .await;
    assert_eq!(seen["entityType"]["eventKinds"], json!({ "due": {} }));
}

#[tokio::test]
async fn type_that_a_relationship_names_is_not_archived() {
    let server = Server::start().await;
    let acme = publisher(&server, "Ada", "acme").await;
    let company = made(&acme, json!({ "slug": "company", "name": "Company" })).await;
    let owns = made(&acme, relationship("owns", "company", "company")).await;
    let archive = |id: &Value| {
        let (acme, input) = (acme.clone(), json!({ "id": id }));
        async move { mutate(&acme, "archiveEntityType", TYPE, input).await }
    };
    let refused = archive(&company["id"]).await;
    assert_eq!(refused["__typename"], "Conflict", "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("owns"));
    archive(&owns["id"]).await;
    let archived = archive(&company["id"]).await;
    assert!(
        archived["entityType"]["archivedAt"].is_string(),
        "{archived}"
    );
    // At once, a type is either named or archived.
    for round in 0..4 {
        let slug = format!("thing-{round}");
        let thing = made(&acme, json!({ "slug": slug, "name": slug })).await;
        let link = relationship(&format!("link-{round}"), &slug, &slug);
        let (gone, named) = tokio::join!(archive(&thing["id"]), create(&acme, link));
        let ended = (
            gone["__typename"].as_str().unwrap(),
            named["__typename"].as_str().unwrap(),
        );
        assert!(
            matches!(
                ended,
                ("ArchiveEntityTypeSuccess", "ValidationFailed")
                    | ("Conflict", "CreateEntityTypeSuccess")
            ),
            "{ended:?}"
        );
    }
}

#[tokio::test]
async fn types_have_a_limit_and_their_creation_an_idempotency_key() {
    let server = Server::start_with(&["--max-types=2"]).await;
    let bob = server.sign_up("Bob").await;
    let input = json!({ "slug": "one", "name": "One", "idempotencyKey": "k" });
    let one = made(&bob, input.clone()).await;
    assert_eq!(made(&bob, input).await["id"], one["id"]);
    let other =
        json!({ "slug": "one", "name": "One", "kind": "RELATIONSHIP", "idempotencyKey": "k" });
    assert_eq!(create(&bob, other).await["__typename"], "Conflict");
    let many = (0..6).map(|n| create(&bob, json!({ "slug": format!("t{n}"), "name": "T" })));
    let ended = futures_util::future::join_all(many).await;
    let made = ended
        .iter()
        .filter(|one| one["__typename"] == "CreateEntityTypeSuccess");
    assert_eq!(made.count(), 1, "{ended:?}");
    assert!(
        ended.iter().any(|one| one["__typename"] == "LimitReached"),
        "{ended:?}"
    );
}

#[tokio::test]
async fn schema_that_the_database_cannot_hold_is_refused() {
    let server = Server::start().await;
    let bob = server.sign_up("Bob").await;
    for schema in [
        json!({ "title": "a\0b" }),
        json!({ "properties": { "\0": {} } }),
    ] {
        let input = json!({ "slug": "a", "name": "A", "metadataSchema": schema });
        let refused = create(&bob, input).await;
        assert_eq!(refused["problems"][0]["code"], "INVALID", "{refused}");
    }
}
