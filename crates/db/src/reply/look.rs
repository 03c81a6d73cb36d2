use std::collections::HashMap;
use std::sync::Arc;

use agentry_entity::{agent_message, run};
use sea_orm::{ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, Value};
use sqlx::PgPool;

use super::desk::Want;
use super::follower::Piece;
use super::{Ending, Stopped};
use crate::ids::RunId;
use crate::scope::{Access, query};
use crate::{Db, DbError, Scope, Statements, Tenant, sql};

/// The most characters of replies that one statement reads, as far as that can be told before, and the most of one of them.
const CHARACTERS: usize = 4_194_304;
const CHARACTERS_OF_ONE: usize = 32_768;
/// The same for the rows they are in while they grow.
const ROWS: usize = 65_536;
const ROWS_OF_ONE: usize = 512;

/// What there is of each run at the place asked for, for each tenant under their own row security.
const LOOK: &str = "SELECT * FROM replies_look($1, $2, $3, $4, $5, $6, $7, $8)";

/// A place in a reply: a run, and how many characters of it.
pub(super) type Place = (RunId, i32);

/// What is found at each place.
pub(super) type Places = HashMap<Place, Found>;

/// A run at a place, as the statement tells.
#[derive(Debug, Clone, Default, FromQueryResult)]
pub(super) struct Row {
    /// Whose place it is, counted from one.
    tenant: i32,
    id: String,
    after: i32,
    ended: bool,
    /// Of the last piece that was read.
    sequence: Option<i32>,
    pieces: i64,
    said: Option<String>,
    kept: Option<String>,
    available: i32,
}

/// What there is for those who are at a place.
#[derive(Debug)]
pub(super) struct Found {
    /// How much of the reply there is in all.
    pub(super) available: i32,
    pub(super) piece: Piece,
    /// Whether there is more behind it.
    pub(super) more: bool,
    /// Whether this is all there will ever be.
    pub(super) ending: Option<Arc<Ending>>,
}

/// Looks at all these places of these tenants in one statement, and in two more for each whose runs have come to their end.
pub(super) async fn look(db: &Db, asked: &[(&Tenant, &[Place])]) -> Result<Vec<Places>, DbError> {
    let (rows, characters) = shares(asked.iter().map(|(_, places)| places.len()).sum());
    let statement = sql::statement(LOOK, values(asked, rows, characters));
    let look = |pool: PgPool| {
        let look = query(statement.clone());
        async move { look.fetch_all(&pool).await }
    };
    let mut found: Vec<Places> = asked.iter().map(|_| HashMap::new()).collect();
    let mut over: Vec<Vec<Place>> = asked.iter().map(|_| Vec::new()).collect();
    for row in db.begin_anew(look).await? {
        let row = Row::from_query_result(&row.into(), "")?;
        let tenant = usize::try_from(row.tenant).map_or(0, |tenant| tenant.saturating_sub(1));
        let place = (RunId::from(row.id.as_str()), row.after);
        let (one, ended) = row.found(i64::from(rows));
        let (Some(found), Some(over)) = (found.get_mut(tenant), over.get_mut(tenant)) else {
            return Err(DbError::Unexpected("a row of nobody".to_owned()));
        };
        if ended && !one.more {
            over.push(place.clone());
        }
        found.insert(place, one);
    }
    for ((found, over), (tenant, _)) in found.iter_mut().zip(over).zip(asked) {
        if !over.is_empty() {
            end(db, tenant, found, over).await?;
        }
    }
    Ok(found)
}

/// How many rows and characters of each of so many places are read.
fn shares(places: usize) -> (i32, i32) {
    let share = |all: usize, most: usize| {
        let share = (all / places.max(1)).clamp(1, most);
        i32::try_from(share).unwrap_or(i32::MAX)
    };
    (
        share(ROWS, ROWS_OF_ONE),
        share(CHARACTERS, CHARACTERS_OF_ONE),
    )
}

fn values(asked: &[(&Tenant, &[Place])], rows: i32, characters: i32) -> [Value; 8] {
    let tenants = |name: fn(&Tenant) -> &str| -> Vec<String> {
        let names = asked.iter().map(|(tenant, _)| name(tenant).to_owned());
        names.collect()
    };
    let mut first = vec![1_i32];
    let (mut runs, mut afters) = (Vec::new(), Vec::new());
    for (run, after) in asked.iter().flat_map(|(_, places)| *places) {
        runs.push(run.to_string());
        afters.push(*after);
    }
    for (_, places) in asked {
        let count = i32::try_from(places.len()).unwrap_or(i32::MAX);
        first.push(first.last().map_or(1, |last| last + count));
    }
    [
        tenants(|tenant| tenant.organization().as_str()).into(),
        tenants(|tenant| tenant.user().as_str()).into(),
        tenants(|tenant| tenant.role().as_str()).into(),
        first.into(),
        runs.into(),
        afters.into(),
        rows.into(),
        characters.into(),
    ]
}

/// Adds the ends of those that are over.
async fn end(
    db: &Db,
    tenant: &Tenant,
    found: &mut Places,
    over: Vec<Place>,
) -> Result<(), DbError> {
    let scope = Scope::open(db, None, tenant, Access::ReadOnly, Statements::default()).await?;
    let endings = endings(&scope, &over).await?;
    for place in over {
        match (endings.get(&place.0), found.get_mut(&place)) {
            (Some(ending), Some(one)) => one.ending = Some(Arc::clone(ending)),
            // Gone between the statements.
            _ => drop(found.remove(&place)),
        }
    }
    Ok(())
}

impl Row {
    /// What it comes to, where at most so many rows of one run were read; and whether the run has ended.
    pub(super) fn found(self, rows: i64) -> (Found, bool) {
        let found = |piece, more| Found {
            available: self.available,
            piece,
            more,
            ending: None,
        };
        if self.ended {
            let piece = Piece::of(self.kept.as_deref().unwrap_or_default());
            let read = i64::from(self.after) + i64::try_from(piece.characters).unwrap_or(i64::MAX);
            return (found(piece, read < i64::from(self.available)), true);
        }
        let said = self.said.as_deref().unwrap_or_default();
        let sequence = i64::from(self.sequence.unwrap_or(self.after));
        let start = sequence - i64::try_from(said.chars().count()).unwrap_or(i64::MAX);
        let Ok(known) = usize::try_from(i64::from(self.after) - start) else {
            // Never from our own hand. What is missing may come yet, and comes with the message at the latest.
            tracing::error!(run.id = self.id, start, self.after, "a reply has a gap");
            return (found(Piece::of(""), false), false);
        };
        // The place may lie within a piece.
        let (skip, _) = said.char_indices().nth(known).unwrap_or((said.len(), ' '));
        let piece = Piece::of(said.get(skip..).unwrap_or_default());
        (found(piece, self.pieces >= rows), false)
    }
}

/// The ends of these runs.
async fn endings(scope: &Scope, places: &[Place]) -> Result<HashMap<RunId, Arc<Ending>>, DbError> {
    let tenant = scope.tenant();
    let ids = places.iter().map(|(run, _)| run.to_string());
    let runs = tenant
        .scope::<run::Entity, _>(run::Entity::find())
        .filter(run::Column::Id.eq_any(ids))
        .all(scope)
        .await?;
    let conversations = runs.iter().map(|run| run.conversation_id.to_string());
    let replies = runs.iter().map(|run| run.reply_id.to_string());
    let messages = tenant
        .scope::<agent_message::Entity, _>(agent_message::Entity::find())
        .filter(agent_message::Column::ConversationId.eq_any(conversations))
        .filter(agent_message::Column::Id.eq_any(replies))
        .all(scope)
        .await?;
    let mut messages: HashMap<_, _> = messages.into_iter().map(|m| (m.id.clone(), m)).collect();
    let endings = runs.into_iter().map(|run| {
        let message = messages.remove(&run.reply_id);
        (run.id.clone(), Arc::new(Ending { run, message }))
    });
    Ok(endings.collect())
}

/// Hands out what was found.
pub(super) fn hand_out(wants: &[Want], found: &Places) {
    for Want {
        run,
        after,
        followers,
    } in wants
    {
        let Some(found) = found.get(&(run.clone(), *after)) else {
            for follower in followers {
                follower.stop(Stopped::Missing);
            }
            continue;
        };
        for follower in followers {
            follower.see(found.available);
            follower.push(&found.piece, found.more);
            if let Some(ending) = &found.ending {
                follower.end(Arc::clone(ending));
            }
        }
    }
}

#[cfg(test)]
impl Row {
    pub(super) fn growing(after: i32, sequence: Option<i32>, said: &str) -> Self {
        Self {
            after,
            sequence,
            pieces: i64::from(sequence.is_some()),
            said: Some(said.to_owned()),
            ..Self::default()
        }
    }

    pub(super) fn ended(after: i32, available: i32, kept: &str) -> Self {
        Self {
            after,
            ended: true,
            available,
            kept: Some(kept.to_owned()),
            ..Self::default()
        }
    }
}
