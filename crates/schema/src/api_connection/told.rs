//! What the audit trail tells of API connections: never a key, and of a private one nothing that only its owner may see. Admins
//! read every event, and may not see the private connections of others.

use agentry_db::entity::Visibility;
use agentry_db::entity::api_connection::View;
use serde_json::{Value, json};

use crate::context::{changed, changes};
use crate::visibility::word;

/// What changed; of what is or was private, only which fields.
pub(super) fn of_change(before: &View, after: &View) -> Value {
    let mut told = changes(&open(before), &open(after));
    let (hidden_before, hidden_after) = (hidden(before), hidden(after));
    if is_shared(before) && is_shared(after) {
        let more = changes(&hidden_before, &hidden_after);
        for side in ["before", "after"] {
            if let (Some(told), Some(more)) = (told[side].as_object_mut(), more[side].as_object()) {
                told.extend(more.clone());
            }
        }
    } else {
        told["concealed"] = json!(changed(&hidden_before, &hidden_after));
    }
    told
}

/// What there was.
pub(super) fn of_deletion(gone: &View) -> Value {
    let mut told = changes(&open(gone), &json!({}));
    if is_shared(gone) {
        told["before"]["name"] = json!(gone.name);
    }
    told
}

fn is_shared(view: &View) -> bool {
    match view.visibility {
        Visibility::Organization => true,
        Visibility::Private => false,
    }
}

fn open(view: &View) -> Value {
    json!({ "service": view.service, "visibility": word(view.visibility) })
}

fn hidden(view: &View) -> Value {
    json!({ "name": view.name, "baseUrl": view.base_url, "metadata": view.metadata })
}
