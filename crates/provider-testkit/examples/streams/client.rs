//! As much of an HTTP client (RFC 9112) as takes little beside what is measured: a connection for each request.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::talk::data;

/// Somebody of `bench/streams.sql`.
pub(crate) struct Caller {
    address: String,
    token: String,
}

/// The body of an answer as it comes.
pub(crate) struct Body {
    stream: BufReader<TcpStream>,
    /// `None`: in chunks.
    length: Option<usize>,
}

impl Caller {
    /// Their ids are computed as in `bench/data.sql`.
    pub(crate) fn new(address: &str, number: usize) -> Self {
        let number = 10_000_000 + ((3_000_000 + number) * 7_919) % 10_000_019;
        Self {
            address: address.to_owned(),
            token: format!("t{number}-1000-k3v9w2m7q-d8f1g6h"),
        }
    }

    /// What is answered.
    pub(crate) async fn ask(&self, document: &str, variables: Value) -> Value {
        let mut body = self.post(document, variables, "application/json").await;
        let mut answer = Vec::new();
        while let Some(part) = body.next().await {
            answer.extend(part);
        }
        data(&answer)
    }

    pub(crate) async fn post(&self, document: &str, variables: Value, accept: &str) -> Body {
        let body = json!({ "query": document, "variables": variables }).to_string();
        let (address, token, length) = (&self.address, &self.token, body.len());
        let request = format!(
            "POST /graphql HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nAccept: {accept}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut length = None;
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        assert!(line.starts_with("HTTP/1.1 200"), "{line}");
        while line != "\r\n" {
            line.clear();
            stream.read_line(&mut line).await.unwrap();
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = Some(value.trim().parse().unwrap());
            }
        }
        Body { stream, length }
    }
}

impl Body {
    /// The next part of it; `None` when it is over.
    pub(crate) async fn next(&mut self) -> Option<Vec<u8>> {
        let (size, end) = if let Some(length) = &mut self.length {
            (std::mem::take(length), 0)
        } else {
            let mut line = String::new();
            self.stream.read_line(&mut line).await.ok()?;
            (usize::from_str_radix(line.trim(), 16).ok()?, 2)
        };
        if size == 0 {
            return None;
        }
        let mut part = vec![0; size + end];
        self.stream.read_exact(&mut part).await.ok()?;
        part.truncate(size);
        Some(part)
    }
}
