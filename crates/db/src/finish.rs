use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs a future to its end even when its caller goes away: what is left of it is then finished on a task of its own.
/// A request's future is dropped when its client disconnects, and BEGIN and COMMIT must not be left half said.
pub(crate) fn finish<F>(future: F) -> Finish<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Finish(Some(Box::pin(future)))
}

pub(crate) struct Finish<T: Send + 'static>(Option<Pin<Box<dyn Future<Output = T> + Send>>>);

impl<T: Send + 'static> Future for Finish<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let Some(future) = self.0.as_mut() else {
            return Poll::Pending;
        };
        let poll = future.as_mut().poll(context);
        if poll.is_ready() {
            self.0 = None;
        }
        poll
    }
}

impl<T: Send + 'static> Drop for Finish<T> {
    fn drop(&mut self) {
        if let (Some(rest), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move { drop(rest.await) });
        }
    }
}
