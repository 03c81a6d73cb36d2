//! What was found, and what to do about it.

use std::fmt;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Nothing can be served like this.
    Unfit,
    /// Something does not work, here or for a program that shares the tables; the rest does.
    Limits,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Statements that add what is missing or let a column stay empty. They take nothing away.
    Amend(String),
    /// A sentence, for whoever may decide it.
    ByHand(String),
}

/// One piece that is missing or does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Of what it speaks: `table session`.
    pub subject: String,
    /// How much it matters.
    pub weight: Weight,
    /// What is amiss, without a full stop.
    pub sentence: String,
    /// What to do.
    pub remedy: Remedy,
    /// Whose the table is; `None` when there is none.
    pub owner: Option<String>,
    /// Whether whoever looked may change the table.
    pub alterable: bool,
    /// Why it was not amended, when that was tried.
    pub hindrance: Option<String>,
}

/// One aspect of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// `table session`.
    pub subject: String,
    /// What is claimed.
    pub claim: &'static str,
    /// What speaks against it.
    pub findings: Vec<Finding>,
}

/// Everything that was looked at, in a fixed order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// One for each aspect of each table.
    pub checks: Vec<Check>,
}

impl Report {
    /// All that is amiss.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.checks.iter().flat_map(|check| &check.findings)
    }

    /// What is amiss and merely limits.
    pub fn limits(&self) -> impl Iterator<Item = &Finding> {
        self.of(Weight::Limits)
    }

    /// Why nothing can be served, a line each; `None` when it can.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        let lines: Vec<String> = self.of(Weight::Unfit).map(ToString::to_string).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    fn of(&self, weight: Weight) -> impl Iterator<Item = &Finding> {
        self.findings()
            .filter(move |finding| finding.weight == weight)
    }
}

impl Finding {
    /// What amending it runs; empty where somebody has to decide.
    #[must_use]
    pub fn statement(&self) -> &str {
        match &self.remedy {
            Remedy::Amend(sql) => sql,
            Remedy::ByHand(_) => "",
        }
    }

    /// What to do, as a sentence.
    #[must_use]
    pub fn advice(&self) -> String {
        let whom = self
            .owner
            .as_ref()
            .map_or_else(|| "the owner".to_owned(), ToString::to_string);
        match (&self.remedy, &self.hindrance) {
            (Remedy::ByHand(what), _) => what.clone(),
            (Remedy::Amend(sql), None) => {
                format!("`agentry migrate` does it; or, as {whom}: {sql};")
            }
            (Remedy::Amend(sql), Some(why)) => {
                format!("It could not be done: {why}. As {whom}: {sql};")
            }
        }
    }
}

/// `table session: the column activeOrganizationId is missing.` and what to do.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. {}", self.subject, self.sentence, self.advice())
    }
}

/// Gathers what speaks against one claim about one table.
pub(super) struct Gathering<'a> {
    table: &'a str,
    owner: Option<&'a str>,
    alterable: bool,
    check: Check,
}

impl<'a> Gathering<'a> {
    pub(super) fn new(
        table: &'a str,
        owner: Option<&'a str>,
        alterable: bool,
        claim: &'static str,
    ) -> Self {
        Self {
            table,
            owner,
            alterable,
            check: Check {
                subject: format!("table {table}"),
                claim,
                findings: Vec::new(),
            },
        }
    }

    pub(super) fn of(
        expected: &'a super::expected::Table,
        actual: &'a super::catalog::Table,
        claim: &'static str,
    ) -> Self {
        Self::new(expected.name, Some(&actual.owner), actual.alterable, claim)
    }

    /// The table's name as it stands in a statement.
    pub(super) fn table(&self) -> String {
        super::quoted(self.table)
    }

    /// A remedy that the table's owner decides on.
    pub(super) fn owner_may(&self, sql: impl fmt::Display) -> Remedy {
        let owner = self.owner.unwrap_or("the owner");
        Remedy::ByHand(format!("As {owner}: {sql};"))
    }

    pub(super) fn add(&mut self, weight: Weight, sentence: impl Into<String>, remedy: Remedy) {
        self.check.findings.push(Finding {
            subject: self.check.subject.clone(),
            weight,
            sentence: sentence.into(),
            remedy,
            owner: self.owner.map(str::to_owned),
            alterable: self.alterable,
            hindrance: None,
        });
    }

    pub(super) fn done(self) -> Check {
        self.check
    }
}
