use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::{Ending, Part, Stopped};

/// How many characters may wait for a reader; with as many waiting, nothing more is read for it.
pub(super) const BUFFER: usize = 65_536;
/// The most characters in one part.
pub(super) const PART: usize = 16_384;

/// What waits for one who follows. Text is shared by all who are at the same place; what was not taken when more comes is
/// taken together with it, so a reader that is a little slow gets fewer and longer parts.
#[derive(Debug)]
pub(super) struct Follower {
    state: Mutex<State>,
    /// Told of every change. One waits.
    changed: Notify,
}

/// Text, and how many characters it has.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) text: Arc<str>,
    pub(super) characters: usize,
}

#[derive(Debug)]
struct State {
    /// How much of the reply came before what will be read next.
    position: i32,
    pieces: VecDeque<Piece>,
    /// The characters of all pieces.
    waiting: usize,
    /// When something was last taken, or nothing fitted in any more.
    full_since: Option<Instant>,
    /// Whether there may be more to read.
    due: bool,
    /// Whether it was looked at.
    seen: bool,
    /// What comes after the pieces. Nothing is read for it any more then.
    end: Option<Result<Arc<Ending>, Stopped>>,
    /// Whether that was taken.
    over: bool,
}

/// What can be taken.
enum Taken {
    /// A part, and whether there is room again now for what there was none for.
    Part(Result<Part, Stopped>, bool),
    /// Nothing yet.
    Nothing,
    /// Nothing any more.
    Over,
}

impl Piece {
    pub(super) fn of(text: &str) -> Self {
        Self {
            characters: text.chars().count(),
            text: text.into(),
        }
    }
}

impl Follower {
    /// One that has this much, and has not been looked at.
    pub(super) fn new(after: i32) -> Self {
        Self {
            state: Mutex::new(State {
                position: after,
                pieces: VecDeque::new(),
                waiting: 0,
                full_since: None,
                due: true,
                seen: false,
                end: None,
                over: false,
            }),
            changed: Notify::new(),
        }
    }

    /// Waits for the first look, and what it says.
    pub(super) async fn seen(&self) -> Result<(), Stopped> {
        loop {
            {
                let state = self.lock();
                match &state.end {
                    Some(Err(stopped)) if !state.seen => return Err(stopped.clone()),
                    _ if state.seen => return Ok(()),
                    _ => {}
                }
            }
            self.changed.notified().await;
        }
    }

    /// What comes next, and whether there is room again now for what there was none for. `None` after the end.
    pub(super) async fn next(&self) -> Option<(Result<Part, Stopped>, bool)> {
        loop {
            let taken = self.lock().take();
            match taken {
                Taken::Part(part, has_room_again) => return Some((part, has_room_again)),
                Taken::Nothing => self.changed.notified().await,
                Taken::Over => return None,
            }
        }
    }

    /// There may be more to read.
    pub(super) fn due(&self) {
        self.lock().due = true;
    }

    /// Where to read on, if it is due and there is room; it is due no more then. A reader that took nothing for `stall` while
    /// there was no room is told to come again.
    pub(super) fn want(&self, stall: Duration) -> Option<i32> {
        let mut state = self.lock();
        if state.end.is_some() {
            return None;
        }
        if state.waiting >= BUFFER {
            let stalled = state
                .full_since
                .is_some_and(|since| since.elapsed() >= stall);
            if stalled {
                let after = state.position;
                drop(state);
                self.stop(Stopped::Behind { after });
            }
            return None;
        }
        std::mem::take(&mut state.due).then_some(state.position)
    }

    /// Whether there is no room.
    pub(super) fn is_full(&self) -> bool {
        let state = self.lock();
        state.end.is_none() && state.waiting >= BUFFER
    }

    /// Looked at for the first time, with so much there.
    pub(super) fn see(&self, available: i32) {
        let mut state = self.lock();
        if state.seen {
            return;
        }
        if state.position > available {
            drop(state);
            return self.stop(Stopped::Beyond { available });
        }
        state.seen = true;
        drop(state);
        self.changed.notify_one();
    }

    /// More of the reply.
    pub(super) fn push(&self, piece: &Piece, more: bool) {
        let mut state = self.lock();
        state.due |= more;
        if piece.characters > 0 {
            let length = i32::try_from(piece.characters).unwrap_or(i32::MAX);
            state.position = state.position.saturating_add(length);
            state.waiting += piece.characters;
            state.pieces.push_back(piece.clone());
            if state.waiting >= BUFFER && state.full_since.is_none() {
                state.full_since = Some(Instant::now());
            }
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Nothing comes after what waits.
    pub(super) fn end(&self, ending: Arc<Ending>) {
        self.close(Ok(ending));
    }

    /// The same, for another reason.
    pub(super) fn stop(&self, stopped: Stopped) {
        self.close(Err(stopped));
    }

    /// The same for want of the database.
    pub(super) fn give_up(&self) {
        let after = self.lock().position;
        self.stop(Stopped::Away { after });
    }

    fn close(&self, end: Result<Arc<Ending>, Stopped>) {
        let mut state = self.lock();
        if state.end.is_none() {
            state.end = Some(end);
        }
        drop(state);
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self) -> Taken {
        if self.over {
            return Taken::Over;
        }
        if self.waiting > 0 {
            let was_full = self.full_since.take().is_some();
            let text = self.take_text();
            let full = self.waiting >= BUFFER;
            self.full_since = full.then(Instant::now);
            let waiting = i32::try_from(self.waiting).unwrap_or(i32::MAX);
            let sequence = self.position - waiting;
            let part = Part::Text { sequence, text };
            return Taken::Part(Ok(part), was_full && !full);
        }
        let Some(end) = self.end.clone() else {
            return Taken::Nothing;
        };
        self.over = true;
        let sequence = self.position;
        let part = end.map(|ending| Part::End { sequence, ending });
        Taken::Part(part, false)
    }

    fn take_text(&mut self) -> String {
        let mut text = String::new();
        let mut room = PART;
        while room > 0
            && let Some(piece) = self.pieces.pop_front()
        {
            let taken = piece.characters.min(room);
            if taken < piece.characters {
                let (end, _) = piece.text.char_indices().nth(taken).unwrap_or_default();
                let (now, later) = piece.text.split_at(end);
                text.push_str(now);
                self.pieces.push_front(Piece {
                    text: later.into(),
                    characters: piece.characters - taken,
                });
            } else {
                text.push_str(&piece.text);
            }
            room -= taken;
            self.waiting -= taken;
        }
        text
    }
}
