//! Search in what the caller said and was told, newest first.
//!
//! Which conversations are worth reading is asked of the words that are kept of each ([`catch_up`]); those that nobody has read since
//! something was said in them are worth it in any case, so nothing is ever missing. What is worth reading is read, newest first,
//! until the page is full or so much has been read that the next page goes on from there.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fmt::Write as _;
use std::ops::Range;

use agentry_entity::MessageRole;
use agentry_entity::agent_message::Model;
use agentry_entity::id::{AgentId, ConversationId};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveEnum as _, FromQueryResult, Value};

use crate::sql;
use crate::{Cursor, DbError, Position, Scope};

mod fold;
mod index;
mod terms;

pub use index::catch_up;
use terms::Probe;
pub use terms::{BadTerms, MAX_TERMS, Terms};

/// Conversations read from at once.
const LANES: usize = 8;
/// Messages read at once, of all of them together.
const AT_ONCE: usize = 512;
/// Of one conversation no more than this is read at once, in bytes of its messages, but one message always is.
const LANE_BYTES: i64 = 256 * 1_024;
/// What is read for one page, in messages and in bytes of them.
const MOST_MESSAGES: usize = 6_000;
const MOST_BYTES: usize = 8 * 1_024 * 1_024;

/// Which messages to search in, all of conversations of the caller's own.
#[derive(Debug, Clone, Default)]
pub struct SearchFilter {
    /// Only those of conversations with this agent.
    pub agent: Option<AgentId>,
    /// Only those of this conversation.
    pub conversation: Option<ConversationId>,
    /// Only those in which this one speaks.
    pub role: Option<MessageRole>,
    /// Only those from this time on.
    pub from: Option<DateTime<Utc>>,
    /// Only those before this time.
    pub to: Option<DateTime<Utc>>,
}

/// A message that says what was searched for.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The message.
    pub message: Model,
    /// Where it says it, in characters of its content, in order and apart.
    pub places: Vec<Range<usize>>,
}

/// A page of a search.
#[derive(Debug, Clone)]
pub struct Found {
    /// Newest first. It may be shorter than asked for while more follow: then as much has been read as one page may.
    pub hits: Vec<Hit>,
    /// Where the next page goes on, when there is more to read.
    pub next: Option<Cursor>,
    /// Whether some of what was said is not in the index yet.
    pub is_behind: bool,
}

/// The next `size` messages, from the newest or from `after` on, that say all of `terms`: of the caller's own conversations, whether
/// archived or not, on every branch.
///
/// # Errors
/// [`DbError`] as the database answers.
pub async fn messages(
    scope: &Scope,
    terms: &Terms,
    filter: &SearchFilter,
    size: usize,
    after: Option<&Cursor>,
) -> Result<Found, DbError> {
    let candidates = candidates(scope, terms, filter).await?;
    let is_behind = candidates.iter().any(|one| one.is_behind);
    let limit = limit(filter, after);
    let lanes = candidates.into_iter().map(|one| one.lane(limit.as_ref()));
    let mut reading = Reading {
        lanes: lanes.collect(),
        hits: Vec::new(),
        messages: 0,
        bytes: 0,
    };
    while reading.settled() <= size && reading.may_go_on() {
        reading.advance(scope, terms, filter).await?;
    }
    let settled = reading.settled();
    let mut hits = reading.hits;
    hits.truncate(settled.min(size));
    let next = match (hits.last(), reading.lanes.peek()) {
        (Some(last), _) if settled > size => Some(Place::of(&last.message).cursor()),
        // Everything newer than the next message to read has been read.
        (_, Some(lane)) => Some(lane.below.cursor()),
        (_, None) => None,
    };
    Ok(Found {
        hits,
        next,
        is_behind,
    })
}

/// A place in time. Of two at one time the id decides, byte by byte.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    time: DateTime<Utc>,
    id: String,
}

impl Place {
    fn of(message: &Model) -> Self {
        Self {
            time: message.created_at,
            id: message.id.to_string(),
        }
    }

    /// Behind everything at this time and later.
    const fn before(time: DateTime<Utc>) -> Self {
        Self {
            time,
            id: String::new(),
        }
    }

    fn cursor(&self) -> Cursor {
        // No id is empty; none is smaller than this one.
        let id = if self.id.is_empty() { "-" } else { &self.id };
        Cursor {
            position: Position::Time(self.time),
            id: id.to_owned(),
        }
    }
}

/// Below which place to begin, if not at the newest message.
fn limit(filter: &SearchFilter, after: Option<&Cursor>) -> Option<Place> {
    let after = after.and_then(|cursor| match &cursor.position {
        Position::Time(time) => Some(Place {
            time: *time,
            id: cursor.id.clone(),
        }),
        Position::Text(_) | Position::Number(_) => None,
    });
    let to = filter.to.map(Place::before);
    match (after, to) {
        (Some(after), Some(to)) => Some(after.min(to)),
        (after, to) => after.or(to),
    }
}

/// A conversation that may hold what is searched for.
#[derive(FromQueryResult)]
struct Candidate {
    id: ConversationId,
    last_message_at: DateTime<Utc>,
    is_behind: bool,
}

impl Candidate {
    fn lane(self, limit: Option<&Place>) -> Lane {
        let newest = Place::before(self.last_message_at + TimeDelta::milliseconds(1));
        let below = match limit {
            Some(limit) => newest.min(limit.clone()),
            None => newest,
        };
        Lane {
            conversation: self.id,
            below,
        }
    }
}

async fn candidates(
    scope: &Scope,
    terms: &Terms,
    filter: &SearchFilter,
) -> Result<Vec<Candidate>, DbError> {
    let tenant = scope.tenant();
    let mut values: Vec<Value> = vec![
        tenant.organization().as_str().into(),
        tenant.user().as_str().into(),
    ];
    let mut parameter = |value: Value| {
        values.push(value);
        format!("${}", values.len())
    };
    let mut narrow = String::new();
    let mut says = String::new();
    if let Some(agent) = &filter.agent {
        let _ = write!(
            narrow,
            " AND c.agent_id = {}",
            parameter(agent.as_str().into())
        );
    }
    if let Some(conversation) = &filter.conversation {
        let _ = write!(
            narrow,
            " AND c.id = {}",
            parameter(conversation.as_str().into())
        );
    }
    if let Some(from) = filter.from {
        let _ = write!(
            narrow,
            " AND c.last_message_at >= {}",
            parameter(from.into())
        );
    }
    for probe in terms.probes() {
        let said = match probe {
            Probe::Is(word) => format!(" {word} "),
            Probe::Begins(start) => format!(" {start}"),
        };
        let _ = write!(says, " AND strpos(c.words, {}) > 0", parameter(said.into()));
    }
    let statement = format!(
        "SELECT c.id, c.last_message_at, c.is_behind FROM (
           SELECT c.id, c.last_message_at, w.words, coalesce(w.is_partial, false) AS is_partial,
                  coalesce(w.indexed_until < c.last_message_at, true) AS is_behind
           FROM conversations c LEFT JOIN conversation_words w ON w.organization_id = $1 AND w.conversation_id = c.id
           WHERE c.organization_id = $1 AND c.user_id = $2 AND c.last_message_at IS NOT NULL{narrow}
         ) c WHERE c.is_behind OR c.is_partial OR (true{says})"
    );
    sql::all(scope, statement, values).await
}

/// One conversation being read, from its newest message on.
#[derive(Debug, PartialEq, Eq)]
struct Lane {
    conversation: ConversationId,
    /// All there is from here on has been read.
    below: Place,
}

impl Ord for Lane {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_place = self.below.cmp(&other.below);
        by_place.then_with(|| self.conversation.as_str().cmp(other.conversation.as_str()))
    }
}

impl PartialOrd for Lane {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

struct Reading {
    lanes: BinaryHeap<Lane>,
    /// Newest first.
    hits: Vec<Hit>,
    messages: usize,
    bytes: usize,
}

impl Reading {
    /// How many hits nothing that is still to be read can come before.
    fn settled(&self) -> usize {
        let Some(next) = self.lanes.peek() else {
            return self.hits.len();
        };
        let newer = |hit: &Hit| Place::of(&hit.message) >= next.below;
        self.hits.iter().take_while(|hit| newer(hit)).count()
    }

    fn may_go_on(&self) -> bool {
        !self.lanes.is_empty() && self.messages < MOST_MESSAGES && self.bytes < MOST_BYTES
    }

    /// Reads on where the newest unread messages may be.
    async fn advance(
        &mut self,
        scope: &Scope,
        terms: &Terms,
        filter: &SearchFilter,
    ) -> Result<(), DbError> {
        let lanes: Vec<Lane> = std::iter::from_fn(|| self.lanes.pop())
            .take(LANES)
            .collect();
        let share = AT_ONCE / lanes.len().max(1);
        let rows = read(scope, &lanes, filter, share).await?;
        for mut lane in lanes {
            let of_lane = || {
                rows.iter()
                    .filter(|m| m.conversation_id == lane.conversation)
            };
            let count = of_lane().count();
            let bytes: usize = of_lane().map(|message| message.content.len()).sum();
            let is_through = count < share && i64::try_from(bytes).is_ok_and(|b| b < LANE_BYTES);
            if let (Some(last), false) = (of_lane().map(Place::of).min(), is_through) {
                lane.below = last;
                self.lanes.push(lane);
            }
        }
        for message in rows {
            self.messages += 1;
            self.bytes += message.content.len();
            if let Some(places) = terms.find(&message.content) {
                self.hits.push(Hit { message, places });
            }
        }
        self.hits
            .sort_by_cached_key(|hit| std::cmp::Reverse(Place::of(&hit.message)));
        // Others want this thread too.
        tokio::task::yield_now().await;
        Ok(())
    }
}

/// The next so many messages of each conversation.
async fn read(
    scope: &Scope,
    lanes: &[Lane],
    filter: &SearchFilter,
    share: usize,
) -> Result<Vec<Model>, DbError> {
    let ids: Vec<String> = lanes.iter().map(|l| l.conversation.to_string()).collect();
    let times: Vec<DateTime<Utc>> = lanes.iter().map(|lane| lane.below.time).collect();
    let places: Vec<String> = lanes.iter().map(|lane| lane.below.id.clone()).collect();
    let mut values: Vec<Value> = vec![
        scope.tenant().organization().as_str().into(),
        ids.into(),
        times.into(),
        places.into(),
        i64::try_from(share).unwrap_or(i64::MAX).into(),
        LANE_BYTES.into(),
    ];
    let mut narrow = String::new();
    if let Some(role) = filter.role {
        values.push(role.to_value().into());
        let _ = write!(narrow, " AND m.role = ${}", values.len());
    }
    if let Some(from) = filter.from {
        values.push(from.into());
        let _ = write!(narrow, " AND m.created_at >= ${}", values.len());
    }
    let statement = format!(
        "SELECT m.* FROM unnest($2::text[], $3::timestamptz[], $4::text[]) AS p(id, time, place) CROSS JOIN LATERAL (
           SELECT m.*, sum(octet_length(m.content)) OVER (ORDER BY m.created_at DESC, m.id DESC) - octet_length(m.content) AS bytes_before
           FROM (SELECT m.* FROM agent_messages m
                 WHERE m.organization_id = $1 AND m.conversation_id = p.id AND m.created_at <= p.time
                   AND (m.created_at < p.time OR m.id COLLATE \"C\" < p.place){narrow}
                 ORDER BY m.created_at DESC, m.id DESC LIMIT $5) m
         ) m WHERE m.bytes_before < $6"
    );
    sql::all(scope, statement, values).await
}
