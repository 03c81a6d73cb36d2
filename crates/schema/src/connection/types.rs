//! Connection and edge types, declared alike for every noun.

use agentry_db::{Page, Position};
use async_graphql::connection::PageInfo;

use super::cursor::{ListCursor, SortedBy};

/// A connection type of the schema, as `connection_type!` declares it.
pub trait ConnectionType {
    /// What it lists.
    type Node;
    /// What counts all of it.
    type Total;
    /// Puts it together; `edges` are in the list's order.
    fn assemble(
        edges: Vec<(ListCursor, Self::Node)>,
        page_info: PageInfo,
        total: Self::Total,
    ) -> Self;
}

/// Makes a connection of a page. `row` gives a row's position, its id and the node it becomes.
pub fn connect<M, C: ConnectionType>(
    page: Page<M>,
    list: SortedBy,
    total: C::Total,
    row: impl Fn(M) -> (Position, String, C::Node),
) -> C {
    let (has_previous, has_next) = (page.has_previous, page.has_next);
    let edges = page.items.into_iter().map(|item| {
        let (position, id, node) = row(item);
        (ListCursor::new(list, position, id), node)
    });
    let edges: Vec<_> = edges.collect();
    let encode = |edge: Option<&(ListCursor, C::Node)>| edge.map(|(cursor, _)| cursor.encode());
    let page_info = PageInfo {
        has_previous_page: has_previous,
        has_next_page: has_next,
        start_cursor: encode(edges.first()),
        end_cursor: encode(edges.last()),
    };
    C::assemble(edges, page_info, total)
}

/// Declares the connection and edge types of a node. `async-graphql` has generic ones, but they carry no description of their
/// own and answer fields added to them out of the order they were selected in. The total's type has an async `count`.
macro_rules! connection_type {
    ($(#[$doc:meta])* $connection:ident, $edge:ident of $node:ty, counted by $total:ty) => {
        $(#[$doc])*
        #[derive(async_graphql::SimpleObject)]
        #[graphql(complex)]
        pub struct $connection {
            /// The things on this page, each with its cursor.
            edges: Vec<$edge>,
            /// Where this page stands in the list.
            page_info: async_graphql::connection::PageInfo,
            #[graphql(skip)]
            total: $total,
        }

        /// A thing in a list, with its place.
        #[derive(Debug, async_graphql::SimpleObject)]
        #[graphql(complex)]
        pub struct $edge {
            #[graphql(skip)]
            at: crate::connection::ListCursor,
            /// The thing itself.
            node: $node,
        }

        #[async_graphql::ComplexObject]
        impl $connection {
            /// The things on this page.
            async fn nodes(&self) -> Vec<&$node> {
                self.edges.iter().map(|edge| &edge.node).collect()
            }

            /// How many there are in all, on every page together. Counted only when selected.
            async fn total_count(&self, context: &async_graphql::Context<'_>) -> async_graphql::Result<i32> {
                self.total.count(context).await
            }
        }

        #[async_graphql::ComplexObject]
        impl $edge {
            /// Its place in the list: what `after` and `before` take.
            async fn cursor(&self) -> String {
                self.at.encode()
            }
        }

        impl crate::connection::ConnectionType for $connection {
            type Node = $node;
            type Total = $total;

            fn assemble(
                edges: Vec<(crate::connection::ListCursor, $node)>,
                page_info: async_graphql::connection::PageInfo,
                total: $total,
            ) -> Self {
                let edges = edges.into_iter().map(|(at, node)| $edge { at, node }).collect();
                Self { edges, page_info, total }
            }
        }
    };
}
pub(crate) use connection_type;
