//! Why something was not accepted. One enum for each kind of question, so that a caller meets only the answers it can get;
//! each is matched without `_`. No message repeats what was presented, and none repeats what the database said: that is the
//! source of the error, for the log alone.

use std::time::Duration;

use agentry_db::DbError;

use crate::session_token::NoRandomness;

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

/// Why cookies cannot be for a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cookie domain must be a host name with a dot inside, such as example.com")]
pub struct CookieDomainError;

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

/// Why a JSON Web Token was not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// Not a token, or one that lacks something.
    #[error("it is malformed")]
    Malformed,
    /// An algorithm that is not accepted, or not that of its key: `none` and `HS256` among them.
    #[error("its algorithm is not accepted")]
    Algorithm,
    /// Issued by somebody else.
    #[error("its issuer is another")]
    Issuer,
    /// Meant for somebody else.
    #[error("its audience is another")]
    Audience,
    /// Its time has not come.
    #[error("it is not valid yet")]
    NotYet,
    /// Its time is over; nothing else was wrong with what it says.
    #[error("it has expired")]
    Expired,
    /// Its key is not known, or did not sign it.
    #[error("its signature does not match")]
    Signature,
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
    /// A bearer token with two dots: a JSON Web Token, and why it was not believed.
    #[error("the JSON Web Token is not valid: {0}")]
    JsonWebToken(#[from] JwtError),
    /// Text that cannot be an API key: its length or its characters are wrong.
    #[error("the API key is malformed")]
    ApiKey,
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
            | Self::JsonWebToken(_)
            | Self::ApiKey
            | Self::Oversize
            | Self::Organization => false,
        }
    }
}

/// Why a request is not let through.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The credential cannot be one of ours, or the organisation asked for cannot be one: HTTP 401.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The session has expired, was signed out, or never was: HTTP 401.
    #[error("the session has ended")]
    UnknownSession,
    /// There is no such API key, or it is disabled, has expired or is nobody's: HTTP 401.
    #[error("the API key is not accepted")]
    UnknownApiKey,
    /// The API key was used too often, or used up: HTTP 429.
    #[error("the API key has been used too often")]
    ApiKeyLimited {
        /// When it may work again, from now; `None` when it will not by itself.
        retry_after: Option<Duration>,
    },
    /// Two credentials came, both good, of two users: HTTP 401.
    #[error("the credentials are of different users")]
    TwoUsers,
    /// The session is good, but its user is not a member of the organisation asked for, whether or not there is one: HTTP 403.
    #[error("you are not a member of this organization")]
    NotAMember,
    /// The database could not answer.
    #[error("the credential could not be looked up")]
    Db(#[from] DbError),
}

/// Why a name was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing but white space.
    #[error("the name is empty")]
    Empty,
    /// More than 200 characters.
    #[error("the name is longer than 200 characters")]
    TooLong,
    /// A NUL, a line break or another control character.
    #[error("the name contains a control character")]
    Control,
}

/// Why nobody was signed up. Nothing was stored then, but by [`SignUpError::Unverified`].
#[derive(Debug, thiserror::Error)]
pub enum SignUpError {
    /// The name will not do.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The address will not do.
    #[error(transparent)]
    Email(#[from] EmailError),
    /// Fewer than 8 UTF-16 units.
    #[error("the password must have at least 8 characters")]
    PasswordTooShort,
    /// More than 128 UTF-16 units.
    #[error("the password must have at most 128 characters")]
    PasswordTooLong,
    /// Somebody has signed up with this address.
    #[error("an account with this email address exists already")]
    EmailTaken,
    /// Nobody is given a personal organisation here, so nobody signs up.
    #[error("accounts are not made here")]
    Closed,
    /// The account is there; its address must be verified before it is signed in to.
    #[error("the email address must be verified first")]
    Unverified,
    /// Too many accounts were made from this network address.
    #[error("too many accounts were made from here, try again later")]
    TooMany {
        /// When it may work again, from now.
        retry_after: Duration,
    },
    /// Every worker is hashing and the queue is full: try again in a few seconds.
    #[error("too many people are signing in at the moment, try again in a few seconds")]
    Busy,
    /// The system gave no randomness, or it is shutting down.
    #[error("signing up failed")]
    Failed,
    /// The database could not answer.
    #[error("the account could not be stored")]
    Db(#[from] DbError),
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// No account has this address, or it has no password, or another one. Which of these is not told, by time either.
    #[error("the email address or the password is wrong")]
    Invalid,
    /// The password is right, and the address must be verified first.
    #[error("the email address must be verified first")]
    Unverified,
    /// The password is right, and they are a member of nothing that they could act in.
    #[error("the account is a member of no organisation")]
    Nowhere,
    /// Too many attempts from this network address, or on this account, whether or not there is one.
    #[error("too many attempts to sign in, try again later")]
    TooMany {
        /// When it may work again, from now.
        retry_after: Duration,
    },
    /// Every worker is hashing and the queue is full: try again in a few seconds.
    #[error("too many people are signing in at the moment, try again in a few seconds")]
    Busy,
    /// The system gave no randomness, or it is shutting down, or the session was gone as soon as it was made.
    #[error("signing in failed")]
    Failed,
    /// The database could not answer.
    #[error("the account could not be looked up")]
    Db(#[from] DbError),
}

impl From<PasswordError> for SignUpError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::TooShort => Self::PasswordTooShort,
            PasswordError::TooLong => Self::PasswordTooLong,
            PasswordError::Busy => Self::Busy,
            PasswordError::Failed => Self::Failed,
        }
    }
}

impl From<PasswordError> for SignInError {
    fn from(error: PasswordError) -> Self {
        match error {
            // The length rule is for new passwords; one outside it is merely wrong.
            PasswordError::TooShort | PasswordError::TooLong => Self::Invalid,
            PasswordError::Busy => Self::Busy,
            PasswordError::Failed => Self::Failed,
        }
    }
}

impl From<AuthError> for SignInError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Refused(_)
            | AuthError::UnknownSession
            | AuthError::UnknownApiKey
            | AuthError::ApiKeyLimited { .. }
            | AuthError::TwoUsers => Self::Failed,
            AuthError::NotAMember => Self::Nowhere,
            AuthError::Db(error) => Self::Db(error),
        }
    }
}

impl From<NoRandomness> for SignUpError {
    fn from(_: NoRandomness) -> Self {
        Self::Failed
    }
}

impl From<NoRandomness> for SignInError {
    fn from(_: NoRandomness) -> Self {
        Self::Failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_repeats_what_the_database_said() {
        let cause = || DbError::Refused("permission denied for table account".to_owned());
        for shown in [
            AuthError::from(cause()).to_string(),
            SignUpError::from(cause()).to_string(),
            SignInError::from(cause()).to_string(),
            SignInError::from(AuthError::from(cause())).to_string(),
        ] {
            assert!(!shown.contains("permission"), "{shown}");
        }
    }
}
