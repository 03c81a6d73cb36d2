//! A phone in a terminal: stands for Meta and for somebody's WhatsApp, so that a bot can be tried on one machine.
//!
//! ```text
//! cargo run -p agentry-whatsapp-testkit --example phone -- <server> <phone number id> <app secret> <sender> [port]
//! ```
//!
//! It answers as Meta's Cloud API at `http://127.0.0.1:<port>/v23.0` (4899), which is the server's `--whatsapp-graph-url`. Each line that
//! is typed is delivered as a text of the sender's; what the bot sends is printed, and reported as delivered. Any access token is good. The
//! app secret is told once: after a rotation of it, start the phone again with the new one.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    reason = "it is a terminal's"
)]

use std::process::ExitCode;
use std::time::SystemTime;

use agentry_whatsapp_testkit::{CloudApi, Phone, meaning};
use tokio::sync::mpsc;

const USAGE: &str = "phone <server> <phone number id> <app secret> <sender> [port]
for example: phone http://127.0.0.1:4000 106540352242922 0123456789abcdef 447700900001";
/// Where Meta's API is, unless another port is named.
const PORT: u16 = 4899;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let (server, number, secret, sender, port) = match given.as_slice() {
        [server, number, secret, sender] => (server, number, secret, sender, Some(PORT)),
        [server, number, secret, sender, port] => {
            (server, number, secret, sender, port.parse().ok())
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    let Some(port) = port else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    let hook = format!("{}/webhooks/whatsapp", server.trim_end_matches('/'));
    let meta = CloudApi::start_at(port).await;
    let phone = Phone::new(number, secret);
    meta.call_back(&hook, &phone);
    println!("--whatsapp-graph-url {}", meta.url());
    let mut typed = lines();
    let (mut printed, mut count) = (0, 0_u32);
    let began = SystemTime::UNIX_EPOCH
        .elapsed()
        .expect("a clock")
        .as_millis();
    loop {
        tokio::select! {
            line = typed.recv() => {
                let Some(line) = line else { return ExitCode::SUCCESS };
                count += 1;
                let id = format!("wamid.{began}.{count}");
                let status = phone.text(&hook, sender, &id, &line).await;
                if status != 200 {
                    println!("(not delivered: {})", meaning(status));
                }
            }
            sent = meta.wait_on_for(printed + 1) => {
                for one in &sent[printed..] {
                    println!("to {}: {}", one.to, one.text);
                }
                printed = sent.len();
            }
        }
    }
}

/// What is typed, until there is no more.
fn lines() -> mpsc::Receiver<String> {
    let (to, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if !line.trim().is_empty() && to.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}
