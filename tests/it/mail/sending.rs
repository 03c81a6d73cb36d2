//! The queue and the mail server.

use std::time::Duration;

use agentry_mail::{Letters, Mailer, Message, Pace, Sender, SmtpSettings, Tls, Way};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::{Folder, Outbox, PATIENCE, Smtp, Turn};

fn message(to: &str) -> Message {
    let letters = Letters::new("Acme", "https://app.example".parse().unwrap());
    letters.verification(to, &"token".into())
}

fn sender() -> Sender {
    "Acme <no-reply@acme.example>".parse().unwrap()
}

/// Tries so often, without waiting long.
fn pace(tries: usize) -> Pace {
    Pace {
        patience: PATIENCE,
        waits: vec![Duration::from_millis(1); tries - 1],
    }
}

fn mailer(settings: SmtpSettings, pace: Pace) -> Mailer {
    Mailer::new(Way::Smtp(settings), sender(), pace)
}

#[tokio::test]
async fn message_reaches_the_server_from_whom_to_whom_it_should() {
    let smtp = Smtp::start(&[Turn::Accept]).await;
    let Ok(Way::Smtp(settings)) = Way::parse(&smtp.url().into()) else {
        panic!("no server")
    };
    assert!(mailer(settings, pace(1)).send(message("ada@example.com")));
    let mail = smtp.wait_for(1).await.remove(0);
    let auth = STANDARD.decode(&mail.auth).unwrap();
    assert_eq!(auth, b"\0user\0pass word");
    assert_eq!(mail.from, "no-reply@acme.example");
    assert_eq!(mail.to, ["ada@example.com"]);
    assert!(
        mail.data.contains("From: Acme <no-reply@acme.example>\n"),
        "{}",
        mail.data
    );
    assert!(
        mail.data
            .contains("\nhttps://app.example/verify-email?token=token\n"),
        "{}",
        mail.data
    );
}

#[tokio::test]
async fn temporary_faults_are_tried_again_and_the_message_comes_once() {
    let turns = [
        Turn::Greet("421 not now"),
        Turn::Recipient("450 greylisted"),
        Turn::SignIn("454 not now"),
        Turn::Cut,
        Turn::Greet("what is this"),
        Turn::Accept,
    ];
    let smtp = Smtp::start(&turns).await;
    let settings = SmtpSettings {
        login: Some(("user".to_owned(), "password".into())),
        ..smtp.settings()
    };
    let mailer = mailer(settings, pace(turns.len()));
    assert!(mailer.send(message("ada@example.com")));
    smtp.wait_for(1).await;
    mailer.close(PATIENCE).await;
    assert_eq!((smtp.connections(), smtp.mails().len()), (turns.len(), 1));
}

#[tokio::test]
async fn server_that_says_nothing_is_left_in_time() {
    let smtp = Smtp::start(&[Turn::Silence, Turn::Accept]).await;
    let pace = Pace {
        patience: Duration::from_millis(300),
        ..pace(20)
    };
    assert!(mailer(smtp.settings(), pace).send(message("ada@example.com")));
    smtp.wait_for(1).await;
    assert!(smtp.connections() > 1);
}

#[tokio::test]
async fn permanent_faults_are_final_and_temporary_ones_have_an_end() {
    for (turn, tries) in [
        (Turn::Recipient("550 no such user"), 1),
        (Turn::SignIn("535 wrong password"), 1),
        (Turn::Greet("554 go away"), 1),
        (Turn::Recipient("450 greylisted"), 3),
    ] {
        let smtp = Smtp::start(&[turn]).await;
        let settings = SmtpSettings {
            login: Some(("user".to_owned(), "password".into())),
            ..smtp.settings()
        };
        let mailer = mailer(settings, pace(3));
        assert!(mailer.send(message("ada@example.com")));
        smtp.wait_for_connections(tries).await;
        mailer.close(PATIENCE).await;
        assert_eq!(
            (smtp.connections(), smtp.mails().len()),
            (tries, 0),
            "{turn:?}"
        );
        assert!(!mailer.send(message("ada@example.com")), "it is closed");
    }
}

#[tokio::test]
async fn nothing_is_told_to_a_server_that_cannot_be_covered() {
    let smtp = Smtp::start(&[Turn::Accept]).await;
    for tls in [Tls::StartTls, Tls::Implicit] {
        let settings = SmtpSettings {
            tls,
            login: Some(("user".to_owned(), "password".into())),
            ..smtp.settings()
        };
        let mailer = mailer(settings, pace(1));
        let before = smtp.connections();
        assert!(mailer.send(message("ada@example.com")));
        smtp.wait_for_connections(before + 1).await;
        mailer.close(PATIENCE).await;
    }
    let told = smtp.commands();
    assert!(
        !told
            .iter()
            .any(|word| ["AUTH", "MAIL", "RCPT", "DATA"].contains(&word.as_str())),
        "{told:?}"
    );
}

#[tokio::test]
async fn what_waits_for_another_try_gets_it_at_the_stop() {
    let smtp = Smtp::start(&[Turn::Recipient("450 greylisted"), Turn::Accept]).await;
    let pace = Pace {
        patience: PATIENCE,
        waits: vec![Duration::from_hours(1)],
    };
    let mailer = mailer(smtp.settings(), pace);
    assert!(mailer.send(message("ada@example.com")));
    smtp.wait_for_connections(1).await;
    mailer.close(PATIENCE).await;
    // Either the first try was still under way when it was told to stop, and was then the last, or the second one came at once.
    let mails = smtp.mails().len();
    assert_eq!(smtp.connections(), mails + 1);
}

#[tokio::test]
async fn stopping_does_not_wait_longer_than_told() {
    let smtp = Smtp::start(&[Turn::Silence]).await;
    let mailer = mailer(smtp.settings(), pace(5));
    assert!(mailer.send(message("ada@example.com")));
    smtp.wait_for_connections(1).await;
    let closed = mailer.close(Duration::from_millis(50));
    tokio::time::timeout(PATIENCE, closed).await.unwrap();
}

#[tokio::test]
async fn queue_is_bounded_and_says_so() {
    let smtp = Smtp::start(&[Turn::Silence]).await;
    let mailer = mailer(smtp.settings(), pace(1));
    for _ in 0..256 {
        assert!(mailer.send(message("ada@example.com")));
    }
    assert!(!mailer.send(message("ada@example.com")));
}

#[tokio::test]
async fn server_sends_by_smtp_what_it_is_asked_for() {
    let smtp = Smtp::start(&[Turn::Accept]).await;
    let (url, from) = (
        format!("--mail-url={}", smtp.url()),
        "--mail-from=Acme <no-reply@acme.example>",
    );
    let server = crate::support::Server::start_with(&[&url, from]).await;
    server.sign_up("Ada").await;
    let mail = smtp.wait_for(1).await.remove(0);
    assert_eq!(mail.to, ["ada@example.com"]);
    assert!(mail.data.contains("/verify-email?token="), "{}", mail.data);
}

#[tokio::test]
async fn outbox_is_closed_to_others_and_its_files_are_whole() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let outbox = folder.path().join("deep/outbox");
    let mailer = Mailer::new(Way::Folder(outbox.clone()), sender(), pace(1));
    for number in 0..20 {
        assert!(mailer.send(message(&format!("ada{number}@example.com"))));
    }
    mailer.close(PATIENCE).await;
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&outbox), 0o700);
    let files: Vec<_> = std::fs::read_dir(&outbox)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    assert_eq!(files.len(), 20);
    for file in files {
        assert_eq!(mode(&file), 0o600);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            text.ends_with("--\r\n") && text.contains("/verify-email?token=token"),
            "{text}"
        );
    }
    let empty = Outbox::new();
    assert!(empty.letters().is_empty());
}

#[tokio::test]
async fn where_nothing_is_sent_nothing_is_taken() {
    let mailer = Mailer::new(Way::Off, sender(), pace(1));
    assert!(!mailer.is_on() && !mailer.send(message("ada@example.com")));
}
