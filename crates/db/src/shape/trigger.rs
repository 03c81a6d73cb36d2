//! Whether the triggers are there: those that let several versions of better-auth share the tables, and those that say what is
//! revoked and what people go by.

use super::catalog;
use super::expected::{Table, Trigger};
use super::report::{Check, Gathering, Remedy, Weight};

pub(super) fn check(table: &Table, actual: &catalog::Table) -> Option<Check> {
    if table.triggers.is_empty() {
        return None;
    }
    let mut gathering = Gathering::of(table, actual, "tells and fits every version of better-auth");
    let missing = |trigger: &&Trigger| !actual.triggers.iter().any(|name| name == trigger.name);
    for trigger in table.triggers.iter().filter(missing) {
        let (name, ddl) = (trigger.name, trigger.ddl);
        let drop = format!("DROP TRIGGER IF EXISTS {name} ON {}", gathering.table());
        gathering.add(
            Weight::Limits,
            format!(
                "the trigger {name} is missing or disabled, so {}",
                trigger.without
            ),
            Remedy::Amend(format!("{drop}; {ddl}")),
        );
    }
    Some(gathering.done())
}
