//! The HTTP service.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{ArgAction, Args};
use url::Url;

use super::units::{bytes, duration, origin, web_url};

/// Where and how Agentry listens.
#[derive(Debug, Clone, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own on the command line"
)]
#[command(next_help_heading = "HTTP")]
pub struct HttpConfig {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(
        long,
        env = "AGENTRY_BIND",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:4000"
    )]
    pub bind: SocketAddr,
    /// The URL clients see, when a proxy stands in between; http:// and the bind address when not given
    #[arg(long, env = "AGENTRY_PUBLIC_URL", value_name = "URL", value_parser = web_url)]
    pub public_url: Option<Url>,
    /// Origins, beside the public URL's, whose pages may act with a signed-in user's cookie; separated by commas
    #[arg(long, env = "AGENTRY_TRUSTED_ORIGINS", value_name = "ORIGIN,…", value_delimiter = ',', value_parser = origin)]
    pub trusted_origins: Vec<String>,
    /// Origins whose pages may read answers (CORS); separated by commas
    #[arg(long, env = "AGENTRY_CORS_ORIGINS", value_name = "ORIGIN,…", value_delimiter = ',', value_parser = origin)]
    pub cors_origins: Vec<String>,
    /// Take the client's address from the last entry of X-Forwarded-For; only behind a proxy that writes it
    #[arg(long, env = "AGENTRY_TRUST_PROXY", value_name = "BOOL", default_value = "false", action = ArgAction::Set)]
    pub trust_proxy: bool,
    /// Largest request body
    #[arg(long, env = "AGENTRY_BODY_LIMIT", value_name = "SIZE", default_value = "1MiB", value_parser = bytes)]
    pub body_limit: usize,
    /// How long a client may take to send a request's headers
    #[arg(long, env = "AGENTRY_HEADER_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub header_timeout: Duration,
    /// How long a client may take to send a request's body
    #[arg(long, env = "AGENTRY_BODY_TIMEOUT", value_name = "TIME", default_value = "20s", value_parser = duration)]
    pub body_timeout: Duration,
    /// How long one query or mutation may take
    #[arg(long, env = "AGENTRY_OPERATION_TIMEOUT", value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub operation_timeout: Duration,
    /// How long running requests may go on after Agentry was told to stop
    #[arg(long, env = "AGENTRY_DRAIN_TIMEOUT", value_name = "TIME", default_value = "20s", value_parser = duration)]
    pub drain_timeout: Duration,
    /// Serve GraphiQL at /
    #[arg(long, env = "AGENTRY_GRAPHIQL", value_name = "BOOL", default_value = "true", action = ArgAction::Set)]
    pub graphiql: bool,
    /// Serve the pages on which templates are installed, /install/{slug}, and those of agents, /{organisation}/agents/{id}
    #[arg(long, env = "AGENTRY_PAGES", value_name = "BOOL", default_value = "true", action = ArgAction::Set)]
    pub pages: bool,
    /// Answer introspection queries and serve /schema.graphql; GraphiQL needs it
    #[arg(long, env = "AGENTRY_INTROSPECTION", value_name = "BOOL", default_value = "true", action = ArgAction::Set)]
    pub introspection: bool,
}
