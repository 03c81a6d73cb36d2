//! Pages that grow: what there is goes out at once, a reply as it is written, and the rest when it has ended.
//!
//! Browsers show what they have of a page, so this takes no script: a page whose rest is still to come shows each piece as it
//! comes in. Whoever looks is asked for again as on every stream, and the server's stop ends the wait, not the page.

use std::convert::Infallible;
use std::sync::Arc;

use agentry_db::reply::{Ending, Following, Part};
use axum::body::{Body, Bytes};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt as _, StreamExt as _};
use maud::{Markup, PreEscaped, html};
use tokio::time::Interval;

use crate::http::{CallerContext, OpenStream, Shared, every};

/// Where the reply grows: in the element that ends here.
const HERE: &str = "<!--reply--></div>";

/// What nobody sees: it keeps a connection open on which nothing happens.
const STILL_HERE: &[u8] = b"<!---->";

/// How the wait ended.
pub(super) enum Ended {
    /// With the run.
    Run(Arc<Ending>),
    /// Before it: the page is to be opened again.
    Away,
    /// Before it: whoever looks is signed out.
    Out,
}

/// What is said once it has ended.
pub(super) type Epilogue = Box<dyn FnOnce(Ended) -> Markup + Send>;

/// The place in the markup of a page where a reply grows. All other text in a page is escaped, so none can look like it.
pub(super) fn place() -> Markup {
    html! { div.text { (PreEscaped("<!--reply-->")) } }
}

/// What is open while a page grows.
pub(super) struct Held {
    pub(super) shared: Arc<Shared>,
    pub(super) context: Arc<dyn CallerContext>,
    /// Its place among the streams of its user.
    pub(super) open: OpenStream,
}

/// The body of a page that grows.
pub(super) fn body(page: &str, following: Following, held: Held, epilogue: Epilogue) -> Body {
    let (head, tail) = page.split_once(HERE).unwrap_or((page, ""));
    let Held {
        shared,
        context,
        open,
    } = held;
    let limits = shared.options.sockets;
    let growing = Growing {
        following,
        stopped: shared.stopped().boxed(),
        keep_alive: every(limits.keep_alive),
        recheck: every(limits.recheck),
        rechecks: shared.gate.rechecks(&*context),
        shared,
        context,
        rest: Some((epilogue, tail.to_owned())),
        _open: open,
    };
    let head = stream::iter([Bytes::from(head.to_owned())]);
    let rest = stream::unfold(growing, |mut growing| async move {
        let bytes = growing.next().await?;
        Some((bytes, growing))
    });
    Body::from_stream(head.chain(rest).map(Ok::<_, Infallible>))
}

struct Growing {
    following: Following,
    stopped: BoxFuture<'static, ()>,
    keep_alive: Interval,
    recheck: Interval,
    rechecks: BoxStream<'static, ()>,
    shared: Arc<Shared>,
    context: Arc<dyn CallerContext>,
    /// What is to come once it has ended; `None` when that was sent.
    rest: Option<(Epilogue, String)>,
    _open: OpenStream,
}

impl Growing {
    async fn next(&mut self) -> Option<Bytes> {
        self.rest.as_ref()?;
        loop {
            tokio::select! {
                biased;
                () = &mut self.stopped => return self.end(Ended::Away),
                _ = self.recheck.tick() => if self.is_out().await { return self.end(Ended::Out) },
                Some(()) = self.rechecks.next() => if self.is_out().await { return self.end(Ended::Out) },
                part = self.following.next() => return match part {
                    Some(Ok(Part::Text { sequence: _, text })) => Some(escaped(&text)),
                    Some(Ok(Part::End { sequence: _, ending })) => self.end(Ended::Run(ending)),
                    Some(Err(_)) | None => self.end(Ended::Away),
                },
                _ = self.keep_alive.tick() => return Some(Bytes::from_static(STILL_HERE)),
            }
        }
    }

    /// Whether whoever looks may not any more.
    fn is_out(&self) -> impl Future<Output = bool> + Send + 'static {
        let (shared, context) = (Arc::clone(&self.shared), Arc::clone(&self.context));
        async move { !shared.gate.still_valid(&*context).await }
    }

    /// The last of the page. To whoever is signed out no more of it is shown.
    fn end(&mut self, ended: Ended) -> Option<Bytes> {
        let (epilogue, tail) = self.rest.take()?;
        let tail = match ended {
            Ended::Run(_) | Ended::Away => tail,
            Ended::Out => String::new(),
        };
        let said = epilogue(ended).into_string();
        Some(format!("</div>{said}{tail}").into())
    }
}

fn escaped(text: &str) -> Bytes {
    html! { (text) }.into_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_is_found_where_it_is_and_nowhere_else() {
        let page = html! { p { "<!--reply--></div>" } (place()) p { "after" } }.into_string();
        let (head, tail) = page.split_once(HERE).unwrap_or_default();
        assert!(head.ends_with("<div class=\"text\">"), "{head}");
        assert_eq!(tail, "<p>after</p>");
    }
}
