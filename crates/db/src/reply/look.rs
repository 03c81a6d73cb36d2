use std::collections::HashMap;
use std::sync::Arc;

use agentry_entity::{agent_message, run};
use sea_orm::{ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _};

use super::desk::Want;
use super::follower::Piece;
use super::{Ending, Stopped};
use crate::ids::RunId;
use crate::scope::Access;
use crate::{Db, DbError, Scope, Statements, Tenant, sql};

/// The most characters of replies that one statement reads, as far as that can be told before, and the most of one of them.
const CHARACTERS: usize = 4_194_304;
const CHARACTERS_OF_ONE: usize = 32_768;
/// The same for the rows they are in while they grow.
const ROWS: usize = 65_536;
const ROWS_OF_ONE: usize = 512;

/// What there is of each run at the place asked for: while it lasts, the pieces after that place, and once it has ended, its
/// message from there on. One statement sees both as they are at one moment, so what is being moved from the one into the
/// other is seen in exactly one of them.
const LOOK: &str = "
SELECT f.id, f.after, r.finished_at IS NOT NULL AS ended, d.sequence, d.pieces, d.text AS said, m.text AS kept,
       coalesce(m.characters, (SELECT x.sequence FROM run_deltas x
                               WHERE r.finished_at IS NULL AND x.organization_id = $1 AND x.run_id = r.id
                               ORDER BY x.sequence DESC LIMIT 1), 0) AS available
FROM unnest($2::text[], $3::integer[]) AS f (id, after)
JOIN runs r ON r.organization_id = $1 AND r.id = f.id
LEFT JOIN LATERAL (
  SELECT max(p.sequence) AS sequence, count(*) AS pieces, string_agg(p.text, '' ORDER BY p.sequence) AS text
  FROM (SELECT d.sequence, d.text FROM run_deltas d
        WHERE r.finished_at IS NULL AND d.organization_id = $1 AND d.run_id = r.id AND d.sequence > f.after
        ORDER BY d.sequence LIMIT $4) p) d ON true
LEFT JOIN LATERAL (
  SELECT char_length(m.content) AS characters, substr(m.content, least(f.after, char_length(m.content)) + 1, $5) AS text FROM agent_messages m
  WHERE r.finished_at IS NOT NULL AND m.organization_id = $1 AND m.conversation_id = r.conversation_id AND m.id = r.reply_id) m ON true";

/// A run at a place, as the statement tells.
#[derive(Debug, Clone, Default, FromQueryResult)]
pub(super) struct Row {
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

/// Looks at all these places in one statement, and in two more at the runs whose end is reached.
pub(super) async fn look(
    db: &Db,
    tenant: &Tenant,
    wants: &[Want],
) -> Result<HashMap<(RunId, i32), Found>, DbError> {
    let (runs, afters): (Vec<String>, Vec<i32>) = wants
        .iter()
        .map(|want| (want.run.to_string(), want.after))
        .unzip();
    let share = |all: usize, most: usize| {
        let share = (all / wants.len().max(1)).clamp(1, most);
        i32::try_from(share).unwrap_or(i32::MAX)
    };
    let rows = share(ROWS, ROWS_OF_ONE);
    let values = [
        tenant.organization().as_str().into(),
        runs.into(),
        afters.into(),
        rows.into(),
        share(CHARACTERS, CHARACTERS_OF_ONE).into(),
    ];
    let scope = Scope::open(db, None, tenant, Access::ReadOnly, Statements::default()).await?;
    let mut found: HashMap<(RunId, i32), Found> = HashMap::new();
    let mut over = Vec::new();
    for row in sql::all::<Row>(&scope, LOOK, values).await? {
        let place = (RunId::from(row.id.as_str()), row.after);
        let (one, ended) = row.found(i64::from(rows));
        if ended && !one.more {
            over.push(place.clone());
        }
        found.insert(place, one);
    }
    if over.is_empty() {
        return Ok(found);
    }
    let endings = endings(&scope, &over).await?;
    for place in over {
        match (endings.get(&place.0), found.get_mut(&place)) {
            (Some(ending), Some(one)) => one.ending = Some(Arc::clone(ending)),
            // Gone between the statements.
            _ => drop(found.remove(&place)),
        }
    }
    Ok(found)
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
async fn endings(
    scope: &Scope,
    places: &[(RunId, i32)],
) -> Result<HashMap<RunId, Arc<Ending>>, DbError> {
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
pub(super) fn hand_out(wants: &[Want], found: &HashMap<(RunId, i32), Found>) {
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
