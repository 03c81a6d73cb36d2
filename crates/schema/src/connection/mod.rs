//! Relay connections over keyset pages: <https://relay.dev/graphql/connections.htm>.

use std::future::Future;

use agentry_db::{Direction, PageRequest, Slice};
use async_graphql::Enum;

use crate::ApiError;

mod cursor;
mod types;

use cursor::place;
pub use cursor::{ListCursor, SortedBy};
pub(crate) use types::connection_type;
pub use types::{ConnectionType, connect};

/// Rows on a page when the caller does not say.
const DEFAULT_SIZE: i32 = 20;
/// The most rows on a page.
const MAX_SIZE: i32 = 100;

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

#[cfg(test)]
mod tests {
    use agentry_db::Position;

    use super::*;

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let cursor = ListCursor::new(SortedBy::Name, Position::Text("a".into()), "id".into());
        let page = |after| PageArguments {
            after: Some(after),
            ..Default::default()
        };
        let request = |list| page(cursor.encode()).request(list, Direction::Ascending);
        assert!(request(SortedBy::Name).is_ok());
        assert!(request(SortedBy::CreatedAt).is_err());
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
