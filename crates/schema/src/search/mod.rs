//! Search in what the caller said and was told.

use agentry_db::ids::ConversationId;
use agentry_db::search::{self, BadTerms, Hit, MAX_TERMS, SearchFilter, Terms};
use agentry_db::{Direction, Position, Slice};
use async_graphql::connection::PageInfo;
use async_graphql::{ComplexObject, Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};

use crate::check::id_of;
use crate::connection::{ListCursor, PageArguments, SortedBy, page_size};
use crate::conversation::Conversation;
use crate::message::{Message, MessageRole};
use crate::{ApiError, Noun, RequestContext};

mod snippet;

use snippet::snippet;

/// The longest text to search for, in characters.
const MAX_QUERY: usize = 200;

/// Which messages to search in; what is left out does not narrow.
#[derive(Debug, Default, InputObject)]
pub struct MessageSearchFilterInput {
    /// Only those of your conversations with this agent.
    agent_id: Option<ID>,
    /// Only those of this conversation of yours.
    conversation_id: Option<ID>,
    /// Only those in which this one speaks.
    role: Option<MessageRole>,
    /// Only those added at this time or later.
    from: Option<DateTime<Utc>>,
    /// Only those added before this time.
    to: Option<DateTime<Utc>>,
}

impl From<MessageSearchFilterInput> for SearchFilter {
    fn from(input: MessageSearchFilterInput) -> Self {
        let MessageSearchFilterInput {
            agent_id,
            conversation_id,
            role,
            from,
            to,
        } = input;
        Self {
            agent: agent_id.map(id_of),
            conversation: conversation_id.map(id_of),
            role: role.map(Into::into),
            from,
            to,
        }
    }
}

/// The messages that say what was searched for, newest first.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct MessageSearchConnection {
    /// The messages on this page, each with where it says it.
    edges: Vec<MessageSearchEdge>,
    /// Where this page stands. A page may hold fewer messages than asked for, or none, and still have a next one: a search reads
    /// so much for one page and no more, and `endCursor` is how far it came.
    page_info: PageInfo,
}

#[ComplexObject]
impl MessageSearchConnection {
    /// The messages on this page.
    async fn nodes(&self) -> Vec<&Message> {
        self.edges.iter().map(|edge| &edge.node).collect()
    }
}

/// A message that says what was searched for.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct MessageSearchEdge {
    /// Its place in the list: what `after` takes.
    cursor: String,
    /// The message.
    node: Message,
    /// What it says around the first place where it was found: at most 240 characters of its content, with `…` where more comes before
    /// or after.
    snippet: String,
    /// Where in the snippet it says what was searched for: in order and apart.
    highlights: Vec<TextRange>,
}

#[ComplexObject]
impl MessageSearchEdge {
    /// The conversation it is in.
    #[graphql(complexity = "2 + child_complexity")]
    async fn conversation(
        &self,
        context: &Context<'_>,
    ) -> Option<async_graphql::Result<Conversation>> {
        let find = async {
            let loader = RequestContext::of(context)?.loader(Noun::Conversations)?;
            let key = ConversationId::from(self.node.conversation_id.as_str());
            loader.load_one(key).await.map_err(ApiError::loaded)
        };
        find.await.transpose()
    }
}

/// A part of a text, counted in characters (Unicode code points, not UTF-16 units).
#[derive(Debug, Clone, Copy, PartialEq, Eq, SimpleObject)]
pub struct TextRange {
    /// How many characters come before it.
    pub(super) start: i32,
    /// How many characters come before what follows it.
    pub(super) end: i32,
}

/// Searching.
#[derive(Debug, Default)]
pub struct SearchQuery;

#[Object]
impl SearchQuery {
    /// Searches in your own conversations in this organisation, archived ones and every branch included: the messages that hold all
    /// words of the query, newest first. Case and accents make no difference, signs are passed over, and the last word may be the
    /// beginning of one. In writing without spaces (Chinese, Japanese, Korean, Thai and others) any part is found. What others say to
    /// your agents is not searched.
    #[graphql(complexity = "20 + page_size(first, None) * child_complexity")]
    async fn search_messages(
        &self,
        context: &Context<'_>,
        #[graphql(
            desc = "What to search for: at most 200 characters and 16 words, with at least one letter or digit."
        )]
        query: String,
        #[graphql(desc = "In which messages.")] filter: Option<MessageSearchFilterInput>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
    ) -> async_graphql::Result<MessageSearchConnection> {
        Ok(find(RequestContext::of(context)?, query, filter, first, after).await?)
    }
}

async fn find(
    context: &RequestContext,
    query: String,
    filter: Option<MessageSearchFilterInput>,
    first: Option<i32>,
    after: Option<String>,
) -> Result<MessageSearchConnection, ApiError> {
    let scope = context.read(Noun::Messages).await?;
    let terms = terms(&query)?;
    let page = PageArguments {
        first,
        after,
        ..PageArguments::default()
    };
    let request = page.request(SortedBy::MessageCreatedAt, Direction::Descending)?;
    let (Slice::First(size) | Slice::Last(size)) = request.slice;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let filter = filter.unwrap_or_default().into();
    let after = request.after.as_ref();
    let found = search::messages(&scope, &terms, &filter, size, after).await?;
    if found.is_behind {
        context.catch_up_search()?;
    }
    let edges: Vec<MessageSearchEdge> = found.hits.into_iter().map(edge).collect();
    let end = found.next.map(|next| cursor(next.position, next.id));
    let page_info = PageInfo {
        has_previous_page: after.is_some(),
        has_next_page: end.is_some(),
        start_cursor: edges.first().map(|edge| edge.cursor.clone()),
        end_cursor: end.or_else(|| edges.last().map(|edge| edge.cursor.clone())),
    };
    Ok(MessageSearchConnection { edges, page_info })
}

fn terms(query: &str) -> Result<Terms, ApiError> {
    if query.chars().count() > MAX_QUERY {
        let message = format!("query must have at most {MAX_QUERY} characters.");
        return Err(ApiError::bad_input("query", message));
    }
    Terms::parse(query).map_err(|why| {
        let message = match why {
            BadTerms::Nothing => "query must hold a letter or a digit.".to_owned(),
            BadTerms::TooMany => format!("query must have at most {MAX_TERMS} words."),
        };
        ApiError::bad_input("query", message)
    })
}

fn edge(Hit { message, places }: Hit) -> MessageSearchEdge {
    let (snippet, highlights) = snippet(&message.content, &places);
    MessageSearchEdge {
        cursor: cursor(Position::Time(message.created_at), message.id.to_string()),
        snippet,
        highlights,
        node: message.into(),
    }
}

fn cursor(position: Position, id: String) -> String {
    ListCursor::new(SortedBy::MessageCreatedAt, position, id).encode()
}
