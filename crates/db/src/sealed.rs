//! Where sealed values live. Writer, reader and rotation name a value's place through this file alone: a place said in two
//! ways would make what the one seals unreadable to the other.

use agentry_crypto::Place;

use crate::ids::{ApiConnectionId, OrganizationId, WhatsAppNumberId};

/// Every sealed column: its table and its name. No plain read may be granted one.
pub(crate) const SEALED_COLUMNS: [(&str, &str); 3] = [
    (API_KEY.table, API_KEY.name),
    (ACCESS_TOKEN.table, ACCESS_TOKEN.name),
    (APP_SECRET.table, APP_SECRET.name),
];

/// A column of sealed values, of rows that have an `id`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) table: &'static str,
    pub(crate) name: &'static str,
    /// The column that says whose a row is.
    pub(crate) organization: &'static str,
    /// What stands before the row's id where a person is told of the value.
    pub(crate) what: &'static str,
}

pub(crate) const API_KEY: Column = Column {
    table: "api_connections",
    name: "api_key",
    organization: "organization_id",
    what: "connection",
};
pub(crate) const ACCESS_TOKEN: Column = Column {
    table: "whatsapp_numbers",
    name: "access_token",
    organization: "publisher_org_id",
    what: "the token of WhatsApp number",
};
pub(crate) const APP_SECRET: Column = Column {
    table: "whatsapp_numbers",
    name: "app_secret",
    organization: "publisher_org_id",
    what: "the secret of WhatsApp number",
};

/// All that rotation carries over.
pub(crate) const COLUMNS: [Column; 3] = [API_KEY, ACCESS_TOKEN, APP_SECRET];

impl Column {
    /// The place of the value in the row of this id.
    pub(crate) fn place<'a>(&self, organization: &'a OrganizationId, id: &'a str) -> Place<'a> {
        Place {
            table: self.table,
            column: self.name,
            organization: organization.as_str(),
            row: id,
        }
    }
}

/// The place of a connection's key.
#[must_use]
pub fn api_key_place<'a>(organization: &'a OrganizationId, id: &'a ApiConnectionId) -> Place<'a> {
    API_KEY.place(organization, id.as_str())
}

/// The place of the token by which a number on `WhatsApp` sends.
#[must_use]
pub fn access_token_place<'a>(
    organization: &'a OrganizationId,
    id: &'a WhatsAppNumberId,
) -> Place<'a> {
    ACCESS_TOKEN.place(organization, id.as_str())
}

/// The place of the secret that what comes in by a number on `WhatsApp` is signed with.
#[must_use]
pub fn app_secret_place<'a>(
    organization: &'a OrganizationId,
    id: &'a WhatsAppNumberId,
) -> Place<'a> {
    APP_SECRET.place(organization, id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_of_secrets_never_change() {
        let organization = OrganizationId::from("org");
        let place = |table, column| Place {
            table,
            column,
            organization: "org",
            row: "row",
        };
        assert_eq!(
            api_key_place(&organization, &ApiConnectionId::from("row")),
            place("api_connections", "api_key")
        );
        let number = WhatsAppNumberId::from("row");
        assert_eq!(
            access_token_place(&organization, &number),
            place("whatsapp_numbers", "access_token")
        );
        assert_eq!(
            app_secret_place(&organization, &number),
            place("whatsapp_numbers", "app_secret")
        );
    }
}
