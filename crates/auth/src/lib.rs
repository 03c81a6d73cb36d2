//! From a credential to an [`Actor`]: sessions, signing up, in and out, passwords, session tokens, cookies, bearer tokens, API keys, JSON Web Tokens and email addresses,
//! all byte for byte as better-auth (1.4 to 1.7) writes and reads them, so that a JavaScript front end and
//! Agentry can share one database and one cookie.
//!
//! **The one rule:** what a client presents is hostile text until a function here has returned it as a typed value.
//! Every parser is total (it never panics, and refuses with a typed reason), every comparison with a secret
//! takes the same time whatever the input, and no secret has a `Debug` or `Display` that shows it.
//!
//! **How to add a credential:** give it a module with a parser that returns a type of its own, add a variant to
//! [`credential::Credential`] and, in order of precedence, a step to [`credential::Presented::credentials`]; the compiler then
//! names every place that must decide about it. Reasons to refuse go into [`error::Refusal`].
//!
//! **How to add an action:** a line in `policy/action.rs`; the compiler then asks for its noun and its least role.

mod actor;
pub mod api_key;
pub mod bearer;
pub mod cookie;
pub mod credential;
pub mod email;
pub mod email_token;
pub mod error;
pub mod jwt;
pub mod name;
pub mod password;
mod permission;
pub mod policy;
pub mod secret;
mod service;
pub mod session_token;
pub mod slug;
mod throttle;

pub use actor::{Actor, Client, Method};
pub use error::{AuthError, SignInError, SignUpError};
pub use permission::{Access, Permissions};
pub use service::{
    Auth, AuthSettings, ChangePasswordError, ConfirmPasswordError, OpenReset, ResetError,
    ShownEmail, SignUp, SignedIn, VerifyError,
};
pub use throttle::MailAbout;

#[cfg(test)]
mod vectors;
