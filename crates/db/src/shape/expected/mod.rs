//! The auth tables as this build reads and writes them, and what their neighbours read and write beside it.
//!
//! To add a column that a statement of ours uses: its line in `tables`.

mod tables;

pub(super) use tables::TABLES;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::shape) enum Kind {
    Text,
    Moment,
    Flag,
    Integer,
}

impl Kind {
    /// As PostgreSQL spells it in full.
    pub(in crate::shape) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Moment => "timestamp with time zone",
            Self::Flag => "boolean",
            Self::Integer => "integer",
        }
    }

    /// As one types it.
    pub(in crate::shape) const fn short(self) -> &'static str {
        match self {
            Self::Moment => "timestamptz",
            Self::Text | Self::Flag | Self::Integer => self.name(),
        }
    }
}

/// What a row that we insert holds there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::shape) enum Written {
    /// A value.
    Always,
    /// A value or NULL.
    Maybe,
    /// What the table's default says.
    Never,
}

#[derive(Debug, Clone, Copy)]
pub(in crate::shape) struct Column {
    pub(in crate::shape) name: &'static str,
    pub(in crate::shape) kind: Kind,
    /// What follows the type when the column is added to rows that are there; `None` for those without which a row means
    /// nothing.
    pub(in crate::shape) birth: Option<&'static str>,
    pub(in crate::shape) written: Written,
    /// Whether we rely on there being no NULL.
    pub(in crate::shape) solid: bool,
    /// Who misses it, when it is not us.
    pub(in crate::shape) neighbour: Option<&'static str>,
    /// Why it must take NULL.
    pub(in crate::shape) open: Option<&'static str>,
    /// The default it must have, and what goes wrong without it.
    pub(in crate::shape) default: Option<(&'static str, &'static str)>,
    /// What brings the rows that are there up to date once it is added.
    pub(in crate::shape) fill: Option<&'static str>,
    /// Whether it is ours, made by a migration of ours and by nobody else.
    pub(in crate::shape) ours: bool,
}

pub(in crate::shape) struct Table {
    pub(in crate::shape) name: &'static str,
    pub(in crate::shape) columns: &'static [Column],
    /// What is impossible where a row cannot be inserted.
    pub(in crate::shape) insert: Insert,
    pub(in crate::shape) keys: &'static [Key],
    /// Column, the table whose `id` it holds.
    pub(in crate::shape) references: &'static [(&'static str, &'static str)],
    pub(in crate::shape) triggers: &'static [Trigger],
    /// Ours: its name, and what follows `CREATE POLICY … ON …`.
    pub(in crate::shape) policy: Option<(&'static str, &'static str)>,
    /// What the service does itself, beside what it does through functions.
    /// A verb, and the columns' names with spaces between.
    pub(in crate::shape) grants: &'static [(&'static str, &'static str)],
    pub(in crate::shape) deletes: bool,
}

pub(in crate::shape) enum Insert {
    /// Nothing works without.
    Vital(&'static str),
    /// This does not.
    Limits(&'static str),
    /// We insert none.
    Nobody,
}

pub(in crate::shape) struct Key {
    pub(in crate::shape) column: &'static str,
    /// What goes wrong without it, and whether that lets nothing work.
    pub(in crate::shape) without: &'static str,
    pub(in crate::shape) vital: bool,
}

pub(in crate::shape) struct Trigger {
    pub(in crate::shape) name: &'static str,
    /// The whole statement.
    pub(in crate::shape) ddl: &'static str,
    pub(in crate::shape) without: &'static str,
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column {
        name,
        kind,
        birth: None,
        written: Written::Always,
        solid: true,
        neighbour: None,
        open: None,
        default: None,
        fill: None,
        ours: false,
    }
}

/// One that may hold NULL, and may be added.
const fn loose(name: &'static str, kind: Kind) -> Column {
    Column {
        birth: Some(""),
        written: Written::Maybe,
        solid: false,
        ..column(name, kind)
    }
}

impl Column {
    const fn born(self, birth: &'static str) -> Self {
        Self {
            birth: Some(birth),
            ..self
        }
    }

    /// We always write it, though others may leave NULL there.
    const fn always(self) -> Self {
        Self {
            written: Written::Always,
            ..self
        }
    }

    const fn never(self) -> Self {
        Self {
            written: Written::Never,
            ..self
        }
    }

    const fn of(self, neighbour: &'static str) -> Self {
        Self {
            neighbour: Some(neighbour),
            ..self
        }
        .never()
    }

    const fn open(self, reason: &'static str) -> Self {
        Self {
            open: Some(reason),
            ..self
        }
    }

    const fn default(self, default: &'static str, reason: &'static str) -> Self {
        Self {
            default: Some((default, reason)),
            ..self
        }
    }

    const fn fill(self, statement: &'static str) -> Self {
        Self {
            fill: Some(statement),
            ..self
        }
    }

    const fn ours(self) -> Self {
        Self { ours: true, ..self }
    }
}
