//! Whether the superset's triggers are there, which let several versions of better-auth share the tables.

use super::catalog;
use super::expected::Table;
use super::report::{Check, Gathering, Remedy, Weight};

pub(super) fn check(table: &Table, actual: &catalog::Table) -> Option<Check> {
    let trigger = table.trigger.as_ref()?;
    let mut gathering = Gathering::of(table, actual, "fits every version of better-auth");
    if !actual.triggers.iter().any(|name| name == trigger.name) {
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
