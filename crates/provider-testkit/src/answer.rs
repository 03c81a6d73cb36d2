use std::time::Duration;

use crate::Speech;

/// What the server does with one request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Streams an answer; a request for a list of models gets one.
    Stream(Script),
    /// Streams an answer whose words are made when they are sent.
    Speech(Speech),
    /// Answers with a status and a body.
    Status {
        /// The status.
        status: u16,
        /// Headers beyond the usual ones.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// Takes the request and never answers.
    Silence,
}

/// An answer in pieces, and how it ends.
#[derive(Debug, Clone)]
pub struct Script {
    /// The pieces of text.
    pub words: Vec<String>,
    /// The wait before each piece.
    pub pace: Duration,
    /// Tool calls after the text: name and arguments, which come in two pieces.
    pub calls: Vec<(String, String)>,
    /// What is counted: prompt and answer.
    pub usage: (u32, u32),
    /// Why the model stops, in the protocol's own words; none: what fits.
    pub reason: Option<String>,
    /// How it ends.
    pub then: Then,
}

/// How an answer ends after its last piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Well: reason, counts and the end mark.
    End,
    /// With its reason and counts, and no mark.
    EndWithoutMark,
    /// With its reason and counts, and no mark; the connection stays.
    Linger,
    /// The connection breaks.
    Cut,
    /// The body ends as if all were well, but nothing says that the answer does.
    Stop,
    /// Nothing more comes, and the connection stays.
    Silence,
    /// Signs of life come for ever, and nothing else.
    Pings,
    /// A frame that is no JSON.
    BadJson,
    /// Bytes that are no text.
    BadBytes,
    /// Lines that no event stream has, and the end of the body.
    NoEvents,
    /// One line of so many bytes.
    Flood(usize),
    /// The protocol's own frame for a fault.
    Fault,
}

impl Answer {
    /// An answer of these pieces that ends well.
    pub fn words<T: Into<String>>(words: impl IntoIterator<Item = T>) -> Self {
        Self::Stream(Script {
            words: words.into_iter().map(Into::into).collect(),
            ..Script::default()
        })
    }

    /// An answer of so many tokens, `t0 t1 t2 …`, one each `pace`.
    #[must_use]
    pub fn tokens(count: usize, pace: Duration) -> Self {
        Self::Stream(Script {
            words: (0..count).map(|n| format!("t{n} ")).collect(),
            pace,
            ..Script::default()
        })
    }

    /// An answer of these pieces that ends so.
    pub fn ending<T: Into<String>>(words: impl IntoIterator<Item = T>, then: Then) -> Self {
        match Self::words(words) {
            Self::Stream(script) => Self::Stream(Script { then, ..script }),
            other => other,
        }
    }

    /// An answer that asks for these tools.
    pub fn calls<'a>(calls: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let owned = |(name, arguments): (&str, &str)| (name.to_owned(), arguments.to_owned());
        Self::Stream(Script {
            calls: calls.into_iter().map(owned).collect(),
            ..Script::default()
        })
    }

    /// A refusal with this status, which says this.
    #[must_use]
    pub fn refusal(status: u16, message: &str) -> Self {
        let body = serde_json::json!({ "error": { "message": message } });
        Self::Status {
            status,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_string(),
        }
    }

    /// Sends the caller elsewhere.
    #[must_use]
    pub fn redirect(location: &str) -> Self {
        Self::Status {
            status: 307,
            headers: vec![("location".to_owned(), location.to_owned())],
            body: String::new(),
        }
    }

    /// The same with one more header, where it is an answer with a status.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if let Self::Status { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

impl Default for Script {
    fn default() -> Self {
        Self {
            words: Vec::new(),
            pace: Duration::ZERO,
            calls: Vec::new(),
            usage: (11, 7),
            reason: None,
            then: Then::End,
        }
    }
}
