//! What `tracing` writes during one test.
//!
//! One subscriber for all tests, writing to a buffer of the thread: a test's server runs on the test's own thread, and a
//! subscriber a test would miss what another thread's test has caused `tracing` to call unwanted.

use std::cell::RefCell;
use std::io::Write;
use std::sync::Once;

thread_local! {
    static WRITTEN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

pub(super) struct Log;

impl Log {
    /// Begins with an empty buffer.
    pub(super) fn start() -> Self {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            let subscriber = tracing_subscriber::fmt()
                .with_ansi(false)
                .with_max_level(tracing::Level::TRACE)
                .with_writer(|| ThisThread)
                .finish();
            tracing::subscriber::set_global_default(subscriber)
                .expect("the only subscriber of these tests");
        });
        WRITTEN.with_borrow_mut(Vec::clear);
        Self
    }

    #[expect(
        clippy::unused_self,
        reason = "there is something to read only after the start"
    )]
    pub(super) fn text(&self) -> String {
        WRITTEN.with_borrow(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }
}

struct ThisThread;

impl Write for ThisThread {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        WRITTEN.with_borrow_mut(|written| written.write(bytes))
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
