#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

use super::desk::Want;
use super::follower::{BUFFER, PART, Piece};
use super::look::{Found, Row, hand_out};
use super::*;
use crate::PoolSettings;

const LONG: Duration = Duration::from_hours(1);

/// The next part, which is there.
async fn next(follower: &Follower) -> Result<Part, Stopped> {
    follower.next().await.unwrap().0
}

async fn text(follower: &Follower) -> (i32, String) {
    match next(follower).await {
        Ok(Part::Text { sequence, text }) => (sequence, text),
        other => panic!("{other:?}"),
    }
}

fn looked_at(after: i32) -> Follower {
    let follower = Follower::new(after);
    assert_eq!(follower.want(LONG), Some(after));
    follower.see(i32::MAX);
    follower
}

#[tokio::test]
async fn what_was_not_taken_in_time_is_taken_together_and_nothing_is_lost() {
    let follower = looked_at(7);
    for piece in ["ab", "c", "👩‍👧"] {
        follower.push(&Piece::of(piece), false);
    }
    assert_eq!(text(&follower).await, (13, "abc👩‍👧".to_owned()));
    follower.push(&Piece::of("é"), false);
    assert_eq!(text(&follower).await, (14, "é".to_owned()));
}

#[tokio::test]
async fn a_long_piece_is_cut_between_characters() {
    let follower = looked_at(0);
    let said = "é👍".repeat(PART);
    follower.push(&Piece::of(&said), false);
    let mut heard = String::new();
    for n in 1..=2 {
        let (sequence, text) = text(&follower).await;
        assert_eq!(text.chars().count(), PART);
        assert_eq!(usize::try_from(sequence).unwrap(), n * PART);
        heard.push_str(&text);
    }
    assert_eq!(heard, said);
}

#[tokio::test]
async fn nothing_is_read_for_one_who_is_full_until_there_is_room_again() {
    let follower = looked_at(0);
    follower.push(&Piece::of(&"x".repeat(BUFFER)), true);
    assert_eq!(follower.want(LONG), None);
    let (_, room) = follower.next().await.unwrap();
    assert!(room);
    let full = i32::try_from(BUFFER).unwrap();
    assert_eq!(follower.want(LONG), Some(full));
    assert_eq!(follower.want(LONG), None);
    follower.due();
    assert_eq!(follower.want(LONG), Some(full));
}

#[tokio::test]
async fn one_who_takes_nothing_is_told_where_to_go_on_behind_what_waits() {
    let follower = looked_at(0);
    follower.push(&Piece::of(&"x".repeat(BUFFER)), true);
    assert_eq!(follower.want(Duration::ZERO), None);
    let mut heard = 0;
    let stopped = loop {
        match next(&follower).await {
            Ok(Part::Text { text, .. }) => heard += text.len(),
            Ok(end) => panic!("{end:?}"),
            Err(stopped) => break stopped,
        }
    };
    assert_eq!(heard, BUFFER);
    let after = i32::try_from(BUFFER).unwrap();
    assert_eq!(stopped, Stopped::Behind { after });
    assert!(follower.next().await.is_none());
}

#[tokio::test]
async fn a_place_beyond_what_was_said_is_told_at_the_first_look() {
    let follower = Follower::new(4);
    follower.see(3);
    assert_eq!(follower.seen().await, Err(Stopped::Beyond { available: 3 }));
    let follower = Follower::new(3);
    follower.see(3);
    assert_eq!(follower.seen().await, Ok(()));
}

#[test]
fn a_place_may_lie_within_a_piece() {
    let row = |after, sequence, said: &str| {
        let row = Row::growing(after, sequence, said);
        row.found(100).0.piece.text.to_string()
    };
    assert_eq!(row(0, Some(4), "a👍éd"), "a👍éd");
    assert_eq!(row(2, Some(4), "a👍éd"), "éd");
    assert_eq!(row(3, Some(4), "a👍éd"), "d");
    assert_eq!(row(4, None, ""), "");
    // A gap: four characters before the fifth, and the first of them is missing.
    assert_eq!(row(0, Some(5), "👍éde"), "");
}

#[test]
fn more_is_known_to_be_there_when_as_much_was_read_as_may_be() {
    let found = |row: Row, rows| row.found(rows);
    let (one, ended) = found(Row::growing(0, Some(2), "ab"), 1);
    assert!(one.more && !ended);
    assert!(!found(Row::growing(0, Some(2), "ab"), 2).0.more);
    let (one, ended) = found(Row::ended(0, 3, "ab"), 1);
    assert!(one.more && ended);
    assert!(!found(Row::ended(1, 3, "bc"), 1).0.more);
}

fn tenant() -> Tenant {
    Tenant::new("u".into(), "o".into(), crate::Role::Member).unwrap()
}

/// The runs, places and numbers of followers.
fn places(wants: &[Want]) -> Vec<(&str, i32, usize)> {
    wants
        .iter()
        .map(|want| (want.run.as_str(), want.after, want.followers.len()))
        .collect()
}

#[test]
fn all_at_one_place_share_one_reading_and_the_furthest_come_first() {
    let desk = Desk::new(tenant());
    let run = RunId::from("r");
    let followers: Vec<_> = [5, 0, 5, 9]
        .into_iter()
        .map(|after| Arc::new(Follower::new(after)))
        .collect();
    for follower in &followers {
        desk.join(&run, Arc::clone(follower));
    }
    let wants = desk.wants(LONG);
    assert_eq!(places(&wants), [("r", 9, 1), ("r", 5, 2), ("r", 0, 1)]);
    assert!(desk.wants(LONG).is_empty());
    desk.due(&["other".into()]);
    assert!(desk.wants(LONG).is_empty());
    desk.due(std::slice::from_ref(&run));
    assert_eq!(desk.wants(LONG).len(), 3);
}

#[tokio::test]
async fn who_is_not_found_is_out_of_sight_and_the_others_go_on() {
    let desk = Desk::new(tenant());
    let (seen, lost) = (Arc::new(Follower::new(0)), Arc::new(Follower::new(0)));
    desk.join(&"seen".into(), Arc::clone(&seen));
    desk.join(&"lost".into(), Arc::clone(&lost));
    let found = Found {
        available: 2,
        piece: Piece::of("hi"),
        more: false,
        ending: None,
    };
    hand_out(
        &desk.wants(LONG),
        &HashMap::from([(("seen".into(), 0), found)]),
    );
    assert_eq!(lost.seen().await, Err(Stopped::Missing));
    assert_eq!(text(&seen).await, (2, "hi".to_owned()));
    desk.all_due();
    assert_eq!(places(&desk.wants(LONG)), [("seen", 2, 1)]);
}

/// A hub before a database that is away.
fn hub(pace: Pace) -> Hub {
    let nowhere = PgConnectOptions::new().socket("/nonexistent").port(1);
    let settings = PoolSettings {
        acquire_timeout: Duration::from_millis(20),
        ..PoolSettings::default()
    };
    let db = Db::open(nowhere, &settings);
    let live = Live::start(&db);
    Hub::new(db, live, pace)
}

#[tokio::test]
async fn a_database_that_stays_away_is_told_with_the_place_to_go_on_from() {
    let pace = Pace {
        retry: Duration::from_millis(1),
        patience: Duration::from_millis(50),
        ..Pace::default()
    };
    let hub = hub(pace);
    let refused = hub.follow(&tenant(), &"r".into(), 3).await.unwrap_err();
    assert_eq!(refused, Stopped::Away { after: 3 });
    let patient = Pace {
        first_look: Duration::from_millis(50),
        ..Pace::default()
    };
    let hub = self::hub(patient);
    let refused = hub.follow(&tenant(), &"r".into(), 4).await.unwrap_err();
    assert_eq!(refused, Stopped::Away { after: 4 });
}

#[tokio::test]
async fn nothing_is_kept_of_those_who_follow_no_more() {
    let hub = hub(Pace::default());
    let (one, two) = (
        hub.0.join(&tenant(), &"r".into(), 0),
        hub.0.join(&tenant(), &"r".into(), 0),
    );
    drop(one);
    assert!(!hub.0.desks().values().next().unwrap().is_empty());
    drop(two);
    let gone = async {
        while !hub.0.desks().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), gone).await.unwrap();
}

#[tokio::test]
async fn a_hub_that_closes_tells_all_to_come_again() {
    let hub = hub(Pace::default());
    let mut following = hub.0.join(&tenant(), &"r".into(), 9);
    hub.close();
    let stopped = timeout(Duration::from_secs(30), following.next()).await;
    let stopped = stopped.unwrap().unwrap().unwrap_err();
    assert_eq!(stopped, Stopped::Away { after: 9 });
}
