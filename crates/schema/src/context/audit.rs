//! The audit trail as mutations write it.

use agentry_db::audit::{self, NewAuditEvent};
use agentry_db::ids::OrganizationId;
use serde_json::Value;

use super::Doing;
use crate::failure::Failure;

/// Notes in the mutation's own transaction what it did to what: either both are there or neither.
pub(crate) async fn audited(
    scope: &Doing,
    target_type: &'static str,
    target_id: &str,
    metadata: Value,
) -> Result<(), Failure> {
    let event = event(scope, target_type, target_id, metadata);
    Ok(audit::record(scope, scope.origin(), event).await?)
}

/// As [`audited`], in an organisation that the caller has just made or joined, or that is left to them.
pub(crate) async fn audited_in(
    scope: &Doing,
    organization: &OrganizationId,
    target_type: &'static str,
    target_id: &str,
    metadata: Value,
) -> Result<(), Failure> {
    let event = event(scope, target_type, target_id, metadata);
    Ok(audit::record_in(scope, organization, scope.origin(), event).await?)
}

fn event(
    scope: &Doing,
    target_type: &'static str,
    target_id: &str,
    metadata: Value,
) -> NewAuditEvent {
    NewAuditEvent {
        action: scope.action().name(),
        target_type,
        target_id: target_id.to_owned(),
        metadata,
    }
}
