//! What the body of `POST /api/install` asks for.

use agentry_schema::template::InstallRequest;
use serde_json::{Map, Value};

use super::answer::Refused;

/// Reads the body. What callers expect to be ignored is: other members, and a reference that is no text.
///
/// # Errors
/// [`Refused`] when it is not JSON, names no template, or has a name that is none.
pub(super) fn read(body: &[u8]) -> Result<InstallRequest, Refused> {
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
        return Err(Refused::bad("Invalid JSON body"));
    };
    let slug = text(&body, "slug");
    let template_id = text(&body, "templateAgentId").or_else(|| text(&body, "templateId"));
    // With both, the slug says which.
    let template_id = template_id.filter(|_| slug.is_none());
    if slug.is_none() && template_id.is_none() {
        return Err(Refused::bad("slug or templateAgentId is required"));
    }
    let name = match body.get("name") {
        None | Some(Value::Null) => None,
        Some(Value::String(_)) => text(&body, "name"),
        Some(_) => return Err(Refused::bad("name must be a string")),
    };
    Ok(InstallRequest {
        slug,
        template_id,
        name,
        whatsapp_phone: body
            .get("whatsapp_phone")
            .and_then(Value::as_str)
            .map(str::to_owned),
        accept_capabilities: body.get("acceptCapabilities") == Some(&Value::Bool(true)),
        ..InstallRequest::default()
    })
}

/// A text that is not blank, without the space around it.
fn text(body: &Map<String, Value>, member: &str) -> Option<String> {
    let text = body.get(member)?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn slug_goes_before_the_id_and_blanks_are_nothing() {
        let read = |body: &str| read(body.as_bytes()).unwrap();
        let both = read(r#"{"slug":" finance ","templateAgentId":"t1","name":" "}"#);
        assert_eq!(both.slug.as_deref(), Some("finance"));
        assert_eq!((both.template_id, both.name), (None, None));
        let id =
            read(r#"{"slug":" ","templateAgentId":" t1 ","templateId":"t2","name":" Purse "}"#);
        assert_eq!((id.slug, id.template_id.as_deref()), (None, Some("t1")));
        assert_eq!(id.name.as_deref(), Some("Purse"));
        let own = read(r#"{"templateId":"t2","whatsapp_phone":7,"acceptCapabilities":true}"#);
        assert_eq!(own.template_id.as_deref(), Some("t2"));
        assert!(own.accept_capabilities && !both.accept_capabilities);
        assert_eq!(own.whatsapp_phone, None);
        let phone = read(r#"{"slug":"a","whatsapp_phone":" 07123 456789"}"#).whatsapp_phone;
        assert_eq!(phone.as_deref(), Some(" 07123 456789"));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for body in ["", "{", "[]", "null", "\"finance\"", "{\"slug\":\"a\"} x"] {
            let refused = read(body.as_bytes()).unwrap_err();
            assert!(
                format!("{refused:?}").contains("Invalid JSON body"),
                "{body}"
            );
        }
        for body in [
            "{}",
            r#"{"slug":""}"#,
            r#"{"slug":7,"templateAgentId":null}"#,
        ] {
            let refused = read(body.as_bytes()).unwrap_err();
            assert!(
                format!("{refused:?}").contains("templateAgentId is required"),
                "{body}"
            );
        }
        assert!(read(br#"{"slug":"a","name":7}"#).is_err());
    }
}
