//! A mail server of one test's own (RFC 5321), with faults at will.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use agentry_mail::{SmtpSettings, Tls};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::wait::until;

/// What happens to one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// All is well.
    Accept,
    /// This instead of a greeting.
    Greet(&'static str),
    /// This in answer to `RCPT`.
    Recipient(&'static str),
    /// This in answer to `AUTH`.
    SignIn(&'static str),
    /// The connection is cut while the message is sent.
    Cut,
    /// Nothing is ever said.
    Silence,
}

/// A message that was accepted.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    /// What `AUTH PLAIN` came with, in base64.
    pub auth: String,
    /// Between the angle brackets of `MAIL FROM`.
    pub from: String,
    /// The same of each `RCPT TO`.
    pub to: Vec<String>,
    /// The message.
    pub data: String,
}

#[derive(Debug, Default)]
struct Seen {
    connections: usize,
    commands: Vec<String>,
    mails: Vec<Mail>,
}

/// The server. It ends with the test's runtime.
#[derive(Debug, Clone)]
pub struct Smtp {
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

impl Smtp {
    /// A server that gives the first connections these turns, and all others the last of them.
    pub async fn start(turns: &[Turn]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let ours = Arc::clone(&seen);
        let mut turns: VecDeque<Turn> = turns.iter().copied().collect();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                ours.lock().unwrap().connections += 1;
                let turn = if turns.len() > 1 {
                    turns.pop_front()
                } else {
                    turns.front().copied()
                };
                let seen = Arc::clone(&ours);
                // What a client does to its end is its own affair.
                tokio::spawn(async move {
                    let _ = serve(stream, turn.unwrap_or(Turn::Accept), seen).await;
                });
            }
        });
        Self { port, seen }
    }

    /// How to reach it, uncovered.
    pub fn settings(&self) -> SmtpSettings {
        SmtpSettings {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            tls: Tls::None,
            login: None,
        }
    }

    /// The same as a setting.
    pub fn url(&self) -> String {
        format!("smtp://user:pass%20word@127.0.0.1:{}?tls=none", self.port)
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    /// The commands that came, without what followed their first word.
    pub fn commands(&self) -> Vec<String> {
        self.seen.lock().unwrap().commands.clone()
    }

    /// The messages that were accepted so far.
    pub fn mails(&self) -> Vec<Mail> {
        self.seen.lock().unwrap().mails.clone()
    }

    /// Waits for this many messages.
    pub async fn wait_for(&self, count: usize) -> Vec<Mail> {
        until("messages arrive", || async {
            Some(self.mails()).filter(|mails| mails.len() >= count)
        })
        .await
    }

    /// Waits for this many connections.
    pub async fn wait_for_connections(&self, count: usize) {
        until("connections are made", || async {
            (self.connections() >= count).then_some(())
        })
        .await;
    }
}

async fn serve(stream: TcpStream, turn: Turn, seen: Arc<Mutex<Seen>>) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    match turn {
        Turn::Silence => {
            // Until the client has had enough.
            while lines.next_line().await?.is_some() {}
            return Ok(());
        }
        Turn::Greet(instead) => {
            writer
                .write_all(format!("{instead}\r\n").as_bytes())
                .await?;
            return Ok(());
        }
        Turn::Accept | Turn::Recipient(_) | Turn::SignIn(_) | Turn::Cut => {}
    }
    writer.write_all(b"220 mail.example ESMTP\r\n").await?;
    let mut mail = Mail::default();
    while let Some(line) = lines.next_line().await? {
        let command = line.split([' ', ':']).next().unwrap().to_ascii_uppercase();
        seen.lock().unwrap().commands.push(command.clone());
        let answer = match command.as_str() {
            "EHLO" => "250-mail.example\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN",
            "AUTH" => {
                mail.auth = line.trim_start_matches("AUTH PLAIN ").to_owned();
                match turn {
                    Turn::SignIn(instead) => instead,
                    _ => "235 signed in",
                }
            }
            "MAIL" => {
                mail.from = bracketed(&line);
                "250 ok"
            }
            "RCPT" => {
                mail.to.push(bracketed(&line));
                match turn {
                    Turn::Recipient(instead) => instead,
                    _ => "250 ok",
                }
            }
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await?;
                while let Some(line) = lines.next_line().await? {
                    if turn == Turn::Cut {
                        return Ok(());
                    }
                    if line == "." {
                        break;
                    }
                    mail.data.push_str(line.strip_prefix('.').unwrap_or(&line));
                    mail.data.push('\n');
                }
                seen.lock().unwrap().mails.push(std::mem::take(&mut mail));
                "250 taken"
            }
            "QUIT" => {
                writer.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "500 what?",
        };
        writer.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

fn bracketed(line: &str) -> String {
    let (_, rest) = line.split_once('<').unwrap();
    rest.split_once('>').unwrap().0.to_owned()
}
