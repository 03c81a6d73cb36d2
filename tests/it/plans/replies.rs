//! What following a reply reads: of one that grows what is behind the reader's place, of one that has ended its message.

use serde_json::{Value, json};
use sqlx::postgres::PgConnection;

use super::{Reads, filled, id, reads, user};
use crate::streams::client::{Ear, Way};
use crate::streams::{Heard, REPLY};
use crate::support::{Caller, Server};

const USER: u64 = 3;
/// Rows that each growing reply is in, of ten characters each.
const ROWS: i64 = 300;
const TIMES: i64 = 8;

/// Lets a run grow in each conversation of ten users. That the rows fit is known; looking it up would be counted.
async fn grow(root: &mut PgConnection) {
    let runs = "INSERT INTO runs (organization_id, id, conversation_id, agent_id, agent_user_id, user_id, withheld, message_id, reply_id, model,
                      status, started_at)
        SELECT organization_id, 'growing-' || id, id, agent_id, agent_user_id, user_id, withheld, head_id, 'reply-' || id, 'echo', 'running', now()
        FROM conversations WHERE user_id = ANY ($1)";
    let pieces = "INSERT INTO run_deltas (organization_id, run_id, sequence, agent_user_id, user_id, withheld, text)
        SELECT organization_id, 'growing-' || id, n * 10, agent_user_id, user_id, withheld, lpad(n::text, 10, '.')
        FROM conversations CROSS JOIN generate_series(1, 300) n WHERE user_id = ANY ($1)";
    let users: Vec<String> = (USER..USER + 10).map(|user| id("u", user, 0)).collect();
    let unchecked = sqlx::query("SET session_replication_role = replica");
    unchecked.execute(&mut *root).await.unwrap();
    for (statement, rows) in [(runs, 390), (pieces, 390 * 300)] {
        let grown = sqlx::query(statement).bind(&users).execute(&mut *root);
        assert_eq!(grown.await.unwrap().rows_affected(), rows);
    }
}

/// Hears the reply from here until this much of it is there, or its end.
async fn hear(caller: &Caller, run: &str, after: usize, until: usize) {
    let variables = json!({ "run": run, "after": after });
    let mut ear = Ear::open(caller, Way::Events, REPLY, variables)
        .await
        .unwrap();
    let mut heard = Heard::after(after);
    while heard.sequence < until || (until == 0 && heard.end.is_none()) {
        let event: Value = ear.event().await;
        heard.note(&event);
    }
}

/// At most so many rows of pieces, runs and messages may have been fetched, each time, and no table read as a whole.
fn hold(name: &str, before: &Reads, now: &Reads, times: i64, most: [i64; 3]) {
    let tables = ["run_deltas", "runs", "agent_messages"];
    for (table, most) in tables.into_iter().zip(most) {
        let ((all, some), (all_before, some_before)) = (now[table], before[table]);
        assert_eq!(all, all_before, "{name} reads all of {table}");
        // A row that changed lately may be looked at twice: hence half as many again.
        let (fetched, limit) = (some - some_before, most * times * 3 / 2 + times);
        assert!(
            fetched <= limit && (most == 0 || fetched > 0),
            "{name} fetches {fetched} of {table} in {times} times, not {limit}"
        );
    }
}

#[tokio::test]
async fn following_a_reply_reads_what_is_behind_ones_place_and_no_more() {
    let database = filled(20).await;
    let server = Server::on(database.clone(), &["--pool-size=2"]).await;
    let caller = user(&server, USER);
    let growing = format!("growing-{}", id("v", USER, 5));
    let all = usize::try_from(ROWS).unwrap() * 10;
    // Of a reply that was asked for.
    let ended = format!("r{}", id("m", USER, 251));

    let mut root = database.root().await;
    let before = reads(&mut root).await;
    // Planned while nothing grows, and the planner knows it.
    for _ in 0..TIMES {
        hear(&caller, &ended, 0, 0).await;
    }
    grow(&mut database.root().await).await;
    hear(&caller, &growing, 0, all).await;
    let now = reads(&mut root).await;
    hold("the first that grows", &before, &now, TIMES, [ROWS, 5, 4]);

    // Of the end the run and the message are read again.
    for (name, run, after, until, most) in [
        ("all of it", growing.as_str(), 0, all, [ROWS + 1, 2, 0]),
        ("its end", growing.as_str(), all - 50, all, [5 + 1, 2, 0]),
        ("one that has ended", ended.as_str(), 0, 0, [0, 4, 4]),
    ] {
        let before = reads(&mut root).await;
        for _ in 0..TIMES {
            hear(&caller, run, after, until).await;
        }
        hold(name, &before, &reads(&mut root).await, TIMES, most);
    }
}
