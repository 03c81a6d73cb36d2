//! Logging.

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

/// What is logged and how.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Log")]
pub struct LogConfig {
    /// What is logged, as a filter of targets and levels such as `info,agentry_db=debug`
    #[arg(long = "log", env = "AGENTRY_LOG", value_name = "FILTER", default_value = "info,sqlx=warn,sea_orm=warn", value_parser = filter)]
    pub filter: String,
    /// How it is written; auto is pretty on a terminal and json otherwise
    #[arg(
        long = "log-format",
        env = "AGENTRY_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "auto",
        value_enum
    )]
    pub format: LogFormat,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Pretty on a terminal, JSON otherwise.
    Auto,
    /// For people; colours only on a terminal.
    Pretty,
    /// One JSON object a line.
    Json,
}

fn filter(text: &str) -> Result<String, String> {
    match EnvFilter::builder().parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
