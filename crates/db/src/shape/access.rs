//! Whether the service sees what it reads itself, and nothing by a policy of somebody else's.

use super::catalog;
use super::expected::Table;
use super::quoted;
use super::report::{Check, Gathering, Remedy, Weight};

pub(super) fn check(table: &Table, actual: &catalog::Table) -> Option<Check> {
    let (policy, rule) = table.policy?;
    let mut gathering = Gathering::of(table, actual, "shows the service its rows and no others");
    let name = gathering.table();
    if !actual.policies.iter().any(|found| found.name == policy) {
        gathering.add(
            Weight::Unfit,
            format!("the policy {policy} is missing, so the service sees no row"),
            Remedy::Amend(format!("CREATE POLICY {policy} ON {name} {rule}")),
        );
    }
    for found in actual.policies.iter().filter(|found| found.everyone) {
        let (weight, sentence) = if found.permissive {
            (
                Weight::Unfit,
                format!(
                    "the policy {} is for every role, and shows the service rows of others",
                    found.name
                ),
            )
        } else {
            (
                Weight::Limits,
                format!(
                    "the policy {} is for every role, and may hide rows from the service",
                    found.name
                ),
            )
        };
        let remedy = gathering.owner_may(format!(
            "ALTER POLICY {} ON {name} TO the role that it is meant for",
            quoted(&found.name)
        ));
        gathering.add(weight, sentence, remedy);
    }
    for (verb, columns) in table.grants {
        let lacking: Vec<&str> = columns
            .split_whitespace()
            .filter(|column| actual.columns.contains_key(*column))
            .filter(|column| !actual.grants.contains(&format!("{verb} {column}")))
            .collect();
        if !lacking.is_empty() {
            let list: Vec<String> = lacking.iter().map(|column| quoted(column)).collect();
            gathering.add(
                Weight::Unfit,
                format!(
                    "the service may not {verb} {}, which it has to",
                    lacking.join(", ")
                ),
                Remedy::Amend(format!(
                    "GRANT {verb} ({}) ON {name} TO agentry_app",
                    list.join(", ")
                )),
            );
        }
    }
    if table.deletes && !actual.deletes {
        gathering.add(
            Weight::Limits,
            "the service may not DELETE, so deleteApiKey fails",
            Remedy::Amend(format!("GRANT DELETE ON {name} TO agentry_app")),
        );
    }
    Some(gathering.done())
}
