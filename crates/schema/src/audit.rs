//! The audit trail as mutations write it.

use agentry_db::WriteScope;
use agentry_db::audit::{self, NewAuditEvent, Origin};
use agentry_db::ids::OrganizationId;
use serde_json::Value;

use crate::RequestContext;
use crate::failure::Failure;

/// Notes in the mutation's own transaction what it did to what: either both are there or neither.
pub(crate) async fn audited(
    context: &RequestContext,
    scope: &WriteScope,
    action: &'static str,
    target_type: &'static str,
    target_id: &str,
    metadata: Value,
) -> Result<(), Failure> {
    let event = NewAuditEvent {
        action,
        target_type,
        target_id: target_id.to_owned(),
        metadata,
    };
    Ok(audit::record(scope, &origin(context)?, event).await?)
}

/// As [`audited`], in an organisation that the caller has just made or joined, or that is left to them; `what` is the action
/// and the target's type.
pub(crate) async fn audited_in(
    context: &RequestContext,
    scope: &WriteScope,
    organization: &OrganizationId,
    what: (&'static str, &'static str),
    target_id: &str,
    metadata: Value,
) -> Result<(), Failure> {
    let (action, target_type) = what;
    let event = NewAuditEvent {
        action,
        target_type,
        target_id: target_id.to_owned(),
        metadata,
    };
    Ok(audit::record_in(scope, organization, &origin(context)?, event).await?)
}

fn origin(context: &RequestContext) -> Result<Origin, Failure> {
    Ok(Origin {
        credential: context.actor()?.credential(),
        ip: context.ip(),
    })
}
