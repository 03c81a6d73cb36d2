//! Pages of the list of agents.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{create, names};
use crate::support::{Caller, Server};

const ORDERS: [&str; 6] = [
    "{field: CREATED_AT, direction: ASC}",
    "{field: CREATED_AT, direction: DESC}",
    "{field: UPDATED_AT, direction: ASC}",
    "{field: UPDATED_AT, direction: DESC}",
    "{field: NAME, direction: ASC}",
    "{field: NAME, direction: DESC}",
];

async fn page(caller: &Caller, arguments: &str) -> Value {
    let document = format!(
        "{{ agents({arguments}) {{ edges {{ cursor node {{ id name }} }} nodes {{ id }}
            pageInfo {{ startCursor endCursor hasNextPage hasPreviousPage }} }} }}"
    );
    caller.query(&document, json!({})).await["agents"].take()
}

fn ids(page: &Value) -> Vec<String> {
    let edges = page["edges"].as_array().unwrap();
    edges
        .iter()
        .map(|edge| edge["node"]["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Seven agents, of which several bear one name.
async fn seven(caller: &Caller) {
    for name in ["b", "a", "b", "c", "b", "a", "d"] {
        create(caller, name).await;
    }
}

#[tokio::test]
async fn pages_put_together_are_the_list_in_every_order_both_ways() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    seven(&ada).await;
    for order in ORDERS {
        let whole = ids(&page(&ada, &format!("orderBy: {order}")).await);
        assert_eq!(whole.len(), 7);
        for size in [1, 2, 3, 7] {
            let (mut forwards, mut after) = (Vec::new(), String::new());
            loop {
                let page = page(&ada, &format!("orderBy: {order}, first: {size}{after}")).await;
                assert_eq!(page["pageInfo"]["hasPreviousPage"], !forwards.is_empty());
                assert_eq!(page["pageInfo"]["startCursor"], page["edges"][0]["cursor"]);
                forwards.extend(ids(&page));
                if page["pageInfo"]["hasNextPage"] == false {
                    break;
                }
                after = format!(", after: {}", page["pageInfo"]["endCursor"]);
                assert!(forwards.len() < 7, "{order}");
            }
            assert_eq!(forwards, whole, "{order} by {size}");

            let (mut backwards, mut before) = (Vec::new(), String::new());
            loop {
                let page = page(&ada, &format!("orderBy: {order}, last: {size}{before}")).await;
                assert_eq!(page["pageInfo"]["hasNextPage"], !backwards.is_empty());
                backwards.splice(0..0, ids(&page));
                if page["pageInfo"]["hasPreviousPage"] == false {
                    break;
                }
                before = format!(", before: {}", page["pageInfo"]["startCursor"]);
                assert!(backwards.len() < 7, "{order}");
            }
            assert_eq!(backwards, whole, "{order} by {size}, backwards");
        }
    }
}

#[tokio::test]
async fn page_between_two_cursors_holds_what_lies_between() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    seven(&ada).await;
    for order in ORDERS {
        let whole = page(&ada, &format!("orderBy: {order}")).await;
        let (after, before) = (&whole["edges"][1]["cursor"], &whole["edges"][5]["cursor"]);
        let between = format!("orderBy: {order}, after: {after}, before: {before}");
        let list = ids(&whole);
        assert_eq!(ids(&page(&ada, &between).await), list[2..5]);
        assert_eq!(
            ids(&page(&ada, &format!("{between}, first: 2")).await),
            list[2..4]
        );
        assert_eq!(
            ids(&page(&ada, &format!("{between}, last: 2")).await),
            list[3..5]
        );
        let crossed = format!("orderBy: {order}, after: {before}, before: {after}");
        assert!(ids(&page(&ada, &crossed).await).is_empty());
    }
}

#[tokio::test]
async fn inserts_and_deletes_shift_no_page() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    for name in ["b", "d", "f", "h"] {
        create(&ada, name).await;
    }
    let by_name = "orderBy: {field: NAME}";
    let first = page(&ada, &format!("{by_name}, first: 2")).await;
    let cursor = &first["pageInfo"]["endCursor"];
    for name in ["a", "c", "e"] {
        create(&ada, name).await;
    }
    let second = names(&ada, &format!("({by_name}, first: 2, after: {cursor})")).await;
    assert_eq!(
        second,
        ["e", "f"],
        "what comes later in the list, nothing twice"
    );
    let before = names(&ada, &format!("({by_name}, last: 2, before: {cursor})")).await;
    assert_eq!(before, ["b", "c"]);
    // The cursor stays good when its own row is gone.
    let id = &first["edges"][1]["node"]["id"];
    super::mutate(&ada, "deleteAgent", json!({ "id": id })).await;
    let again = names(&ada, &format!("({by_name}, first: 2, after: {cursor})")).await;
    assert_eq!(again, second);
}

#[tokio::test]
async fn cursor_not_of_this_list_is_refused() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let id = create(&ada, "Helper").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let of_names = page(&ada, "orderBy: {field: NAME}").await["pageInfo"]["endCursor"].take();
    let of_updates =
        page(&ada, "orderBy: {field: UPDATED_AT}").await["pageInfo"]["endCursor"].take();
    let encoded = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let forged = [
        of_names.as_str().unwrap().to_owned(),
        of_updates.as_str().unwrap().to_owned(),
        String::new(),
        "garbage!".to_owned(),
        id.clone(),
        "A".repeat(100_000),
        encoded(""),
        encoded("c"),
        encoded(&format!("c:{id}")),
        encoded(&format!("c:{id}:")),
        encoded(&format!("c:{id}:yesterday")),
        encoded(&format!("c:{id}:9223372036854775807")),
        encoded(&format!("c:{id}:-9223372036854775808")),
        encoded(&format!("c:{id}:99999999999999999999999")),
        encoded("c::1"),
        encoded("c:' OR true --:1"),
        encoded(&format!("cc:{id}:1")),
        URL_SAFE_NO_PAD.encode([0xff, 0xfe]),
    ];
    for cursor in &forged {
        for (argument, size) in [("after", "first"), ("before", "last")] {
            let document = format!(
                "query($c: String) {{ agents({argument}: $c, {size}: 1) {{ nodes {{ id }} }} }}"
            );
            let errors = ada.errors(&document, json!({ "c": cursor })).await;
            let error = &errors[0]["extensions"];
            assert_eq!(error["code"], "BAD_USER_INPUT", "{argument} {cursor}");
            assert_eq!(error["path"], json!([argument]));
        }
    }
    let nul = encoded(&format!("n:{id}:\0"));
    let document =
        "query($c: String) { agents(after: $c, orderBy: { field: NAME }) { nodes { id } } }";
    assert_eq!(
        ada.code(document, json!({ "c": nul })).await,
        "BAD_USER_INPUT"
    );
}

#[tokio::test]
async fn foreign_cursor_is_a_place_and_shows_nothing() {
    let server = Server::start().await;
    let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
    create(&bob, "Earlier").await;
    create(&ada, "Secret").await;
    create(&bob, "Later").await;
    let foreign = page(&ada, "first: 20").await["pageInfo"]["endCursor"].take();
    assert_eq!(names(&bob, &format!("(after: {foreign})")).await, ["Later"]);
    assert_eq!(
        names(&bob, &format!("(last: 5, before: {foreign})")).await,
        ["Earlier"]
    );
}

#[tokio::test]
async fn page_size_is_1_to_100_and_20_when_not_given() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    for number in 0..21 {
        create(&ada, &number.to_string()).await;
    }
    for (arguments, size) in [
        ("", 20),
        ("(first: null)", 20),
        ("(first: 100)", 21),
        ("(last: 100)", 21),
        ("(last: 1)", 1),
    ] {
        assert_eq!(names(&ada, arguments).await.len(), size, "{arguments}");
    }
    for (arguments, path) in [
        ("first: 0", "first"),
        ("first: -1", "first"),
        ("first: 101", "first"),
        ("first: 2147483647", "first"),
        ("last: 0", "last"),
        ("last: -1", "last"),
        ("last: 101", "last"),
        ("first: 1, last: 1", "last"),
        ("first: 1, last: 0", "last"),
    ] {
        for document in [
            format!("{{ agents({arguments}) {{ totalCount nodes {{ id }} }} }}"),
            format!("{{ viewer {{ agents({arguments}) {{ nodes {{ id }} }} }} }}"),
        ] {
            let errors = ada.errors(&document, json!({})).await;
            let error = &errors[0]["extensions"];
            assert_eq!(error["code"], "BAD_USER_INPUT", "{arguments}: {errors:?}");
            assert_eq!(error["path"], json!([path]));
        }
    }
}
