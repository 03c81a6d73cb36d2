//! The command line: what `agentry` can be told to do.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{BaseConfig, Config, LogConfig};

/// The back end of an agent platform: GraphQL, one binary, PostgreSQL with row-level security
#[derive(Debug, Parser)]
#[command(
    name = "agentry",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Without a command, agentry serves. Without DATABASE_URL it runs a PostgreSQL of its own in .agentry.\n\
        Use --help to see every setting; docs/configuration.md lists them too."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: Config,
}

/// What to do, with the settings it needs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve GraphQL, GraphiQL and the health pages (the default)
    Serve(Box<Config>),
    /// Apply, undo or list the migrations of the database
    Migrate(Box<MigrateArgs>),
    /// Print the GraphQL schema
    Schema,
    /// Check that the database, its roles, policies and keys are as they must be; exits with 1 when they are not
    Doctor(Box<Config>),
    /// Work on the encryption keys
    Keys(Box<KeysArgs>),
    /// Publish the templates that come with Agentry, and put a demo tenant with agents and a conversation into the database
    Seed(Box<SeedArgs>),
}

impl Command {
    /// How to log, for the commands that do.
    #[must_use]
    pub fn log(&self) -> Option<&LogConfig> {
        match self {
            Self::Serve(config) | Self::Doctor(config) => Some(&config.base.log),
            Self::Migrate(args) => Some(&args.config.log),
            Self::Keys(args) => {
                let KeysAction::Rotate { config, .. } = &args.action;
                Some(&config.log)
            }
            Self::Seed(args) => Some(&args.config.base.log),
            Self::Schema => None,
        }
    }
}

/// Arguments of `agentry migrate`.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// What to do; applies all migrations when not given.
    #[command(subcommand)]
    action: Option<MigrateAction>,
    /// Settings.
    #[command(flatten)]
    pub config: BaseConfig,
}

/// What to do with migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum MigrateAction {
    /// Apply all migrations that are not applied yet (the default)
    Up,
    /// Undo the latest migrations
    Down {
        /// How many
        #[arg(long, value_name = "N", default_value = "1")]
        steps: u32,
    },
    /// List the migrations and which are applied
    Status,
}

impl MigrateArgs {
    /// What to do.
    #[must_use]
    pub fn action(&self) -> MigrateAction {
        self.action.unwrap_or(MigrateAction::Up)
    }
}

/// Arguments of `agentry keys`.
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: KeysAction,
}

/// What to do with the encryption keys.
#[derive(Debug, Subcommand)]
pub enum KeysAction {
    /// Seal every stored secret anew under the first key, in batches, while the service runs
    Rotate {
        /// Only open every stored secret and say how many are sealed under which key
        #[arg(long)]
        verify: bool,
        /// Settings.
        #[command(flatten)]
        config: Box<BaseConfig>,
    },
}

/// Arguments of `agentry seed`.
#[derive(Debug, Args)]
pub struct SeedArgs {
    /// File of the demo data instead of the one built in
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Whether to make the demo tenant, whose password everybody knows; with false, only templates are published
    #[arg(long, value_name = "BOOL", default_value = "true", action = ArgAction::Set)]
    pub demo: bool,
    /// Settings.
    #[command(flatten)]
    pub config: Config,
}

/// Why the command line was not understood, or that it asked for a text.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// A setting's value is malformed: one sentence, naming flag and variable.
    #[error("{0}")]
    Value(String),
    /// Everything else, as the parser prints it; `--help` and `--version` too.
    #[error(transparent)]
    Usage(#[from] clap::Error),
}

/// The command line's grammar, for documentation and completions.
#[must_use]
pub fn command() -> clap::Command {
    // `-h` shows the commands alone; fifty settings would bury them.
    Cli::command().mut_args(|arg| arg.hide_short_help(true))
}

/// Reads the command line and the environment.
///
/// # Errors
///
/// [`CliError`] when something is not understood.
pub fn parse_from<T: Into<OsString> + Clone>(
    args: impl IntoIterator<Item = T>,
) -> Result<Command, CliError> {
    read(
        &without_empty(command(), &|name| std::env::var_os(name)),
        args,
    )
}

fn read<T: Into<OsString> + Clone>(
    grammar: &clap::Command,
    args: impl IntoIterator<Item = T>,
) -> Result<Command, CliError> {
    let matches = grammar
        .clone()
        .try_get_matches_from(args)
        .map_err(|error| explain(grammar, error))?;
    let cli = Cli::from_arg_matches(&matches)?;
    Ok(cli
        .command
        .unwrap_or_else(|| Command::Serve(Box::new(cli.config))))
}

/// An empty variable counts as not given: compose files and CI systems pass unset ones on that way.
fn without_empty(
    command: clap::Command,
    variable: &dyn Fn(&OsStr) -> Option<OsString>,
) -> clap::Command {
    command
        .mut_args(|arg| match arg.get_env().and_then(variable) {
            Some(value) if value.is_empty() => arg.env(None::<&'static str>),
            _ => arg,
        })
        .mut_subcommands(|subcommand| without_empty(subcommand, variable))
}

/// A bad value may come from the environment, where the parser's own text would name only the flag.
fn explain(grammar: &clap::Command, error: clap::Error) -> CliError {
    if !matches!(
        error.kind(),
        ErrorKind::ValueValidation | ErrorKind::InvalidValue
    ) {
        return CliError::Usage(error);
    }
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    // "--pool-size <N>"
    let Some(flag) = context(ContextKind::InvalidArg).and_then(|arg| arg.split(' ').next()) else {
        return CliError::Usage(error);
    };
    let value = context(ContextKind::InvalidValue).unwrap_or_default();
    let variable = grammar
        .get_arguments()
        .find(|arg| {
            arg.get_long()
                .is_some_and(|long| flag.strip_prefix("--") == Some(long))
        })
        .and_then(|arg| arg.get_env())
        .map(|name| format!("{} ", name.display()))
        .unwrap_or_default();
    let reason = match (error.source(), error.get(ContextKind::ValidValue)) {
        (Some(source), _) => format!(": {source}"),
        (None, Some(ContextValue::Strings(valid))) => {
            format!(": expected one of {}", valid.join(", "))
        }
        (None, _) => String::new(),
    };
    CliError::Value(format!(
        "{variable}({flag}) is set to {value:?}, which is not valid{reason}"
    ))
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use super::*;

    /// As [`parse_from`], blind to the environment the tests run in.
    pub(crate) fn parse(args: &[&str]) -> Result<Command, CliError> {
        fn blind(command: clap::Command) -> clap::Command {
            command
                .mut_args(|arg| arg.env(None::<&'static str>))
                .mut_subcommands(blind)
        }
        read(&blind(command()), ["agentry"].iter().chain(args))
    }

    #[test]
    fn grammar_holds_no_contradiction() {
        command().debug_assert();
    }

    #[test]
    fn settings_may_follow_the_command_or_stand_alone() {
        for args in [
            &["--bind=127.0.0.1:1"][..],
            &["serve", "--bind=127.0.0.1:1"],
        ] {
            let Command::Serve(config) = parse(args).unwrap() else {
                panic!("{args:?}")
            };
            assert_eq!(config.http.bind.port(), 1);
        }
    }

    #[test]
    fn commands_and_their_arguments_are_read() {
        let migrate = |args: &[&str]| match parse(args).unwrap() {
            Command::Migrate(args) => args.action(),
            other => panic!("{other:?}"),
        };
        assert_eq!(migrate(&["migrate"]), MigrateAction::Up);
        assert_eq!(
            migrate(&["migrate", "down", "--steps=3"]),
            MigrateAction::Down { steps: 3 }
        );
        assert_eq!(
            migrate(&["migrate", "--data-dir=/d", "status"]),
            MigrateAction::Status
        );
        let Command::Keys(keys) = parse(&["keys", "rotate", "--verify"]).unwrap() else {
            panic!()
        };
        let KeysAction::Rotate { verify, .. } = keys.action;
        assert!(verify);
        assert!(matches!(parse(&["schema"]).unwrap(), Command::Schema));
        assert!(matches!(
            parse(&["doctor", "--pool-size=2"]).unwrap(),
            Command::Doctor(_)
        ));
        assert!(matches!(
            parse(&["seed", "--file=x.json"]).unwrap(),
            Command::Seed(_)
        ));
    }

    #[test]
    fn a_bad_value_is_one_sentence() {
        for (args, start) in [
            (
                ["--pool-size=many"],
                "(--pool-size) is set to \"many\", which is not valid: invalid digit",
            ),
            (
                ["--pool-size=0"],
                "(--pool-size) is set to \"0\", which is not valid: 0 is not in 1..=1000",
            ),
            (
                ["--acquire-timeout=3"],
                "(--acquire-timeout) is set to \"3\", which is not valid: expected a time",
            ),
            (
                ["--log-format=xml"],
                "(--log-format) is set to \"xml\", which is not valid: expected one of auto",
            ),
            (
                ["--graphiql=maybe"],
                "(--graphiql) is set to \"maybe\", which is not valid: expected one of true",
            ),
        ] {
            let message = parse(&args).unwrap_err().to_string();
            assert!(message.starts_with(start), "{message}");
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }

    #[test]
    fn an_empty_variable_is_as_good_as_none() {
        let empty = |name: &OsStr| (name == "AGENTRY_CORS_ORIGINS").then(OsString::new);
        let grammar = without_empty(command(), &empty);
        let reads = |command: &clap::Command, id: &str| {
            let arg = command
                .get_arguments()
                .find(|arg| arg.get_id() == id)
                .unwrap();
            arg.get_env().is_some()
        };
        let serve = grammar.find_subcommand("serve").unwrap();
        for command in [&grammar, serve] {
            assert!(!reads(command, "cors_origins") && reads(command, "trusted_origins"));
        }
    }

    #[test]
    fn short_help_lists_commands_and_long_help_every_setting() {
        let short = command().render_help().to_string();
        assert!(
            short.contains("migrate") && !short.contains("--max-depth"),
            "{short}"
        );
        let long = command().render_long_help().to_string();
        assert!(
            long.contains("--max-depth") && long.contains("[env: AGENTRY_MAX_DEPTH"),
            "{long}"
        );
    }
}
