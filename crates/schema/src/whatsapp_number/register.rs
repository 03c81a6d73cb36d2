//! Registering a number.

use agentry_crypto::sha256;
use agentry_db::entity::SealedColumn;
use agentry_db::ids::{TemplateId, WhatsAppNumberId};
use agentry_db::run::ErrorCode;
use agentry_db::sealed::{access_token_place, app_secret_place};
use agentry_db::whatsapp::number::{self, NewNumber, NewWay, Number, NumberRefused};
use agentry_db::{new_id, template};
use agentry_phone::Sender;
use agentry_whatsapp::CheckError;
use async_graphql::{ID, InputObject, OneofObject, SimpleObject};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::WhatsAppNumber;
use crate::check::{Checks, id_of};
use crate::context::audited;
use crate::failure::{Failure, mutation_result};
use crate::idempotency::Idempotency;
use crate::secret::Secret;
use crate::{Action, ApiError, Doing, RequestContext};

/// The longest token or secret, in bytes.
const MAX_SECRET: usize = 4_096;
/// The shortest secret: Meta's have 32 characters.
const MIN_SECRET: usize = 16;
/// Where things stand in the input.
const PHONE_NUMBER_ID: [&str; 3] = ["via", "cloudApi", "phoneNumberId"];
const ACCESS_TOKEN: [&str; 3] = ["via", "cloudApi", "accessToken"];
const URL: [&str; 3] = ["via", "gateway", "url"];
const PHONE: [&str; 3] = ["via", "gateway", "phone"];
/// What a verify token begins with.
const PREFIX: &str = "wa_";

/// Which number, and by which secrets.
#[derive(Debug, Clone, InputObject)]
pub struct RegisterWhatsAppNumberInput {
    /// The template whose agents answer there: one of the organisation that the request acts in.
    template_id: ID,
    /// How it is reached.
    via: WhatsAppNumberVia,
    /// The secret that what is delivered is signed with: of Meta's, the App Secret of the app; of a gateway, any text of 16 characters
    /// or more that it knows. At most 4,096 bytes, without white space inside. It is sealed, and never shown again.
    app_secret: Secret,
    /// A key of yours, 1 to 255 characters: the same key with the same input registers one number however often it is sent.
    idempotency_key: Option<String>,
}

/// How a number is reached.
#[derive(Debug, Clone, OneofObject)]
pub enum WhatsAppNumberVia {
    /// Through Meta's Cloud API.
    CloudApi(WhatsAppCloudApiInput),
    /// Through a gateway of your own.
    Gateway(WhatsAppGatewayInput),
}

/// A number of Meta's Cloud API.
#[derive(Debug, Clone, InputObject)]
pub struct WhatsAppCloudApiInput {
    /// By what Meta knows it: its Phone number ID, in digits; not the number itself.
    phone_number_id: String,
    /// A token that may send by it. Meta is asked whether it may. It is sealed, and never shown again.
    access_token: Secret,
}

/// A gateway of your own. It delivers what Meta would, signed as Meta signs it, and what is to be sent is posted to it, signed so too.
#[derive(Debug, Clone, InputObject)]
pub struct WhatsAppGatewayInput {
    /// Where to: an https address without a user name or password that is public, at most 2,000 characters. The server's operator may
    /// allow others, and http.
    url: String,
    /// The number that people write to (E.164), which is no other bot's, in any of its forms.
    phone: String,
}

/// The input as it is compared with an earlier one.
#[derive(Serialize)]
struct Compared {
    template: String,
    number: String,
    token: Option<String>,
    secret: String,
}

/// The number was registered.
#[derive(Debug, SimpleObject)]
pub struct RegisterWhatsAppNumberSuccess {
    /// The number.
    whats_app_number: WhatsAppNumber,
    /// What to give Meta as the verify token of the webhook. It is shown this once. Null when an earlier call with the same idempotency
    /// key registered the number: `rotateWhatsAppNumber` makes another.
    verify_token: Option<String>,
}

mutation_result! {
    /// How registering a number ended. `Conflict`: it is a bot's already, yours or somebody else's, whichever way that one is reached.
    RegisterWhatsAppNumberResult = RegisterWhatsAppNumberSuccess | ValidationFailed | NotFound | Forbidden | Conflict | LimitReached
        | TooManyRequests | ConnectionFailed
}

/// A way that was checked.
enum Via {
    CloudApi(String, SecretString),
    Gateway(Url, String),
}

pub(super) async fn register(
    context: &RequestContext,
    input: RegisterWhatsAppNumberInput,
) -> async_graphql::Result<RegisterWhatsAppNumberResult> {
    RegisterWhatsAppNumberResult::from_outcome(Box::pin(registered(context, input)).await)
}

async fn registered(
    context: &RequestContext,
    input: RegisterWhatsAppNumberInput,
) -> Result<RegisterWhatsAppNumberSuccess, Failure> {
    context.may(Action::RegisterWhatsAppNumber)?;
    let services = context.services();
    if !services
        .whatsapp
        .publishers
        .include(context.tenant()?.organization())
    {
        let organization = context.tenant()?.organization();
        return Err(Failure::forbidden(format!(
            "The operator of this server has not let this organisation register numbers on WhatsApp (--whatsapp-publishers {organization})."
        )));
    }
    let mut checks = Checks::default();
    let compared = compared(context, &input);
    let key = input.idempotency_key;
    let idempotency = Idempotency::new(key, "registerWhatsAppNumber", &compared, &mut checks)?;
    let via = match input.via {
        WhatsAppNumberVia::CloudApi(meta) => {
            let id = meta.phone_number_id.trim().to_owned();
            if !(1..=40).contains(&id.len()) || !id.bytes().all(|b| b.is_ascii_digit()) {
                checks.refuse_at(path(&PHONE_NUMBER_ID), "It must be 1 to 40 digits.");
            }
            secret(&mut checks, &ACCESS_TOKEN, &meta.access_token, 1);
            Some(Via::CloudApi(id, meta.access_token.inner().clone()))
        }
        WhatsAppNumberVia::Gateway(gateway) => gateway_of(context, &mut checks, &gateway),
    };
    secret(&mut checks, &["appSecret"], &input.app_secret, MIN_SECRET);
    checks.finish()?;
    let via = via.ok_or_else(|| Checks::refused_at(&URL, "It must be an address."))?;
    let template: TemplateId = id_of(input.template_id);
    // Before Meta is asked anything.
    is_own(context, &template).await?;
    let (way, display_phone) = looked_at(context, via).await?;
    let number = Sender::parse(&display_phone).map_err(ApiError::internal)?;
    let id: WhatsAppNumberId = new_id();
    let organization = context.tenant()?.organization();
    let way = match way {
        Via::Gateway(url, _) => NewWay::Gateway(url.into()),
        Via::CloudApi(phone_number_id, token) => NewWay::Meta {
            phone_number_id,
            access_token: seal(context, &token, &access_token_place(organization, &id))?,
        },
    };
    let (verify_token, verify_token_hash) = fresh_token()?;
    let place = app_secret_place(organization, &id);
    let limit = services.limits.whatsapp_numbers_per_organization;
    let new = &NewNumber {
        template,
        way,
        display_phone,
        number: number.number(),
        app_secret: seal(context, input.app_secret.inner(), &place)?,
        verify_token_hash,
        limit,
        id,
    };
    let idempotency = &idempotency;
    let (number, fresh) = context
        .write(Action::RegisterWhatsAppNumber, |scope| async move {
            if let Some(earlier) = idempotency.claim(&scope, new.id.as_str()).await? {
                let earlier = number::find(&scope, &earlier.into()).await?;
                let gone = || Failure::conflict("What this key made is gone by now.");
                return Ok((earlier.ok_or_else(gone)?, false));
            }
            let done = number::register(&scope, new.clone()).await?;
            done.map_err(|why| refused(why, limit))?;
            let number = stored(&scope, &new.id).await?;
            note(&scope, &number).await?;
            Ok((number, true))
        })
        .await?;
    Ok(RegisterWhatsAppNumberSuccess {
        whats_app_number: number.into(),
        verify_token: fresh.then(|| verify_token.expose_secret().to_owned()),
    })
}

fn compared(context: &RequestContext, input: &RegisterWhatsAppNumberInput) -> Compared {
    let keys = &context.services().keys;
    let (number, token) = match &input.via {
        WhatsAppNumberVia::CloudApi(meta) => {
            let token = meta.access_token.fingerprint(keys);
            (meta.phone_number_id.clone(), Some(token))
        }
        WhatsAppNumberVia::Gateway(gateway) => (format!("{} {}", gateway.url, gateway.phone), None),
    };
    Compared {
        template: input.template_id.to_string(),
        number,
        token,
        secret: input.app_secret.fingerprint(keys),
    }
}

/// `None`: refused, as the checks say.
fn gateway_of(
    context: &RequestContext,
    checks: &mut Checks,
    input: &WhatsAppGatewayInput,
) -> Option<Via> {
    let digits = input.phone.strip_prefix('+').unwrap_or_default();
    let plausible = (7..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0');
    if !plausible {
        checks.refuse_at(
            path(&PHONE),
            "It must be a number in E.164, as +447700900123.",
        );
    }
    if input.url.chars().count() > 2_000 {
        checks.refuse_at(path(&URL), "It must have at most 2,000 characters.");
        return None;
    }
    let Ok(url) = Url::parse(&input.url) else {
        checks.refuse_at(path(&URL), "It must be an address.");
        return None;
    };
    if let Err(refusal) = context.services().whatsapp.gateway.check(&url) {
        checks.refuse_at(path(&URL), refusal.to_string());
        return None;
    }
    Some(Via::Gateway(url, digits.to_owned()))
}

/// Asks Meta whether the token is good for the number, and what number it is: whoever registers one must hold it.
async fn looked_at(context: &RequestContext, via: Via) -> Result<(Via, String), Failure> {
    let via = match via {
        Via::Gateway(url, digits) => return Ok((Via::Gateway(url, digits.clone()), digits)),
        Via::CloudApi(id, token) => (id, token),
    };
    let (id, token) = via;
    let digits = look_at(context, &id, &token, [&ACCESS_TOKEN, &PHONE_NUMBER_ID]).await?;
    Ok((Via::CloudApi(id, token), digits))
}

/// The number that Meta knows by this id, to whoever holds the token. `fields`: what is to blame where it refuses the token, and where it
/// knows no such number.
pub(super) async fn look_at(
    context: &RequestContext,
    phone_number_id: &str,
    token: &SecretString,
    fields: [&[&str]; 2],
) -> Result<String, Failure> {
    let services = context.services();
    let user = context.tenant()?.user();
    // Nothing is open while others are called.
    context.release().await;
    let a_minute = services.limits.runs_per_minute;
    let counted = services.auth.count_run(user, a_minute).await?;
    counted.map_err(Failure::too_many)?;
    let graph = &services.whatsapp.graph;
    // In a box: what lies inside is deeper than the compiler follows.
    let seen = Box::pin(graph.look_at(phone_number_id, token)).await;
    let seen = seen.map_err(|error| match &error {
        CheckError::TokenRefused => Checks::refused_at(fields[0], error.to_string()),
        CheckError::NoNumber => Checks::refused_at(fields[1], error.to_string()),
        CheckError::Away(_) => {
            let code = ErrorCode::ProviderUnreachable;
            Failure::connection_failed(code, error.to_string(), true, None)
        }
    })?;
    Ok(seen.digits)
}

/// Whether the template is one of the acting organisation's, which whoever may register a number for it may know.
async fn is_own(context: &RequestContext, template: &TemplateId) -> Result<(), Failure> {
    let scope = context.read_own().await?;
    let found = template::find_many(&scope, std::slice::from_ref(template)).await?;
    let mut found = found.iter();
    let own = found.any(|card| card.publisher_org_id == *scope.tenant().organization());
    own.then_some(())
        .ok_or_else(|| Failure::not_found("template"))
}

fn path(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|&part| part.to_owned()).collect()
}

pub(super) fn secret(checks: &mut Checks, field: &[&str], secret: &Secret, least: usize) {
    let bytes = secret.inner().expose_secret().as_bytes();
    let fits =
        (least..=MAX_SECRET).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    if !fits {
        let message = format!(
            "It must be {least} to {MAX_SECRET} printable ASCII characters without white space."
        );
        checks.refuse_at(path(field), message);
    }
}

pub(super) fn seal(
    context: &RequestContext,
    secret: &SecretString,
    place: &agentry_crypto::Place<'_>,
) -> Result<SealedColumn, ApiError> {
    let sealed = context.services().keys.seal(secret, place);
    sealed.map(SealedColumn::new).map_err(ApiError::internal)
}

/// A verify token, and its hash.
pub(super) fn fresh_token() -> Result<(SecretString, String), ApiError> {
    let fresh = agentry_auth::api_key::generate(PREFIX).map_err(ApiError::internal)?;
    let hash = sha256(fresh.key.expose_secret());
    Ok((fresh.key, hash))
}

pub(super) fn refused(why: NumberRefused, limit: u32) -> Failure {
    match why {
        NumberRefused::Gone => ApiError::Unauthenticated.into(),
        NumberRefused::AdminsOnly => Failure::forbidden(crate::context::ADMINS_ONLY),
        NumberRefused::NoSuchTemplate => Failure::not_found("template"),
        NumberRefused::NoSuchNumber => Failure::not_found("number"),
        NumberRefused::Taken => Failure::conflict("This number is registered already."),
        NumberRefused::Full => {
            Failure::limit_reached("numbers on WhatsApp in an organisation", limit)
        }
    }
}

pub(super) async fn stored(scope: &Doing, id: &WhatsAppNumberId) -> Result<Number, Failure> {
    let found = number::find(scope, id).await?;
    found.ok_or_else(|| Failure::not_found("number"))
}

pub(super) fn told(number: &Number) -> Value {
    json!({ "phone": format!("+{}", number.display_phone), "templateId": number.template_id.as_str() })
}

async fn note(scope: &Doing, number: &Number) -> Result<(), Failure> {
    audited(scope, "WhatsAppNumber", number.id.as_str(), told(number)).await
}
