use agentry_db::api_connection::{self, ApiConnectionChanges, NewApiConnection};
use agentry_db::entity::SealedColumn;
use agentry_db::entity::api_connection::View;
use agentry_db::ids::ApiConnectionId;
use agentry_db::sealed::api_key_place;
use agentry_db::{WriteScope, new_id};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Value, json};

use super::ApiConnection;
use super::input::{self, ApiKey};
use super::told;
use crate::check::{Checks, id_of};
use crate::context::audited;
use crate::failure::{Failure, mutation_result};
use crate::idempotency::Idempotency;
use crate::secret::Secret;
use crate::visibility::Visibility;
use crate::{Action, ApiError, Doing, RequestContext};

const MAX_NAME: usize = 200;

/// What a new connection is made of.
#[derive(Debug, Clone, InputObject, Serialize)]
pub struct CreateApiConnectionInput {
    /// Its name, 1 to 200 characters.
    name: String,
    /// What it connects to, as `openai`: 1 to 64 of a-z, 0-9, _ and -, the first a letter or a digit. Upper case is made lower.
    service: String,
    /// The provider's key: 1 to 8,192 bytes without white space inside. It is sealed, and never shown again.
    #[serde(skip)]
    api_key: Secret,
    /// Where the service is reached, when not at its usual place: an https address without a user name or password that is public,
    /// at most 2,000 characters. The server's operator may allow others, and http.
    base_url: Option<String>,
    /// Your own notes: a JSON object of at most 16,384 bytes, nested at most 16 deep. No place for secrets: it can be read back.
    metadata: Option<Value>,
    /// Who in the organisation may see and use it; `PRIVATE` when left out.
    visibility: Option<Visibility>,
    /// A key of yours, 1 to 255 characters: the same key with the same input makes one connection however often it is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// The input as it is compared with an earlier one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Compared<'a> {
    #[serde(flatten)]
    input: &'a CreateApiConnectionInput,
    key_fingerprint: String,
}

/// What changes of a connection. What is left out stays; null takes an optional value away.
#[derive(Debug, Clone, InputObject)]
pub struct UpdateApiConnectionInput {
    /// The connection.
    id: ID,
    /// Its name, 1 to 200 characters.
    name: MaybeUndefined<String>,
    /// What it connects to.
    service: MaybeUndefined<String>,
    /// Where the service is reached, when not at its usual place.
    base_url: MaybeUndefined<String>,
    /// Your own notes, all of them: a JSON object.
    metadata: MaybeUndefined<Value>,
    /// Who in the organisation may see and use it. Only its owner can make it private; that ends its links to the agents of
    /// others.
    visibility: MaybeUndefined<Visibility>,
}

/// Which connection gets which key.
#[derive(Debug, Clone, InputObject)]
pub struct RotateApiConnectionKeyInput {
    /// The connection.
    id: ID,
    /// The new key: 1 to 8,192 bytes without white space inside. It is sealed, and never shown again.
    api_key: Secret,
}

/// Which connection to delete.
#[derive(Debug, Clone, InputObject)]
pub struct DeleteApiConnectionInput {
    /// The connection.
    id: ID,
}

/// The connection was made.
#[derive(Debug, SimpleObject)]
pub struct CreateApiConnectionSuccess {
    /// The new connection.
    api_connection: ApiConnection,
}

/// The connection was changed.
#[derive(Debug, SimpleObject)]
pub struct UpdateApiConnectionSuccess {
    /// The connection as it is now.
    api_connection: ApiConnection,
}

/// The connection has the new key.
#[derive(Debug, SimpleObject)]
pub struct RotateApiConnectionKeySuccess {
    /// The connection as it is now.
    api_connection: ApiConnection,
}

/// The connection is gone, with its key and its links.
#[derive(Debug, SimpleObject)]
pub struct DeleteApiConnectionSuccess {
    /// The id it had.
    deleted_api_connection_id: ID,
}

mutation_result! {
    /// How making a connection ended.
    CreateApiConnectionResult = CreateApiConnectionSuccess | ValidationFailed | LimitReached | Conflict
}
mutation_result! {
    /// How changing a connection ended.
    UpdateApiConnectionResult = UpdateApiConnectionSuccess | ValidationFailed | NotFound | Forbidden
}
mutation_result! {
    /// How replacing a key ended.
    RotateApiConnectionKeyResult = RotateApiConnectionKeySuccess | ValidationFailed | NotFound | Forbidden
}
mutation_result! {
    /// How deleting a connection ended.
    DeleteApiConnectionResult = DeleteApiConnectionSuccess | NotFound | Forbidden
}

/// Mutations of API connections.
#[derive(Debug, Default)]
pub struct ApiConnectionMutation;

#[Object]
impl ApiConnectionMutation {
    /// Makes an API connection of yours. Its key is sealed before it is stored.
    async fn create_api_connection(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What the connection is made of.")] input: CreateApiConnectionInput,
    ) -> async_graphql::Result<CreateApiConnectionResult> {
        let outcome = create(RequestContext::of(context)?, input).await;
        CreateApiConnectionResult::from_outcome(outcome.map(|view| CreateApiConnectionSuccess {
            api_connection: view.into(),
        }))
    }

    /// Changes an API connection of yours or, as an owner or admin, one shared with your organisation. The key stays.
    async fn update_api_connection(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The connection, and what changes.")] input: UpdateApiConnectionInput,
    ) -> async_graphql::Result<UpdateApiConnectionResult> {
        let outcome = update(RequestContext::of(context)?, input).await;
        UpdateApiConnectionResult::from_outcome(outcome.map(|view| UpdateApiConnectionSuccess {
            api_connection: view.into(),
        }))
    }

    /// Replaces the key of an API connection of yours or, as an owner or admin, of one shared with your organisation.
    async fn rotate_api_connection_key(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The connection, and its new key.")] input: RotateApiConnectionKeyInput,
    ) -> async_graphql::Result<RotateApiConnectionKeyResult> {
        let outcome = rotate(RequestContext::of(context)?, input).await;
        RotateApiConnectionKeyResult::from_outcome(outcome.map(|view| {
            RotateApiConnectionKeySuccess {
                api_connection: view.into(),
            }
        }))
    }

    /// Deletes an API connection of yours or, as an owner or admin, one shared with your organisation, with its key and links.
    async fn delete_api_connection(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The connection.")] input: DeleteApiConnectionInput,
    ) -> async_graphql::Result<DeleteApiConnectionResult> {
        DeleteApiConnectionResult::from_outcome(delete(RequestContext::of(context)?, input).await)
    }
}

async fn create(
    context: &RequestContext,
    input: CreateApiConnectionInput,
) -> Result<View, Failure> {
    context.may(Action::CreateApiConnection)?;
    let mut checks = Checks::default();
    let key = input.idempotency_key.clone();
    let compared = Compared {
        key_fingerprint: input.api_key.fingerprint(&context.services().keys),
        input: &input,
    };
    let idempotency = Idempotency::new(key, "createApiConnection", &compared, &mut checks)?;
    let name = checks.name("name", &input.name, MAX_NAME);
    let service = input::service(&mut checks, &input.service);
    let api_key = ApiKey::check(&mut checks, &input.api_key);
    let providers = &context.services().providers;
    let base_url = input::base_url(&mut checks, providers, input.base_url);
    let metadata = checks.metadata("metadata", input.metadata);
    checks.finish()?;
    let id: ApiConnectionId = new_id();
    let new = NewApiConnection {
        name,
        service,
        api_key: seal(context, &id, &api_key.secret)?,
        key_hint: api_key.hint,
        base_url,
        metadata,
        visibility: input.visibility.map(Into::into),
    };
    let (id, new, idempotency) = (&id, &new, &idempotency);
    context
        .write(Action::CreateApiConnection, |scope| async move {
            if let Some(earlier) = idempotency.claim(&scope, id.as_str()).await? {
                let earlier = api_connection::find(&scope, &earlier.into()).await?;
                return earlier
                    .ok_or_else(|| Failure::conflict("What this key made is gone by now."));
            }
            let limit = context.services().limits.connections_per_organization;
            if !api_connection::has_room(&scope, limit).await? {
                let what = "API connections in an organisation";
                return Err(Failure::limit_reached(what, limit));
            }
            let view = api_connection::insert(&scope, id, new.clone()).await?;
            note(&scope, &view).await?;
            Ok(view)
        })
        .await
}

async fn update(
    context: &RequestContext,
    input: UpdateApiConnectionInput,
) -> Result<View, Failure> {
    context.may(Action::UpdateApiConnection)?;
    let mut checks = Checks::default();
    let changes = ApiConnectionChanges {
        name: checks
            .required("name", input.name)
            .map(|name| checks.name("name", &name, MAX_NAME)),
        service: checks
            .required("service", input.service)
            .map(|service| input::service(&mut checks, &service)),
        base_url: match input.base_url {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(url) => {
                let providers = &context.services().providers;
                Some(input::base_url(&mut checks, providers, Some(url)))
            }
        },
        metadata: checks
            .required("metadata", input.metadata)
            .map(|metadata| checks.metadata("metadata", Some(metadata))),
        visibility: checks
            .required("visibility", input.visibility)
            .map(Into::into),
    };
    checks.finish()?;
    let turns_private = input.visibility == MaybeUndefined::Value(Visibility::Private);
    let (id, changes) = (&id_of(input.id), &changes);
    context
        .write(Action::UpdateApiConnection, |scope| async move {
            if turns_private {
                owned(&scope, id).await?;
            }
            let before = api_connection::hold(&scope, id).await?;
            let changed = api_connection::update(&scope, id, changes.clone()).await?;
            let view = written(&scope, id, changed).await?;
            let before = before.as_ref().unwrap_or(&view);
            let metadata = told::of_change(before, &view);
            audited(&scope, "ConnectedApi", id.as_str(), metadata).await?;
            Ok(view)
        })
        .await
}

async fn rotate(
    context: &RequestContext,
    input: RotateApiConnectionKeyInput,
) -> Result<View, Failure> {
    context.may(Action::RotateApiConnectionKey)?;
    let mut checks = Checks::default();
    let key = ApiKey::check(&mut checks, &input.api_key);
    checks.finish()?;
    let id = id_of(input.id);
    let sealed = seal(context, &id, &key.secret)?;
    let (id, sealed, hint) = (&id, &sealed, &key.hint);
    context
        .write(Action::RotateApiConnectionKey, |scope| async move {
            let changed =
                api_connection::replace_key(&scope, id, sealed.clone(), hint.clone()).await?;
            let view = written(&scope, id, changed).await?;
            note(&scope, &view).await?;
            Ok(view)
        })
        .await
}

async fn delete(
    context: &RequestContext,
    input: DeleteApiConnectionInput,
) -> Result<DeleteApiConnectionSuccess, Failure> {
    let id = &id_of(input.id);
    context
        .write(Action::DeleteApiConnection, |scope| async move {
            let gone = api_connection::find(&scope, id).await?;
            let deleted = api_connection::delete(&scope, id).await?;
            let view = written(&scope, id, gone.filter(|_| deleted)).await?;
            let metadata = told::of_deletion(&view);
            audited(&scope, "ConnectedApi", id.as_str(), metadata).await
        })
        .await?;
    Ok(DeleteApiConnectionSuccess {
        deleted_api_connection_id: ID(id.to_string()),
    })
}

fn seal(
    context: &RequestContext,
    id: &ApiConnectionId,
    key: &SecretString,
) -> Result<SealedColumn, ApiError> {
    let place = api_key_place(context.tenant()?.organization(), id);
    let sealed = context.services().keys.seal(key, &place);
    sealed.map(SealedColumn::new).map_err(ApiError::internal)
}

/// What was written; why nothing was, otherwise.
async fn written(
    scope: &WriteScope,
    id: &ApiConnectionId,
    row: Option<View>,
) -> Result<View, Failure> {
    if let Some(view) = row {
        return Ok(view);
    }
    let visible = api_connection::find(scope, id).await?.is_some();
    Err(Failure::not_written("API connection", visible))
}

/// Whoever else made a connection private would put it out of their own sight.
async fn owned(scope: &WriteScope, id: &ApiConnectionId) -> Result<(), Failure> {
    let found = api_connection::find(scope, id).await?;
    let view = found.ok_or_else(|| Failure::not_found("API connection"))?;
    if view.user_id == *scope.tenant().user() {
        Ok(())
    } else {
        Err(Failure::forbidden(
            "Only its owner can make an API connection private.",
        ))
    }
}

/// The trail leaves out the name: admins read every event, and may not see a private connection of someone else.
async fn note(scope: &Doing, view: &View) -> Result<(), Failure> {
    let metadata = json!({ "service": view.service });
    let id = view.id.as_str();
    audited(scope, "ConnectedApi", id, metadata).await
}
