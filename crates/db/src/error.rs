use sea_orm::{DbErr, RuntimeErr};
use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

/// What can go wrong at the door to SQL. The text is for the log, never for a client.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The database is away, or no connection came free in time. Trying again later may help.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The statement took longer than it may.
    #[error("a statement was cancelled for taking too long")]
    Timeout,
    /// Two transactions crossed; the same work may succeed when done again.
    #[error("the transaction crossed another and was undone")]
    Crossed,
    /// A unique key, a reference or a check of the schema said no.
    #[error("constraint {name} ({kind:?})")]
    Constraint {
        /// Which kind.
        kind: Constraint,
        /// Its name in the schema.
        name: String,
    },
    /// Row security or a grant said no.
    #[error("the database refused: {0}")]
    Refused(String),
    /// Anything else: a fault of ours. What it was, without any value that was stored or sent.
    #[error("{0}")]
    Unexpected(String),
}

/// The kinds of constraint that can say no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraint {
    /// A row with these values is there already.
    Unique,
    /// What the row refers to is not there.
    Reference,
    /// A value is outside what the column takes.
    Check,
}

impl DbError {
    /// Whether the constraint of this name said no.
    #[must_use]
    pub fn is_constraint(&self, wanted: &str) -> bool {
        matches!(self, Self::Constraint { name, .. } if name == wanted)
    }

    /// Whether what was to go takes a template along that others have installed, or whose types they use.
    pub(crate) fn is_template_in_use(&self) -> bool {
        self.is_constraint("template_uses_template_id_fkey")
            || matches!(self, Self::Constraint { name, .. } if name.starts_with("template_catalogs_catalog"))
    }

    /// The error of a change to one end of a link. An agent that changes hands while a connection of it turns private: neither
    /// sees the other's change, and their link fits only one of the two. Done again, the later one sees the earlier.
    pub(crate) fn at_an_end_of_a_link(self) -> Self {
        if self.is_constraint("agent_api_connections_usable") {
            Self::Crossed
        } else {
            self
        }
    }
}

impl From<DbErr> for DbError {
    fn from(error: DbErr) -> Self {
        match sqlx_error(&error) {
            Some(cause) => classify(cause).unwrap_or_else(|| Self::Unexpected(told(cause))),
            None if matches!(error, DbErr::ConnectionAcquire(_)) => {
                Self::Unavailable(error.to_string())
            }
            None => Self::Unexpected(error.to_string()),
        }
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        classify(&error).unwrap_or_else(|| Self::Unexpected(told(&error)))
    }
}

fn sqlx_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(e))
        | DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e)) => Some(e),
        _ => None,
    }
}

/// By SQLSTATE (PostgreSQL, Appendix A), and by where the connection broke.
fn classify(error: &sqlx::Error) -> Option<DbError> {
    let database = match error {
        sqlx::Error::Database(database) => database,
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => return Some(DbError::Unavailable(error.to_string())),
        _ => return None,
    };
    let constraint = |kind| {
        Some(DbError::Constraint {
            kind,
            name: database.constraint().unwrap_or_default().to_owned(),
        })
    };
    match database.code()?.as_ref() {
        "40001" | "40P01" => Some(DbError::Crossed),
        "57014" => Some(DbError::Timeout),
        "23505" => constraint(Constraint::Unique),
        "23503" => constraint(Constraint::Reference),
        "23514" | "22001" | "22003" => constraint(Constraint::Check),
        "42501" => Some(DbError::Refused(database.message().to_owned())),
        // 08: connection; 53: out of resources; 57P: shutting down or starting up.
        code if code.starts_with("08") || code.starts_with("53") || code.starts_with("57P") => {
            Some(DbError::Unavailable(database.message().to_owned()))
        }
        _ => None,
    }
}

/// Classes of SQLSTATE whose messages speak of the schema and the server. Those of all others may quote a value: `invalid
/// input syntax for type integer: "…"`, and whatever a trigger raises.
const WITHOUT_VALUES: [&str; 10] = ["0A", "25", "26", "28", "42", "54", "55", "57", "58", "XX"];

/// What may stand in a log of an error.
fn told(error: &sqlx::Error) -> String {
    let sqlx::Error::Database(database) = error else {
        return error.to_string();
    };
    let code = database.code().unwrap_or_default();
    if WITHOUT_VALUES.iter().any(|class| code.starts_with(class)) {
        return format!("SQLSTATE {code}: {}", database.message());
    }
    let place = place(database.as_ref());
    format!("SQLSTATE {code}{place}; its message may quote a value")
}

/// Where PostgreSQL was when it failed.
fn place(error: &dyn DatabaseError) -> String {
    let Some(error) = error.try_downcast_ref::<PgDatabaseError>() else {
        return String::new();
    };
    [
        ("table", error.table()),
        ("column", error.column()),
        ("routine", error.routine()),
    ]
    .into_iter()
    .filter_map(|(what, name)| Some(format!(", {what} {}", name?)))
    .collect()
}
