use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Counts the statements of one operation, for its line in the log. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Statements(Arc<AtomicU32>);

impl Statements {
    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, more: u32) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }
}
