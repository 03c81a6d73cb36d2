//! Whether rows are told apart, and go when what they belong to goes.

use super::catalog;
use super::expected::Table;
use super::quoted;
use super::report::{Check, Gathering, Remedy, Weight};

pub(super) fn check(table: &Table, actual: &catalog::Table) -> Check {
    let mut gathering = Gathering::of(table, actual, "has the keys and references it should");
    let name = gathering.table();
    let is = |columns: &[String], column: &str| columns.len() == 1 && columns[0] == column;
    if !actual.primary.as_deref().is_some_and(|key| is(key, "id")) {
        gathering.add(
            Weight::Unfit,
            "id is not its primary key, so nothing can refer to a row of it",
            Remedy::Amend(format!("ALTER TABLE {name} ADD PRIMARY KEY (\"id\")")),
        );
    }
    for key in table.keys {
        let column = key.column;
        if actual.columns.contains_key(column) && !actual.keys.iter().any(|key| is(key, column)) {
            gathering.add(
                if key.vital {
                    Weight::Unfit
                } else {
                    Weight::Limits
                },
                format!("there is no unique index on {column}, so {}", key.without),
                Remedy::Amend(format!(
                    "CREATE UNIQUE INDEX ON {name} ({})",
                    quoted(column)
                )),
            );
        }
    }
    for (column, target) in table.references {
        reference(column, target, actual, &mut gathering);
    }
    gathering.done()
}

fn reference(column: &str, target: &str, actual: &catalog::Table, gathering: &mut Gathering<'_>) {
    // Once the column is there.
    if !actual.columns.contains_key(column) {
        return;
    }
    let alter = format!("ALTER TABLE {}", gathering.table());
    let clause = format!(
        "FOREIGN KEY ({}) REFERENCES {} (\"id\") ON DELETE CASCADE",
        quoted(column),
        quoted(target)
    );
    let mut found = actual.references.iter().filter(|reference| {
        reference.column == column && reference.target == target && reference.target_column == "id"
    });
    match found.next() {
        None => gathering.add(
            Weight::Limits,
            format!(
                "nothing ties {column} to {target}, so rows outlive the {target} they belong to"
            ),
            Remedy::Amend(format!("{alter} ADD {clause}")),
        ),
        Some(reference) if !reference.cascades => {
            let name = quoted(&reference.name);
            let remedy = gathering.owner_may(format!(
                "{alter} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {clause}"
            ));
            gathering.add(
                Weight::Limits,
                format!("rows do not go with the {target} that {column} names, which cannot be deleted while there are any"),
                remedy,
            );
        }
        Some(_) => {}
    }
}
