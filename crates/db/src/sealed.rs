//! Where sealed values live. Writer, reader and rotation name a value's place through this file alone: a place said in two
//! ways would make what the one seals unreadable to the other.

use agentry_crypto::Place;

use crate::ids::{ApiConnectionId, OrganizationId};

/// Every sealed column: its table and its name. No plain read may be granted one.
pub(crate) const SEALED_COLUMNS: [(&str, &str); 1] = [("api_connections", "api_key")];

/// The place of a connection's key.
#[must_use]
pub fn api_key_place<'a>(organization: &'a OrganizationId, id: &'a ApiConnectionId) -> Place<'a> {
    Place {
        table: "api_connections",
        column: "api_key",
        organization: organization.as_str(),
        row: id.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_key_never_changes() {
        let (organization, id) = (OrganizationId::from("org"), ApiConnectionId::from("con"));
        let expected = Place {
            table: "api_connections",
            column: "api_key",
            organization: "org",
            row: "con",
        };
        assert_eq!(api_key_place(&organization, &id), expected);
    }
}
