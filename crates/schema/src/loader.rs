use std::future::Future;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use agentry_db::{ReadScope, Scope};
use async_graphql::dataloader::{DataLoader, Loader as BatchLoader};
use futures_util::future::{BoxFuture, join};

use crate::ApiError;

/// Reads what many fields of one request ask for in one statement. It lives as long as the request and reads in the
/// request's own transaction; each noun implements [`async_graphql::dataloader::Loader`] on it for its keys.
#[derive(Debug)]
pub struct Loader {
    read: Arc<ReadScope>,
}

/// Collects what the fields of one level ask of a [`Loader`], and reads it at once.
///
/// The executor polls all fields of a level before it comes back to the first, so a field that steps aside once finds the
/// keys of all the others beside its own. The batch then runs inside the request, not on a task of its own: another thread
/// could start that before the last field has asked.
pub struct Batches {
    loader: DataLoader<Loader>,
    waiting: Arc<Mutex<Vec<BoxFuture<'static, ()>>>>,
}

impl Loader {
    pub(crate) fn batching(read: Arc<ReadScope>) -> Batches {
        let waiting = Arc::new(Mutex::new(Vec::new()));
        let queue = Arc::clone(&waiting);
        let loader = DataLoader::new(Self { read }, move |batch| {
            queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(batch);
        })
        .delay(Duration::ZERO);
        Batches { loader, waiting }
    }

    pub(crate) async fn scope(&self) -> Result<Scope, Arc<ApiError>> {
        self.read
            .scope()
            .await
            .map_err(|error| Arc::new(error.into()))
    }
}

impl Batches {
    /// What the key stands for.
    ///
    /// # Errors
    /// What the noun's loader answers to the whole batch.
    pub async fn load_one<K>(
        &self,
        key: K,
    ) -> Result<Option<<Loader as BatchLoader<K>>::Value>, Arc<ApiError>>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Loader: BatchLoader<K, Error = Arc<ApiError>>,
    {
        let drive = async {
            tokio::task::yield_now().await;
            while let Some(batch) = self.next() {
                batch.await;
            }
        };
        join(self.loader.load_one(key), drive).await.0
    }

    fn next(&self) -> Option<Batch> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.pop().map(|batch| Batch(Some(batch)))
    }
}

/// A batch being read. Others wait for it too: when the field that drives it is dropped (one beside it failed), it is
/// finished on a task.
struct Batch(Option<BoxFuture<'static, ()>>);

impl Future for Batch {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(batch) = self.0.as_mut() else {
            return Poll::Ready(());
        };
        let poll = batch.as_mut().poll(context);
        if poll.is_ready() {
            self.0 = None;
        }
        poll
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        if let (Some(rest), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(rest);
        }
    }
}
