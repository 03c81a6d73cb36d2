//! Every piece on its own: what `doctor` and `serve` say of it, what `migrate` adds, and that the rest of the advice helps.

use std::fmt::Write as _;

use futures_util::StreamExt as _;
use futures_util::stream;
use sqlx::ConnectOptions as _;

use super::pieces_list::CHANGES;
use super::{migrate, run};
use crate::support::{Agentry, Database, Ended};
use crate::walking::snapshot::assert_kept;

#[tokio::test]
async fn each_piece_that_is_amiss_is_told_in_a_sentence_with_a_remedy_that_helps() {
    let told: Vec<String> = stream::iter(CHANGES)
        .map(|change| outcome(change))
        .buffered(3)
        .collect()
        .await;
    assert_kept("../auth_shapes/pieces.snapshot.txt", &told.join("\n"));
}

/// What is said of one change.
async fn outcome(change: &str) -> String {
    let database = Database::copy().await;
    let mut owner = database.owner.connect().await.unwrap();
    run(&mut owner, change).await;
    let mut told = format!("{change}\n");

    let looked = Agentry::serving(&database).run(&["doctor"]).await;
    let findings = findings(&looked);
    for [mark, text, advice] in &findings {
        let _ = writeln!(told, "  {mark} {text}\n       {advice}");
    }
    let fails = findings.iter().any(|[mark, ..]| mark == "FAIL");
    assert_eq!(looked.code, Some(i32::from(fails)), "{change}: {looked:?}");

    if fails {
        let ended = Agentry::serving(&database).refuse().await;
        assert_eq!(ended.code, Some(1), "{change}: {ended:?}");
        assert_eq!(ended.stdout, "", "no address is told");
        // Where row security does not bind, that alone is told.
        let isolates = !ended.stderr.contains("does not isolate tenants");
        for [_, text, advice] in findings
            .iter()
            .filter(|[mark, ..]| isolates && mark == "FAIL")
        {
            let line = format!(": {text}. {advice}");
            assert!(ended.stderr.contains(&line), "{line}: {ended:?}");
        }
        told.push_str(if isolates {
            "  serve refuses\n"
        } else {
            "  serve refuses, as row security does not bind\n"
        });
    } else {
        let ended = Agentry::serving(&database).serve().await.stop().await;
        assert_eq!(ended.code, Some(0), "{change}: {ended:?}");
        let warnings = ended.stderr.matches(r#""level":"WARN""#).count();
        assert_eq!(warnings, findings.len(), "{change}: {ended:?}");
        let _ = writeln!(told, "  serve starts with {warnings} warnings");
    }

    let migrated = migrate(&database).await;
    for line in migrated
        .stdout
        .lines()
        .filter(|line| line.starts_with("Amended: "))
    {
        let (what, _) = line.split_once(". Done: ").unwrap();
        let _ = writeln!(told, "  migrate: {what}");
    }
    let _ = writeln!(told, "  migrate ends with {}", migrated.code.unwrap());
    // What is left is for somebody to decide; as advised, it is well again.
    let left = self::findings(&Agentry::serving(&database).run(&["doctor"]).await);
    let beyond = left
        .iter()
        .filter(|[_, _, advice]| statement(advice).is_none())
        .count();
    if left.len() > beyond {
        for sql in left.iter().filter_map(|[_, _, advice]| statement(advice)) {
            run(&mut owner, &sql).await;
        }
        migrate(&database).await;
        let ended = Agentry::serving(&database).run(&["doctor"]).await;
        assert_eq!(self::findings(&ended).len(), beyond, "{change}: {ended:?}");
    }
    told.push_str(match (left.len(), beyond) {
        (0, _) => "",
        (_, 0) => "  the advice helps\n",
        (_, _) => "  needs a decision\n",
    });
    told
}

/// Mark, sentence and advice of what `doctor` finds amiss in the auth tables.
fn findings(ended: &Ended) -> Vec<[String; 3]> {
    let lines: Vec<&str> = ended.stdout.lines().collect();
    lines
        .windows(2)
        .filter(|pair| pair[0].starts_with("FAIL") || pair[0].starts_with("warn"))
        .map(|pair| {
            let (mark, rest) = pair[0].split_at(4);
            let words: Vec<&str> = rest.split_whitespace().collect();
            [mark.to_owned(), words.join(" "), pair[1].trim().to_owned()]
        })
        .map(|[mark, text, advice]| {
            let text = text
                .strip_prefix("table ")
                .unwrap_or_else(|| panic!("{ended:?}"));
            let (_, sentence) = text.split_once(' ').unwrap();
            [mark, sentence.to_owned(), advice]
        })
        .collect()
}

/// The statement in a piece of advice, as its owner would run it.
fn statement(advice: &str) -> Option<String> {
    let (_, sql) = advice.rsplit_once("gentry_migrator: ")?;
    Some(sql.replace("the role that it is meant for", "agentry_keeper"))
}
