//! What agents used: runs, tokens and cost by day, who asked, agent, model and connection; and what an organisation may spend.

mod budget;
mod call;
mod groups;

pub use budget::{
    Budget, BudgetChanges, BudgetExceeded, BudgetKind, exceeded, find_budget, hold_budget,
    set_budget,
};
pub use call::{Call, Kind, note};
pub use groups::{Asked, Group, Grouping, Sums, groups};
