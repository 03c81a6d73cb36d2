//! What feedback amounts to, by agent, model, version and time.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, Utc};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::root;
use crate::conversations::{Team, agent, conversation, mutate};
use crate::support::Caller;

const ROWS: &str = "agentId version model period up down total share lower upper";

/// Adds messages to a conversation that this version and this model wrote, each with feedback of this user at this moment.
struct Rated<'a> {
    conversation: &'a str,
    version: Option<i32>,
    model: Option<&'a str>,
    at: &'a str,
    up: i32,
    down: i32,
}

impl Rated<'_> {
    async fn by(&self, root: &PgPool, user: &str) {
        let sql = "WITH m AS (
             INSERT INTO agent_messages (organization_id, conversation_id, id, agent_id, agent_user_id, user_id, withheld, role, content,
                                         agent_version, model)
             SELECT c.organization_id, c.id, replace(gen_random_uuid()::text, '-', ''), c.agent_id, c.agent_user_id, c.user_id, c.withheld,
                    'assistant', 'x', $2, $3
             FROM conversations c CROSS JOIN generate_series(1, $5 + $6) WHERE c.id = $1 RETURNING *)
           INSERT INTO agent_feedback (organization_id, id, conversation_id, message_id, agent_id, agent_user_id, conversation_user_id,
                                       withheld, user_id, rating, created_at)
           SELECT organization_id, id || 'f', conversation_id, id, agent_id, agent_user_id, user_id, withheld, $7,
                  CASE WHEN row_number() OVER (ORDER BY id) <= $5 THEN 1 ELSE 0 END, $4::timestamptz
           FROM m";
        let done = sqlx::query(sql)
            .bind(self.conversation)
            .bind(self.version)
            .bind(self.model)
            .bind(self.at.parse::<DateTime<Utc>>().unwrap())
            .bind(self.up)
            .bind(self.down)
            .bind(user)
            .execute(root)
            .await
            .unwrap();
        assert_eq!(
            done.rows_affected(),
            u64::from((self.up + self.down).unsigned_abs())
        );
    }
}

/// Found where the score test begins to reject, and not by the formula.
fn bounds(up: i64, total: i64) -> (f64, f64) {
    let (n, p) = (
        f64::from(i32::try_from(total).unwrap()),
        f64::from(i32::try_from(up).unwrap()),
    );
    let p = p / n;
    let rejected = |q: f64| (p - q).abs() > 1.959_963_984_540_054 * (q * (1.0 - q) / n).sqrt();
    let search = |mut outside: f64, mut inside: f64| {
        for _ in 0..200 {
            let middle = f64::midpoint(outside, inside);
            if rejected(middle) {
                outside = middle;
            } else {
                inside = middle;
            }
        }
        inside
    };
    (search(0.0, p), search(1.0, p))
}

async fn statistics(caller: &Caller, filter: &str, group_by: &str) -> Vec<Value> {
    let document = format!(
        "{{ feedbackStatistics(filter: {{ {filter} }}, groupBy: [{group_by}]) {{ {ROWS} }} }}"
    );
    let mut data = caller.query(&document, json!({})).await;
    let Value::Array(rows) = data["feedbackStatistics"].take() else {
        panic!("{data}")
    };
    for row in &rows {
        let (up, total) = (row["up"].as_i64().unwrap(), row["total"].as_i64().unwrap());
        assert_eq!(up + row["down"].as_i64().unwrap(), total);
        let (lower, upper) = bounds(up, total);
        for (found, expected) in [
            ("lower", lower),
            ("upper", upper),
            ("share", exact(up) / exact(total)),
        ] {
            let found = row[found].as_f64().unwrap();
            assert!((found - expected).abs() < 1e-9, "{row}: {expected}");
        }
    }
    rows
}

fn exact(number: i64) -> f64 {
    f64::from(i32::try_from(number).unwrap())
}

/// A group, as a text that sorts as groups do: what it is told apart by, nothing first.
type Key = Vec<Option<String>>;

fn keys(rows: &[Value], by: &[&str]) -> BTreeMap<Key, (i64, i64)> {
    let names = [
        ("period", "period"),
        ("AGENT", "agentId"),
        ("VERSION", "version"),
        ("MODEL", "model"),
    ];
    let mut found = BTreeMap::new();
    for row in rows {
        let mut key = Key::new();
        for (grouping, field) in names {
            let value = &row[field];
            let told = by.contains(&grouping)
                || (grouping == "AGENT" && by.contains(&"VERSION"))
                || (grouping == "period"
                    && by.iter().any(|by| ["DAY", "WEEK", "MONTH"].contains(by)));
            assert!(told || value.is_null(), "{by:?}: {row}");
            let text = value
                .as_str()
                .map(str::to_owned)
                .or(value.as_i64().map(|n| format!("{n:04}")));
            key.push(text);
        }
        let counts = (row["up"].as_i64().unwrap(), row["down"].as_i64().unwrap());
        assert_eq!(found.insert(key, counts), None, "twice: {row}");
    }
    found
}

#[tokio::test]
async fn every_grouping_counts_what_was_given() {
    let team = Team::start().await;
    let root = root(&team.server).await;
    let other = agent(&team.ada, "Other", "ORGANIZATION").await;
    let with_other = conversation(&team.bob, &other).await;
    let (a, b) = (&*team.bobs, &*with_other);
    let data = [
        (a, Some(1), Some("gpt-4o"), "2026-02-28T23:59:59.999Z", 3, 1),
        (a, Some(1), Some("gpt-4o"), "2026-03-01T00:00:00Z", 8, 2),
        (a, Some(2), Some("gpt-4o"), "2026-03-01T23:59:59.999Z", 0, 4),
        (a, Some(2), Some("claude-3"), "2026-03-02T00:00:00Z", 80, 20),
        (a, Some(10), Some("claude-3"), "2026-03-09T12:00:00Z", 1, 0),
        (a, None, None, "2026-03-02T10:00:00Z", 2, 3),
        (b, Some(1), Some("gpt-4o"), "2026-03-02T10:00:00Z", 5, 5),
        (b, Some(2), Some("gpt-4o"), "2026-04-01T00:00:00Z", 0, 7),
    ];
    for (conversation, version, model, at, up, down) in data {
        let rated = Rated {
            conversation,
            version,
            model,
            at,
            up,
            down,
        };
        rated.by(&root, &team.bob.user_id).await;
    }
    let agent_of = |conversation: &str| {
        if conversation == a {
            team.agent.clone()
        } else {
            other.clone()
        }
    };
    let period = |at: &str, unit: &str| {
        let day = at.parse::<DateTime<Utc>>().unwrap().date_naive();
        let first = match unit {
            "DAY" => day,
            "WEEK" => day - Days::new(u64::from(day.weekday().num_days_from_monday())),
            _ => NaiveDate::from_ymd_opt(day.year(), day.month(), 1).unwrap(),
        };
        let start = first.and_time(NaiveTime::MIN).and_utc();
        start.to_rfc3339()
    };
    let span = "from: \"2026-02-01T00:00:00Z\", to: \"2026-05-01T00:00:00Z\"";
    for by in [
        "",
        "AGENT",
        "MODEL",
        "VERSION",
        "DAY",
        "WEEK",
        "MONTH",
        "AGENT MODEL",
        "MODEL VERSION",
        "VERSION WEEK",
        "MODEL MONTH",
        "DAY MODEL VERSION AGENT",
        "DAY DAY",
    ] {
        let words: Vec<&str> = by.split_whitespace().collect();
        let versions = words.contains(&"VERSION");
        let mut expected: BTreeMap<Key, (i64, i64)> = BTreeMap::new();
        for (conversation, version, model, at, up, down) in data {
            let unit = words
                .iter()
                .find(|word| ["DAY", "WEEK", "MONTH"].contains(word));
            let key = vec![
                unit.map(|unit| period(at, unit)),
                (versions || words.contains(&"AGENT")).then(|| agent_of(conversation)),
                version
                    .filter(|_| versions)
                    .map(|version| format!("{version:04}")),
                model
                    .filter(|_| words.contains(&"MODEL"))
                    .map(str::to_owned),
            ];
            let counts = expected.entry(key).or_default();
            *counts = (counts.0 + i64::from(up), counts.1 + i64::from(down));
        }
        let rows = statistics(&team.ada, span, by).await;
        assert_eq!(keys(&rows, &words), expected, "{by}");
        // In this order as well.
        let order: Vec<Key> = rows
            .iter()
            .flat_map(|row| keys(std::slice::from_ref(row), &words).into_keys())
            .collect();
        let mut sorted = order.clone();
        sorted.sort();
        assert_eq!(order, sorted, "{by}");
        // Of one agent, by its own field.
        let document = format!(
            "query($id: ID!) {{ agent(id: $id) {{ feedbackStatistics(groupBy: [{by}], {span}) {{ {ROWS} agent {{ id }} }} }} }}"
        );
        let data = team.ada.query(&document, json!({ "id": other })).await;
        let mine = data["agent"]["feedbackStatistics"].as_array().unwrap();
        let of_other = statistics(
            &team.ada,
            &format!("{span}, agentIds: [\"{other}\"]"),
            &format!("AGENT {by}"),
        )
        .await;
        assert_eq!(mine.len(), of_other.len(), "{by}");
        for (mine, row) in mine.iter().zip(of_other) {
            assert_eq!(mine["agent"]["id"], json!(other));
            assert_eq!(
                (&mine["up"], &mine["period"], &mine["upper"]),
                (&row["up"], &row["period"], &row["upper"])
            );
        }
    }
    // What wrote it is there to be read.
    let document = format!(
        "{{ feedbackStatistics(filter: {{ {span} }}, groupBy: [VERSION]) {{ agent {{ id }} version writtenBy {{ version }} }} }}"
    );
    let data = team.ada.query(&document, json!({})).await;
    for row in data["feedbackStatistics"].as_array().unwrap() {
        // There is only one version of either.
        let version = if row["version"] == 1 {
            json!({ "version": 1 })
        } else {
            Value::Null
        };
        assert_eq!(row["writtenBy"], version);
    }
}

#[tokio::test]
async fn one_sees_ones_own_and_all_on_ones_agents() {
    let team = Team::start().await;
    let root = root(&team.server).await;
    let cid = team.server.sign_up("Cid").await;
    let cid = team.server.join(&team.ada, &cid, "admin").await;
    let eve = team.server.sign_up("Eve").await;
    let rated = |up, down| Rated {
        conversation: &team.bobs,
        version: Some(1),
        model: Some("echo"),
        at: "2026-03-01T00:00:00Z",
        up,
        down,
    };
    rated(1, 2).by(&root, &team.bob.user_id).await;
    rated(10, 20).by(&root, &team.ada.user_id).await;
    let span = "from: \"2026-03-01T00:00:00Z\", to: \"2026-03-02T00:00:00Z\"";
    let id = &team.agent;
    for (caller, up, down) in [
        (&team.bob, 1, 2),
        (&team.ada, 11, 22),
        (&cid, 0, 0),
        (&eve, 0, 0),
    ] {
        for filter in [
            span.to_owned(),
            format!("{span}, agentIds: [\"{id}\", \"missing\", \"a\\u0000b\"]"),
        ] {
            let rows = statistics(caller, &filter, "VERSION MODEL").await;
            let told: Vec<_> = rows
                .iter()
                .map(|row| (row["up"].as_i64(), row["down"].as_i64()))
                .collect();
            let expected = if up == 0 {
                vec![]
            } else {
                vec![(Some(up), Some(down))]
            };
            assert_eq!(told, expected, "{filter}");
        }
        assert!(
            statistics(caller, &format!("{span}, agentIds: []"), "")
                .await
                .is_empty()
        );
    }
    // Ada hands the agent on: of what she said on Bob's messages she sees that she said it, and no more what wrote them.
    let input = json!({ "id": id, "newOwnerId": cid.user_id });
    mutate(&team.ada, "transferAgent", "agentId", input).await;
    let rows = statistics(&team.ada, span, "VERSION MODEL").await;
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&rows[0]["up"], &rows[0]["version"], &rows[0]["model"]),
        (&json!(10), &Value::Null, &Value::Null)
    );
    let rows = statistics(&cid, span, "VERSION MODEL").await;
    assert_eq!(
        (&rows[0]["up"], &rows[0]["version"], &rows[0]["model"]),
        (&json!(11), &json!(1), &json!("echo"))
    );
    // A message leads to what wrote it.
    let document = "query($id: ID!) { conversation(id: $id) { messages(first: 1) { nodes { agentVersion writtenBy { systemPrompt } } } } }";
    let data = team.bob.query(document, json!({ "id": team.bobs })).await;
    assert_eq!(
        data["conversation"]["messages"]["nodes"][0],
        json!({ "agentVersion": 1, "writtenBy": { "systemPrompt": "Be kind." } })
    );
}

#[tokio::test]
async fn time_begins_with_from_ends_before_to_and_has_bounds() {
    let team = Team::start().await;
    let root = root(&team.server).await;
    for at in ["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"] {
        let rated = Rated {
            conversation: &team.bobs,
            version: None,
            model: None,
            at,
            up: 1,
            down: 0,
        };
        rated.by(&root, &team.bob.user_id).await;
    }
    let total = async |filter: &str| {
        let rows = statistics(&team.bob, filter, "").await;
        rows.first().map_or(0, |row| row["total"].as_i64().unwrap())
    };
    for (filter, count) in [
        (
            "from: \"2026-03-01T00:00:00Z\", to: \"2026-03-02T00:00:00Z\"",
            1,
        ),
        (
            "from: \"2026-03-01T00:00:00.001Z\", to: \"2026-03-02T00:00:00.001Z\"",
            1,
        ),
        (
            "from: \"2026-03-01T01:00:00+01:00\", to: \"2026-03-02T01:00:00.001+01:00\"",
            2,
        ),
        ("to: \"2026-05-30T00:00:00Z\"", 2),
        ("to: \"2026-05-30T00:00:00.001Z\"", 1),
        ("to: \"0002-01-01T00:00:00Z\"", 0),
    ] {
        assert_eq!(total(filter).await, count, "{filter}");
    }
    // What is given now is within what is read when nothing is said.
    let input = json!({ "conversationId": team.bobs, "role": "ASSISTANT", "content": "x" });
    let added = mutate(&team.bob, "appendMessage", "appendedMessage { id }", input).await;
    let input = json!({ "messageId": added["appendedMessage"]["id"], "rating": "UP" });
    mutate(&team.bob, "giveFeedback", "feedback { id }", input).await;
    let today = Utc::now().date_naive().and_time(NaiveTime::MIN).and_utc();
    let rows = statistics(&team.bob, "", "DAY").await;
    let newest = rows.last().unwrap()["period"]
        .as_str()
        .unwrap()
        .parse::<DateTime<Utc>>()
        .unwrap();
    assert!(newest >= today, "{rows:?}");
    let summary = "query($id: ID!) { message(id: $id) { feedbackSummary { share lower upper } } }";
    let summary = team
        .bob
        .query(summary, json!({ "id": added["appendedMessage"]["id"] }))
        .await;
    let (lower, _) = bounds(1, 1);
    let found = &summary["message"]["feedbackSummary"];
    assert_eq!(
        (&found["share"], &found["upper"]),
        (&json!(1.0), &json!(1.0))
    );
    assert!((found["lower"].as_f64().unwrap() - lower).abs() < 1e-9);

    let ids: Vec<String> = (0..101).map(|n| format!("\"{n}\"")).collect();
    let too_many = format!("filter: {{ agentIds: [{}] }}", ids.join(", "));
    for (arguments, path) in [
        (
            "filter: { from: \"2026-03-01T00:00:00Z\", to: \"2026-03-01T00:00:00Z\" }",
            json!(["filter", "to"]),
        ),
        (
            "filter: { from: \"2026-03-02T00:00:00Z\", to: \"2026-03-01T00:00:00Z\" }",
            json!(["filter", "to"]),
        ),
        (
            "filter: { from: \"2025-01-01T00:00:00Z\", to: \"2026-01-02T00:00:00.001Z\" }",
            json!(["filter", "to"]),
        ),
        (
            "filter: { from: \"2025-01-01T00:00:00Z\" }",
            json!(["filter", "to"]),
        ),
        (
            "filter: { from: \"-200000-01-01T00:00:00Z\", to: \"2026-01-01T00:00:00Z\" }",
            json!(["filter", "from"]),
        ),
        (
            "filter: { to: \"0001-01-01T00:00:00Z\" }",
            json!(["filter", "from"]),
        ),
        ("groupBy: [DAY, MONTH]", json!(["groupBy"])),
        (&*too_many, json!(["filter", "agentIds"])),
    ] {
        let errors = team
            .bob
            .errors(
                &format!("{{ feedbackStatistics({arguments}) {{ total }} }}"),
                json!({}),
            )
            .await;
        let told = &errors[0]["extensions"];
        assert_eq!(
            (&told["code"], &told["path"]),
            (&json!("BAD_USER_INPUT"), &path),
            "{arguments}: {errors:?}"
        );
    }
    let document = "query($id: ID!) { agent(id: $id) { feedbackStatistics(from: \"2026-03-02T00:00:00Z\", to: \"2026-03-01T00:00:00Z\") { total } } }";
    let errors = team.bob.errors(document, json!({ "id": team.agent })).await;
    assert_eq!(errors[0]["extensions"]["path"], json!(["to"]), "{errors:?}");
}

#[tokio::test]
async fn a_thousand_rows_are_shown_and_one_more_is_refused() {
    let team = Team::start().await;
    let root = root(&team.server).await;
    let span = "from: \"2026-03-01T00:00:00Z\", to: \"2026-03-02T00:00:00Z\"";
    for version in 1..=1_000 {
        let rated = Rated {
            conversation: &team.bobs,
            version: Some(version),
            model: None,
            at: "2026-03-01T00:00:00Z",
            up: 1,
            down: 0,
        };
        rated.by(&root, &team.bob.user_id).await;
    }
    assert_eq!(statistics(&team.ada, span, "VERSION").await.len(), 1_000);
    let rated = Rated {
        conversation: &team.bobs,
        version: Some(5_000),
        model: None,
        at: "2026-03-01T00:00:00Z",
        up: 0,
        down: 1,
    };
    rated.by(&root, &team.bob.user_id).await;
    assert_eq!(statistics(&team.ada, span, "MODEL").await.len(), 1);
    let field = format!("feedbackStatistics(groupBy: [VERSION], {span}) {{ total }}");
    for document in [
        format!("query($id: ID!) {{ agent(id: $id) {{ {field} }} }}"),
        format!("query($id: ID!) {{ agents {{ nodes {{ {field} }} }} agent(id: $id) {{ id }} }}"),
        format!(
            "query($id: ID!) {{ feedbackStatistics(filter: {{ {span} }}, groupBy: [VERSION]) {{ total }} agent(id: $id) {{ id }} }}"
        ),
    ] {
        let code = team.ada.code(&document, json!({ "id": team.agent })).await;
        assert_eq!(code, "BAD_USER_INPUT", "{document}");
    }
}
