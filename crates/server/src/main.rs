//! The `agentry` program: reads the command line, starts logging, does what it was told.

// The futures of all mutations together nest deeper than the compiler follows by itself when it lays them out for a release.
#![recursion_limit = "256"]

use std::process::ExitCode;

use agentry_server::cli::{self, CliError};
use agentry_server::{commands, telemetry};

/// A request makes some hundreds of small allocations and frees them on another thread, which glibc's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let command = match cli::parse_from(std::env::args_os()) {
        Ok(command) => command,
        Err(CliError::Value(sentence)) => return fail(&sentence, 2),
        Err(CliError::Usage(text)) => {
            // Also --help and --version, which are no failure. A closed pipe is nobody's to hear about.
            let _ = text.print();
            return u8::try_from(text.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
        }
    };
    if let Some(log) = command.log()
        && let Err(error) = telemetry::init(log)
    {
        return fail(&error.to_string(), 1);
    }
    match commands::run(command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string(), error.exit_code()),
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the one place where a failure is told to the person at the keyboard"
)]
fn fail(sentence: &str, code: u8) -> ExitCode {
    eprintln!("agentry: {sentence}");
    ExitCode::from(code)
}
