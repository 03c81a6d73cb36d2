use std::collections::HashSet;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::desk::{Desk, Want};
use super::follower::Follower;
use super::look::hand_out;
use super::{Inner, Stopped};
use crate::DbError;
use crate::ids::RunId;
use crate::live::Replies;

/// Reads for everyone at one desk.
pub(super) struct Reader {
    hub: Arc<Inner>,
    desk: Arc<Desk>,
    /// `None` while nobody hears of anything.
    ears: Option<Replies>,
    /// The runs that are listened for.
    listened: HashSet<RunId>,
    /// When everything was last looked at, whether word came or not.
    swept: Instant,
    /// Since when the database is away.
    trouble: Option<Instant>,
}

impl Reader {
    pub(super) fn new(hub: Arc<Inner>, desk: Arc<Desk>) -> Self {
        Self {
            hub,
            desk,
            ears: None,
            listened: HashSet::new(),
            swept: Instant::now(),
            trouble: None,
        }
    }

    /// Reads for as long as somebody is at the desk.
    pub(super) async fn read(mut self) {
        while self.hub.keeps(&self.desk) {
            if self.hub.turns.is_closed() {
                self.desk.each(Follower::give_up);
            }
            // Before looking, so that word of what is stored after the look is not missed.
            self.listen().await;
            self.sweep();
            let wants = self.desk.wants(self.hub.pace.stall);
            if wants.is_empty() {
                self.wait().await;
                continue;
            }
            let begun = Instant::now();
            match self.look(&wants).await {
                Ok(()) => {
                    self.trouble = None;
                    // A database that takes longer is asked less often.
                    let pace = self.hub.pace;
                    let pause = (begun.elapsed() * 3).clamp(pace.tick, pace.slowest);
                    sleep_until(begun + pause).await;
                }
                Err(error) => self.after_failure(&wants, &error).await,
            }
        }
    }

    async fn look(&self, wants: &[Want]) -> Result<(), DbError> {
        let places = wants.iter().map(|want| (want.run.clone(), want.after));
        let Inner { turns, db, .. } = &*self.hub;
        let found = turns.look(db, self.desk.tenant(), places.collect());
        hand_out(wants, &found.await?);
        Ok(())
    }

    /// A database that is away may come back; those who follow need not know of it for a while.
    async fn after_failure(&mut self, wants: &[Want], error: &DbError) {
        let followers = || wants.iter().flat_map(|want| &want.followers);
        match error {
            DbError::Unavailable(_) | DbError::Timeout | DbError::Crossed => {
                let since = *self.trouble.get_or_insert_with(Instant::now);
                if since.elapsed() >= self.hub.pace.patience {
                    tracing::warn!(%error, "replies are followed no further");
                    followers().for_each(|one| one.give_up());
                    self.trouble = None;
                    return;
                }
                followers().for_each(|one| one.due());
                sleep(self.hub.pace.retry).await;
            }
            DbError::Constraint { .. } | DbError::Refused(_) | DbError::Unexpected(_) => {
                let fault = Stopped::Fault(error.to_string());
                followers().for_each(|one| one.stop(fault.clone()));
            }
        }
    }

    /// Listens for what is followed and for nothing else, and notes what was heard.
    async fn listen(&mut self) {
        if self.ears.is_none() {
            // At once or not at all: reading goes on meanwhile.
            let ears = timeout(Duration::ZERO, self.hub.live.wait_for_replies()).await;
            self.ears = ears.ok().and_then(Result::ok);
            self.listened.clear();
            if self.ears.is_some() {
                // Nobody knows what was said before.
                self.desk.all_due();
            }
        }
        let Some(ears) = &self.ears else { return };
        for run in self.desk.runs() {
            if !self.listened.contains(&run) {
                ears.add(&run);
                self.listened.insert(run);
            }
        }
        self.listened.retain(|run| {
            let followed = self.desk.follows(run);
            if !followed {
                ears.remove(run);
            }
            followed
        });
        if let Ok(heard) = timeout(Duration::ZERO, ears.next()).await {
            self.note(heard.ok());
        }
    }

    fn note(&mut self, heard: Option<Vec<RunId>>) {
        if let Some(runs) = heard {
            self.desk.due(&runs);
        } else {
            self.ears = None;
            self.desk.all_due();
        }
    }

    /// Now and then everything is due.
    fn sweep(&mut self) {
        if self.swept.elapsed() >= self.between_sweeps() {
            self.swept = Instant::now();
            self.desk.all_due();
        }
    }

    fn between_sweeps(&self) -> Duration {
        let pace = &self.hub.pace;
        match self.ears {
            Some(_) => pace.look_again,
            None => pace.unheard,
        }
    }

    /// Waits until there may be something to do.
    async fn wait(&mut self) {
        let heard = async {
            match &self.ears {
                Some(ears) => ears.next().await.ok(),
                None => pending().await,
            }
        };
        let mut until = self.swept + self.between_sweeps();
        if self.desk.is_held_up() {
            until = until.min(Instant::now() + self.hub.pace.stall);
        }
        tokio::select! {
            heard = heard => self.note(heard),
            () = self.desk.woken() => {}
            () = sleep_until(until) => {}
        }
    }
}
