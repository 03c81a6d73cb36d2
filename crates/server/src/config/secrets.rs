//! Encryption keys and the sessions' secret. Required beside `DATABASE_URL`, generated and kept otherwise.

use clap::Args;
use secrecy::SecretString;

use super::units::secret;

/// The secrets as given; checked by [`crate::secrets::Secrets`].
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Secrets")]
pub struct SecretsConfig {
    /// Keys that seal provider keys, as id:64 hex digits,…; the first seals, all open
    #[arg(long, env = "AGENTRY_ENCRYPTION_KEYS", value_name = "ID:HEX,…", value_parser = secret, hide_env_values = true)]
    pub encryption_keys: Option<SecretString>,
    /// One such key alone, 64 hex digits; used when `AGENTRY_ENCRYPTION_KEYS` is not given
    #[arg(long, env = "ENCRYPTION_KEY", value_name = "HEX", value_parser = secret, hide_env_values = true)]
    pub encryption_key: Option<SecretString>,
    /// Secret that signs session cookies, 32 characters or more, the same as the front end's
    #[arg(long, env = "AGENTRY_AUTH_SECRET", value_name = "SECRET", value_parser = secret, hide_env_values = true)]
    pub auth_secret: Option<SecretString>,
    /// Several of them, as 2:newest,1:older: the first signs, all verify, and so does `AGENTRY_AUTH_SECRET` where it is given too
    #[arg(long, env = "AGENTRY_AUTH_SECRETS", value_name = "N:SECRET,…", value_parser = secret, hide_env_values = true)]
    pub auth_secrets: Option<SecretString>,
    /// The same list, read when neither of those is given; one of the two below then verifies too
    #[arg(long, env = "BETTER_AUTH_SECRETS", value_name = "N:SECRET,…", value_parser = secret, hide_env_values = true)]
    pub better_auth_secrets: Option<SecretString>,
    /// One secret, read when no `AGENTRY_AUTH_SECRET` is given
    #[arg(long, env = "AGENTUITY_AUTH_SECRET", value_name = "SECRET", value_parser = secret, hide_env_values = true)]
    pub agentuity_auth_secret: Option<SecretString>,
    /// The same, read when that is not given either
    #[arg(long, env = "BETTER_AUTH_SECRET", value_name = "SECRET", value_parser = secret, hide_env_values = true)]
    pub better_auth_secret: Option<SecretString>,
}
