use agentry_entity::TenantOwned;
use agentry_entity::id::{OrganizationId, UserId};
use sea_orm::{ColumnTrait, QueryFilter};

/// Who acts, in which organisation, as what. The only value that opens a connection.
///
/// It is made after `member` was read for the very credential of the request; nothing else should make one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tenant {
    user: UserId,
    organization: OrganizationId,
    role: Role,
}

/// What a member is in an organisation, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// May do everything, the deletion of the organisation included.
    Owner,
    /// May manage members and everyone's agents.
    Admin,
    /// May use what is shared and manage their own.
    Member,
}

/// An id that is not `[A-Za-z0-9_-]{1,64}` and so may not be written into a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id of a tenant must be 1 to 64 of A-Z, a-z, 0-9, _ and -")]
pub struct UnsafeId;

impl Tenant {
    /// # Errors
    /// [`UnsafeId`] when either id could be more than an id inside a statement.
    pub fn new(user: UserId, organization: OrganizationId, role: Role) -> Result<Self, UnsafeId> {
        if is_plain(user.as_str()) && is_plain(organization.as_str()) {
            Ok(Self {
                user,
                organization,
                role,
            })
        } else {
            Err(UnsafeId)
        }
    }

    /// The acting user.
    #[must_use]
    pub const fn user(&self) -> &UserId {
        &self.user
    }

    /// The organisation acted in.
    #[must_use]
    pub const fn organization(&self) -> &OrganizationId {
        &self.organization
    }

    /// The user's role there.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Narrows a statement to this tenant's rows. It picks the index; the policies are the guard behind it.
    pub fn scope<E: TenantOwned, Q: QueryFilter>(&self, query: Q) -> Q
    where
        E::Column: ColumnTrait,
    {
        query.filter(E::ORGANIZATION.eq(self.organization.as_str()))
    }

    /// The statements that tell a transaction who acts. Only values checked by [`Tenant::new`] are written into them.
    pub(crate) fn settings(&self) -> String {
        format!(
            "SET LOCAL app.current_user_id = '{}'; SET LOCAL app.current_org_id = '{}'; SET LOCAL app.org_role = '{}'",
            self.user,
            self.organization,
            self.role.as_str()
        )
    }
}

impl Role {
    /// As it stands in `app.org_role`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }

    /// From one word of `member.role`; whatever is not known counts as a plain member.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "owner" => Self::Owner,
            "admin" => Self::Admin,
            _ => Self::Member,
        }
    }
}

fn is_plain(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_plain_id_reaches_the_settings() {
        for bad in [
            "",
            "a'b",
            "a b",
            "a;b",
            "ä",
            "a\0",
            &"x".repeat(65),
            "a\\",
            "$1",
        ] {
            assert_eq!(
                Tenant::new(bad.into(), "org".into(), Role::Member),
                Err(UnsafeId),
                "{bad:?}"
            );
            assert_eq!(
                Tenant::new("user".into(), bad.into(), Role::Member),
                Err(UnsafeId),
                "{bad:?}"
            );
        }
        assert!(Tenant::new("u_1-A".into(), "x".repeat(64).into(), Role::Owner).is_ok());
    }

    #[test]
    fn an_unknown_role_is_the_weakest() {
        assert_eq!(Role::from_word("superowner"), Role::Member);
    }
}
