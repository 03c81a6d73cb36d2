use agentry_auth::Access;
use agentry_db::usage::{self, BudgetChanges};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::check::{Checks, optional_field};
use crate::context::{audited, changes as changes_of};
use crate::failure::{Failure, mutation_result};
use crate::safe_int::SafeInt;
use crate::user::Organization;
use crate::{Action, ApiError, Noun, RequestContext};

/// What an organisation may spend in a month of the calendar, from midnight UTC of its first day. What is built in (`echo`) spends
/// nothing, and is never refused.
#[derive(Debug, Clone, SimpleObject)]
pub struct Budget {
    /// In millionths of a US dollar; null: as many as it likes. What models cost whose price is not known is not held against it.
    pub monthly_cost_micros: Option<SafeInt>,
    /// In tokens, those that models read and those that they wrote; null: as many as it likes.
    pub monthly_tokens: Option<SafeInt>,
    /// What this month's replies and titles cost so far, in millionths of a US dollar: for owners and admins; null for others.
    pub spent_cost_micros: Option<SafeInt>,
    /// How many tokens they took: for owners and admins; null for others.
    pub spent_tokens: Option<SafeInt>,
    /// When the next month begins, which begins with nothing spent.
    pub resets_at: DateTime<Utc>,
}

/// In what a budget is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "usage::BudgetKind")]
pub enum BudgetKind {
    /// In millionths of a US dollar.
    Cost,
    /// In tokens.
    Tokens,
}

/// What the organisation may spend this month is used up. Nothing was stored. Its owners and admins can set another budget with
/// `setBudget`.
#[derive(Debug, Clone, SimpleObject)]
pub struct BudgetExceeded {
    /// What went wrong, for a person to read.
    pub message: String,
    /// In what `limit` and `spent` are counted.
    pub kind: BudgetKind,
    /// What may be spent in a month: millionths of a US dollar or tokens, as `kind` says.
    pub limit: SafeInt,
    /// What was spent this month, with what was sent for replies that are under way.
    pub spent: SafeInt,
    /// When the next month begins.
    pub resets_at: DateTime<Utc>,
}

/// What the organisation may spend. What is left out stays; null takes a limit away.
#[derive(Debug, Clone, InputObject)]
pub struct SetBudgetInput {
    /// The organisation: the one that the request acts in, which it is when left out.
    organization_id: Option<ID>,
    /// The most that a month may cost, in millionths of a US dollar: 0 or more.
    monthly_cost_micros: MaybeUndefined<SafeInt>,
    /// The most tokens of a month, read and written together: 0 or more.
    monthly_tokens: MaybeUndefined<SafeInt>,
}

/// The budget is set.
#[derive(Debug, SimpleObject)]
pub struct SetBudgetSuccess {
    /// The budget as it is now; null when the organisation has none any more.
    budget: Option<Budget>,
}

mutation_result! {
    /// How setting a budget ended.
    SetBudgetResult = SetBudgetSuccess | ValidationFailed | NotFound | Forbidden
}

/// Mutations of budgets.
#[derive(Debug, Default)]
pub struct BudgetMutation;

#[Object]
impl BudgetMutation {
    /// Sets what the organisation that the request acts in may spend in a month, or takes it away. For its owners and admins. It holds from
    /// the next message on, and for replies that wait to be begun.
    async fn set_budget(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What it may spend.")] input: SetBudgetInput,
    ) -> async_graphql::Result<SetBudgetResult> {
        let set = set(RequestContext::of(context)?, input).await;
        SetBudgetResult::from_outcome(set.map(|budget| SetBudgetSuccess { budget }))
    }
}

async fn set(context: &RequestContext, input: SetBudgetInput) -> Result<Option<Budget>, Failure> {
    // Before the id is looked at; the role is that of another organisation when the id is.
    context.allow(Action::SetBudget.noun(), Access::Write)?;
    let acting = context.tenant()?.organization();
    let SetBudgetInput {
        organization_id,
        monthly_cost_micros,
        monthly_tokens,
    } = input;
    if organization_id.is_some_and(|id| id.as_str() != acting.as_str()) {
        return Err(Failure::NotFound(crate::failure::NotFound {
            message: "The request does not act in this organisation. Name it in x-organization-id."
                .to_owned(),
        }));
    }
    context.may(Action::SetBudget)?;
    let mut checks = Checks::default();
    let changes = BudgetChanges {
        monthly_cost_micros: limit(&mut checks, "monthlyCostMicros", monthly_cost_micros),
        monthly_tokens: limit(&mut checks, "monthlyTokens", monthly_tokens),
    };
    if changes == BudgetChanges::default() {
        checks.refuse(
            "monthlyCostMicros",
            "Give a limit, or null to take it away.",
        );
    }
    checks.finish()?;
    let changes = &changes;
    context
        .write(Action::SetBudget, |scope| async move {
            let before = usage::find_budget(&scope).await?;
            let after = usage::set_budget(&scope, changes).await?;
            let metadata = changes_of(&fields(before.as_ref()), &fields(after.as_ref()));
            let id = scope.tenant().organization().clone();
            audited(&scope, "Organization", id.as_str(), metadata).await?;
            Ok(after.map(Budget::from))
        })
        .await
}

#[expect(
    clippy::option_option,
    reason = "left out, null and a value are three things"
)]
fn limit(checks: &mut Checks, field: &str, value: MaybeUndefined<SafeInt>) -> Option<Option<i64>> {
    let value = optional_field(value).map(|value| value.map(|SafeInt(number)| number));
    if value.flatten().is_some_and(|number| number < 0) {
        checks.refuse(field, "It must be 0 or more.");
    }
    value
}

fn fields(budget: Option<&usage::Budget>) -> Value {
    json!({
        "monthlyCostMicros": budget.and_then(|budget| budget.monthly_cost_micros),
        "monthlyTokens": budget.and_then(|budget| budget.monthly_tokens),
    })
}

/// The budget of an organisation: of the one that the request acts in, and of no other.
pub(crate) async fn of_organization(
    context: &Context<'_>,
    organization: &Organization,
) -> Option<async_graphql::Result<Budget>> {
    let find = async {
        let context = RequestContext::of(context)?;
        context.allow(Noun::Organizations, Access::Read)?;
        if context.tenant()?.organization().as_str() != organization.id.as_str() {
            return Ok(None);
        }
        let scope = context.read(Noun::Organizations).await?;
        let found = usage::find_budget(&scope).await?;
        Ok::<_, ApiError>(found.map(Budget::from))
    };
    crate::error::nullable(find.await)
}

impl From<usage::Budget> for Budget {
    fn from(budget: usage::Budget) -> Self {
        let usage::Budget {
            monthly_cost_micros,
            monthly_tokens,
            spent_cost_micros,
            spent_tokens,
            resets_at,
        } = budget;
        Self {
            monthly_cost_micros: monthly_cost_micros.map(SafeInt::clamped),
            monthly_tokens: monthly_tokens.map(SafeInt::clamped),
            spent_cost_micros: spent_cost_micros.map(SafeInt::clamped),
            spent_tokens: spent_tokens.map(SafeInt::clamped),
            resets_at,
        }
    }
}

impl From<usage::BudgetExceeded> for BudgetExceeded {
    fn from(over: usage::BudgetExceeded) -> Self {
        let usage::BudgetExceeded {
            kind,
            limit,
            spent,
            resets_at,
        } = over;
        let next = resets_at.format("%Y-%m-%d");
        let message = match kind {
            usage::BudgetKind::Cost => format!(
                "The organisation's budget for this month is used up; the next one begins on {next}."
            ),
            usage::BudgetKind::Tokens => format!(
                "The organisation's budget of tokens for this month is used up; the next one begins on {next}."
            ),
        };
        Self {
            message,
            kind: kind.into(),
            limit: SafeInt::clamped(limit),
            spent: SafeInt::clamped(spent),
            resets_at,
        }
    }
}
