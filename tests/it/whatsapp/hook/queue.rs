//! Many parts and messages that wait: by one number, which does not keep the others' waiting, and in tables that were quiet before.

use std::time::Duration;

use agentry_db::run::Worker;
use agentry_db::whatsapp::Publishers;
use agentry_db::whatsapp::outbox::{self, Claimed, Later, Room, Task};
use agentry_provider_testkit::{Answer, FaultServer};
use agentry_whatsapp_testkit::{Phone, sign};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};
use tokio::time::timeout;

use super::{PHONE, SECRET, Stage, parts, register, registered};
use crate::support::until;
use crate::templates::{offer, publisher};

/// More rows than a claim has to read, and far fewer than one that reads all that waits.
const ROWS: i64 = 1_000;

async fn run(root: &mut PgConnection, statement: &str) {
    let statement = AssertSqlSafe(statement.to_owned());
    sqlx::raw_sql(statement).execute(root).await.unwrap();
}

/// Answers of one part each in this state, to as many people, by this number.
async fn fill(root: &mut PgConnection, number: &str, count: u32, state: &str) {
    let content = if state == "sent" { "NULL" } else { "'Hello'" };
    let base = format!("{state}-{number}");
    run(root, &format!(
        "INSERT INTO whatsapp_inbox (number_id, message_id, sender, kind, sent_at, outcome, done_at)
         SELECT '{number}', '{state}-' || n, '{state}-' || n, 'text', now(), 'not_linked', now() FROM generate_series(1, {count}) n;
         INSERT INTO whatsapp_outbox (id, number_id, message_id, position, part, sender, state, content, window_until)
         SELECT md5('{base}' || i.position), i.number_id, i.message_id, i.position, 1, i.sender, '{state}', {content}, now() + interval '1 day'
         FROM whatsapp_inbox i WHERE i.number_id = '{number}' AND i.message_id LIKE '{state}-%'"
    )).await;
}

/// Makes statistics of a quiet table, and nobody makes better ones.
async fn quiet(root: &mut PgConnection, number: &str) {
    fill(root, number, 500, "sent").await;
    run(
        root,
        "ALTER TABLE whatsapp_inbox SET (autovacuum_enabled = false);
         ALTER TABLE whatsapp_outbox SET (autovacuum_enabled = false);
         ANALYZE whatsapp_inbox; ANALYZE whatsapp_outbox",
    )
    .await;
}

/// How many rows a call answers with, and how many of the inbox and the outbox it reads for that.
async fn read(root: &mut PgConnection, call: &str) -> (usize, i64) {
    const READ: &str = "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_user_tables
        WHERE relname IN ('whatsapp_inbox', 'whatsapp_outbox')";
    run(root, "SET statement_timeout = '30s'; BEGIN").await;
    let before: i64 = sqlx::query_scalar(READ)
        .fetch_one(&mut *root)
        .await
        .unwrap();
    let statement = AssertSqlSafe(format!("SELECT * FROM {call}"));
    let rows = sqlx::query(statement).fetch_all(&mut *root).await.unwrap();
    let after: i64 = sqlx::query_scalar(READ)
        .fetch_one(&mut *root)
        .await
        .unwrap();
    run(root, "ROLLBACK").await;
    (rows.len(), after - before)
}

async fn number_ids(root: &mut PgConnection) -> Vec<String> {
    let ids = "SELECT id FROM whatsapp_numbers ORDER BY created_at, id";
    sqlx::query_scalar(ids).fetch_all(root).await.unwrap()
}

/// Nobody works, and there are so many numbers.
async fn idle(numbers: usize) -> (Stage, PgConnection, Vec<String>) {
    let stage = Stage::set_with(&["--whatsapp-workers=0"]).await;
    for n in 1..numbers {
        let done = register(&stage.acme, &stage.template, &format!("555{n}"), "EAAtoken").await;
        assert_eq!(
            done["__typename"], "RegisterWhatsAppNumberSuccess",
            "{done}"
        );
    }
    let mut root = stage.server.database.root().await;
    let ids = number_ids(&mut root).await;
    (stage, root, ids)
}

#[tokio::test]
async fn a_quiet_tables_statistics_do_not_make_a_claim_read_all_that_waits() {
    let (_stage, mut root, ids) = idle(1).await;
    quiet(&mut root, &ids[0]).await;
    fill(&mut root, &ids[0], 6_000, "ready").await;
    let call = "whatsapp_outbox_claim(NULL, 'somebody', 60, 16, 16, 60)";
    let (rows, read) = read(&mut root, call).await;
    assert_eq!(rows, 16);
    assert!((1..ROWS).contains(&read), "{read}");
}

#[tokio::test]
async fn what_waits_by_a_number_whose_token_is_refused_is_not_read_for_the_others() {
    let (_stage, mut root, ids) = idle(2).await;
    quiet(&mut root, &ids[0]).await;
    fill(&mut root, &ids[0], 10_000, "ready").await;
    run(
        &mut root,
        &format!(
            "UPDATE whatsapp_numbers SET token_refused_at = now() WHERE id = '{}'",
            ids[0]
        ),
    )
    .await;
    fill(&mut root, &ids[1], 3, "ready").await;
    let call = "whatsapp_outbox_claim(NULL, 'somebody', 60, 16, 4, 60)";
    let (rows, read) = read(&mut root, call).await;
    assert_eq!(rows, 3);
    assert!((1..ROWS).contains(&read), "{read}");
}

#[tokio::test]
async fn messages_are_taken_up_by_a_quiet_tables_statistics_as_well() {
    let (_stage, mut root, ids) = idle(1).await;
    quiet(&mut root, &ids[0]).await;
    run(&mut root, &format!(
        "INSERT INTO whatsapp_inbox (number_id, message_id, sender, kind, content, sent_at)
         SELECT '{}', 'open-' || n, 'open-' || n % 3000, 'text', 'Hello', now() FROM generate_series(1, 6000) n", ids[0]
    )).await;
    let call = "whatsapp_inbox_claim('somebody', 60, 32)";
    let (rows, read) = read(&mut root, call).await;
    assert_eq!(rows, 32);
    assert!((1..ROWS).contains(&read), "{read}");
}

#[tokio::test]
async fn a_gateway_that_hangs_keeps_nobody_elses_answers() {
    let gateway = FaultServer::start().await;
    gateway.always(Answer::Silence);
    let allow = format!("--allow-hosts={}", gateway.allowed());
    let stage = Stage::set_with(&[allow.as_str()]).await;
    let other = publisher(&stage.server, "Sue", "second").await;
    let template = offer(&other, "by-gateway", super::bot("Gate")).await;
    let via =
        json!({ "gateway": { "url": gateway.url("/out").as_str(), "phone": "+447900000009" } });
    let input = json!({ "templateId": template, "via": via, "appSecret": SECRET });
    let done = registered(&other, input).await;
    let path = done["whatsAppNumber"]["webhookPath"].as_str().unwrap();
    let hook = format!("{}{path}", stage.server.url);
    let phone = Phone::new("whatever", SECRET);
    for n in 0..20 {
        let from = format!("4477009030{n:02}");
        let status = phone.text(&hook, &from, &format!("G{n}"), "Hello?").await;
        assert_eq!(status, 200);
    }
    until("all of it is to be sent", || async {
        let (sending, ready) = (
            parts(&stage.server, "sending").await,
            parts(&stage.server, "ready").await,
        );
        (sending > 0 && sending + ready == 20).then_some(())
    })
    .await;
    // A call to a gateway may take twenty seconds.
    stage.text(PHONE, "wamid.1", "Hello?").await;
    let answered = timeout(Duration::from_secs(10), stage.meta.wait_for(1)).await;
    assert!(answered.is_ok(), "another's gateway is waited for");
    // A quarter of the eight.
    assert_eq!(gateway.requests().len(), 2);
}

#[tokio::test]
async fn a_number_that_was_silent_is_left_alone_for_longer_each_time_and_tried_by_one_part() {
    let (stage, mut root, ids) = idle(2).await;
    let db = crate::whatsapp::db(&stage.server);
    let (me, another) = (Worker::new(), Worker::new());
    fill(&mut root, &ids[0], 20, "ready").await;
    let claim = async |worker: &Worker| {
        let (lease, doubt) = (Duration::from_mins(1), Duration::from_secs(1));
        let room = Room {
            limit: 16,
            each: 4,
            lease,
            doubt,
        };
        let claimed = outbox::claim(&db, &Publishers::All, worker, room).await;
        let Claimed { due, dropped } = claimed.unwrap();
        assert_eq!(dropped, 0);
        let parts = due.into_iter().map(|due| match due.task {
            Task::Send(_, by) => (due.id, by.number.into_string()),
            Task::Fold(..) => panic!("nobody was asked"),
        });
        parts.collect::<Vec<_>>()
    };
    let silent = async |id: &str| {
        let (wait, how) = (Duration::ZERO, Later::Again);
        let later = outbox::later(&db, &me, id, how, wait, "TIMEOUT", true).await;
        assert!(later.unwrap());
    };
    let held = "SELECT silences, extract(epoch FROM held_until - now())::float8 FROM whatsapp_numbers WHERE id = $1";
    let pass = "UPDATE whatsapp_numbers SET held_until = now() - interval '1 second' WHERE held_until IS NOT NULL";
    // So many at each server.
    let mine = claim(&me).await;
    assert_eq!(
        (
            mine.len(),
            claim(&me).await.len(),
            claim(&another).await.len()
        ),
        (4, 0, 4)
    );
    // Those that were under way at once count as one.
    for (id, _) in &mine {
        silent(id).await;
    }
    fill(&mut root, &ids[1], 1, "ready").await;
    let other = claim(&me).await;
    assert_eq!(other.len(), 1);
    assert_eq!(other[0].1, ids[1]);
    let mut longest = 0.0;
    let mut last = String::new();
    for times in 1..=3 {
        let row = sqlx::query(held).bind(&ids[0]).fetch_one(&mut root).await;
        let row = row.unwrap();
        let (silences, wait): (i32, f64) = (row.get(0), row.get(1));
        assert_eq!(silences, times);
        assert!(wait > longest, "{wait} after {longest}");
        longest = wait;
        assert!(claim(&me).await.is_empty());
        run(&mut root, pass).await;
        let one = claim(&me).await;
        assert_eq!(one.len(), 1, "{one:?}");
        last.clone_from(&one[0].0);
        if times < 3 {
            silent(&last).await;
        }
    }
    // It answers: all is as before.
    assert!(outbox::sent(&db, &me, &last, "wamid.out").await.unwrap());
    assert_eq!(claim(&me).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_waits_to_be_stored_than_fits_while_the_database_stands_still() {
    let (stage, mut root, _) = idle(1).await;
    let courier = &stage.server.courier;
    // One more than there is room for.
    let deliveries = (0..23).map(|n| {
        let told = json!({ "type": "text", "text": { "body": "Hello" } });
        let message = Phone::message(PHONE, &format!("wamid.{n}"), told);
        let padding = "x".repeat(3_000_000);
        let value = json!({ "messages": [message], "padding": padding });
        stage.phone.delivery(value)
    });
    let deliveries: Vec<Vec<u8>> = deliveries.collect();
    run(&mut root, "BEGIN; LOCK TABLE whatsapp_inbox").await;
    let all = deliveries.into_iter().map(|body| {
        let courier = courier.clone();
        tokio::spawn(async move {
            let signature = sign(SECRET, &body);
            courier.deliver(None, &signature, &body).await.is_ok()
        })
    });
    let all: Vec<_> = all.collect();
    until("one is put off", || async {
        (courier.counts().deliveries_put_off > 0).then_some(())
    })
    .await;
    run(&mut root, "COMMIT").await;
    let mut taken = 0;
    for one in all {
        taken += usize::from(one.await.unwrap());
    }
    assert_eq!(taken, 22);
}
