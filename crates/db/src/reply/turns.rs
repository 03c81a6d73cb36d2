use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::select;
use tokio::sync::{Semaphore, oneshot};

use super::look::{Place, Places, look};
use crate::{Db, DbError, Tenant};

/// The most tenants that one statement reads for, and the most places.
const TENANTS: usize = 64;
const PLACES: usize = 1_024;

/// Who waits for a reading. So few are under way at once, and each takes along who else waits: when word of many tenants' replies
/// comes at once, they are read in a few statements, and when one is alone, at once.
#[derive(Debug)]
pub(super) struct Turns {
    waiting: Mutex<VecDeque<Ask>>,
    /// Closed with the hub.
    turns: Semaphore,
}

/// What one tenant asks for.
#[derive(Debug)]
struct Ask {
    tenant: Tenant,
    places: Vec<Place>,
    answer: oneshot::Sender<Result<Places, DbError>>,
}

impl Turns {
    pub(super) fn new(at_once: usize) -> Self {
        Self {
            waiting: Mutex::default(),
            turns: Semaphore::new(at_once),
        }
    }

    pub(super) fn close(&self) {
        self.turns.close();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.turns.is_closed()
    }

    /// Looks at these places as this tenant, when it is their turn: by itself, or by whoever has the turn before.
    pub(super) async fn look(
        &self,
        db: &Db,
        tenant: &Tenant,
        places: Vec<Place>,
    ) -> Result<Places, DbError> {
        let (answer, mut answered) = oneshot::channel();
        self.lock().push_back(Ask {
            tenant: tenant.clone(),
            places,
            answer,
        });
        let gone = |_| DbError::Unavailable("whoever looked is gone".to_owned());
        loop {
            let turn = select! {
                biased;
                answer = &mut answered => return answer.map_err(gone)?,
                turn = self.turns.acquire() => turn,
            };
            let Ok(turn) = turn else {
                return Err(DbError::Unavailable("the hub is closed".to_owned()));
            };
            let asks = self.take();
            if asks.is_empty() {
                // This one's is in the hands of another.
                drop(turn);
                return answered.await.map_err(gone)?;
            }
            answer_all(db, asks).await;
        }
    }

    /// Those who wait the longest, as many as go into one statement.
    fn take(&self) -> Vec<Ask> {
        let mut waiting = self.lock();
        let mut asks: Vec<Ask> = Vec::new();
        let mut places = 0;
        while asks.len() < TENANTS
            && let Some(next) = waiting.front()
        {
            places += next.places.len();
            if places > PLACES && !asks.is_empty() {
                break;
            }
            asks.extend(waiting.pop_front());
        }
        asks
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Ask>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer_all(db: &Db, asks: Vec<Ask>) {
    let asked: Vec<(&Tenant, &[Place])> = asks
        .iter()
        .map(|ask| (&ask.tenant, ask.places.as_slice()))
        .collect();
    let error = match look(db, &asked).await {
        Ok(found) => {
            for (ask, found) in asks.into_iter().zip(found) {
                // Whoever follows no more needs none.
                let _ = ask.answer.send(Ok(found));
            }
            return;
        }
        Err(error) => error,
    };
    for ask in asks {
        let answer = match &error {
            DbError::Unavailable(why) => Err(DbError::Unavailable(why.clone())),
            DbError::Timeout => Err(DbError::Timeout),
            DbError::Crossed => Err(DbError::Crossed),
            // What is wrong with one is no affair of the others.
            DbError::Constraint { .. } | DbError::Refused(_) | DbError::Unexpected(_) => {
                let alone = look(db, &[(&ask.tenant, &ask.places)]).await;
                alone.map(|found| found.into_iter().next().unwrap_or_default())
            }
        };
        let _ = ask.answer.send(answer);
    }
}
