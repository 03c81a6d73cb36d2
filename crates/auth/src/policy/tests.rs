#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::HashMap;
use std::fmt::Write as _;

use agentry_db::Role;

use super::*;

const ROLES: [Role; 3] = [Role::Owner, Role::Admin, Role::Member];

/// Every value of the type of an action's field.
pub(super) trait Each: Sized {
    fn each() -> Vec<Self>;
}

impl Each for Role {
    fn each() -> Vec<Self> {
        ROLES.to_vec()
    }
}

impl<T: Each> Each for Option<T> {
    fn each() -> Vec<Self> {
        let known = T::each().into_iter().map(Some);
        std::iter::once(None).chain(known).collect()
    }
}

#[test]
fn the_policy_is_the_one_that_is_kept() {
    let mut shown = format!(
        "{:52} {:26} {:24} {:6} {:6} member\n",
        "# action", "name", "permission of a key", "owner", "admin"
    );
    for action in Action::all() {
        let noun = action.noun().name();
        let permission = noun.map_or_else(|| "-".to_owned(), |noun| format!("{noun}:write"));
        let [owner, admin, member] = ROLES.map(|role| match decide(role, action) {
            Ok(()) => "yes",
            Err(NotAllowed::AdminsOnly | NotAllowed::OwnersOnly) => "-",
        });
        writeln!(
            shown,
            "{:52} {:26} {permission:24} {owner:6} {admin:6} {member}",
            format!("{action:?}"),
            action.name(),
        )
        .unwrap();
    }
    let kept = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/policy/policy.snapshot.txt"
    );
    if std::env::var("AGENTRY_SNAPSHOTS").as_deref() == Ok("write") {
        std::fs::write(kept, &shown).unwrap();
    }
    assert_eq!(std::fs::read_to_string(kept).unwrap(), shown);
}

#[test]
fn no_two_actions_share_a_name() {
    let mut named = HashMap::new();
    for action in Action::all() {
        let kind = std::mem::discriminant(&action);
        assert_eq!(
            *named.entry(action.name()).or_insert(kind),
            kind,
            "{action:?}"
        );
    }
}

#[test]
fn nobody_lifts_anyone_above_themself() {
    for action in Action::all() {
        let reached = match action {
            Action::InviteMember { role } => vec![Some(role)],
            Action::RemoveMember { role } => vec![role],
            Action::UpdateMemberRole { from, to } => vec![from, Some(to)],
            Action::CreateApiKey { of }
            | Action::RotateApiKey { of }
            | Action::DeleteApiKey { of } => vec![of],
            Action::UpdateApiKey { of, to } => vec![of, to],
            _ => vec![],
        };
        for actor in ROLES {
            if decide(actor, action).is_ok() {
                let rank = |role: Role| ROLES.iter().rev().position(|one| *one == role).unwrap();
                assert!(
                    reached.iter().flatten().all(|r| rank(*r) <= rank(actor)),
                    "{actor:?} {action:?}"
                );
            }
        }
    }
}

#[test]
fn what_is_learnt_of_an_action_allows_nobody_more() {
    let before = |action| match action {
        Action::RemoveMember { role: Some(_) } => Some(Action::RemoveMember { role: None }),
        Action::UpdateMemberRole { from: Some(_), to } => {
            Some(Action::UpdateMemberRole { from: None, to })
        }
        Action::UpdateApiKey { of: Some(_), to } => Some(Action::UpdateApiKey { of: None, to }),
        Action::RotateApiKey { of: Some(_) } => Some(Action::RotateApiKey { of: None }),
        Action::DeleteApiKey { of: Some(_) } => Some(Action::DeleteApiKey { of: None }),
        _ => None,
    };
    for action in Action::all() {
        let Some(unknown) = before(action) else {
            continue;
        };
        for actor in ROLES {
            assert!(
                decide(actor, unknown).is_ok() || decide(actor, action).is_err(),
                "{actor:?} {action:?}"
            );
        }
    }
}
