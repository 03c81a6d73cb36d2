use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;

use crate::sql;
use crate::{DbError, Role, Scope, WriteScope};

/// What an organisation may spend in a month of the calendar (UTC), and what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Millionths of a US dollar; `None`: as many as it likes.
    pub monthly_cost_micros: Option<i64>,
    /// Tokens, read and written together; `None`: as many as it likes.
    pub monthly_tokens: Option<i64>,
    /// What was spent this month, for owners and admins.
    pub spent_cost_micros: Option<i64>,
    /// The tokens that were used this month, for owners and admins.
    pub spent_tokens: Option<i64>,
    /// When the month ends.
    pub resets_at: DateTime<Utc>,
}

/// What changes of a budget: `None` stays as it is, `Some(None)` takes a limit away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BudgetChanges {
    /// Millionths of a US dollar, 0 or more.
    pub monthly_cost_micros: Option<Option<i64>>,
    /// Tokens, 0 or more.
    pub monthly_tokens: Option<Option<i64>>,
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetKind {
    /// In millionths of a US dollar.
    Cost,
    /// In tokens.
    Tokens,
}

/// A budget that is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetExceeded {
    /// Which, and in what it is counted.
    pub kind: BudgetKind,
    /// What may be spent in a month.
    pub limit: i64,
    /// What is, the prompts of replies that are under way included.
    pub spent: i64,
    /// When the month ends.
    pub resets_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct Row {
    monthly_cost_micros: Option<i64>,
    monthly_tokens: Option<i64>,
    cost_micros: Option<i64>,
    tokens: Option<i64>,
    resets_at: DateTime<Utc>,
}

/// The acting organisation's budget. `None`: it has none.
///
/// # Errors
/// [`DbError`] as the database answers; this holds for every function of this module.
pub async fn find_budget(scope: &Scope) -> Result<Option<Budget>, DbError> {
    let found: Option<Row> = sql::first(
        scope,
        "SELECT b.monthly_cost_micros, b.monthly_tokens, u.cost_micros, u.tokens,
                (t.month + interval '1 month') AT TIME ZONE 'UTC' AS resets_at
         FROM (SELECT date_trunc('month', now() AT TIME ZONE 'UTC') AS month) t
         JOIN organization_budgets b ON b.organization_id = $1 AND b.id = 'monthly'
         LEFT JOIN usage_months u ON u.organization_id = b.organization_id AND u.month = t.month::date
         WHERE b.monthly_cost_micros IS NOT NULL OR b.monthly_tokens IS NOT NULL",
        [scope.tenant().organization().as_str().into()],
    )
    .await?;
    // Whoever does not see the month's row is not to take it for none.
    let seen = |spent: Option<i64>| match scope.tenant().role() {
        Role::Owner | Role::Admin => Some(spent.unwrap_or(0)),
        Role::Member => None,
    };
    Ok(found.map(|row| Budget {
        monthly_cost_micros: row.monthly_cost_micros,
        monthly_tokens: row.monthly_tokens,
        spent_cost_micros: seen(row.cost_micros),
        spent_tokens: seen(row.tokens),
        resets_at: row.resets_at,
    }))
}

/// Sets or takes away the acting organisation's budget; for its owners and admins. `None`: it has none from now on.
///
/// # Errors
/// As [`find_budget`]; [`DbError::Constraint`] when a limit is below 0, [`DbError::Refused`] for anybody else.
pub async fn set_budget(
    scope: &WriteScope,
    changes: &BudgetChanges,
) -> Result<Option<Budget>, DbError> {
    let BudgetChanges {
        monthly_cost_micros: cost,
        monthly_tokens: tokens,
    } = *changes;
    sql::run(
        scope,
        "INSERT INTO organization_budgets AS b (organization_id, monthly_cost_micros, monthly_tokens) VALUES ($1, $2, $3)
         ON CONFLICT (organization_id, id) DO UPDATE SET
           monthly_cost_micros = CASE WHEN $4 THEN excluded.monthly_cost_micros ELSE b.monthly_cost_micros END,
           monthly_tokens = CASE WHEN $5 THEN excluded.monthly_tokens ELSE b.monthly_tokens END",
        [
            scope.tenant().organization().as_str().into(),
            cost.flatten().into(),
            tokens.flatten().into(),
            cost.is_some().into(),
            tokens.is_some().into(),
        ],
    )
    .await?;
    find_budget(scope).await
}

/// The budget of the acting organisation that is used up, if one is.
///
/// # Errors
/// As [`find_budget`].
pub async fn exceeded(scope: &Scope) -> Result<Option<BudgetExceeded>, DbError> {
    look(scope, false).await
}

/// The same, for whoever takes a run up and notes in this transaction what its prompt will cost: nobody else of the organisation
/// looks until it ends, so that what several take up at once is seen by each after the other.
///
/// # Errors
/// As [`find_budget`].
pub async fn hold_budget(scope: &WriteScope) -> Result<Option<BudgetExceeded>, DbError> {
    look(scope, true).await
}

#[derive(FromQueryResult)]
struct Over {
    kind: String,
    most: i64,
    spent: i64,
    resets_at: DateTime<Utc>,
}

async fn look(scope: &Scope, hold: bool) -> Result<Option<BudgetExceeded>, DbError> {
    let over: Option<Over> = sql::first(
        scope,
        "SELECT kind, most, spent, resets_at FROM budget_exceeded($1)",
        [hold.into()],
    )
    .await?;
    Ok(over.map(|over| BudgetExceeded {
        kind: if over.kind == "cost" {
            BudgetKind::Cost
        } else {
            BudgetKind::Tokens
        },
        limit: over.most,
        spent: over.spent,
        resets_at: over.resets_at,
    }))
}
