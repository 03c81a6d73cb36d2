//! What works on tables that fit: a user of the other program, and a new one, at home and in an organisation.

use serde_json::{Value, json};

use super::{Base, ORGANIZATION, USER, vector};
use crate::support::Caller;

/// The viewer as a request with this header sees them.
async fn viewer(url: &str, name: &str, value: &str) -> Value {
    let document = "{ viewer { authMethod role user { id } organization { id slug } organizations { id name role personal } } }";
    let request = Caller::at(url).post(document, json!({}));
    let answer = request.header(name, value).send().await.unwrap();
    let mut body: Value = answer.json().await.unwrap();
    assert!(body.get("errors").is_none(), "{name}: {body}");
    body["data"]["viewer"].take()
}

/// What a mutation with one `input` answers, which is a success.
async fn done(caller: &Caller, field: &str, kind: &str, input: Value, selection: &str) -> Value {
    let document = format!(
        "mutation($input: {kind}Input!) {{ {field}(input: $input) {{ __typename ... on {kind}Success {{ {selection} }}
           ... on UserError {{ message }} }} }}"
    );
    let answer = caller.query(&document, json!({ "input": input })).await[field].take();
    assert_eq!(answer["__typename"], format!("{kind}Success"), "{answer}");
    answer
}

/// The user whom the other program signed up, by every credential it gave them.
pub(super) async fn of_a_neighbour(url: &str, base: &Base) {
    let document = "mutation($input: SignInInput!) { signIn(input: $input) { ... on SignedIn { userId } ... on UserError { message } } }";
    let input = json!({ "email": "olive@example.com", "password": vector("password") });
    let signed = Caller::at(url)
        .query(document, json!({ "input": input }))
        .await;
    assert_eq!(signed["signIn"]["userId"], USER, "{}: {signed}", base.name);

    let cookie = vector("setCookie");
    let bearer = format!("Bearer {}", vector("sessionToken"));
    let mut credentials = vec![
        (
            "cookie",
            cookie.split(';').next().unwrap().to_owned(),
            "COOKIE",
        ),
        ("authorization", bearer, "BEARER"),
    ];
    if base.plugins {
        credentials.push(("x-api-key", vector("apiKey"), "API_KEY"));
    }
    for (name, value, method) in credentials {
        let seen = viewer(url, name, &value).await;
        assert_eq!(seen["authMethod"], method, "{}", base.name);
        assert_eq!(seen["user"]["id"], USER);
        assert_eq!(seen["organization"]["slug"], "olive-owner");
        let organizations = seen["organizations"].as_array().unwrap();
        assert_eq!(organizations.len(), if base.plugins { 2 } else { 1 });
        if base.plugins {
            let acme =
                json!({ "id": ORGANIZATION, "name": "Acme", "role": "OWNER", "personal": false });
            assert!(organizations.contains(&acme), "{}: {seen}", base.name);
        }
    }

    if base.plugins {
        let mut olive = Caller::at(url);
        olive.token = vector("sessionToken");
        let olive = olive.in_organization(ORGANIZATION);
        let document = "{ apiKeys { id enabled } viewer { organization { slug members(first: 10) { nodes { userId role } } } } }";
        let seen = olive.query(document, json!({})).await;
        assert_eq!(
            seen["apiKeys"],
            json!([{ "id": "theirs", "enabled": true }]),
            "{}",
            base.name
        );
        assert_eq!(seen["viewer"]["organization"]["slug"], "acme");
        assert_eq!(
            seen["viewer"]["organization"]["members"]["nodes"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
        let input = json!({ "email": format!("ivy@{}.example.com", base.key_owner.len()), "role": "ADMIN", "resend": true });
        done(
            &olive,
            "inviteMember",
            "InviteMember",
            input,
            "invitation { id }",
        )
        .await;
    }
}

/// Somebody who signs up here, under a name that nobody had.
pub(super) async fn of_a_newcomer(url: &str, name: &str) {
    let ada = Caller::sign_up_at(url, name).await;
    let slug = format!("{}-works", name.to_lowercase());
    let input = json!({ "name": "Works", "slug": slug });
    let made = done(
        &ada,
        "createOrganization",
        "CreateOrganization",
        input,
        "organization { id }",
    )
    .await;
    let made_id = made["organization"]["id"].clone();
    let works = ada.in_organization(made_id.as_str().unwrap());
    let input = json!({ "name": "Helper", "systemPrompt": "Be kind." });
    done(&works, "createAgent", "CreateAgent", input, "agent { id }").await;

    let made = done(
        &ada,
        "createApiKey",
        "CreateApiKey",
        json!({ "name": "ci" }),
        "key apiKey { id }",
    )
    .await;
    let seen = viewer(url, "x-api-key", made["key"].as_str().unwrap()).await;
    assert_eq!(seen["authMethod"], "API_KEY");
    assert_eq!(seen["user"]["id"], ada.user_id);
    let again = Caller::sign_in_at(url, name).await;
    assert_eq!(again.user_id, ada.user_id);
    let input = json!({ "id": made_id });
    done(
        &works,
        "deleteOrganization",
        "DeleteOrganization",
        input,
        "__typename",
    )
    .await;
}

/// A key that the other program stores now is good here, and in its owner's list.
pub(super) async fn of_a_later_key(url: &str, id: &str, key: &str) {
    let seen = viewer(url, "x-api-key", key).await;
    assert_eq!(seen["user"]["id"], USER);
    let mut olive = Caller::at(url).in_organization(seen["organization"]["id"].as_str().unwrap());
    olive.token = vector("sessionToken");
    let keys = olive.query("{ apiKeys { id } }", json!({})).await["apiKeys"].take();
    assert!(
        keys.as_array().unwrap().contains(&json!({ "id": id })),
        "{keys}"
    );
}
