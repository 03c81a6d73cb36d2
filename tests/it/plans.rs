//! No statement of the everyday operations reads a table from end to end, or more of it than the answer needs: told by
//! PostgreSQL's own counters, for the very statements, values and settings that the server sends, under row security.
//!
//! The data is the benchmark's, of 60 users: 1,200 agents, 60,000 messages, 6,000 ratings; and a run for each reply. Runs that still
//! grow, and who follows them, are in [`replies`].

mod replies;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;

use crate::support::{Caller, Database, Server, until};

const USERS: u64 = 60;
const DATA: &str = include_str!("../../bench/data.sql");
const RUNS: &str =
    "INSERT INTO runs (organization_id, id, conversation_id, agent_id, agent_user_id, user_id, message_id, reply_id, model, status,
                       finished_at, created_at)
     SELECT organization_id, 'r' || id, conversation_id, agent_id, agent_user_id, user_id, parent_id, id, 'gpt-4o-mini', 'completed',
            created_at, created_at
     FROM agent_messages WHERE role = 'assistant' AND parent_id IS NOT NULL;";
/// What searching keeps of each conversation; in one of each user's something is said that is said nowhere else.
const WORDS: &str =
    "UPDATE agent_messages SET content = 'A xylophone.' WHERE id IN (SELECT head_id FROM conversations WHERE title = 'Conversation 20');
     INSERT INTO conversation_words (organization_id, conversation_id, user_id, words, indexed_until)
     SELECT organization_id, id, user_id, ' a and answer ask depends on stand the when where you '
              || CASE title WHEN 'Conversation 20' THEN 'xylophone ' ELSE '' END, last_message_at FROM conversations;";

/// Ids as `bench/data.sql` computes them.
pub(crate) fn id(kind: &str, user: u64, n: u64) -> String {
    format!(
        "{kind}{}-{}-k3v9w2m7q",
        10_000_000 + (user * 7_919) % 10_000_019,
        1_000 + n
    )
}

pub(crate) async fn filled(users: u64) -> Database {
    let database = Database::copy().await;
    let mut root = database.root().await;
    let lines = DATA
        .lines()
        .filter(|line| !line.starts_with('\\') && !line.starts_with("CHECKPOINT"));
    let script = lines
        .collect::<Vec<_>>()
        .join("\n")
        .replace(":users", &users.to_string());
    // VACUUM must come alone.
    let (fill, tidy) = script.split_once("VACUUM").unwrap();
    let calls = format!(
        "UPDATE agent_messages SET tool_calls = '[{{\"id\":\"c\",\"name\":\"look\",\"arguments\":\"{{}}\"}}]'
         WHERE role = 'assistant' AND conversation_id = '{}'",
        id("v", 17, 0)
    );
    let fills = [fill.to_owned(), RUNS.to_owned(), WORDS.to_owned(), calls];
    for sql in fills.into_iter().chain([format!("VACUUM{tidy}")]) {
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut root)
            .await
            .unwrap();
    }
    database
}

pub(crate) fn user(server: &Server, user: u64) -> Caller {
    let mut caller = Caller::at(&server.url);
    caller.token = format!("{}-d8f1g6h", id("t", user, 0));
    caller.user_id = id("u", user, 0);
    caller.organization_id = id("o", user, 0);
    caller
}

/// Per table, how often it was read from end to end, and how many rows were fetched through its indexes.
type Reads = BTreeMap<String, (i64, i64)>;

/// What has been read so far. Sessions hand their counts in when they end, so they are ended first.
async fn reads(root: &mut PgConnection) -> Reads {
    const OTHERS: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND query NOT LIKE 'LISTEN%'";
    let root = tokio::sync::Mutex::new(root);
    until("all sessions have ended", || async {
        let mut root = root.lock().await;
        let others: i64 = sqlx::query_scalar(OTHERS)
            .fetch_one(&mut **root)
            .await
            .unwrap();
        (others == 0).then_some(())
    })
    .await;
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "SELECT relname::text, seq_scan, coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables
         WHERE relname IN ('agents', 'api_connections', 'agent_api_connections', 'conversations', 'agent_messages', 'agent_feedback',
           'agent_versions', 'runs', 'usage_days', 'run_deltas', 'conversation_words')",
    )
    .fetch_all(root.into_inner())
    .await
    .unwrap();
    assert_eq!(rows.len(), 11);
    rows.into_iter()
        .map(|(table, all, some)| (table, (all, some)))
        .collect()
}

/// An operation, what of its answer shows that it did its work, and about how many rows it takes.
struct Case {
    name: &'static str,
    document: &'static str,
    variables: Value,
    shows: (&'static str, usize),
    rows: i64,
}

fn cases(user: u64) -> Vec<Case> {
    // After message 250 of the long conversation: one a minute since the beginning of 2026.
    let micros = (1_767_225_600_u64 + 250 * 60) * 1_000_000;
    let cursor = cursor_text(&format!("m:{}:{micros}", id("m", user, 250)));
    let input = json!({ "conversationId": id("v", user, 3), "role": "USER", "content": "Hello." });
    let case = |name, document, variables, shows, rows| Case {
        name,
        document,
        variables,
        shows,
        rows,
    };
    vec![
        case("W1", include_str!("../../bench/documents/w1.graphql"), json!({ "id": id("a", user, 7) }), ("/agent/id", 1), 1),
        case("W2", include_str!("../../bench/documents/w2.graphql"), json!({}), ("/agents/edges", 20), 21),
        // 20 agents, 40 links to 5 connections, 100 messages, a tenth of them with feedback; of each list one more than asked for.
        case("W3", include_str!("../../bench/documents/w3.graphql"), json!({ "agents": 20 }), ("/agents/edges", 20), 300),
        case("W4", include_str!("../../bench/documents/w4.graphql"), json!({ "conversation": id("v", user, 0), "after": cursor }),
            ("/conversation/messages/edges", 50), 53),
        // What it refers to is looked up and locked as well.
        case("W5", include_str!("../../bench/documents/w5.graphql"), json!({ "input": input }), ("/appendMessage/appendedMessage/id", 1), 10),
        // A page of one's own; and all 39 with one's 20 agents are passed over in search of those of others with them.
        case("conversations of a user", "{ conversations(first: 10) { nodes { id } pageInfo { hasNextPage } } }", json!({}),
            ("/conversations/nodes", 10), 11 + 20 + 39),
        case("conversations of agents", "{ agents(first: 20) { nodes { conversations(last: 1) { nodes { id } } } } }", json!({}),
            ("/agents/nodes", 20), 70),
        case("conversations of one agent", "query($id: ID!) { agent(id: $id) { conversations(first: 5) { nodes { id } } } }",
            json!({ "id": id("a", user, 4) }), ("/agent/conversations/nodes", 2), 5),
        // All feedback on the messages of three agents.
        case("tallies of agents", "{ agents(first: 3) { nodes { feedbackSummary { total } } } }", json!({}), ("/agents/nodes", 3), 80),
        // All of 100, once as one's own and once in search of those of others, and the messages of the first; then those of an hour.
        case("statistics", "{ feedbackStatistics(groupBy: [MODEL, DAY], filter: { from: \"2026-01-01T00:00:00Z\", to: \"2026-01-02T00:00:00Z\" }) {
               total } }", json!({}), ("/feedbackStatistics", 1), 100 + 100 + 100 + 20),
        case("statistics of an hour", "{ feedbackStatistics(groupBy: [MODEL, DAY], filter: { from: \"2026-01-01T04:00:00Z\",
               to: \"2026-01-01T05:00:00Z\" }) { total } }", json!({}), ("/feedbackStatistics", 1), 6 + 6 + 6 + 20),
        case("statistics of one agent", "query($id: ID!) { agent(id: $id) { feedbackStatistics(groupBy: [VERSION], from: \"2026-01-01T04:00:00Z\",
               to: \"2026-01-01T05:00:00Z\") { total } } }", json!({ "id": id("a", user, 0) }), ("/agent/feedbackStatistics", 1), 1 + 6 + 6 + 6 + 1),
        case("versions of agents", "{ agents(first: 20) { nodes { versions(last: 5) { nodes { version } } } } }", json!({}),
            ("/agents/nodes", 20), 21 + 20),
        case("tallies of messages", "query($id: ID!) { conversation(id: $id) { messages(first: 20) { nodes { feedbackSummary { total }
               viewerFeedback { rating } } } } }", json!({ "id": id("v", user, 0) }), ("/conversation/messages/nodes", 20), 40),
        case("runs of a user", "{ runs(last: 10) { nodes { id } pageInfo { hasPreviousPage } } }", json!({}), ("/runs/nodes", 10), 11 + 20 + 20 * 11),
        case("runs of one agent", "query($id: ID!) { runs(last: 10, filter: { agentId: $id }) { nodes { id text } } }",
            json!({ "id": id("a", user, 0) }), ("/runs/nodes", 10), 50),
        case("runs of conversations", "{ conversations(last: 10) { nodes { id activeRun { id } runs(last: 3) { nodes { id } } } } }", json!({}),
            ("/conversations/nodes", 10), 11 + 20 + 39 + 40),
        case("siblings of messages", "query($id: ID!) { conversation(id: $id) { messages(first: 20) { nodes { siblings { id } } } } }",
            json!({ "id": id("v", user, 0) }), ("/conversation/messages/nodes", 20), 1 + 21 + 20 + 10),
        case("tool calls of messages", "query($id: ID!) { conversation(id: $id) { messages(first: 20) { nodes { toolCalls { status } } } } }",
            json!({ "id": id("v", user, 0) }), ("/conversation/messages/nodes", 20), 1 + 21 + 10),
        // The words of 39 conversations, and all of the one that has this one.
        case("searching", "{ searchMessages(query: \"xylophone\", first: 10) { nodes { id } } }", json!({}), ("/searchMessages/nodes", 1),
            39 + 39 + 15 + 20),
        case("sending", "mutation($input: SendMessageInput!) { sendMessage(input: $input) { ... on SendMessageSuccess { run { id } } } }",
            json!({ "input": { "conversationId": id("v", user, 0), "content": "Hello.", "onBusy": "ENQUEUE" } }), ("/sendMessage/run/id", 1), 30),
        case("a node of each kind", "query($ids: [ID!]!) { nodes(ids: $ids) { id } }",
            json!({ "ids": [id("a", user, 1), id("c", user, 1), id("v", user, 1), id("m", user, 1)] }), ("/nodes", 4), 10),
    ]
}

/// base64url, as cursors are written.
pub(crate) fn cursor_text(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

#[tokio::test]
async fn everyday_operations_read_through_indexes_and_no_more_than_they_show() {
    let database = filled(USERS).await;
    let server = Server::on(database.clone(), &[]).await;
    let mut root = database.root().await;
    let mut before = reads(&mut root).await;
    for case in cases(17) {
        // Past the fifth time, a connection may change to a plan that does not know the values.
        const TIMES: i64 = 8;
        let caller = user(&server, 17);
        for _ in 0..TIMES {
            let data = caller.query(case.document, case.variables.clone()).await;
            let (path, count) = case.shows;
            let shown = data.pointer(path).unwrap_or(&Value::Null);
            let found = shown
                .as_array()
                .map_or(usize::from(shown.is_string()), Vec::len);
            assert_eq!(found, count, "{}: {data}", case.name);
        }
        let after = reads(&mut root).await;
        let mut fetched = 0;
        // Nothing grows here, and an empty table is read as a whole.
        for (table, (all, some)) in after.iter().filter(|(table, _)| *table != "run_deltas") {
            let (all_before, some_before) = before[table];
            assert_eq!(*all, all_before, "{} reads all of {table}", case.name);
            fetched += some - some_before;
        }
        assert!(fetched > 0, "{}: the counts were not handed in", case.name);
        // Looking into an index alone takes the row as well where its page was changed lately: hence half as many again.
        let most = case.rows * TIMES * 3 / 2 + TIMES;
        assert!(
            fetched <= most,
            "{} fetches {fetched} rows in {TIMES} times, not {most}",
            case.name
        );
        before = after;
    }
}

/// A year of what 50 people used of 20 agents, of whom user 17 is one and user 18 another.
const USED: &str =
    "INSERT INTO usage_days (organization_id, day, user_id, agent_id, agent_user_id, api_connection_id, service, model, completed, prompt_tokens)
     SELECT $1, date '2026-01-01' + d, CASE u WHEN 17 THEN $2 WHEN 18 THEN $3 ELSE 'u' || u END, 'a' || (u % 20),
            CASE u % 20 WHEN 17 THEN $2 WHEN 18 THEN $3 ELSE 'u' || (u % 20) END, 'c', 'openai', 'gpt-4o', 1, 10
     FROM generate_series(0, 364) d, generate_series(1, 50) u";

#[tokio::test]
async fn usage_of_a_month_reads_that_month_and_a_members_their_own() {
    let database = filled(USERS).await;
    let server = Server::on(database.clone(), &[]).await;
    let mut root = database.root().await;
    let (owner, member) = (user(&server, 17), user(&server, 18));
    sqlx::query(USED)
        .bind(&owner.organization_id)
        .bind(&owner.user_id)
        .bind(&member.user_id)
        .execute(&mut root)
        .await
        .unwrap();
    sqlx::raw_sql("ANALYZE usage_days")
        .execute(&mut root)
        .await
        .unwrap();
    let member = server.join(&owner, &member, "member").await;
    let document = "{ usage(groupBy: [USER, AGENT, MODEL], filter: { from: \"2026-06-01T00:00:00Z\", to: \"2026-07-01T00:00:00Z\" }) {
        rows { runs } total { runs } } }";
    // Those of all, those of one and of those who asked the same agent.
    for (caller, runs) in [(&owner, 30 * 50), (&member, 30 * 2)] {
        let before = reads(&mut root).await["usage_days"];
        for _ in 0..8 {
            let told = caller.query(document, json!({})).await;
            assert_eq!(told["usage"]["total"]["runs"], runs, "{told}");
        }
        let after = reads(&mut root).await["usage_days"];
        assert_eq!(after.0, before.0, "it is read from end to end");
        // The halves of a member share what one asked of one's own agents.
        let fetched = after.1 - before.1;
        let most = 8 * (runs + 30 + 20);
        assert!(
            fetched > 0 && fetched <= most,
            "{fetched} of at most {most}"
        );
    }
}
