//! Whether a table is there, is one, and lets the look-up functions at its rows.

use super::catalog::{self, Catalog};
use super::expected::{Column, Table};
use super::report::{Check, Gathering, Remedy, Weight};
use super::{Stage, quoted};

const CLAIM: &str = "is a table in which the look-ups see every row";

/// Views and foreign tables take neither references nor policies.
pub(super) fn is_table(actual: &catalog::Table) -> bool {
    matches!(&*actual.kind, "r" | "p")
}

pub(super) fn missing(table: &Table) -> Check {
    let mut gathering = Gathering::new(table.name, None, true, CLAIM);
    let name = gathering.table();
    let columns: Vec<String> = table.columns.iter().map(definition).collect();
    let create = format!(
        "CREATE TABLE IF NOT EXISTS {name} ({}); ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
        columns.join(", ")
    );
    gathering.add(Weight::Unfit, "it is missing", Remedy::Amend(create));
    gathering.done()
}

/// As it stands in CREATE TABLE.
fn definition(column: &Column) -> String {
    let (name, kind) = (quoted(column.name), column.kind.short());
    let rest = match column.birth {
        Some(birth) => birth,
        None if column.name == "id" => "PRIMARY KEY",
        None => "NOT NULL",
    };
    format!("{name} {kind} {rest}").trim_end().to_owned()
}

pub(super) fn check(
    table: &Table,
    actual: &catalog::Table,
    catalog: &Catalog,
    stage: Stage,
) -> Check {
    let mut gathering = Gathering::of(table, actual, CLAIM);
    let name = gathering.table();
    if !is_table(actual) {
        gathering.add(
            Weight::Unfit,
            "it is a view or a foreign table, which takes neither references nor policies",
            Remedy::ByHand(format!("Make {name} a table of schema public.")),
        );
        return gathering.done();
    }
    let owner = &actual.owner;
    let grant = |to: &str| {
        Remedy::ByHand(format!(
            "As a superuser, or as {owner} where it may: GRANT {} TO {}; which must inherit it.",
            quoted(owner),
            quoted(to)
        ))
    };
    match stage {
        Stage::Before if !actual.alterable => gathering.add(
            Weight::Unfit,
            format!(
                "it belongs to {owner}, and {reader} may not change it, so it cannot be made to fit",
                reader = catalog.reader
            ),
            grant(&catalog.reader),
        ),
        Stage::After if !actual.reached => gathering.add(
            Weight::Unfit,
            format!(
                "it belongs to {owner}, and {definer}, as whom the look-ups run, does not see its rows",
                definer = catalog.definer
            ),
            grant(&catalog.definer),
        ),
        Stage::Before | Stage::After => {}
    }
    if actual.forced {
        let remedy = gathering.owner_may(format!("ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY"));
        gathering.add(
            Weight::Unfit,
            "row security is forced, which hides every row from its owner: from the look-ups, and from better-auth, \
             whose sign-up and sign-in then fail",
            remedy,
        );
    }
    gathering.done()
}
