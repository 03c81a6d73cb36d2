//! What one client may ask for. Everything past a limit is refused before it is executed, with a code.

use std::time::Duration;

use clap::Args;

use super::units::{bytes, duration};

/// Limits of documents, sockets, contents and attempts.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitsConfig {
    /// How deep fields may nest in a document
    #[arg(
        long,
        env = "AGENTRY_MAX_DEPTH",
        value_name = "N",
        default_value = "12"
    )]
    pub max_depth: usize,
    /// Largest complexity of a document: its fields, each counted as often as the page sizes above it say
    #[arg(
        long,
        env = "AGENTRY_MAX_COMPLEXITY",
        value_name = "N",
        default_value = "5000"
    )]
    pub max_complexity: usize,
    /// Most aliases in a document
    #[arg(
        long,
        env = "AGENTRY_MAX_ALIASES",
        value_name = "N",
        default_value = "30"
    )]
    pub max_aliases: usize,
    /// Most fields at the root of an operation
    #[arg(
        long,
        env = "AGENTRY_MAX_ROOT_FIELDS",
        value_name = "N",
        default_value = "20"
    )]
    pub max_root_fields: usize,
    /// Most directives in a document
    #[arg(
        long,
        env = "AGENTRY_MAX_DIRECTIVES",
        value_name = "N",
        default_value = "50"
    )]
    pub max_directives: usize,
    /// Most tokens in a document
    #[arg(
        long,
        env = "AGENTRY_MAX_TOKENS",
        value_name = "N",
        default_value = "5000"
    )]
    pub max_tokens: usize,
    /// Largest document
    #[arg(long, env = "AGENTRY_MAX_DOCUMENT", value_name = "SIZE", default_value = "64KiB", value_parser = bytes)]
    pub max_document: usize,
    /// How deep lists and objects may nest in an input value
    #[arg(
        long,
        env = "AGENTRY_MAX_INPUT_NESTING",
        value_name = "N",
        default_value = "64"
    )]
    pub max_input_nesting: usize,
    /// Longest content of a message, in characters; at most 1,000,000
    #[arg(long, env = "AGENTRY_MAX_MESSAGE", value_name = "N", default_value = "100000", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_message: u32,
    /// Runs that one user may ask for in a minute, however they end
    #[arg(
        long,
        env = "AGENTRY_RUNS_PER_MINUTE",
        value_name = "N",
        default_value = "60"
    )]
    pub runs_per_minute: u32,
    /// Most runs of one conversation that wait or are going on
    #[arg(long, env = "AGENTRY_MAX_RUNS", value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub max_runs: u32,
    /// Most agents in an organisation
    #[arg(
        long,
        env = "AGENTRY_MAX_AGENTS",
        value_name = "N",
        default_value = "1000"
    )]
    pub max_agents: u32,
    /// Most API connections in an organisation
    #[arg(
        long,
        env = "AGENTRY_MAX_CONNECTIONS",
        value_name = "N",
        default_value = "200"
    )]
    pub max_connections: u32,
    /// Most API connections linked to one agent
    #[arg(
        long,
        env = "AGENTRY_MAX_LINKS",
        value_name = "N",
        default_value = "50"
    )]
    pub max_links: u32,
    /// Most organisations that one person may own
    #[arg(
        long,
        env = "AGENTRY_MAX_ORGANIZATIONS",
        value_name = "N",
        default_value = "100"
    )]
    pub max_organizations: u32,
    /// Most members of an organisation
    #[arg(
        long,
        env = "AGENTRY_MAX_MEMBERS",
        value_name = "N",
        default_value = "100"
    )]
    pub max_members: u32,
    /// Most live invitations into an organisation
    #[arg(
        long,
        env = "AGENTRY_MAX_INVITATIONS",
        value_name = "N",
        default_value = "100"
    )]
    pub max_invitations: u32,
    /// Most API keys of one person that have not ended
    #[arg(
        long,
        env = "AGENTRY_MAX_USER_KEYS",
        value_name = "N",
        default_value = "100"
    )]
    pub max_user_keys: u32,
    /// Most API keys of one organisation that have not ended
    #[arg(
        long,
        env = "AGENTRY_MAX_ORGANIZATION_KEYS",
        value_name = "N",
        default_value = "100"
    )]
    pub max_organization_keys: u32,
    /// How long an invitation can be accepted
    #[arg(long, env = "AGENTRY_INVITATION_LIFE", value_name = "TIME", default_value = "48h", value_parser = duration)]
    pub invitation_life: Duration,
    /// Most templates that an organisation may publish
    #[arg(
        long,
        env = "AGENTRY_MAX_TEMPLATES",
        value_name = "N",
        default_value = "1000"
    )]
    pub max_templates: u32,
    /// Most numbers on WhatsApp that an organisation may register
    #[arg(
        long,
        env = "AGENTRY_MAX_WHATSAPP_NUMBERS",
        value_name = "N",
        default_value = "20"
    )]
    pub max_whatsapp_numbers: u32,
    /// Most types of its own that an organisation may have
    #[arg(
        long,
        env = "AGENTRY_MAX_TYPES",
        value_name = "N",
        default_value = "1000"
    )]
    pub max_types: u32,
    /// Most installs of templates that one person may ask for in an hour, refused ones included
    #[arg(
        long,
        env = "AGENTRY_INSTALLS_PER_HOUR",
        value_name = "N",
        default_value = "20"
    )]
    pub installs_per_hour: u32,
    /// Most numbers on WhatsApp that one person may try to link in an hour, refused ones included
    #[arg(
        long,
        env = "AGENTRY_WHATSAPP_LINKS_PER_HOUR",
        value_name = "N",
        default_value = "20"
    )]
    pub whatsapp_links_per_hour: u32,
    /// Most times that one person may try to link one number in an hour
    #[arg(
        long,
        env = "AGENTRY_WHATSAPP_LINKS_PER_USER_AND_NUMBER",
        value_name = "N",
        default_value = "3"
    )]
    pub whatsapp_links_per_user_and_number: u32,
    /// Most times that one number may be tried to be linked in an hour, by anybody
    #[arg(
        long,
        env = "AGENTRY_WHATSAPP_LINKS_PER_NUMBER",
        value_name = "N",
        default_value = "10"
    )]
    pub whatsapp_links_per_number: u32,
    /// Most subscriptions on one WebSocket
    #[arg(
        long,
        env = "AGENTRY_MAX_SUBSCRIPTIONS",
        value_name = "N",
        default_value = "50"
    )]
    pub max_subscriptions: usize,
    /// Most WebSocket connections and event streams of one user
    #[arg(
        long,
        env = "AGENTRY_MAX_SOCKETS",
        value_name = "N",
        default_value = "20"
    )]
    pub max_sockets: usize,
    /// Largest message on a WebSocket
    #[arg(long, env = "AGENTRY_MAX_SOCKET_MESSAGE", value_name = "SIZE", default_value = "256KiB", value_parser = bytes)]
    pub max_socket_message: usize,
    /// How long a new WebSocket may take to send `connection_init`
    #[arg(long, env = "AGENTRY_SOCKET_INIT_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub socket_init_timeout: Duration,
    /// How often an idle WebSocket or event stream is pinged
    #[arg(long, env = "AGENTRY_SOCKET_PING", value_name = "TIME", default_value = "20s", value_parser = duration)]
    pub socket_ping: Duration,
    /// How long one who follows a reply may take nothing, with 65,536 characters waiting, before being told to come again
    #[arg(long, env = "AGENTRY_SLOW_READER", value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub slow_reader: Duration,
    /// How often the credential of an open WebSocket or event stream is looked up again
    #[arg(long, env = "AGENTRY_RECHECK", value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub recheck: Duration,
    /// Time over which attempts to sign in, sign up and have messages sent are counted
    #[arg(long, env = "AGENTRY_SIGN_IN_WINDOW", value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub sign_in_window: Duration,
    /// Attempts to sign in to one account in that time, good ones included
    #[arg(
        long,
        env = "AGENTRY_SIGN_IN_PER_ACCOUNT",
        value_name = "N",
        default_value = "10"
    )]
    pub sign_in_per_account: u32,
    /// Attempts to sign in from one address in that time
    #[arg(
        long,
        env = "AGENTRY_SIGN_IN_PER_ADDRESS",
        value_name = "N",
        default_value = "60"
    )]
    pub sign_in_per_address: u32,
    /// Accounts made from one address in that time
    #[arg(
        long,
        env = "AGENTRY_SIGN_UP_PER_ADDRESS",
        value_name = "N",
        default_value = "30"
    )]
    pub sign_up_per_address: u32,
    /// Messages of one kind to one address in that time
    #[arg(
        long,
        env = "AGENTRY_MAIL_PER_ACCOUNT",
        value_name = "N",
        default_value = "5"
    )]
    pub mail_per_account: u32,
    /// Messages asked for from one address in that time
    #[arg(
        long,
        env = "AGENTRY_MAIL_PER_ADDRESS",
        value_name = "N",
        default_value = "30"
    )]
    pub mail_per_address: u32,
}
