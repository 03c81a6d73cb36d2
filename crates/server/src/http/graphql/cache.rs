//! Documents parsed and checked before.
//!
//! Clients send few documents many times. Parsing one costs some tens of microseconds, cloning the result a few.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::document::CheckedDocument;

/// Texts longer than this are not kept.
const LONGEST: usize = 16 * 1024;
/// Bytes of text on one shelf; a parsed document takes some ten times its text.
const SHELF_BYTES: usize = 256 * 1024;

/// Keeps documents on two shelves: what is used moves to the young one; when that is full it becomes the old one, and what
/// was on the old one is forgotten. About as good as least recently used, without a list to keep.
pub(crate) struct DocumentCache {
    /// Documents on one shelf.
    capacity: usize,
    shelves: Mutex<Shelves>,
}

#[derive(Default)]
struct Shelves {
    young: HashMap<Arc<str>, Arc<CheckedDocument>>,
    young_bytes: usize,
    old: HashMap<Arc<str>, Arc<CheckedDocument>>,
}

impl DocumentCache {
    /// Keeps about `documents`.
    pub(crate) fn new(documents: usize) -> Self {
        Self {
            capacity: documents.div_ceil(2),
            shelves: Mutex::default(),
        }
    }

    pub(super) fn get(&self, text: &str) -> Option<Arc<CheckedDocument>> {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = shelves.young.get(text) {
            return Some(Arc::clone(found));
        }
        let (text, found) = shelves.old.remove_entry(text)?;
        shelves.put(text, Arc::clone(&found), self.capacity);
        Some(found)
    }

    pub(super) fn put(&self, text: &str, document: &Arc<CheckedDocument>) {
        if self.capacity > 0 && text.len() <= LONGEST {
            let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
            shelves.put(text.into(), Arc::clone(document), self.capacity);
        }
    }
}

impl Shelves {
    fn put(&mut self, text: Arc<str>, document: Arc<CheckedDocument>, capacity: usize) {
        if self.young.len() >= capacity || self.young_bytes + text.len() > SHELF_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += text.len();
        self.young.insert(text, document);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::http::graphql::types::InputTypes;
    use crate::http::options::DocumentLimits;

    fn document(text: &str) -> Arc<CheckedDocument> {
        let types = InputTypes::parse("type Query { a: Int }").unwrap();
        Arc::new(CheckedDocument::parse(text, &DocumentLimits::default(), &types).unwrap())
    }

    #[test]
    fn used_documents_stay_and_others_go() {
        let cache = DocumentCache::new(4);
        for text in ["{ a }", "{ b }", "{ c }"] {
            cache.put(text, &document(text));
        }
        assert!(cache.get("{ a }").is_some(), "moved to the young shelf");
        cache.put("{ d }", &document("{ d }"));
        cache.put("{ e }", &document("{ e }"));
        assert!(cache.get("{ a }").is_some());
        assert!(cache.get("{ b }").is_none());
    }

    #[test]
    fn nothing_is_kept_when_off_or_too_long() {
        let off = DocumentCache::new(0);
        off.put("{ a }", &document("{ a }"));
        assert!(off.get("{ a }").is_none());
        let on = DocumentCache::new(4);
        let long = format!("{{ a }} # {}", "x".repeat(LONGEST));
        on.put(&long, &document(&long));
        assert!(on.get(&long).is_none());
    }
}
