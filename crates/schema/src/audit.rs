//! The audit trail as mutations write it.

use agentry_db::WriteScope;
use agentry_db::audit::{self, NewAuditEvent, Origin};
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
    let origin = Origin {
        credential: context.actor()?.credential(),
        ip: context.ip(),
    };
    let event = NewAuditEvent {
        action,
        target_type,
        target_id: target_id.to_owned(),
        metadata,
    };
    Ok(audit::record(scope, &origin, event).await?)
}
