//! Logging: pretty on a terminal, JSON otherwise, always to the error stream, so a command's answer can be piped.

use std::io::{self, IsTerminal};

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::{LogConfig, LogFormat};

/// Starts logging for this process.
///
/// # Errors
///
/// [`TryInitError`] when logging was started before.
pub fn init(config: &LogConfig) -> Result<(), TryInitError> {
    subscriber(config, io::stderr().is_terminal(), io::stderr).try_init()
}

fn subscriber<W>(config: &LogConfig, terminal: bool, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // Checked when the settings were read; what could not be read anyway is left out.
    let filter = EnvFilter::builder().parse_lossy(&config.filter);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Its complaint that a line could not be written goes to the same stream, and panics when that is full or closed.
        .log_internal_errors(false)
        .with_writer(writer);
    let json = match config.format {
        LogFormat::Auto => !terminal,
        LogFormat::Pretty => false,
        LogFormat::Json => true,
    };
    if json {
        return Box::new(
            builder
                .json()
                .flatten_event(true)
                .with_span_list(false)
                .finish(),
        );
    }
    // https://no-color.org: set and not empty means none.
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    Box::new(
        builder
            .with_ansi(terminal && !plain)
            .with_target(false)
            .finish(),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::config::tests::config;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(args: &[&str], terminal: bool) -> String {
        let sink = Sink::default();
        let copy = sink.clone();
        let subscriber = subscriber(&config(args).base.log, terminal, move || copy.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(agent.id = "a1", "shown");
            tracing::debug!("hidden");
        });
        let bytes = sink.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn away_from_a_terminal_each_line_is_json() {
        let text = written(&[], false);
        let line: serde_json::Value = serde_json::from_str(text.trim_end()).unwrap();
        assert_eq!(line["message"], "shown");
        assert_eq!(line["agent.id"], "a1");
        assert_eq!(line["level"], "INFO");
    }

    #[test]
    fn pretty_has_colours_on_a_terminal_only() {
        assert!(!written(&["--log-format=pretty"], false).contains('\u{1b}'));
        let terminal = written(&[], true);
        assert!(
            terminal.contains("shown") && !terminal.contains('{'),
            "{terminal}"
        );
        assert_eq!(written(&["--log=error"], false), "");
    }
}
