//! What every handler shares.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::csrf;
use super::gate::Gate;
use super::graphql::{DocumentCache, InputTypes};
use super::health::Readiness;
use super::options::HttpOptions;

/// The schema, the gate and the settings. Cloning shares them.
pub struct HttpState<E> {
    pub(crate) executor: E,
    pub(crate) shared: Arc<Shared>,
}

/// The part of the state that does not depend on the schema's type.
pub(crate) struct Shared {
    pub(crate) gate: Arc<dyn Gate>,
    pub(crate) ready: Arc<dyn Readiness>,
    pub(crate) options: HttpOptions,
    pub(crate) schema_text: String,
    pub(crate) types: InputTypes,
    pub(crate) documents: DocumentCache,
    pub(crate) streams: Streams,
    /// Set once, when the server is asked to stop.
    stopping: watch::Sender<bool>,
}

impl<E: Clone> Clone for HttpState<E> {
    fn clone(&self) -> Self {
        Self {
            executor: self.executor.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

/// The parts do not fit together.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The schema's text does not parse.
    #[error("the schema's text does not parse: {0}")]
    SchemaText(#[from] async_graphql::parser::Error),
    /// A setting that must be an origin is none.
    #[error("`{0}` is not an origin: give scheme, host and port, as in https://app.example.com")]
    Origin(String),
}

impl<E> HttpState<E> {
    /// Puts the parts together. `schema_text` is the schema in the schema definition language (`Schema::sdl`): it is served
    /// at `/schema.graphql`, and the types of variables are read from it.
    ///
    /// # Errors
    /// [`SetupError`] when `schema_text` does not parse or a configured origin is none.
    pub fn new(
        executor: E,
        gate: Arc<dyn Gate>,
        ready: Arc<dyn Readiness>,
        schema_text: String,
        options: HttpOptions,
    ) -> Result<Self, SetupError> {
        if let Some(wrong) = options
            .origins()
            .find(|origin| csrf::normal(origin).is_none())
        {
            return Err(SetupError::Origin(wrong.to_owned()));
        }
        let types = InputTypes::parse(&schema_text)?;
        let shared = Shared {
            gate,
            ready,
            documents: DocumentCache::new(options.cached_documents),
            streams: Streams::new(options.sockets.per_user),
            options,
            schema_text,
            types,
            stopping: watch::Sender::new(false),
        };
        Ok(Self {
            executor,
            shared: Arc::new(shared),
        })
    }
}

impl Shared {
    /// Tells sockets and event streams to end, and `/readyz` to say no.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Ends when the server is asked to stop.
    pub(crate) fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stopping = self.stopping.subscribe();
        async move {
            // The sender lives in the state this future is used under; its loss means stopping as well.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        }
    }
}

/// Open sockets and event streams, by caller.
pub(crate) struct Streams {
    per_user: usize,
    open: Arc<Mutex<HashMap<String, usize>>>,
    total: watch::Sender<usize>,
}

impl Streams {
    fn new(per_user: usize) -> Self {
        Self {
            per_user,
            open: Arc::default(),
            total: watch::Sender::new(0),
        }
    }

    /// Counts one open stream that has no caller yet.
    pub(crate) fn open(&self) -> OpenStream {
        self.total.send_modify(|total| *total += 1);
        OpenStream {
            key: None,
            open: Arc::clone(&self.open),
            total: self.total.clone(),
        }
    }

    /// Counts it for its caller; `false` when that caller has too many.
    pub(crate) fn claim(&self, stream: &mut OpenStream, key: String) -> bool {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(key.clone()).or_default();
        if *count >= self.per_user {
            return false;
        }
        *count += 1;
        stream.key = Some(key);
        true
    }

    /// Ends when none is open.
    pub(crate) async fn all_closed(&self) {
        let mut total = self.total.subscribe();
        // The sender is `self.total`: it cannot be gone.
        let _ = total.wait_for(|total| *total == 0).await;
    }
}

/// A place in the count, given back when dropped.
pub(crate) struct OpenStream {
    key: Option<String>,
    open: Arc<Mutex<HashMap<String, usize>>>,
    total: watch::Sender<usize>,
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(count) = open.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    open.remove(&key);
                }
            }
        }
        self.total.send_modify(|total| *total -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cap_counts_by_caller_and_gives_places_back() {
        let streams = Streams::new(1);
        let (mut first, mut second, mut other) = (streams.open(), streams.open(), streams.open());
        assert!(streams.claim(&mut first, "ann".into()));
        assert!(!streams.claim(&mut second, "ann".into()));
        assert!(streams.claim(&mut other, "bob".into()));
        drop(first);
        assert!(streams.claim(&mut second, "ann".into()));
        drop((second, other));
        assert_eq!(*streams.total.borrow(), 0);
        assert!(streams.open.lock().is_ok_and(|open| open.is_empty()));
    }
}
