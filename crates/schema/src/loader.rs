use std::future::{Future, poll_fn};
use std::hash::Hash;
use std::pin::{Pin, pin};
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
/// The executor polls all fields of a level before it comes back to the first. So the first to ask steps aside once, finds
/// the keys of all the others beside its own, and reads for them all. It does so inside the request, not on a task of its
/// own: another thread could start that before the last field has asked, and one statement would become several.
pub struct Batches {
    loader: DataLoader<Loader>,
    begun: Begun,
}

/// The batch that the last key began, until the field that asked for the key takes it.
type Begun = Arc<Mutex<Option<BoxFuture<'static, ()>>>>;

impl Loader {
    pub(crate) fn batching(read: Arc<ReadScope>) -> Batches {
        let begun = Begun::default();
        let slot = Arc::clone(&begun);
        let loader = DataLoader::new(Self { read }, move |batch| {
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(batch);
        })
        .delay(Duration::ZERO);
        Batches { loader, begun }
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
        let mut load = pin!(self.loader.load_one(key));
        // The first poll hands the key in; when that began a batch, it is for this field to see to it.
        if let Poll::Ready(found) =
            poll_fn(|context| Poll::Ready(load.as_mut().poll(context))).await
        {
            return found;
        }
        let Some(batch) = self.begun() else {
            return load.await;
        };
        let read = async {
            tokio::task::yield_now().await;
            batch.await;
        };
        join(load, read).await.0
    }

    fn begun(&self) -> Option<Batch> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.take().map(|batch| Batch(Some(batch)))
    }
}

/// A batch being read. Others wait for it too: when the field that reads it is dropped (one beside it failed), it is finished
/// on a task.
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
