//! Servers that are killed at any moment, while people write: each message is answered, and answered once.
//!
//! `AGENTRY_KILL_MESSAGES` and `AGENTRY_KILLS` make it as long as one likes; see CONTRIBUTING.md.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use agentry_whatsapp_testkit::{CloudApi, Phone};
use serde_json::json;
use tokio::sync::watch;

use super::{NUMBER, SECRET, SLUG, TOKEN, bot, register};
use crate::support::{Agentry, Caller, Database, Running};
use crate::templates::{installed, mutate, offer};

/// How many people write.
const PEOPLE: usize = 10;
/// How many messages are under way at once.
const AT_ONCE: usize = 16;
/// How long one message may take at most, on the average.
const EACH: Duration = Duration::from_millis(600);

fn number(name: &str, usual: usize) -> usize {
    let set = std::env::var(name).ok();
    set.map_or(usual, |text| text.parse().unwrap())
}

/// A server that may do all of it.
async fn serve(database: &Database, meta: &CloudApi) -> Running {
    Agentry::serving(database)
        .env("AGENTRY_WHATSAPP_PUBLISHERS", "*")
        .env("AGENTRY_WHATSAPP_GRAPH_URL", meta.url())
        .env("AGENTRY_WHATSAPP_PER_SENDER", "1000000")
        .env("AGENTRY_WHATSAPP_LEASE", "2s")
        .env("AGENTRY_WHATSAPP_DOUBT", "10s")
        .env("AGENTRY_RUN_LEASE", "2s")
        .env("AGENTRY_RUNS_PER_MINUTE", "1000000")
        .env("AGENTRY_MAX_RUNS", "1000")
        .env("AGENTRY_ECHO_DELAY", "1ms")
        .env("AGENTRY_TITLES", "false")
        .env("AGENTRY_SIGN_UP_PER_ADDRESS", "1000")
        .serve()
        .await
}

/// Where the servers are by now.
type Places = watch::Receiver<Vec<String>>;

/// Delivers as Meta does: to one place, and again elsewhere until it is answered with 200.
async fn deliver(phone: &Phone, places: &Places, from: &str, id: &str, text: &str) {
    let body = phone.text_delivery(from, id, text);
    for n in 0_usize.. {
        let place = {
            let places = places.borrow();
            (!places.is_empty()).then(|| places[n % places.len()].clone())
        };
        if let Some(place) = place
            && phone
                .deliver(&format!("{place}/webhooks/whatsapp"), body.clone())
                .await
                == 200
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_message_is_answered_once_however_often_servers_are_killed() {
    let messages = number("AGENTRY_KILL_MESSAGES", 60);
    let kills = number("AGENTRY_KILLS", 3);
    let meta = CloudApi::start().await;
    let database = Database::copy().await;
    let mut servers = vec![serve(&database, &meta).await, serve(&database, &meta).await];
    let first = servers[0].url.clone();
    let acme = Caller::sign_up_at(&first, "Pat").await;
    let made = json!({ "name": "acme", "slug": "acme" });
    let made = mutate(&acme, "createOrganization", "organization { id }", made).await;
    let acme = acme.in_organization(made["organization"]["id"].as_str().unwrap());
    let template = offer(&acme, SLUG, bot("Helper")).await;
    let done = register(&acme, &template, NUMBER, TOKEN).await;
    assert_eq!(
        done["__typename"], "RegisterWhatsAppNumberSuccess",
        "{done}"
    );
    let phone = Phone::new(NUMBER, SECRET);
    let (tell, places) = watch::channel(vec![servers[0].url.clone(), servers[1].url.clone()]);
    let people: Vec<String> = (0..PEOPLE).map(|n| format!("4477009010{n:02}")).collect();
    for (n, from) in people.iter().enumerate() {
        let person = Caller::sign_up_at(&first, &format!("Person {n}")).await;
        installed(&person, json!({ "slug": SLUG })).await;
        let code = super::code(&person, from).await;
        deliver(&phone, &places, from, &format!("wamid.code.{n}"), &code).await;
        meta.wait_for(n + 1).await;
    }
    // Callbacks come back by whichever server there is: the address of the first stays that of a server.
    let relay = relay(places.clone()).await;
    meta.call_back(&relay, &phone);
    let delivered = Arc::new(AtomicUsize::new(0));
    let mut senders = Vec::new();
    for lane in 0..AT_ONCE {
        let (phone, places, people) = (phone.clone(), places.clone(), people.clone());
        let delivered = Arc::clone(&delivered);
        senders.push(tokio::spawn(async move {
            for n in (lane..messages).step_by(AT_ONCE) {
                let from = &people[n % PEOPLE];
                deliver(
                    &phone,
                    &places,
                    from,
                    &format!("wamid.{n}"),
                    &format!("message-{n}-end"),
                )
                .await;
                delivered.fetch_add(1, Ordering::SeqCst);
            }
        }));
    }
    for kill in 0..kills {
        let due = messages * (kill + 1) / (kills + 1);
        crate::support::until("so many are delivered", || async {
            (delivered.load(Ordering::SeqCst) >= due).then_some(())
        })
        .await;
        let victim = servers.remove(0);
        tell.send_replace(servers.iter().map(|server| server.url.clone()).collect());
        drop(victim.crash().await);
        servers.push(serve(&database, &meta).await);
        tell.send_replace(servers.iter().map(|server| server.url.clone()).collect());
    }
    for sender in senders {
        sender.await.unwrap();
    }
    let count = u32::try_from(messages).unwrap();
    let give_up = Instant::now() + Duration::from_mins(2) + EACH * count;
    loop {
        let mut answers: HashMap<usize, usize> = HashMap::new();
        for sent in meta.sent() {
            let n = sent
                .text
                .split("message-")
                .nth(1)
                .and_then(|rest| rest.split("-end").next());
            if let Some(n) = n {
                *answers.entry(n.parse().unwrap()).or_default() += 1;
            }
        }
        let twice: Vec<_> = answers.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "answered more than once: {twice:?}");
        if answers.len() == messages {
            break;
        }
        assert!(
            Instant::now() < give_up,
            "{} of {messages} are answered",
            answers.len()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // Nothing is left to do, so nothing comes a second time.
    let mut root = database.root().await;
    let open = "SELECT (SELECT count(*) FROM whatsapp_inbox WHERE done_at IS NULL)
        + (SELECT count(*) FROM whatsapp_outbox WHERE state IN ('awaiting', 'ready', 'sending', 'doubt'))";
    loop {
        let left: i64 = sqlx::query_scalar(open).fetch_one(&mut root).await.unwrap();
        if left == 0 {
            break;
        }
        assert!(Instant::now() < give_up, "{left} are left");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(meta.sent().len(), PEOPLE + messages);
}

/// One address for whichever server there is, as a balancer gives it. It answers when one of them has.
async fn relay(places: Places) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
    use tokio::net::{TcpListener, TcpStream};
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "http://{}/webhooks/whatsapp",
        listener.local_addr().unwrap()
    );
    tokio::spawn(async move {
        let mut turn = 0_usize;
        while let Ok((mut from, _)) = listener.accept().await {
            turn += 1;
            let place = {
                let places = places.borrow();
                places.get(turn % places.len().max(1)).cloned()
            };
            tokio::spawn(async move {
                let Some(place) = place else { return };
                let address = place.trim_start_matches("http://").to_owned();
                if let Ok(mut to) = TcpStream::connect(address).await {
                    drop(copy_bidirectional(&mut from, &mut to).await);
                } else {
                    // Whoever calls hears that nobody is there.
                    let _ = from.read(&mut [0; 1]).await;
                    let _ = from.shutdown().await;
                }
            });
        }
    });
    url
}
