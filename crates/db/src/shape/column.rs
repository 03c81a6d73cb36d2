//! Whether the columns are there, hold what they should and let rows be written.

use std::fmt::Write as _;

use super::catalog;
use super::expected::{Column, Insert, Kind, Table, Written};
use super::report::{Check, Gathering, Remedy, Weight};
use super::{Stage, quoted};

pub(super) fn check(table: &Table, actual: &catalog::Table, stage: Stage) -> Check {
    let mut gathering = Gathering::of(table, actual, "has the columns it should");
    for column in table.columns {
        match actual.columns.get(column.name) {
            Some(found) => fit(table, column, found, &mut gathering),
            // A migration of ours is still to make it.
            None if column.ours && stage == Stage::Before => {}
            None => missing(column, actual, &mut gathering),
        }
    }
    // A column under another name is told of as that.
    let known = |name: &str| {
        let mut columns = table.columns.iter().map(|column| column.name);
        columns.any(|column| column == name || snake(column) == name)
    };
    for (name, found) in &actual.columns {
        if !known(name) && found.not_null && !found.filled {
            unwritable(
                table,
                name,
                "takes no NULL and has no default, and Agentry does not write it",
                &mut gathering,
            );
        }
    }
    gathering.done()
}

fn missing(column: &Column, actual: &catalog::Table, gathering: &mut Gathering<'_>) {
    let (table, name) = (gathering.table(), column.name);
    let snake = snake(name);
    if snake != name && actual.columns.contains_key(&snake) {
        let rename = format!(
            "ALTER TABLE {table} RENAME COLUMN {} TO {}",
            quoted(&snake),
            quoted(name)
        );
        let Remedy::ByHand(rename) = gathering.owner_may(rename) else {
            return;
        };
        gathering.add(
            Weight::Unfit,
            format!("the column {name} is missing and there is {snake}: columns under other names (column mapping) are not supported"),
            Remedy::ByHand(format!("Let better-auth use its own names (no `fields`), and {}", lower_first(&rename))),
        );
        return;
    }
    let weight = weight(column);
    let sentence = match column.neighbour {
        Some(neighbour) => format!("the column {name} is missing, and {neighbour} needs it"),
        None => format!("the column {name} is missing"),
    };
    let remedy = match column.birth {
        None => Remedy::ByHand(format!(
            "No row means anything without it: this is not better-auth's table. Give it that column (`{} NOT NULL`), or let \
             better-auth make its tables.",
            column.kind.short()
        )),
        Some(birth) => {
            let kind = column.kind.short();
            let mut sql = format!(
                "ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {} {kind} {birth}",
                quoted(name)
            )
            .trim_end()
            .to_owned();
            if let Some(fill) = column.fill {
                let _ = write!(sql, "; {fill}");
            }
            Remedy::Amend(sql)
        }
    };
    gathering.add(weight, sentence, remedy);
}

fn fit(table: &Table, column: &Column, found: &catalog::Column, gathering: &mut Gathering<'_>) {
    let name = column.name;
    // What we neither read nor write may be of another type.
    if column.neighbour.is_none() && found.kind != column.kind.name() {
        misfit(column, &found.kind, gathering);
    }
    let alter = format!(
        "ALTER TABLE {} ALTER COLUMN {}",
        gathering.table(),
        quoted(name)
    );
    if let Some(reason) = column.open
        && found.not_null
    {
        gathering.add(
            Weight::Limits,
            format!("the column {name} takes no NULL, so {reason}"),
            Remedy::Amend(format!("{alter} DROP NOT NULL")),
        );
    } else if found.not_null && column.written == Written::Maybe {
        unwritable(
            table,
            name,
            "takes no NULL, and Agentry writes it where there is no value",
            gathering,
        );
    } else if found.not_null && !found.filled && column.written == Written::Never {
        unwritable(
            table,
            name,
            "takes no NULL and has no default, and Agentry does not write it",
            gathering,
        );
    }
    if column.solid && !found.not_null {
        let remedy = gathering.owner_may(format!("{alter} SET NOT NULL"));
        gathering.add(
            Weight::Limits,
            format!("the column {name} takes NULL, and a row with one cannot be read here"),
            remedy,
        );
    }
    if let Some((default, consequence)) = column.default
        && found.not_null
        && !found.filled
    {
        gathering.add(
            Weight::Limits,
            format!("the column {name} has no default, so {consequence}"),
            Remedy::Amend(format!("{alter} SET DEFAULT {default}")),
        );
    }
}

fn misfit(column: &Column, found: &str, gathering: &mut Gathering<'_>) {
    let (name, kind) = (column.name, column.kind.short());
    let alter = format!(
        "ALTER TABLE {} ALTER COLUMN {} TYPE {kind}",
        gathering.table(),
        quoted(name)
    );
    let (why, remedy) = match (column.kind, found) {
        (Kind::Moment, "timestamp without time zone") => (
            ", which names another moment in every time zone",
            Remedy::ByHand(format!(
                "Where what wrote it was in UTC, as Drizzle always is: {}",
                owner_text(
                    gathering,
                    &format!("{alter} USING {} AT TIME ZONE 'UTC'", quoted(name))
                )
            )),
        ),
        (Kind::Text, "uuid" | "integer" | "bigint") => (
            "",
            Remedy::ByHand(
                "Other ids than text are not supported: let better-auth make text ids (no `generateId` of uuid or serial) in tables of their own making."
                    .to_owned(),
            ),
        ),
        (Kind::Text, "character varying" | "character") => ("", gathering.owner_may(alter)),
        (_, _) => (
            "",
            gathering.owner_may(format!("{alter} USING {}::{kind}", quoted(name))),
        ),
    };
    gathering.add(
        Weight::Unfit,
        format!(
            "the column {name} is {found}{why}; it must be {}",
            column.kind.name()
        ),
        remedy,
    );
}

fn owner_text(gathering: &Gathering<'_>, sql: &str) -> String {
    match gathering.owner_may(sql) {
        Remedy::ByHand(text) => lower_first(&text),
        Remedy::Amend(sql) => sql,
    }
}

fn unwritable(table: &Table, name: &str, why: &str, gathering: &mut Gathering<'_>) {
    let (weight, what) = match table.insert {
        Insert::Vital(consequence) => (Weight::Unfit, consequence.to_owned()),
        Insert::Limits(consequence) => (Weight::Limits, consequence.to_owned()),
        Insert::Nobody => return,
    };
    let remedy = gathering.owner_may(format!(
        "ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL",
        gathering.table(),
        quoted(name)
    ));
    gathering.add(weight, format!("the column {name} {why}: {what}"), remedy);
}

const fn weight(column: &Column) -> Weight {
    if column.neighbour.is_some() {
        Weight::Limits
    } else {
        Weight::Unfit
    }
}

/// `activeOrganizationId` as `active_organization_id`.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_ascii_lowercase())
        .into_iter()
        .chain(letters)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_as_others_write_them() {
        assert_eq!(snake("activeOrganizationId"), "active_organization_id");
        assert_eq!(snake("email"), "email");
    }
}
