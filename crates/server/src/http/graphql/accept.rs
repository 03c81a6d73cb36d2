//! Which media type the answer may have.

use axum::http::{HeaderMap, header};

use crate::http::fault::Fault;

/// The media type of an answer that is one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    /// `application/graphql-response+json`.
    GraphqlResponse,
    /// `application/json`, for clients that know no better. Only answers with a 2xx status carry it.
    Json,
}

/// What the client takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accept {
    /// The better of the two document types, if any is taken.
    pub(crate) document: Option<Media>,
    /// Whether `text/event-stream` is named. A wildcard does not ask for a stream.
    pub(crate) stream: bool,
}

impl Accept {
    /// Reads `Accept` (RFC 9110, 12.5.1). Without the header, and for wildcards, the answer is
    /// `application/graphql-response+json`.
    ///
    /// # Errors
    /// 406 when the client takes neither JSON nor an event stream.
    pub(crate) fn negotiate(headers: &HeaderMap) -> Result<Self, Fault> {
        let mut all = headers.get_all(header::ACCEPT).iter().peekable();
        if all.peek().is_none() {
            return Ok(Self {
                document: Some(Media::GraphqlResponse),
                stream: false,
            });
        }
        let ranges: Vec<Range> = all
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(Range::parse)
            .collect();
        let graphql = quality(&ranges, "application", "graphql-response+json");
        let json = quality(&ranges, "application", "json");
        // Of two liked equally, the one that says what it is.
        let document = match (graphql, json) {
            (0, 0) => None,
            (graphql, json) if graphql >= json => Some(Media::GraphqlResponse),
            _ => Some(Media::Json),
        };
        let stream = ranges.iter().any(|range| {
            range.kind == "text" && range.subtype == "event-stream" && range.quality > 0
        });
        if document.is_none() && !stream {
            return Err(Fault::new(
                axum::http::StatusCode::NOT_ACCEPTABLE,
                agentry_schema::code::BAD_USER_INPUT,
                "Answers are application/graphql-response+json, application/json or text/event-stream.",
            ));
        }
        Ok(Self { document, stream })
    }

    /// Whether everything, queries as well, goes out as an event stream.
    pub(crate) fn only_stream(self) -> bool {
        self.stream && self.document.is_none()
    }
}

struct Range {
    kind: String,
    subtype: String,
    /// Thousandths.
    quality: u16,
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let mut range = Self {
            kind: kind.to_ascii_lowercase(),
            subtype: subtype.to_ascii_lowercase(),
            quality: 1000,
        };
        for parameter in parts {
            let Some((name, value)) = parameter.split_once('=') else {
                continue;
            };
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "q" => range.quality = thousandths(value)?,
                // We write UTF-8 and nothing else.
                "charset" if !value.eq_ignore_ascii_case("utf-8") => return None,
                _ => {}
            }
        }
        Some(range)
    }
}

/// `0`, `1`, `0.5`, `0.123`, `1.000`.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    let quality = whole
        .parse::<u16>()
        .ok()?
        .checked_mul(1000)?
        .checked_add(fraction)?;
    (quality <= 1000).then_some(quality)
}

/// The most specific range decides.
fn quality(ranges: &[Range], kind: &str, subtype: &str) -> u16 {
    let best = |matches: &dyn Fn(&Range) -> bool| {
        ranges
            .iter()
            .filter(|range| matches(range))
            .map(|range| range.quality)
            .max()
    };
    best(&|range| range.kind == kind && range.subtype == subtype)
        .or_else(|| best(&|range| range.kind == kind && range.subtype == "*"))
        .or_else(|| best(&|range| range.kind == "*" && range.subtype == "*"))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use axum::http::HeaderValue;

    fn accept(value: &str) -> Option<Accept> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_str(value).unwrap());
        Accept::negotiate(&headers).ok()
    }

    fn document(value: &str) -> Option<Media> {
        accept(value).and_then(|accept| accept.document)
    }

    #[test]
    fn best_liked_type_is_chosen() {
        use Media::{GraphqlResponse, Json};
        for (value, expected) in [
            ("*/*", Some(GraphqlResponse)),
            ("application/*", Some(GraphqlResponse)),
            ("application/json", Some(Json)),
            ("APPLICATION/JSON; charset=UTF-8", Some(Json)),
            ("application/graphql-response+json", Some(GraphqlResponse)),
            (
                "application/graphql-response+json, application/json;q=0.9",
                Some(GraphqlResponse),
            ),
            (
                "application/graphql-response+json;q=0.1, application/json;q=0.2",
                Some(Json),
            ),
            (
                "application/json, application/graphql-response+json",
                Some(GraphqlResponse),
            ),
            ("application/graphql-response+json;q=0, */*", Some(Json)),
            (
                "text/html, application/xhtml+xml, */*;q=0.8",
                Some(GraphqlResponse),
            ),
            ("text/html", None),
            ("application/json;q=0", None),
            ("application/json; charset=latin1", None),
            ("application/json;q=nonsense", None),
            ("", None),
        ] {
            assert_eq!(document(value), expected, "{value}");
        }
        assert_eq!(
            Accept::negotiate(&HeaderMap::new()).unwrap().document,
            Some(GraphqlResponse)
        );
    }

    #[test]
    fn stream_must_be_named() {
        assert!(accept("text/event-stream").unwrap().only_stream());
        assert!(
            accept("application/json, text/event-stream, multipart/mixed")
                .unwrap()
                .stream
        );
        assert!(!accept("*/*").unwrap().stream);
        assert!(accept("text/event-stream;q=0").is_none());
    }
}
