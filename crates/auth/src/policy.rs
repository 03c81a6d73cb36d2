//! The ladder of roles: who may do what to whom in an organisation.
//!
//! [`decide`] is asked before anything is sent to the database, which holds every write to the same rules once more, on roles
//! it reads under a lock. What depends on more than roles (the last owner, the personal organisation) is for the database alone.

use agentry_db::Role;

/// Something a member wants to do to their organisation or to somebody in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Change its name, slug or picture.
    UpdateOrganization,
    /// Delete it with everything in it.
    DeleteOrganization,
    /// See who is invited, and members' addresses.
    SeeInvitations,
    /// Take an invitation back.
    CancelInvitation,
    /// Bring somebody in, as this.
    Invite(Role),
    /// Make a member who is the one the other.
    ChangeRole {
        /// What they are.
        from: Role,
        /// What they are to be.
        to: Role,
    },
    /// Remove a member who is this.
    Remove(Role),
    /// Hand one's ownership to another member.
    TransferOwnership,
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// It takes an owner or admin.
    #[error("only owners and admins may do this")]
    AdminsOnly,
    /// It takes an owner.
    #[error("only owners may do this")]
    OwnersOnly,
}

/// Whether somebody who is `actor` may.
///
/// # Errors
/// [`NotAllowed`] says what it takes.
pub const fn decide(actor: Role, action: Action) -> Result<(), NotAllowed> {
    use Action::{
        CancelInvitation, ChangeRole, DeleteOrganization, Invite, Remove, SeeInvitations,
        TransferOwnership, UpdateOrganization,
    };
    use Role::{Admin, Member, Owner};
    match (actor, action) {
        (
            Owner,
            UpdateOrganization
            | DeleteOrganization
            | SeeInvitations
            | CancelInvitation
            | Invite(Owner | Admin | Member)
            | ChangeRole {
                from: Owner | Admin | Member,
                to: Owner | Admin | Member,
            }
            | Remove(Owner | Admin | Member)
            | TransferOwnership,
        )
        | (
            Admin,
            UpdateOrganization
            | SeeInvitations
            | CancelInvitation
            | Invite(Admin | Member)
            | ChangeRole {
                from: Admin | Member,
                to: Admin | Member,
            }
            | Remove(Admin | Member),
        ) => Ok(()),
        (
            Admin | Member,
            DeleteOrganization
            | TransferOwnership
            | Invite(Owner)
            | Remove(Owner)
            | ChangeRole { from: Owner, .. }
            | ChangeRole { to: Owner, .. },
        ) => Err(NotAllowed::OwnersOnly),
        (
            Member,
            UpdateOrganization
            | SeeInvitations
            | CancelInvitation
            | Invite(Admin | Member)
            | ChangeRole {
                from: Admin | Member,
                to: Admin | Member,
            }
            | Remove(Admin | Member),
        ) => Err(NotAllowed::AdminsOnly),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fmt::Write as _;

    use super::*;

    const ROLES: [Role; 3] = [Role::Owner, Role::Admin, Role::Member];

    fn actions() -> Vec<Action> {
        let mut all = vec![
            Action::UpdateOrganization,
            Action::DeleteOrganization,
            Action::SeeInvitations,
            Action::CancelInvitation,
            Action::TransferOwnership,
        ];
        all.extend(ROLES.map(Action::Invite));
        all.extend(ROLES.map(Action::Remove));
        for from in ROLES {
            all.extend(ROLES.map(|to| Action::ChangeRole { from, to }));
        }
        all
    }

    #[test]
    fn the_ladder_is_the_one_that_is_kept() {
        let mut shown = String::new();
        for action in actions() {
            let answers = ROLES.map(|actor| match decide(actor, action) {
                Ok(()) => format!("{}: yes", actor.as_str()),
                Err(why) => format!("{}: {why}", actor.as_str()),
            });
            writeln!(shown, "{action:?} -> {}", answers.join("; ")).unwrap();
        }
        let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/src/policy.snapshot.txt");
        if std::env::var("AGENTRY_SNAPSHOTS").as_deref() == Ok("write") {
            std::fs::write(kept, &shown).unwrap();
        }
        assert_eq!(std::fs::read_to_string(kept).unwrap(), shown);
    }

    #[test]
    fn nobody_lifts_anyone_above_themself() {
        let rank = |role: Role| ROLES.iter().rev().position(|one| *one == role).unwrap();
        for actor in ROLES {
            for action in actions() {
                let reached = match action {
                    Action::Invite(role) | Action::Remove(role) => Some(role),
                    Action::ChangeRole { from, to } => {
                        Some(if rank(from) > rank(to) { from } else { to })
                    }
                    Action::UpdateOrganization
                    | Action::DeleteOrganization
                    | Action::SeeInvitations
                    | Action::CancelInvitation
                    | Action::TransferOwnership => None,
                };
                if decide(actor, action).is_ok() {
                    assert!(
                        reached.is_none_or(|role| rank(role) <= rank(actor)),
                        "{actor:?} {action:?}"
                    );
                }
            }
        }
    }
}
