//! Searching: what is found, by whom, and in which order.

use std::collections::HashSet;

use serde_json::json;

use super::{SEARCH, found, say};
use crate::conversations::{Team, agent, conversation, mutate};
use crate::support::Server;

#[tokio::test]
async fn all_words_are_meant_whatever_their_case_and_accents() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let talk = conversation(&ada, &agent(&ada, "Guide", "PRIVATE").await).await;
    let texts = [
        "Where is the Café in the Straße?",
        "The cafe opens at nine.",
        "東京都と京都 are two places.",
        "100% sure; it's a_b.",
    ];
    for text in texts {
        say(&ada, &talk, "USER", text).await;
    }
    let cases: [(&str, &[usize]); 12] = [
        ("cafe", &[1, 0]),
        ("CAFÉ strasse", &[0]),
        ("cafe op", &[1]),
        ("ope cafe", &[]),
        ("the", &[1, 0]),
        ("京都", &[2]),
        ("都京", &[]),
        ("place 京都", &[]),
        ("京都 plac", &[2]),
        ("100%", &[3]),
        ("a_b", &[3]),
        ("it's", &[3]),
    ];
    for (query, expected) in cases {
        let expected: Vec<&str> = expected.iter().map(|n| texts[*n]).collect();
        assert_eq!(found(&ada, query, json!({})).await, expected, "{query}");
    }
    let data = ada.query(SEARCH, json!({ "query": "cafe where" })).await;
    let edge = &data["searchMessages"]["edges"][0];
    assert_eq!(edge["snippet"], texts[0]);
    assert_eq!(
        edge["highlights"],
        json!([{ "start": 0, "end": 5 }, { "start": 13, "end": 17 }])
    );
    assert_eq!(edge["conversation"]["id"], talk.as_str());
}

#[tokio::test]
async fn a_query_that_says_nothing_or_too_much_is_refused() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let long = "x".repeat(201);
    let many = "a ".repeat(17);
    for query in ["", "   ", "%", "'; --", &long, &many, ".*", "\u{301}", "\0"] {
        let errors = ada.errors(SEARCH, json!({ "query": query })).await;
        assert_eq!(errors[0]["extensions"]["code"], "BAD_USER_INPUT", "{query}");
        assert_eq!(errors[0]["extensions"]["path"], json!(["query"]), "{query}");
    }
    let hostile = "'; DROP TABLE agents; -- %_\\ .* \0";
    assert_eq!(found(&ada, hostile, json!({})).await, [""; 0]);
    for (first, after) in [(Some(0), None), (Some(101), None), (None, Some("x"))] {
        let variables = json!({ "query": "a", "first": first, "after": after });
        assert_eq!(ada.code(SEARCH, variables).await, "BAD_USER_INPUT");
    }
    // An id of nothing, or of somebody else's, finds nothing.
    for filter in [
        json!({ "agentId": "nope" }),
        json!({ "conversationId": "a\0b" }),
    ] {
        assert_eq!(found(&ada, "a", filter).await, [""; 0]);
    }
}

#[tokio::test]
async fn filters_narrow_by_agent_conversation_role_and_time() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let (one, two) = (
        agent(&ada, "One", "PRIVATE").await,
        agent(&ada, "Two", "PRIVATE").await,
    );
    let (first, second) = (
        conversation(&ada, &one).await,
        conversation(&ada, &two).await,
    );
    say(&ada, &first, "USER", "tea one").await;
    let middle = say(&ada, &first, "ASSISTANT", "tea two").await;
    say(&ada, &second, "USER", "tea three").await;
    let data = ada
        .query(
            "query($id: ID!) { message(id: $id) { createdAt } }",
            json!({ "id": middle }),
        )
        .await;
    let at = &data["message"]["createdAt"];
    for (filter, expected) in [
        (json!({}), vec!["tea three", "tea two", "tea one"]),
        (json!({ "agentId": one }), vec!["tea two", "tea one"]),
        (json!({ "conversationId": second }), vec!["tea three"]),
        (json!({ "role": "USER" }), vec!["tea three", "tea one"]),
        (json!({ "from": at }), vec!["tea three", "tea two"]),
        (json!({ "to": at }), vec!["tea one"]),
        (json!({ "from": at, "to": at }), vec![]),
        (
            json!({ "agentId": one, "role": "ASSISTANT" }),
            vec!["tea two"],
        ),
    ] {
        assert_eq!(
            found(&ada, "tea", filter.clone()).await,
            expected,
            "{filter}"
        );
    }
}

#[tokio::test]
async fn pages_show_every_message_once_and_new_ones_shift_nothing() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let helper = agent(&ada, "Guide", "PRIVATE").await;
    let talks = [
        conversation(&ada, &helper).await,
        conversation(&ada, &helper).await,
        conversation(&ada, &helper).await,
    ];
    for n in 0..23 {
        let text = if n % 4 == 3 { "coffee" } else { "tea" };
        say(&ada, &talks[n % 3], "USER", &format!("{text} {n}")).await;
    }
    let expected: Vec<String> = (0..23)
        .rev()
        .filter(|n| n % 4 != 3)
        .map(|n| format!("tea {n}"))
        .collect();
    let (mut seen, mut after) = (Vec::new(), None::<String>);
    loop {
        let variables = json!({ "query": "tea", "first": 4, "after": after });
        let page = ada.query(SEARCH, variables).await["searchMessages"].take();
        let edges = page["edges"].as_array().unwrap();
        let texts = edges
            .iter()
            .map(|edge| edge["node"]["content"].as_str().unwrap().to_owned());
        seen.extend(texts);
        assert_eq!(page["pageInfo"]["hasPreviousPage"], after.is_some());
        say(&ada, &talks[0], "USER", "tea of late").await;
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        assert_eq!(edges.len(), 4);
        after = page["pageInfo"]["endCursor"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, expected);
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), seen.len());
}

#[tokio::test]
async fn nothing_is_found_that_is_not_of_ones_own_conversations() {
    let team = Team::start().await;
    let (ada, bob) = (&team.ada, &team.bob);
    say(bob, &team.bobs, "USER", "a secret of Bob's").await;
    let own = conversation(ada, &team.agent).await;
    say(ada, &own, "USER", "a secret of Ada's").await;
    let stranger = team.server.sign_up("Sam").await;
    for _ in 0..2 {
        // The agent is Ada's, and Bob's conversation with it is hers to read; it is not hers to search.
        assert_eq!(found(ada, "secret", json!({})).await, ["a secret of Ada's"]);
        assert_eq!(found(bob, "secret", json!({})).await, ["a secret of Bob's"]);
        assert_eq!(found(&stranger, "secret", json!({})).await, [""; 0]);
        let filter = json!({ "conversationId": team.bobs });
        assert_eq!(found(ada, "secret", filter).await, [""; 0]);
    }
    let elsewhere = stranger.in_organization(&ada.organization_id);
    let refused = elsewhere.post(SEARCH, json!({ "query": "secret" })).send();
    assert_eq!(refused.await.unwrap().status(), 403);
    let home = bob.in_organization(&team.server.sign_up("Kim").await.organization_id);
    let refused = home.post(SEARCH, json!({ "query": "secret" })).send();
    assert_eq!(refused.await.unwrap().status(), 403);
}

#[tokio::test]
async fn titles_are_found_by_any_part_of_them() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let helper = agent(&ada, "Guide", "PRIVATE").await;
    for title in ["Trip to Łódź", "100% tea", "Other"] {
        let input = json!({ "agentId": helper, "title": title });
        mutate(&ada, "createConversation", "conversation { id }", input).await;
    }
    let list = "query($search: String) { conversations(filter: { search: $search }) { totalCount nodes { title } } }";
    for (search, expected) in [
        ("TRIP", vec!["Trip to Łódź"]),
        ("%", vec!["100% tea"]),
        ("_", vec![]),
        ("t", vec!["Trip to Łódź", "100% tea", "Other"]),
        ("", vec!["Trip to Łódź", "100% tea", "Other"]),
    ] {
        let data = ada.query(list, json!({ "search": search })).await;
        let nodes = data["conversations"]["nodes"].as_array().unwrap();
        let titles: Vec<_> = nodes
            .iter()
            .map(|node| node["title"].as_str().unwrap())
            .collect();
        assert_eq!(titles, expected, "{search}");
        assert_eq!(data["conversations"]["totalCount"], expected.len());
    }
    let long = json!({ "search": "x".repeat(201) });
    assert_eq!(ada.code(list, long).await, "BAD_USER_INPUT");
}
