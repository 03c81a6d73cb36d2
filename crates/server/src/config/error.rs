//! What can be wrong with the settings, each as one sentence. None of them quotes a secret.

/// A missing or malformed setting.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// A database URL cannot be understood.
    #[error("{name} is not a PostgreSQL URL: expected postgres://user:password@host:5432/database")]
    DatabaseUrl {
        /// The variable.
        name: &'static str,
    },
    /// The owner's URL without the service's.
    #[error(
        "DATABASE_OWNER_URL is given but DATABASE_URL is not: give both, or neither to run with a PostgreSQL of Agentry's own"
    )]
    OwnerWithoutService,
    /// The way to listen without the service's URL.
    #[error(
        "DATABASE_LISTEN_URL is given but DATABASE_URL is not: it is another way to that database"
    )]
    ListenWithoutService,
    /// An operation of the owner without the owner's URL.
    #[error("DATABASE_OWNER_URL is missing: this needs the login that owns the tables")]
    OwnerMissing,
    /// No encryption keys beside a given database.
    #[error(
        "AGENTRY_ENCRYPTION_KEYS is missing: with DATABASE_URL, give it as id:key, the key being 64 hexadecimal digits (`openssl rand -hex 32` makes one)"
    )]
    KeysMissing,
    /// The key ring cannot be understood.
    #[error(
        "AGENTRY_ENCRYPTION_KEYS is malformed: {0}; expected id:key,id:key,…, each id of 1 to 32 letters, digits, - or _ and each key of 64 hexadecimal digits"
    )]
    Keys(agentry_crypto::KeyRingError),
    /// The single key cannot be understood.
    #[error("ENCRYPTION_KEY is malformed: expected 64 hexadecimal digits")]
    Key,
    /// No secret for sessions beside a given database.
    #[error(
        "AGENTRY_AUTH_SECRET is missing: with DATABASE_URL, give it (or AGENTUITY_AUTH_SECRET or BETTER_AUTH_SECRET), the same value as the front end uses"
    )]
    AuthSecretMissing,
    /// The secret for sessions can be guessed.
    #[error(
        "{name} is too short: it needs at least 32 characters (`openssl rand -base64 32` makes one)"
    )]
    AuthSecretShort {
        /// The variable.
        name: &'static str,
    },
    /// Where messages go cannot be understood.
    #[error("AGENTRY_MAIL_URL is malformed: {0}")]
    MailUrl(agentry_mail::WayError),
    /// Who messages are from cannot be understood.
    #[error("AGENTRY_MAIL_FROM is malformed: {0}")]
    MailFrom(agentry_mail::SenderError),
    /// A mail server without a sender.
    #[error(
        "AGENTRY_MAIL_FROM is missing: a mail server asks who messages are from, as in Example <no-reply@example.com>"
    )]
    MailFromMissing,
    /// The address to listen on makes no URL for links.
    #[error(
        "AGENTRY_APP_URL is missing: links in messages need the address of the pages they lead to"
    )]
    AppUrlMissing,
    /// A host that connections may name cannot be understood.
    #[error("AGENTRY_ALLOW_HOSTS is malformed: {0}")]
    AllowHosts(agentry_provider::AllowListError),
    /// A file that is named cannot be read.
    #[error("the file of {name} cannot be read: {why}")]
    File {
        /// The variable.
        name: &'static str,
        /// What the system said.
        why: String,
    },
    /// The file of prices cannot be understood.
    #[error("the file of AGENTRY_PRICES_FILE cannot be used: {0}")]
    Prices(String),
    /// The list of secrets for sessions cannot be used.
    #[error("{name} cannot be used: {why}")]
    AuthSecrets {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        why: agentry_auth::error::SecretError,
    },
}
