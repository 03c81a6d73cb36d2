//! Reads server-sent events, as the HTML standard has them ("Interpreting an event stream"), with a bound on what is kept.

use std::collections::VecDeque;

use crate::ProviderError;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Its `event` field; empty where there was none.
    pub(crate) event: String,
    /// Its `data` fields, one a line.
    pub(crate) data: String,
}

/// Makes events of bytes, however those are cut into pieces.
pub(crate) struct Framer {
    limit: usize,
    /// The line that is not complete yet.
    line: Vec<u8>,
    event: String,
    /// None: no `data` field yet, which is not the same as an empty one.
    data: Option<String>,
    ready: VecDeque<Frame>,
    /// The last byte was a carriage return; a line feed after it belongs to it.
    after_return: bool,
    is_first_line: bool,
    is_odd: bool,
}

impl Framer {
    /// `limit`: the most bytes that one event may have.
    pub(crate) const fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            event: String::new(),
            data: None,
            ready: VecDeque::new(),
            after_return: false,
            is_first_line: true,
            is_odd: false,
        }
    }

    /// Takes more bytes.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> Result<(), ProviderError> {
        if self.after_return && !bytes.is_empty() {
            self.after_return = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = bytes.iter().position(|b| matches!(b, b'\n' | b'\r')) {
            self.keep(&bytes[..end])?;
            let line = std::mem::take(&mut self.line);
            self.take_line(&line)?;
            // The room is used again, unless it was an unusual lot.
            if line.capacity() <= 1 << 14 {
                self.line = line;
                self.line.clear();
            }
            let ended_by = bytes[end];
            bytes = &bytes[end + 1..];
            if ended_by == b'\r' {
                if let Some(rest) = bytes.strip_prefix(b"\n") {
                    bytes = rest;
                } else {
                    self.after_return = bytes.is_empty();
                }
            }
        }
        self.keep(bytes)
    }

    /// The next event that is complete.
    pub(crate) fn pop(&mut self) -> Option<Frame> {
        self.ready.pop_front()
    }

    /// Whether there were lines that no event stream has.
    pub(crate) const fn is_odd(&self) -> bool {
        self.is_odd
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), ProviderError> {
        let data = self.data.as_ref().map_or(0, String::len);
        if self.line.len() + bytes.len() + data + self.event.len() > self.limit {
            return Err(ProviderError::TooLarge { limit: self.limit });
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn take_line(&mut self, line: &[u8]) -> Result<(), ProviderError> {
        let line = std::str::from_utf8(line)
            .map_err(|_| ProviderError::Malformed("its stream is not UTF-8"))?;
        let line = if std::mem::take(&mut self.is_first_line) {
            line.strip_prefix('\u{feff}').unwrap_or(line)
        } else {
            line
        };
        if line.is_empty() {
            self.dispatch();
            return Ok(());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            "event" => value.clone_into(&mut self.event),
            // A comment, or what is for clients that come back.
            "" | "id" | "retry" => {}
            _ => self.is_odd = true,
        }
        Ok(())
    }

    fn dispatch(&mut self) {
        let event = std::mem::take(&mut self.event);
        if let Some(data) = self.data.take() {
            self.ready.push_back(Frame { event, data });
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn read(pieces: &[&[u8]]) -> Vec<(String, String)> {
        let mut framer = Framer::new(1_000);
        for piece in pieces {
            framer.push(piece).unwrap();
        }
        std::iter::from_fn(|| framer.pop())
            .map(|frame| (frame.event, frame.data))
            .collect()
    }

    fn frame(event: &str, data: &str) -> (String, String) {
        (event.to_owned(), data.to_owned())
    }

    #[test]
    fn fields_comments_and_empty_events_are_read_as_the_standard_says() {
        let text = "\u{feff}: comment\n\nevent: ping\n\ndata:a\ndata: b\ndata:  c\n\nid: 3\nretry: 5\nevent: x\ndata\n\n";
        assert_eq!(
            read(&[text.as_bytes()]),
            [frame("", "a\nb\n c"), frame("x", "")]
        );
    }

    #[test]
    fn every_line_ending_ends_a_line() {
        for end in ["\n", "\r", "\r\n"] {
            let text = format!("data: a{end}{end}data: b{end}{end}");
            assert_eq!(
                read(&[text.as_bytes()]),
                [frame("", "a"), frame("", "b")],
                "{end:?}"
            );
        }
    }

    #[test]
    fn what_has_no_empty_line_behind_it_is_no_event() {
        assert_eq!(read(&[b"data: a\n"]), []);
        assert_eq!(read(&[b"data: a"]), []);
    }

    #[test]
    fn lines_that_no_event_stream_has_are_noticed() {
        for (text, odd) in [
            ("data: a\n\n", false),
            (":x\n", false),
            ("<html>\n", true),
            ("{}\n", true),
        ] {
            let mut framer = Framer::new(100);
            framer.push(text.as_bytes()).unwrap();
            assert_eq!(framer.is_odd(), odd, "{text:?}");
        }
    }

    #[test]
    fn an_event_over_the_limit_is_refused_in_one_line_or_in_many() {
        let over = ProviderError::TooLarge { limit: 10 };
        assert_eq!(Framer::new(10).push(b"data: 12345").unwrap_err(), over);
        let mut framer = Framer::new(10);
        framer.push(b"data:1234\n").unwrap();
        assert_eq!(framer.push(b"data:1234\n").unwrap_err(), over);
        let mut framer = Framer::new(10);
        for _ in 0..100 {
            framer.push(b"data:1234\n\n").unwrap();
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_malformed() {
        let error = Framer::new(10).push(b"data:\xff\n").unwrap_err();
        assert!(matches!(error, ProviderError::Malformed(_)));
    }

    proptest! {
        #[test]
        fn events_do_not_depend_on_how_bytes_are_cut(
            lines in prop::collection::vec("(data|event|:|x)?[:]? ?[a-z\u{e9}]{0,6}", 0..12),
            ends in prop::collection::vec(prop::sample::select(vec!["\n", "\r", "\r\n", "\n\n"]), 12),
            cuts in prop::collection::vec(1_usize..7, 0..60),
        ) {
            let parts = lines.iter().map(String::as_str).zip(ends.iter().copied());
            let text: String = parts.flat_map(<[&str; 2]>::from).collect();
            let mut pieces = Vec::new();
            let mut rest = text.as_bytes();
            for cut in cuts {
                let (piece, more) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = more;
            }
            pieces.push(rest);
            prop_assert_eq!(read(&pieces), read(&[text.as_bytes()]));
        }
    }
}
