//! Why something was not accepted. One enum for each kind of question, so that a caller meets only the answers it can get;
//! each is matched without `_`. No message repeats what was presented.

/// Why a password was not hashed or not checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Fewer than 8 UTF-16 units.
    #[error("the password must have at least 8 characters")]
    TooShort,
    /// More than 128 UTF-16 units.
    #[error("the password must have at most 128 characters")]
    TooLong,
    /// Every worker is hashing and the queue is full: try again later.
    #[error("too many passwords are being checked at the moment")]
    Busy,
    /// The system gave no randomness, or the worker ended without an answer (the runtime is shutting down).
    #[error("the password could not be processed")]
    Failed,
}

/// Why an email address was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// Nothing but white space.
    #[error("the email address is empty")]
    Empty,
    /// More than 254 bytes of UTF-8 (RFC 5321, section 4.5.3.1.3, less the angle brackets).
    #[error("the email address is longer than 254 bytes")]
    TooLong,
    /// Not one local part, one `@` and one domain with a dot, or a character no address has.
    #[error("the email address is not of the form name@example.com")]
    Malformed,
}

/// Why the configured secrets cannot be used. The messages stand alone as the one sentence an operator reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// A secret of fewer than 32 characters.
    #[error(
        "the authentication secret must have at least 32 characters, but number {position} of the list has {length}"
    )]
    TooShort {
        /// Which one of the list, counted from 1.
        position: usize,
        /// How many characters it has.
        length: usize,
    },
    /// An entry of a versioned list that is not `<version>:<secret>`.
    #[error(
        "the list of authentication secrets must read \"2:newest secret,1:older secret\", but entry {position} does not"
    )]
    NotVersioned {
        /// Which one of the list, counted from 1.
        position: usize,
    },
    /// One version given to two entries.
    #[error("the list of authentication secrets gives version {version} twice")]
    SameVersion {
        /// The version in question.
        version: u32,
    },
}

/// Why the name of a cookie cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a cookie prefix must be 1 to 64 letters, digits, '-', '_' or '.', and must not begin with \"__\""
)]
pub struct CookiePrefixError;

/// Why a signed value was not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not `value.signature` with a signature of 44 characters of padded standard base64.
    #[error("the value is not signed")]
    Unsigned,
    /// Well formed, but signed with none of our secrets, or altered since.
    #[error("the signature does not match")]
    Mismatch,
}

/// Why a presented credential was refused. Nobody was looked up: each reason lies in the text alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A session cookie that is not signed, or is signed by somebody else.
    ///
    /// A browser cannot drop an `HttpOnly` cookie by itself: answer with [`crate::cookie::Cookies::sign_out`], and let
    /// signing in pass as if there were no cookie, or the person is locked out until it expires.
    #[error("the session cookie is not valid: {0}")]
    Cookie(SignatureError),
    /// A bearer token `token.signature` whose signature is not ours.
    #[error("the bearer token is not valid: {0}")]
    Bearer(SignatureError),
    /// Text that cannot be a session token: its length or its characters are wrong.
    #[error("the session token is malformed")]
    Token,
    /// A bearer token with two dots: a JSON Web Token, which this service does not accept.
    #[error("JSON Web Tokens are not accepted here")]
    JsonWebToken,
    /// A header beyond the size any credential of ours can have.
    #[error("the credential is too large")]
    Oversize,
    /// An organisation id that no id can look like.
    #[error("the organization id is malformed")]
    Organization,
}

impl Refusal {
    /// True when the cookie alone is at fault, so that signing in and out may go on without it.
    #[must_use]
    pub fn is_stale_cookie(self) -> bool {
        match self {
            Self::Cookie(_) => true,
            Self::Bearer(_)
            | Self::Token
            | Self::JsonWebToken
            | Self::Oversize
            | Self::Organization => false,
        }
    }
}
