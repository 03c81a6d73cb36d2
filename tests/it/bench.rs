//! The benchmark compares the server with pgbench sending the very statements that the server sends: here is whether it does.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::plans::{cursor_text, filled, id, user};
use crate::support::{Server, Tap, until};

/// The scripts, and the variables of the operations they stand for.
fn scripts() -> [(&'static str, Value); 5] {
    let micros = (1_767_225_600_u64 + 250 * 60) * 1_000_000;
    let cursor = cursor_text(&format!("m:{}:{micros}", id("m", 0, 250)));
    let input = json!({ "conversationId": id("v", 0, 3), "role": "USER", "content": "Hello." });
    let after = json!({ "conversation": id("v", 0, 0), "after": cursor });
    [
        ("w1", json!({ "id": id("a", 0, 7) })),
        ("w2", json!({})),
        ("w3", json!({ "agents": 20 })),
        ("w4", after),
        ("w5", json!({ "input": input })),
    ]
}

fn path(file: &str) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap().join("bench").join(file)
}

/// A statement without what differs from one time to the next: spaces and texts in quotes.
fn plain(statement: &str) -> String {
    let words: Vec<&str> = statement.split_whitespace().collect();
    let mut parts = words.join(" ");
    // Every other part is in quotes.
    parts = parts
        .split('\'')
        .enumerate()
        .map(|(n, part)| if n % 2 == 1 { "'…'" } else { part })
        .collect();
    parts.trim_end_matches(';').to_owned()
}

/// What a script sends: its own statements, and what it executes of what it prepared.
fn sends(script: &str) -> Vec<String> {
    let lines = script.lines().filter(|line| {
        let meta = line.starts_with('\\') || line.starts_with("--");
        !meta
    });
    let text = lines.collect::<Vec<_>>().join("\n").replace("\\;", "\u{1}");
    let mut prepared = Vec::new();
    let mut sent = Vec::new();
    for statement in text
        .split(';')
        .map(str::trim)
        .filter(|text| !text.is_empty())
    {
        let statement = statement.replace('\u{1}', ";");
        if let Some(rest) = statement.strip_prefix("PREPARE ") {
            let (name, body) = rest.split_once(" AS").unwrap();
            let (name, _) = name.split_once('(').unwrap();
            prepared.push((name.to_owned(), plain(body)));
        } else if let Some(rest) = statement.strip_prefix("EXECUTE ") {
            let (name, _) = rest.split_once('(').unwrap();
            let (_, body) = prepared.iter().find(|(other, _)| other == name).unwrap();
            sent.push(body.clone());
        } else {
            sent.push(plain(&statement));
        }
    }
    sent
}

fn ends(statement: &str) -> bool {
    statement == "ROLLBACK" || statement == "COMMIT"
}

/// The script with what it prepares written anew, where as many statements are sent.
fn renewed(script: &str, old: &[String], sent: &[String]) -> String {
    let mut renewed = String::new();
    for statement in script.split_inclusive(";\n") {
        let stale = old.iter().zip(sent).find(|(old, sent)| {
            old != sent && statement.contains("PREPARE ") && plain(statement).contains(&***old)
        });
        match (stale, statement.split_once(" AS\n")) {
            (Some((_, sent)), Some((head, _))) => {
                // One line for each table that is read.
                let body = sent.replace(" FROM \"", "\n  FROM \"");
                renewed.extend([head, " AS\n  ", &body, ";\n"]);
            }
            _ => renewed.push_str(statement),
        }
    }
    renewed
}

#[tokio::test]
async fn pgbench_sends_what_the_server_sends() {
    let (tap, database) = Tap::before(&filled(1).await);
    let server = Server::on(database, &["--pool-size=1"]).await;
    let caller = user(&server, 0);
    let mut stale = Vec::new();
    for (name, variables) in scripts() {
        let file = path(&format!("pgbench/{name}.sql"));
        let script = std::fs::read_to_string(&file).unwrap();
        let document = path(&format!("documents/{name}.graphql"));
        let document = std::fs::read_to_string(document).unwrap();
        let before: Vec<usize> = tap.heard().iter().map(Vec::len).collect();
        caller.query(&document, variables).await;
        let sent = until("the transaction ends", || async {
            let heard = tap.heard();
            let new = heard.iter().enumerate().map(|(connection, heard)| {
                let known = before.get(connection).copied().unwrap_or_default();
                &heard[known..]
            });
            // On other connections nobody's credential is looked up.
            let mut of_this = new.filter_map(|new| {
                let begin = new
                    .iter()
                    .position(|it| it.contains("auth_resolve_session"))?;
                let end = new.iter().skip(begin).position(|it| ends(it))?;
                Some(new[begin..=begin + end].to_vec())
            });
            of_this.next()
        })
        .await;
        let sent: Vec<String> = sent.iter().map(|statement| plain(statement)).collect();
        let old = sends(&script);
        if sent != old {
            if std::env::var_os("AGENTRY_SNAPSHOTS").is_some() {
                std::fs::write(&file, renewed(&script, &old, &sent)).unwrap();
            }
            stale.push(format!(
                "{name}.sql; the server sends\n{}",
                sent.join(";\n")
            ));
        }
    }
    assert!(
        stale.is_empty(),
        "in bench/pgbench: write them anew with AGENTRY_SNAPSHOTS=write, and see to what they are executed with: {}",
        stale.join("\n\n")
    );
}
