//! Replacing the secrets of a number, and removing it.

use agentry_db::ids::WhatsAppNumberId;
use agentry_db::sealed::{access_token_place, app_secret_place};
use agentry_db::whatsapp::number::{self, NewSecrets};
use async_graphql::{ID, InputObject, SimpleObject};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::WhatsAppNumber;
use super::register::{fresh_token, look_at, refused, seal, secret, stored, told};
use crate::check::{Checks, id_of};
use crate::context::audited;
use crate::failure::{Failure, mutation_result};
use crate::secret::Secret;
use crate::{Action, Noun, RequestContext};

/// What is replaced. What is left out stays.
#[derive(Debug, Clone, InputObject)]
pub struct RotateWhatsAppNumberInput {
    /// The number.
    id: ID,
    /// Another token that may send by it. Meta is asked whether it may. What waited for it is sent.
    access_token: Option<Secret>,
    /// Another secret that what is delivered is signed with, 16 to 4,096 characters. What is signed with the one before is taken for
    /// a few seconds more.
    app_secret: Option<Secret>,
    /// Whether to make another verify token. The one before is refused from then on.
    #[graphql(default)]
    new_verify_token: bool,
}

/// Which number to remove.
#[derive(Debug, Clone, InputObject)]
pub struct RemoveWhatsAppNumberInput {
    /// The number.
    id: ID,
}

/// The secrets were replaced.
#[derive(Debug, SimpleObject)]
pub struct RotateWhatsAppNumberSuccess {
    /// The number as it is now.
    whats_app_number: WhatsAppNumber,
    /// The new verify token, if one was asked for. It is shown this once.
    verify_token: Option<String>,
}

/// The number is removed, with what waited to be sent by it.
#[derive(Debug, SimpleObject)]
pub struct RemoveWhatsAppNumberSuccess {
    /// The id that it had.
    removed_whats_app_number_id: ID,
}

mutation_result! {
    /// How replacing secrets ended.
    RotateWhatsAppNumberResult = RotateWhatsAppNumberSuccess | ValidationFailed | NotFound | Forbidden | TooManyRequests | ConnectionFailed
}
mutation_result! {
    /// How removing a number ended.
    RemoveWhatsAppNumberResult = RemoveWhatsAppNumberSuccess | NotFound | Forbidden
}

pub(super) async fn rotate(
    context: &RequestContext,
    input: RotateWhatsAppNumberInput,
) -> async_graphql::Result<RotateWhatsAppNumberResult> {
    RotateWhatsAppNumberResult::from_outcome(Box::pin(rotated(context, input)).await)
}

async fn rotated(
    context: &RequestContext,
    input: RotateWhatsAppNumberInput,
) -> Result<RotateWhatsAppNumberSuccess, Failure> {
    context.may(Action::RotateWhatsAppNumber)?;
    let RotateWhatsAppNumberInput {
        id,
        access_token,
        app_secret,
        new_verify_token,
    } = input;
    let mut checks = Checks::default();
    if let Some(token) = &access_token {
        secret(&mut checks, &["accessToken"], token, 1);
    }
    if let Some(app_secret) = &app_secret {
        secret(&mut checks, &["appSecret"], app_secret, 16);
    }
    if access_token.is_none() && app_secret.is_none() && !new_verify_token {
        // No field is to blame more than another.
        let message = "Give at least one of accessToken, appSecret and newVerifyToken.";
        checks.refuse_at(Vec::new(), message);
    }
    checks.finish()?;
    let id: &WhatsAppNumberId = &id_of(id);
    if let Some(token) = &access_token {
        let scope = context.read(Noun::Templates).await?;
        let number = number::find(&scope, id).await?;
        let number = number.ok_or_else(|| Failure::not_found("number"))?;
        let Some(phone_number_id) = number.phone_number_id else {
            return Err(Checks::refused("accessToken", "A gateway has none."));
        };
        drop(scope);
        // It is the token that does not open the number, which is as it was.
        let fields: [&[&str]; 2] = [&["accessToken"]; 2];
        look_at(context, &phone_number_id, token.inner(), fields).await?;
    }
    let organization = context.tenant()?.organization();
    let sealed = |secret: &Secret, place| seal(context, secret.inner(), &place);
    let access_token = access_token
        .map(|token| sealed(&token, access_token_place(organization, id)))
        .transpose()?;
    let app_secret = app_secret
        .map(|secret| sealed(&secret, app_secret_place(organization, id)))
        .transpose()?;
    let fresh = new_verify_token.then(fresh_token).transpose()?;
    let metadata = json!({
        "accessToken": access_token.is_some(), "appSecret": app_secret.is_some(), "verifyToken": new_verify_token,
    });
    let (verify_token, hash) = fresh.unzip();
    let new = &NewSecrets {
        access_token,
        app_secret,
        verify_token_hash: hash,
    };
    let metadata = &metadata;
    let number = context
        .write(Action::RotateWhatsAppNumber, |scope| async move {
            let done = number::rotate(&scope, id, new.clone()).await?;
            done.map_err(|why| refused(why, 0))?;
            audited(&scope, "WhatsAppNumber", id.as_str(), metadata.clone()).await?;
            stored(&scope, id).await
        })
        .await?;
    Ok(RotateWhatsAppNumberSuccess {
        whats_app_number: number.into(),
        verify_token: verify_token.map(|token| token.expose_secret().to_owned()),
    })
}

pub(super) async fn remove(
    context: &RequestContext,
    input: RemoveWhatsAppNumberInput,
) -> async_graphql::Result<RemoveWhatsAppNumberResult> {
    RemoveWhatsAppNumberResult::from_outcome(removed(context, input).await)
}

async fn removed(
    context: &RequestContext,
    input: RemoveWhatsAppNumberInput,
) -> Result<RemoveWhatsAppNumberSuccess, Failure> {
    let id: &WhatsAppNumberId = &id_of(input.id);
    context
        .write(Action::RemoveWhatsAppNumber, |scope| async move {
            let gone = number::find(&scope, id).await?;
            let done = number::remove(&scope, id).await?;
            done.map_err(|why| refused(why, 0))?;
            let metadata = gone.as_ref().map(told).unwrap_or_default();
            audited(&scope, "WhatsAppNumber", id.as_str(), metadata).await
        })
        .await?;
    Ok(RemoveWhatsAppNumberSuccess {
        removed_whats_app_number_id: ID(id.to_string()),
    })
}
