use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait as _, SimpleExpr};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, Order, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Select, Value,
};

use crate::{DbError, Scope};

/// A place in a list: the value it is sorted by, and the row's id to tell equals apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The value sorted by.
    pub position: Position,
    /// The row.
    pub id: String,
}

/// What a list can be sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// A time, exact to the microsecond.
    Time(DateTime<Utc>),
    /// A text, in the database's collation.
    Text(String),
    /// A whole number.
    Number(i32),
}

/// Which way a list runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smallest or oldest first.
    Ascending,
    /// Largest or newest first.
    Descending,
}

/// Which end of what lies between the cursors is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slice {
    /// The first so many.
    First(u64),
    /// The last so many.
    Last(u64),
}

/// A window on a list (Relay Cursor Connections).
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// How many, from which end.
    pub slice: Slice,
    /// Only what comes after this place.
    pub after: Option<Cursor>,
    /// Only what comes before it.
    pub before: Option<Cursor>,
    /// The list's order.
    pub direction: Direction,
}

/// What a window showed.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows, in the list's order.
    pub items: Vec<T>,
    /// Whether more follow.
    pub has_next: bool,
    /// Whether more come before.
    pub has_previous: bool,
}

impl PageRequest {
    /// One end of the whole list.
    #[must_use]
    pub const fn end(slice: Slice, direction: Direction) -> Self {
        Self {
            slice,
            after: None,
            before: None,
            direction,
        }
    }

    /// Whether it asks for one end of the whole list, as [`PageRequest::end`] does.
    #[must_use]
    pub const fn is_at_an_end(&self) -> bool {
        self.after.is_none() && self.before.is_none()
    }

    /// The window on a list that has nothing.
    #[must_use]
    pub fn empty<T>(&self) -> Page<T> {
        self.page(Vec::new())
    }

    /// Whether the database is to walk upwards: towards larger values.
    fn upwards(&self) -> bool {
        matches!(
            (self.direction, self.slice),
            (Direction::Ascending, Slice::First(_)) | (Direction::Descending, Slice::Last(_))
        )
    }

    fn size(&self) -> u64 {
        match self.slice {
            Slice::First(size) | Slice::Last(size) => size,
        }
    }

    /// Puts what was fetched (one row more than asked for, when there is one) into the list's order.
    pub(crate) fn page<T>(&self, mut items: Vec<T>) -> Page<T> {
        let size = usize::try_from(self.size()).unwrap_or(usize::MAX);
        let more = items.len() > size;
        items.truncate(size);
        match self.slice {
            Slice::First(_) => Page {
                items,
                has_next: more,
                has_previous: self.after.is_some(),
            },
            Slice::Last(_) => {
                items.reverse();
                Page {
                    items,
                    has_next: self.before.is_some(),
                    has_previous: more,
                }
            }
        }
    }
}

/// A window as text, for a statement that SeaORM has no word for.
pub(crate) struct Window {
    /// `AND …` for each cursor, or nothing.
    pub(crate) condition: String,
    /// `ASC` or `DESC`, for both the position and the id.
    pub(crate) order: &'static str,
    /// The parameter that holds one row more than asked for.
    pub(crate) limit: String,
}

impl PageRequest {
    /// The window on rows sorted by the columns `sort` and `id`. Its parameters follow those already in `values`.
    pub(crate) fn window(&self, sort: &str, id: &str, values: &mut Vec<Value>) -> Window {
        let mut condition = String::new();
        let ascending = self.direction == Direction::Ascending;
        for (cursor, greater) in [(&self.after, ascending), (&self.before, !ascending)] {
            let Some(cursor) = cursor else { continue };
            values.push(match &cursor.position {
                Position::Time(time) => (*time).into(),
                Position::Text(text) => text.as_str().into(),
                Position::Number(number) => (*number).into(),
            });
            values.push(cursor.id.as_str().into());
            let sign = if greater { '>' } else { '<' };
            let last = values.len();
            let _ = write!(
                condition,
                " AND ({sort}, {id}) {sign} (${}, ${last})",
                last - 1
            );
        }
        let size = i64::try_from(self.size()).unwrap_or(i64::MAX - 1);
        values.push((size + 1).into());
        Window {
            condition,
            order: if self.upwards() { "ASC" } else { "DESC" },
            limit: format!("${}", values.len()),
        }
    }
}

/// Runs `query` as one window, by keyset: the index leads straight to it however deep it lies, and rows that arrive
/// meanwhile shift nothing.
pub(crate) async fn fetch<E, M>(
    scope: &Scope,
    query: Select<E>,
    sort: E::Column,
    id: E::Column,
    request: &PageRequest,
) -> Result<Page<M>, DbError>
where
    E: EntityTrait,
    M: FromQueryResult + Send + Sync,
{
    let key = || Expr::tuple([column::<E>(sort), column::<E>(id)]);
    let place = |cursor: &Cursor| {
        let position: SimpleExpr = match &cursor.position {
            Position::Time(time) => Expr::val(*time),
            Position::Text(text) => Expr::val(text.as_str()),
            Position::Number(number) => Expr::val(*number),
        };
        Expr::tuple([position, Expr::val(cursor.id.as_str())])
    };
    let ascending = request.direction == Direction::Ascending;
    let mut query = query;
    if let Some(after) = &request.after {
        query = query.filter(if ascending {
            key().gt(place(after))
        } else {
            key().lt(place(after))
        });
    }
    if let Some(before) = &request.before {
        query = query.filter(if ascending {
            key().lt(place(before))
        } else {
            key().gt(place(before))
        });
    }
    let order = if request.upwards() {
        Order::Asc
    } else {
        Order::Desc
    };
    let items = query
        .order_by(sort, order.clone())
        .order_by(id, order)
        .limit(request.size().saturating_add(1))
        .into_model::<M>()
        .all(scope)
        .await?;
    Ok(request.page(items))
}

fn column<E: EntityTrait>(column: E::Column) -> SimpleExpr {
    Expr::col(column.as_column_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(slice: Slice) -> PageRequest {
        PageRequest {
            slice,
            after: None,
            before: None,
            direction: Direction::Ascending,
        }
    }

    #[test]
    fn one_row_more_than_asked_for_says_that_more_follow() {
        let page = request(Slice::First(2)).page(vec![1, 2, 3]);
        assert_eq!(
            (page.items, page.has_next, page.has_previous),
            (vec![1, 2], true, false)
        );
    }

    #[test]
    fn a_window_as_text_numbers_its_parameters_behind_the_others() {
        let cursor = |id: &str| Cursor {
            position: Position::Text("x".into()),
            id: id.into(),
        };
        let request = PageRequest {
            slice: Slice::Last(2),
            after: Some(cursor("a")),
            before: Some(cursor("b")),
            direction: Direction::Ascending,
        };
        let mut values = vec![Value::from("tenant")];
        let window = request.window("t", "i", &mut values);
        assert_eq!(
            (
                window.condition.as_str(),
                window.order,
                window.limit.as_str()
            ),
            (" AND (t, i) > ($2, $3) AND (t, i) < ($4, $5)", "DESC", "$6")
        );
        assert_eq!(values[5], Value::from(3_i64));
    }

    #[test]
    fn the_last_rows_come_back_in_the_lists_order() {
        let page = request(Slice::Last(2)).page(vec![9, 8, 7]);
        assert_eq!(
            (page.items, page.has_next, page.has_previous),
            (vec![8, 9], false, true)
        );
    }
}
