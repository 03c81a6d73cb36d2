//! Relay connections over keyset pages: <https://relay.dev/graphql/connections.htm>.

use std::future::Future;

use agentry_db::{Cursor, Direction, Page, PageRequest, Position, Slice};
use async_graphql::connection::{Connection, CursorType, Edge, EmptyFields};
use async_graphql::{Enum, ObjectType, OutputType};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;

use crate::ApiError;

/// Rows on a page when the caller does not say.
const DEFAULT_SIZE: i32 = 20;
/// The most rows on a page.
const MAX_SIZE: i32 = 100;
/// The longest cursor ever handed out is far shorter.
const MAX_CURSOR_BYTES: usize = 2_048;

/// A connection of `N` with a field for how many there are in all.
pub type Listing<N, T> = Connection<ListCursor, N, T, EmptyFields>;

/// The direction of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum OrderDirection {
    /// Smallest or oldest first.
    Asc,
    /// Largest or newest first.
    Desc,
}

impl From<OrderDirection> for Direction {
    fn from(direction: OrderDirection) -> Self {
        match direction {
            OrderDirection::Asc => Self::Ascending,
            OrderDirection::Desc => Self::Descending,
        }
    }
}

/// The four arguments of a connection, as they came.
#[derive(Debug, Default)]
pub struct PageArguments {
    /// The first so many.
    pub first: Option<i32>,
    /// After this cursor.
    pub after: Option<String>,
    /// The last so many.
    pub last: Option<i32>,
    /// Before this cursor.
    pub before: Option<String>,
}

impl PageArguments {
    /// # Errors
    /// [`ApiError::BadInput`] for a size outside 1 to 100, for `first` with `last`, and for a cursor that is not of this list.
    pub fn request(self, list: SortedBy, direction: Direction) -> Result<PageRequest, ApiError> {
        let slice = match (self.first, self.last) {
            (Some(_), Some(_)) => {
                return Err(ApiError::bad_input("last", "Give first or last, not both."));
            }
            (None, Some(last)) => Slice::Last(size("last", last)?),
            (first, None) => Slice::First(size("first", first.unwrap_or(DEFAULT_SIZE))?),
        };
        Ok(PageRequest {
            slice,
            after: place("after", self.after.as_deref(), list)?,
            before: place("before", self.before.as_deref(), list)?,
            direction,
        })
    }
}

/// How many rows a list will show, for the cost of what stands under it.
#[must_use]
pub fn page_size(first: Option<i32>, last: Option<i32>) -> usize {
    let size = first.or(last).unwrap_or(DEFAULT_SIZE).clamp(1, MAX_SIZE);
    usize::try_from(size).unwrap_or(1)
}

/// What the cursors of a list stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortedBy {
    /// `createdAt`.
    CreatedAt,
    /// `updatedAt`.
    UpdatedAt,
    /// `name`.
    Name,
}

impl SortedBy {
    const fn letter(self) -> char {
        match self {
            Self::CreatedAt => 'c',
            Self::UpdatedAt => 'u',
            Self::Name => 'n',
        }
    }

    const fn is_time(self) -> bool {
        matches!(self, Self::CreatedAt | Self::UpdatedAt)
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

impl CursorType for ListCursor {
    type Error = &'static str;

    fn decode_cursor(text: &str) -> Result<Self, Self::Error> {
        decode(text).ok_or("This is not a cursor of this list.")
    }

    fn encode_cursor(&self) -> String {
        let position = match &self.cursor.position {
            Position::Time(time) => time.timestamp_micros().to_string(),
            Position::Text(text) => text.clone(),
        };
        URL_SAFE_NO_PAD.encode(format!(
            "{}:{}:{position}",
            self.list.letter(),
            self.cursor.id
        ))
    }
}

/// Makes a connection of a page. `row` gives a row's position and the node it becomes.
pub fn connect<M, N, T>(
    page: Page<M>,
    list: SortedBy,
    total: T,
    row: impl Fn(M) -> (Position, String, N),
) -> Listing<N, T>
where
    N: OutputType,
    T: ObjectType,
{
    let mut connection =
        Connection::with_additional_fields(page.has_previous, page.has_next, total);
    connection.edges.extend(page.items.into_iter().map(|item| {
        let (position, id, node) = row(item);
        Edge::new(ListCursor::new(list, position, id), node)
    }));
    connection
}

/// How many there are in all, as GraphQL's 32-bit Int.
///
/// # Errors
/// What the count answers.
pub async fn total(
    count: impl Future<Output = Result<u64, agentry_db::DbError>>,
) -> async_graphql::Result<i32> {
    let count = count.await.map_err(ApiError::from)?;
    Ok(i32::try_from(count).unwrap_or(i32::MAX))
}

fn size(argument: &str, value: i32) -> Result<u64, ApiError> {
    u64::try_from(value)
        .ok()
        .filter(|_| (1..=MAX_SIZE).contains(&value))
        .ok_or_else(|| {
            ApiError::bad_input(argument, format!("{argument} must be 1 to {MAX_SIZE}."))
        })
}

fn place(argument: &str, text: Option<&str>, list: SortedBy) -> Result<Option<Cursor>, ApiError> {
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
    let list = [SortedBy::CreatedAt, SortedBy::UpdatedAt, SortedBy::Name]
        .into_iter()
        .find(|list| letter.chars().eq([list.letter()]))?;
    let plain = (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if !plain || position.contains('\0') {
        return None;
    }
    let position = if list.is_time() {
        // PostgreSQL's timestamps end where chrono's do not.
        let time = DateTime::from_timestamp_micros(position.parse().ok()?)?;
        Position::Time(
            Some(time).filter(|time| (1..=9_999).contains(&chrono::Datelike::year(time)))?,
        )
    } else {
        Position::Text(position.to_owned())
    };
    Some(ListCursor::new(list, position, id.to_owned()))
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
        let read = decode(&cursor().encode_cursor()).unwrap();
        assert_eq!(read.cursor, cursor().cursor);
        let named = ListCursor::new(SortedBy::Name, Position::Text("a:b:ü".into()), "id".into());
        assert_eq!(decode(&named.encode_cursor()).unwrap().cursor, named.cursor);
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
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let page = PageArguments {
            after: Some(cursor().encode_cursor()),
            ..Default::default()
        };
        assert!(page.request(SortedBy::Name, Direction::Ascending).is_err());
    }

    #[test]
    fn sizes_outside_1_to_100_and_both_ends_at_once_are_refused() {
        for (first, last) in [
            (Some(0), None),
            (Some(101), None),
            (Some(-1), None),
            (None, Some(0)),
            (Some(1), Some(1)),
        ] {
            let page = PageArguments {
                first,
                last,
                ..Default::default()
            };
            assert!(
                page.request(SortedBy::CreatedAt, Direction::Ascending)
                    .is_err(),
                "{first:?} {last:?}"
            );
        }
    }
}
