//! Meta's `WhatsApp` Cloud API, as far as a bot needs it: what is delivered to a webhook, and how text is sent.
//!
//! **The one rule:** what is delivered is not looked at before its signature holds ([`Signer::holds`]), and even then it is not believed to
//! be of any shape: what cannot be read is left out, message by message, in one pass over the bytes, whatever lies between.
//!
//! **How to add a kind of message:** an arm in `message::content`, if there is text in it that a person wrote.
//!
//! ```
//! use agentry_whatsapp::{Delivery, Signer};
//! use secrecy::SecretString;
//!
//! let app = Signer::new(&SecretString::from("the app's secret"));
//! let body = br#"{"object":"whatsapp_business_account","entry":[]}"#;
//! assert!(app.holds(&app.sign(body), body));
//! assert!(Delivery::read(body).unwrap().messages.is_empty());
//! ```

mod delivery;
mod gateway;
mod graph;
mod message;
mod outcome;
mod signature;
mod split;
mod status;

pub use delivery::{Delivery, Unreadable};
pub use gateway::Gateway;
pub use graph::{Graph, PhoneNumber};
pub use message::{Content, Message};
pub use outcome::{CheckError, SendError};
pub use signature::Signer;
pub use split::{LONGEST, split};
pub use status::{Progress, Status};
