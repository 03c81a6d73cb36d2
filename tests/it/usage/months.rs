//! Days, weeks and months begin at midnight UTC, and with a month a budget begins anew.

use agentry_provider_testkit::FaultServer;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{budget, report, root, rows, sent, set_budget, spend, sums};
use crate::answers::{send, served, working};

/// Ends a run at this moment, as a worker would, with so many tokens.
async fn end(root: &PgPool, run: &Value, at: &str, tokens: i32) {
    let done = sqlx::query(
        "UPDATE runs SET status = 'completed', finished_at = $2::text::timestamptz, prompt_tokens = $3, completion_tokens = 0, cost_micros = $3,
                         api_connection_id = 'c' WHERE id = $1",
    )
    .bind(run.as_str().unwrap())
    .bind(at)
    .bind(tokens)
    .execute(root)
    .await
    .unwrap();
    assert_eq!(done.rows_affected(), 1);
}

#[tokio::test]
async fn a_run_is_of_the_day_the_week_and_the_month_in_which_it_ended() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &["--run-workers=0"]).await;
    let (ada, helper) = served(&server, &provider).await;
    let root = root(&server).await;
    for (at, tokens) in [
        ("2026-01-31T23:59:59.999Z", 1),
        ("2026-02-01T00:00:00Z", 10),
        // Still January there, and February here.
        ("2026-01-31T23:30:00-01:00", 100),
        ("2026-02-01T23:59:59.999Z", 1_000),
        ("2026-02-02T00:00:00Z", 10_000),
    ] {
        let sent = send(&ada, &helper, "Hello?").await;
        end(&root, &sent["run"]["id"], at, tokens).await;
    }
    let filter = r#"filter: { from: "2026-01-01T00:00:00Z", to: "2026-03-01T00:00:00Z" }"#;
    for (by, expected) in [
        (
            "DAY",
            json!([
                ["2026-01-31", 1],
                ["2026-02-01", 1_110],
                ["2026-02-02", 10_000]
            ]),
        ),
        (
            "WEEK",
            json!([["2026-01-26", 1_111], ["2026-02-02", 10_000]]),
        ),
        ("MONTH", json!([["2026-01-01", 1], ["2026-02-01", 11_110]])),
    ] {
        let told = rows(&ada, &format!("{filter}, groupBy: [{by}]")).await;
        let told: Vec<Value> = told
            .iter()
            .map(|row| {
                json!([
                    row["period"]
                        .as_str()
                        .unwrap()
                        .trim_end_matches("T00:00:00Z")
                        .trim_end_matches("T00:00:00+00:00"),
                    row["promptTokens"]
                ])
            })
            .collect();
        assert_eq!(json!(told), expected, "{by}");
    }
    for (span, tokens) in [
        (
            r#"from: "2026-01-31T12:00:00Z", to: "2026-02-01T00:00:00Z""#,
            1,
        ),
        (
            r#"from: "2026-02-01T00:00:00Z", to: "2026-02-01T00:00:01Z""#,
            1_110,
        ),
        (
            r#"from: "2026-01-31T23:59:59Z", to: "2026-02-02T00:00:00Z""#,
            1_111,
        ),
    ] {
        let told = report(&ada, &format!("filter: {{ {span} }}")).await;
        assert_eq!(sums(&told["total"]).1, tokens, "{span}: {told}");
    }
    let months: Vec<(String, i64)> = sqlx::query_as(
        "SELECT month::text, tokens FROM usage_months WHERE organization_id = $1 ORDER BY 1",
    )
    .bind(&ada.organization_id)
    .fetch_all(&root)
    .await
    .unwrap();
    assert_eq!(
        months,
        [
            ("2026-01-01".to_owned(), 1),
            ("2026-02-01".to_owned(), 11_110)
        ]
    );
    // Ended twice, by whatever mistake, it is counted once.
    sqlx::query("UPDATE runs SET finished_at = '2026-02-03T00:00:00Z'")
        .execute(&root)
        .await
        .unwrap();
    let told = report(&ada, filter).await;
    assert_eq!(sums(&told["total"]).0, 5);
}

#[tokio::test]
async fn a_new_month_begins_with_nothing_spent() {
    let provider = FaultServer::start().await;
    let server = working(&provider, &[]).await;
    let (ada, helper) = served(&server, &provider).await;
    spend(&provider, &ada, &helper, 100, 0).await;
    set_budget(&ada, json!({ "monthlyTokens": 100 })).await;
    let more = json!({ "agentId": helper, "content": "More?" });
    assert_eq!(
        sent(&ada, more.clone()).await["__typename"],
        "BudgetExceeded"
    );
    let root = root(&server).await;
    for back in [
        "UPDATE usage_months SET month = month - interval '1 month'",
        "UPDATE usage_days SET day = day - interval '1 month'",
    ] {
        sqlx::query(back).execute(&root).await.unwrap();
    }
    assert_eq!(budget(&ada).await["spentTokens"], 0);
    assert_eq!(sent(&ada, more).await["__typename"], "SendMessageSuccess");
    let filter = r#"filter: { from: "2020-01-01T00:00:00Z", to: "2020-12-31T00:00:00Z" }"#;
    assert_eq!(report(&ada, filter).await["rows"], json!([]));
    let told = report(&ada, "").await;
    assert!(
        sums(&told["total"]).1 >= 100,
        "last month is still told: {told}"
    );
}
