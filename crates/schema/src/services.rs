use agentry_auth::Auth;
use agentry_crypto::KeyRing;
use agentry_db::live::Live;
use agentry_db::reply::Hub;
use agentry_phone::Region;
use agentry_provider::Providers;

use crate::{Door, Limits, Mail, WhatsApp};

/// What every request shares. It is tied to no tenant; a tenant comes with the request's actor.
#[derive(Debug)]
pub struct Services {
    /// The door to SQL: for the context of a request alone.
    pub db: Door,
    /// Sign-up, sign-in and credentials.
    pub auth: Auth,
    /// Seals and opens API keys.
    pub keys: KeyRing,
    /// Calls to providers.
    pub providers: Providers,
    /// Numbers on WhatsApp.
    pub whatsapp: WhatsApp,
    /// Word of new messages.
    pub live: Live,
    /// Replies as they grow.
    pub replies: Hub,
    /// Messages to people.
    pub mail: Mail,
    /// Where phone numbers are from that do not say so themselves.
    pub region: Region,
    /// How much of everything.
    pub limits: Limits,
}
