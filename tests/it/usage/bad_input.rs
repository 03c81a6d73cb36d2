//! What cannot be meant is refused, with where it stands.

use serde_json::{Value, json};

use super::{budget, set_budget};
use crate::support::Server;

#[tokio::test]
async fn budgets_that_cannot_be_meant_are_refused_and_change_nothing() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let most = 9_007_199_254_740_991_i64;
    let set = set_budget(
        &ada,
        json!({ "monthlyTokens": most, "monthlyCostMicros": 0 }),
    )
    .await;
    assert_eq!(set["budget"]["monthlyTokens"], most, "{set}");
    let before = budget(&ada).await;
    for (input, path) in [
        (json!({ "monthlyTokens": -1 }), "monthlyTokens"),
        (json!({ "monthlyCostMicros": -most }), "monthlyCostMicros"),
        (
            json!({ "monthlyCostMicros": -1, "monthlyTokens": 5 }),
            "monthlyCostMicros",
        ),
        (json!({}), "monthlyCostMicros"),
        (
            json!({ "organizationId": ada.organization_id }),
            "monthlyCostMicros",
        ),
    ] {
        let outcome = set_budget(&ada, input.clone()).await;
        assert_eq!(
            outcome["__typename"], "ValidationFailed",
            "{input}: {outcome}"
        );
        assert_eq!(outcome["fields"][0]["path"], json!([path]), "{input}");
    }
    let document = "mutation($input: SetBudgetInput!) { setBudget(input: $input) { __typename } }";
    for number in [
        json!(most + 1),
        json!(1.5),
        json!("1"),
        json!(true),
        json!(u64::MAX),
        json!(1e300),
    ] {
        let input = json!({ "input": { "monthlyTokens": number } });
        let answer = ada.answer(document, input).await;
        assert!(
            answer["errors"][0]["message"].is_string(),
            "{number}: {answer}"
        );
        assert_ne!(
            answer["errors"][0]["extensions"]["code"], "INTERNAL",
            "{answer}"
        );
        assert!(
            !answer["errors"].to_string().contains(&number.to_string()) || number == true,
            "{answer}"
        );
    }
    let other = set_budget(&ada, json!({ "organizationId": "x", "monthlyTokens": 1 })).await;
    assert_eq!(other["__typename"], "NotFound", "{other}");
    assert_eq!(budget(&ada).await, before);
    let own = json!({ "organizationId": ada.organization_id, "monthlyTokens": 1 });
    assert_eq!(set_budget(&ada, own).await["budget"]["monthlyTokens"], 1);
}

#[tokio::test]
async fn reports_that_cannot_be_meant_are_refused_with_where_it_stands() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let ids = vec!["\"x\""; 101].join(", ");
    for (arguments, path) in [
        ("groupBy: [DAY, MONTH]".to_owned(), json!(["groupBy"])),
        (
            r#"filter: { from: "2026-01-02T00:00:00Z", to: "2026-01-01T00:00:00Z" }"#.to_owned(),
            json!(["filter", "to"]),
        ),
        (
            r#"filter: { from: "2026-01-02T00:00:00Z", to: "2026-01-02T00:00:00Z" }"#.to_owned(),
            json!(["filter", "to"]),
        ),
        (
            r#"filter: { from: "2024-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z" }"#.to_owned(),
            json!(["filter", "to"]),
        ),
        (
            r#"filter: { from: "+99999-01-01T00:00:00Z" }"#.to_owned(),
            Value::Null,
        ),
        (
            format!("filter: {{ agentIds: [{ids}] }}"),
            json!(["filter", "agentIds"]),
        ),
        (
            format!("filter: {{ userIds: [{ids}] }}"),
            json!(["filter", "userIds"]),
        ),
        (
            format!("filter: {{ connectionIds: [{ids}] }}"),
            json!(["filter", "connectionIds"]),
        ),
    ] {
        let document = format!("{{ usage({arguments}) {{ total {{ runs }} }} }}");
        let errors = ada.errors(&document, json!({})).await;
        let extensions = &errors[0]["extensions"];
        assert_ne!(extensions["code"], "INTERNAL", "{arguments}: {errors:?}");
        if !path.is_null() {
            assert_eq!(
                (&extensions["code"], &extensions["path"]),
                (&json!("BAD_USER_INPUT"), &path),
                "{arguments}"
            );
        }
    }
    let twice = "{ usage(groupBy: [DAY, DAY, AGENT, AGENT], filter: { agentIds: [\"a\\u0000\", \"\"] }) { rows { runs } total { runs } } }";
    let told = ada.query(twice, json!({})).await;
    assert_eq!(told["usage"], json!({ "rows": [], "total": { "runs": 0 } }));
}

#[tokio::test]
async fn more_rows_than_can_be_told_are_refused_and_as_many_are_told() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let root = super::root(&server).await;
    sqlx::query(
        "INSERT INTO usage_days (organization_id, day, user_id, agent_id, agent_user_id, api_connection_id, service, model, completed)
         SELECT $1, '2026-01-01', $2, 'a' || n, $2, '', 'echo', 'echo', 1 FROM generate_series(1, 1001) n",
    )
    .bind(&ada.organization_id)
    .bind(&ada.user_id)
    .execute(&root)
    .await
    .unwrap();
    let of = |more: &str, by: &str| {
        format!(
            "{{ usage(groupBy: [{by}], filter: {{ from: \"2026-01-01T00:00:00Z\", to: \"2026-01-02T00:00:00Z\" {more} }}) {{ rows {{ agentId }} total {{ runs }} }} }}"
        )
    };
    let errors = ada.errors(&of("", "AGENT"), json!({})).await;
    assert_eq!(
        errors[0]["extensions"]["path"],
        json!(["groupBy"]),
        "{errors:?}"
    );
    let told = ada.query(&of("", "DAY"), json!({})).await;
    assert_eq!(told["usage"]["total"]["runs"], 1_001);
    sqlx::query("DELETE FROM usage_days WHERE agent_id = 'a1'")
        .execute(&root)
        .await
        .unwrap();
    let told = ada.query(&of("", "AGENT"), json!({})).await;
    assert_eq!(told["usage"]["rows"].as_array().unwrap().len(), 1_000);
}
