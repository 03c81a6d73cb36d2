use std::borrow::Cow;
use std::sync::Arc;

use agentry_crypto::KeyRing;
use async_graphql::registry::{MetaType, MetaTypeId, Registry};
use async_graphql::{InputType, InputValueError, InputValueResult, Value};
use secrecy::{ExposeSecret as _, SecretString};

const NAME: &str = "Secret";

/// A secret on its way in. It is an input and nothing else: no output type, no `Serialize`, an opaque `Debug`, and no error
/// that repeats it.
///
/// A sealed column cannot be shown either. What can be shown compiles:
///
/// ```
/// fn shown<T: async_graphql::OutputType>() {}
/// shown::<String>();
/// ```
///
/// and what cannot does not:
///
/// ```compile_fail,E0277
/// fn shown<T: async_graphql::OutputType>() {}
/// shown::<agentry_db::entity::SealedColumn>();
/// ```
///
/// ```compile_fail,E0277
/// fn shown<T: async_graphql::OutputType>() {}
/// shown::<agentry_schema::Secret>();
/// ```
#[derive(Clone, Debug)]
pub struct Secret(SecretString);

impl Secret {
    /// The secret, for whoever seals or hashes it.
    pub(crate) const fn inner(&self) -> &SecretString {
        &self.0
    }

    /// What stands for the secret where an input is compared with an earlier one. Whoever reads the database cannot try
    /// guesses on it: that takes the key ring as well.
    pub(crate) fn fingerprint(&self, keys: &KeyRing) -> String {
        keys.fingerprint(self.0.expose_secret().as_bytes())
    }
}

impl InputType for Secret {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed(NAME)
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_input_type::<Self, _>(MetaTypeId::Scalar, |_| MetaType::Scalar {
            name: NAME.to_owned(),
            description: Some(
                "A text that goes in and never comes out: no field, error or log shows it."
                    .to_owned(),
            ),
            is_valid: Some(Arc::new(|value| matches!(value, Value::String(_)))),
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            specified_by_url: None,
            directive_invocations: Vec::new(),
            requires_scopes: Vec::new(),
        })
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        // The usual error would repeat the value.
        match value {
            Some(Value::String(text)) => Ok(Self(SecretString::from(text))),
            _ => Err(InputValueError::custom("A secret is a text.")),
        }
    }

    fn to_value(&self) -> Value {
        Value::Null
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use async_graphql::parser::parse_schema;
    use async_graphql::parser::types::{BaseType, Type, TypeKind, TypeSystemDefinition};

    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::parse(Some(Value::from(text))).ok().unwrap()
    }

    #[test]
    fn neither_debug_nor_value_nor_fingerprint_shows_it() {
        let key = secret("sk-canary");
        assert!(!format!("{key:?} {:?}", key.to_value()).contains("canary"));
        let ring = |digit: &str| KeyRing::parse(&SecretString::from(digit.repeat(64))).unwrap();
        let hashed = key.fingerprint(&ring("0"));
        assert!(!hashed.contains("canary"), "{hashed}");
        assert_eq!(hashed, secret("sk-canary").fingerprint(&ring("0")));
        assert_ne!(hashed, secret("sk-other").fingerprint(&ring("0")));
        assert_ne!(hashed, key.fingerprint(&ring("1")));
    }

    /// The name of a type without its list and non-null marks.
    fn bare(ty: &Type) -> &str {
        match &ty.base {
            BaseType::Named(name) => name.as_str(),
            BaseType::List(inner) => bare(inner),
        }
    }

    #[test]
    fn no_output_type_has_a_field_for_a_secret() {
        let document = parse_schema(crate::sdl()).unwrap();
        let (mut outputs, mut secret_inputs) = (0, Vec::new());
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else {
                continue;
            };
            let name = definition.node.name.node.as_str();
            let fields = match &definition.node.kind {
                TypeKind::Object(object) => &object.fields,
                TypeKind::Interface(interface) => &interface.fields,
                TypeKind::InputObject(input) => {
                    let secrets = input.fields.iter().map(|field| &field.node);
                    let secrets = secrets.filter(|field| bare(&field.ty.node) == NAME);
                    secret_inputs
                        .extend(secrets.map(|field| format!("{name}.{}", field.name.node)));
                    continue;
                }
                TypeKind::Scalar | TypeKind::Enum(_) | TypeKind::Union(_) => continue,
            };
            for field in fields {
                let field = &field.node;
                let plain = field.name.node.to_lowercase().replace('_', "");
                // What an object shows its own fields show.
                let told = ["apikey", "password", "secret"].contains(&plain.as_str())
                    && bare(&field.ty.node) != "ApiKey";
                assert!(
                    !told && bare(&field.ty.node) != NAME,
                    "{name}.{}",
                    field.name.node
                );
                outputs += 1;
            }
        }
        secret_inputs.sort();
        let expected = [
            "ChangeEmailInput.currentPassword",
            "ChangePasswordInput.currentPassword",
            "ChangePasswordInput.newPassword",
            "CreateApiConnectionInput.apiKey",
            "DeleteAccountInput.password",
            "RegisterWhatsAppNumberInput.appSecret",
            "ResetPasswordInput.newPassword",
            "ResetPasswordInput.token",
            "RotateApiConnectionKeyInput.apiKey",
            "RotateWhatsAppNumberInput.accessToken",
            "RotateWhatsAppNumberInput.appSecret",
            "SignInInput.password",
            "SignUpInput.password",
            "UnsavedApiConnectionInput.apiKey",
            "VerifyEmailInput.token",
            "WhatsAppCloudApiInput.accessToken",
        ];
        assert_eq!(secret_inputs, expected);
        assert!(outputs > 50, "{outputs} fields: the schema was not read");
    }

    #[test]
    fn what_is_no_text_is_refused_without_repeating_it() {
        for value in [
            Value::from(4711),
            Value::Null,
            Value::List(vec![Value::from("sk-canary")]),
        ] {
            let error = Secret::parse(Some(value))
                .unwrap_err()
                .into_server_error(async_graphql::Pos::default());
            assert!(
                !error.message.contains("4711") && !error.message.contains("canary"),
                "{error:?}"
            );
        }
        assert!(Secret::parse(None).is_err());
    }
}
