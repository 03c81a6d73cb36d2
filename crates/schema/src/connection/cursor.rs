//! Cursors: opaque to clients, a sort, an id and the value sorted by to us.

use agentry_db::{Cursor, Position};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;

use crate::ApiError;

/// The longest cursor ever handed out is far shorter.
const MAX_CURSOR_BYTES: usize = 2_048;

/// What the cursors of a list stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortedBy {
    /// `createdAt`.
    CreatedAt,
    /// `updatedAt`.
    UpdatedAt,
    /// `name`.
    Name,
    /// `createdAt`, of conversations.
    ConversationCreatedAt,
    /// `updatedAt`, of conversations.
    ConversationUpdatedAt,
    /// `createdAt`, of messages.
    MessageCreatedAt,
    /// `createdAt`, of runs.
    RunCreatedAt,
    /// `version`, of an agent's versions.
    Version,
}

impl SortedBy {
    const ALL: [Self; 8] = [
        Self::CreatedAt,
        Self::UpdatedAt,
        Self::Name,
        Self::ConversationCreatedAt,
        Self::ConversationUpdatedAt,
        Self::MessageCreatedAt,
        Self::RunCreatedAt,
        Self::Version,
    ];

    const fn letter(self) -> char {
        match self {
            Self::CreatedAt => 'c',
            Self::UpdatedAt => 'u',
            Self::Name => 'n',
            Self::ConversationCreatedAt => 'd',
            Self::ConversationUpdatedAt => 'v',
            Self::MessageCreatedAt => 'm',
            Self::RunCreatedAt => 'r',
            Self::Version => 'e',
        }
    }

    /// The position that a cursor's text stands for in a list sorted so.
    fn position(self, text: &str) -> Option<Position> {
        Some(match self {
            Self::Name => Position::Text(text.to_owned()),
            Self::Version => Position::Number(text.parse().ok()?),
            Self::CreatedAt
            | Self::UpdatedAt
            | Self::ConversationCreatedAt
            | Self::ConversationUpdatedAt
            | Self::MessageCreatedAt
            | Self::RunCreatedAt => {
                // PostgreSQL's timestamps end where chrono's do not.
                let time = DateTime::from_timestamp_micros(text.parse().ok()?)?;
                Position::Time(
                    Some(time)
                        .filter(|time| (1..=9_999).contains(&chrono::Datelike::year(time)))?,
                )
            }
        })
    }
}

/// The cursor of a row. Opaque to clients: base64url of the sort, the id and the value sorted by.
#[derive(Debug, Clone)]
pub struct ListCursor {
    list: SortedBy,
    cursor: Cursor,
}

impl ListCursor {
    /// The cursor of the row with this id and position in a list sorted so.
    #[must_use]
    pub const fn new(list: SortedBy, position: Position, id: String) -> Self {
        Self {
            list,
            cursor: Cursor { position, id },
        }
    }
}

impl ListCursor {
    /// As a client sees it.
    #[must_use]
    pub fn encode(&self) -> String {
        let position = match &self.cursor.position {
            Position::Time(time) => time.timestamp_micros().to_string(),
            Position::Text(text) => text.clone(),
            Position::Number(number) => number.to_string(),
        };
        URL_SAFE_NO_PAD.encode(format!(
            "{}:{}:{position}",
            self.list.letter(),
            self.cursor.id
        ))
    }
}

pub(super) fn place(
    argument: &str,
    text: Option<&str>,
    list: SortedBy,
) -> Result<Option<Cursor>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    decode(text)
        .filter(|cursor| cursor.list == list)
        .map(|cursor| Some(cursor.cursor))
        .ok_or_else(|| {
            ApiError::bad_input(
                argument,
                format!("{argument} is not a cursor of this list."),
            )
        })
}

fn decode(text: &str) -> Option<ListCursor> {
    if text.len() > MAX_CURSOR_BYTES {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (letter, rest) = text.split_once(':')?;
    let (id, position) = rest.split_once(':')?;
    let list = SortedBy::ALL
        .into_iter()
        .find(|list| letter.chars().eq([list.letter()]))?;
    let plain = (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if !plain || position.contains('\0') {
        return None;
    }
    Some(ListCursor::new(
        list,
        list.position(position)?,
        id.to_owned(),
    ))
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    reason = "a test may stop at what it did not expect"
)]
mod tests {
    use super::*;

    fn cursor() -> ListCursor {
        let time = DateTime::from_timestamp_millis(1_763_853_000_123).unwrap();
        ListCursor::new(
            SortedBy::CreatedAt,
            Position::Time(time),
            "tz4a98xxat96iws9zmbrgj3a".into(),
        )
    }

    #[test]
    fn a_cursor_reads_back_as_it_was_written() {
        let read = decode(&cursor().encode()).unwrap();
        assert_eq!(read.cursor, cursor().cursor);
        let named = ListCursor::new(SortedBy::Name, Position::Text("a:b:ü".into()), "id".into());
        assert_eq!(decode(&named.encode()).unwrap().cursor, named.cursor);
        let third = ListCursor::new(SortedBy::Version, Position::Number(3), "id".into());
        assert_eq!(decode(&third.encode()).unwrap().cursor, third.cursor);
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in [
            "",
            "x",
            "!!!!",
            "Yzp4",
            "YzphOm5vdC1hLW51bWJlcg",
            &"A".repeat(5_000),
        ] {
            assert!(decode(text).is_none(), "{text}");
        }
        let far = URL_SAFE_NO_PAD.encode("c:id:9223372036854775807");
        assert!(decode(&far).is_none());
        let large = URL_SAFE_NO_PAD.encode("e:id:2147483648");
        assert!(decode(&large).is_none());
    }
}
