//! From any place, at any time, the same text.

use super::client::Way;
use super::worker::pieces;
use super::{Heard, Stage, heard, listen, rest, until_end, until_sequence};

/// Letters of one to four bytes, characters that combine, and what must be escaped.
const TEXT: &str = "Grüße, 世界! e\u{301} 👩‍👩‍👧‍👦 🏳️‍🌈 \"quoted\" \\ and\nmore\u{7f}";

#[tokio::test]
async fn every_place_can_be_gone_on_from_before_while_and_after_the_reply_is_folded() {
    let stage = Stage::start().await;
    let run = stage.running().await;
    let text = TEXT;
    let length = text.chars().count();
    stage.worker.say_in_pieces(&run, text, &[1, 5, 2, 9]).await;
    for after in 0..length {
        let mut heard = Heard::after(after);
        let mut ear = listen(&stage.ada, Way::Socket, &run, after).await;
        until_sequence(&mut ear, &mut heard, length).await;
        assert_eq!(heard.text, rest(text, after));
    }
    stage.worker.finish(&run, text, "completed").await;
    for after in 0..=length {
        for (way, caller) in [(Way::Socket, &stage.ada), (Way::Events, &stage.elsewhere())] {
            let heard = heard(caller, way, &run, after).await;
            assert_eq!(heard.text, rest(text, after), "{after}");
            let end = heard.end.unwrap();
            assert_eq!(end["run"]["status"], "COMPLETED");
            assert_eq!(end["message"]["content"], text);
        }
    }
}

#[tokio::test]
async fn what_is_said_reaches_a_listener_at_another_server_piece_by_piece() {
    let stage = Stage::start().await;
    let run = stage.running().await;
    for way in [Way::Socket, Way::Events] {
        let mut ear = listen(&stage.elsewhere(), way, &run, 0).await;
        let mut heard = Heard::default();
        if way == Way::Socket {
            for (sequence, piece) in pieces(TEXT, &[3, 1]) {
                stage.worker.say(&run, sequence, &piece).await;
                until_sequence(&mut ear, &mut heard, sequence).await;
            }
        } else {
            until_sequence(&mut ear, &mut heard, TEXT.chars().count()).await;
        }
        assert_eq!(heard.text, TEXT);
    }
}

#[tokio::test]
async fn listening_may_begin_before_the_run_does() {
    let stage = Stage::start().await;
    let run = stage.queued().await;
    let mut ears = [
        listen(&stage.ada, Way::Socket, &run, 0).await,
        listen(&stage.elsewhere(), Way::Events, &run, 0).await,
    ];
    stage.worker.begin(&run).await;
    stage.worker.say_in_pieces(&run, "soon", &[3]).await;
    stage.worker.finish(&run, "sooner", "cancelled").await;
    for ear in &mut ears {
        let mut heard = Heard::default();
        until_end(ear, &mut heard).await;
        assert_eq!(heard.text, "sooner");
        let end = heard.end.unwrap();
        assert_eq!(end["run"]["status"], "CANCELLED");
        assert_eq!(end["message"]["role"], "ASSISTANT");
    }
}

#[tokio::test]
async fn a_run_that_failed_without_a_word_ends_without_a_message() {
    let stage = Stage::start().await;
    let run = stage.queued().await;
    let mut ear = listen(&stage.ada, Way::Socket, &run, 0).await;
    stage.worker.finish(&run, "", "failed").await;
    let mut heard = Heard::default();
    until_end(&mut ear, &mut heard).await;
    let end = heard.end.unwrap();
    assert_eq!((&*heard.text, heard.sequence), ("", 0));
    assert_eq!(end["run"]["status"], "FAILED");
    assert!(end["message"].is_null(), "{end}");
}

#[tokio::test]
async fn text_folded_between_two_looks_is_neither_lost_nor_told_twice() {
    let stage = Stage::start().await;
    for round in 0..20 {
        let run = stage.running().await;
        let mut ear = listen(&stage.ada, Way::Socket, &run, 0).await;
        let mut heard = Heard::default();
        stage.worker.say(&run, 4, "one ").await;
        if round % 2 == 0 {
            until_sequence(&mut ear, &mut heard, 4).await;
        }
        stage.worker.say(&run, 8, "two ").await;
        // The last piece comes with the message alone.
        stage
            .worker
            .finish(&run, "one two three", "completed")
            .await;
        until_end(&mut ear, &mut heard).await;
        assert_eq!(heard.text, "one two three", "{round}");
    }
}

#[tokio::test]
async fn a_long_reply_comes_in_parts_that_a_socket_bears() {
    let stage = Stage::start().await;
    let run = stage.running().await;
    let text: String = (0..1_000_000)
        .map(|n| if n % 97 == 0 { '👍' } else { 'x' })
        .collect();
    stage.worker.say_in_pieces(&run, &text, &[40_000]).await;
    let mut growing = Heard::default();
    let mut ear = listen(&stage.ada, Way::Events, &run, 0).await;
    until_sequence(&mut ear, &mut growing, 1_000_000).await;
    stage.worker.finish(&run, &text, "completed").await;
    until_end(&mut ear, &mut growing).await;
    let folded = heard(&stage.ada, Way::Socket, &run, 0).await;
    assert!(growing.text == text && folded.text == text);
}
