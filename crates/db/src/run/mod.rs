//! Runs: an agent's work on one reply, and how a reply takes its place in the tree of messages.

mod active;
mod branch;
mod cancel;
mod code;
mod delta;
mod fold;
mod lease;
mod query;
mod send;
mod service;
mod start;
mod title;
mod tool;

pub use active::{Queue, active_many, queue};
pub use branch::{NewReply, edit, place_reply, select};
pub use cancel::{Cancelling, cancel};
pub use code::ErrorCode;
pub use delta::{Piece, append, said};
pub use fold::{Ending, Folded, fold, settle};
pub use lease::{Claimed, Worker, claim, extend, hold, postpone};
pub use query::{
    RunFilter, count, count_many, find, find_many, list, list_many, siblings_many, text_many,
};
pub use send::{NewRun, create};
pub use service::{Link, Missing, Served, Serving, maker_of, service_of, serving};
pub use start::{
    Asking, HistoryLimits, RunConnection, Said, begin, connection, history, is_cancelled,
};
pub use title::give_title;
pub use tool::{
    Answer, Behind, CallState, ToolCall, answer, behind_many, keep_calls, read_calls, write_calls,
};
