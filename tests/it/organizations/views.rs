//! What one sees of one's organisations, whichever the request acts in.

use serde_json::{Value, json};

use super::{ends, founded};
use crate::support::{Agentry, Caller, Database, Server};

#[tokio::test]
async fn what_one_is_there_decides_whichever_the_request_acts_in() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let own = founded(&bob, "bobs").await;
    let team = founded(&ada, "acme").await;
    server.join(&team, &bob, "member").await;
    server.join(&own, &ada, "admin").await;
    for (host, email) in [(&own, "x@example.com"), (&team, "y@example.com")] {
        let input = json!({ "email": email });
        assert_eq!(
            ends(host, "inviteMember", input).await,
            "InviteMemberSuccess"
        );
    }
    let document = "{ viewer { organizations { slug invitations { email } members { totalCount nodes { name email } } } } }";
    // Bob owns his and is a plain member of Ada's: acting in the one gives him nothing in the other.
    for acting in [&bob, &own, &bob.in_organization(&team.organization_id)] {
        let data = acting.query(document, json!({})).await;
        let seen = data["viewer"]["organizations"].as_array().unwrap();
        let of = |slug: &str| seen.iter().find(|one| one["slug"] == slug).unwrap();
        assert_eq!(
            of("bobs")["invitations"],
            json!([{ "email": "x@example.com" }])
        );
        assert_eq!(
            of("bobs")["members"],
            json!({ "totalCount": 2, "nodes": [
                { "name": "Bob", "email": "bob@example.com" },
                { "name": "Ada", "email": "ada@example.com" }] })
        );
        assert_eq!(of("acme")["invitations"], json!([]));
        assert_eq!(
            of("acme")["members"],
            json!({ "totalCount": 2, "nodes": [
                { "name": "Ada", "email": null },
                { "name": "Bob", "email": "bob@example.com" }] })
        );
    }
}

#[tokio::test]
async fn members_are_found_by_role_and_by_what_one_sees_of_them() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let team = founded(&ada, "acme").await;
    let mut guest = None;
    for (name, role) in [("Bob", "member"), ("Cleo", "admin"), ("Clara", "member")] {
        let newcomer = server.sign_up(name).await;
        guest = Some(server.join(&team, &newcomer, role).await);
    }
    let clara = guest.unwrap();
    let names = async |caller: &Caller, arguments: &str| {
        let document = format!(
            "{{ viewer {{ organization {{ members({arguments}) {{ totalCount nodes {{ name }} }} }} }} }}"
        );
        let data = caller.query(&document, json!({})).await;
        let members = &data["viewer"]["organization"]["members"];
        let nodes = members["nodes"].as_array().unwrap().iter();
        let names: Vec<_> = nodes
            .map(|node| node["name"].as_str().unwrap().to_owned())
            .collect();
        (members["totalCount"].as_u64().unwrap(), names.join(" "))
    };
    for (arguments, wanted) in [
        ("first: 2", (4, "Ada Bob")),
        ("last: 1", (4, "Clara")),
        ("filter: { role: MEMBER }", (2, "Bob Clara")),
        ("filter: { search: \"cl\" }", (2, "Cleo Clara")),
        ("filter: { search: \"BOB@\" }", (1, "Bob")),
        ("filter: { search: \"%\" }", (0, "")),
        (
            "first: 1, filter: { role: MEMBER, search: \"a\" }",
            (2, "Bob"),
        ),
    ] {
        let (count, names) = names(&team, arguments).await;
        assert_eq!((count, names.as_str()), wanted, "{arguments}");
    }
    // Nobody finds a person by an address they may not see.
    assert_eq!(names(&clara, "filter: { search: \"bob@\" }").await.0, 0);
    assert_eq!(names(&clara, "filter: { search: \"clara@\" }").await.0, 1);
    let page = "query($after: String) { viewer { organization { members(first: 3, after: $after) { pageInfo { endCursor hasNextPage } nodes { name } } } } }";
    let first = team.query(page, json!({})).await;
    let info = &first["viewer"]["organization"]["members"]["pageInfo"];
    assert_eq!(info["hasNextPage"], true);
    let rest = team
        .query(page, json!({ "after": info["endCursor"] }))
        .await;
    assert_eq!(
        rest["viewer"]["organization"]["members"]["nodes"],
        json!([{ "name": "Clara" }])
    );
}

#[tokio::test]
async fn organizations_are_nodes_of_their_members() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    let team = founded(&ada, "acme").await;
    let document = "query($id: ID!) { node(id: $id) { __typename ... on Organization { slug role } } nodes(ids: [$id]) { id } }";
    let id = json!({ "id": team.organization_id });
    let seen = ada.query(document, id.clone()).await;
    assert_eq!(
        seen["node"],
        json!({ "__typename": "Organization", "slug": "acme", "role": "OWNER" })
    );
    assert_eq!(seen["nodes"], json!([{ "id": team.organization_id }]));
    let seen = bob.query(document, id).await;
    assert_eq!(seen, json!({ "node": null, "nodes": [null] }));
}

#[tokio::test]
async fn statements_do_not_grow_with_the_organizations() {
    let database = Database::copy().await;
    let running = Agentry::given(&database).serve().await;
    let mut root = database.root().await;
    let mut crowd = Vec::new();
    for name in ["Ann", "Ben", "Cat", "Dot", "Eli", "Fay", "Gil"] {
        let colleague = Caller::sign_up_at(&running.url, name).await;
        let bio = format!(
            r#"mutation {{ updateProfile(input: {{ bio: "I am {name}." }}) {{ __typename }} }}"#
        );
        colleague.query(&bio, json!({})).await;
        crowd.push(colleague);
    }
    let mut shown = Vec::new();
    for (name, count) in [("Few", 1), ("Many", 7)] {
        let caller = Caller::sign_up_at(&running.url, name).await;
        for n in 0..count {
            let slug = format!("{}-{n}", name.to_lowercase());
            let team = founded(&caller, &slug).await;
            let input = json!({ "email": format!("guest{n}@example.com") });
            ends(&team, "inviteMember", input).await;
            // As many colleagues as the count, each with something to say of themself.
            for colleague in crowd.iter().take(count) {
                let join = r#"INSERT INTO "member" ("id", "organizationId", "userId", "role", "createdAt") VALUES ($1, $2, $3, 'member', now())"#;
                sqlx::query(join)
                    .bind(agentry_db::new_id::<String>())
                    .bind(&team.organization_id)
                    .bind(&colleague.user_id)
                    .execute(&mut root)
                    .await
                    .unwrap();
            }
        }
        let document = format!(
            "query {name} {{ viewer {{ organizations {{ invitations {{ email }}
               members(first: 9) {{ totalCount nodes {{ name profile {{ bio }} }} }}
               admins: members(filter: {{ role: OWNER }}) {{ nodes {{ name }} }} }} }} }}"
        );
        let data = caller.query(&document, json!({})).await;
        let organizations = data["viewer"]["organizations"].as_array().unwrap();
        let invited = organizations
            .iter()
            .filter(|one| one["invitations"].as_array().unwrap().len() == 1);
        let members = organizations
            .iter()
            .flat_map(|one| one["members"]["nodes"].as_array().unwrap());
        let told = members.filter(|member| member["profile"]["bio"].is_string());
        shown.push((organizations.len(), invited.count(), told.count()));
    }
    assert_eq!(shown, [(2, 1, 1), (8, 7, 49)]);
    let ended = running.stop().await;
    let cost = |name: &str| {
        let lines = ended.stderr.lines();
        let line = lines
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .find(|line| line["target"] == "agentry::operation" && line["operation"] == name);
        line.unwrap()["statements"].as_u64().unwrap()
    };
    // The organisations, their members, their owners, how many, their profiles, their invitations; and the beginning of the
    // transaction.
    assert_eq!((cost("Few"), cost("Many")), (7, 7));
}
