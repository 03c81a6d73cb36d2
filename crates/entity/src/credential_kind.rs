use sea_orm::{DeriveActiveEnum, EnumIter};

/// By which kind of credential something was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum CredentialKind {
    /// An API key.
    #[sea_orm(string_value = "api_key")]
    ApiKey,
    /// A session's token in a bearer header.
    #[sea_orm(string_value = "bearer")]
    Bearer,
    /// A session's cookie.
    #[sea_orm(string_value = "cookie")]
    Cookie,
    /// A JSON Web Token.
    #[sea_orm(string_value = "jwt")]
    JsonWebToken,
    /// The link of a message, whoever followed it.
    #[sea_orm(string_value = "link")]
    Link,
    /// None yet: an address and a password, right or wrong.
    #[sea_orm(string_value = "sign_in")]
    SignIn,
    /// A message on WhatsApp: from the user's own number or, where a claim of theirs ended by it, from somebody else's.
    #[sea_orm(string_value = "whatsapp")]
    WhatsApp,
}
