use agentry_db::WriteScope;
use agentry_db::api_connection::{self, ApiConnectionChanges};
use agentry_db::entity::SealedColumn;
use agentry_db::entity::api_connection::View;
use agentry_db::ids::ApiConnectionId;
use agentry_db::sealed::api_key_place;
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::ApiConnection;
use super::create::{CreateApiConnectionInput, CreateApiConnectionResult};
use super::input::{self, ApiKey};
use super::told;
use crate::check::{Checks, id_of};
use crate::context::audited;
use crate::failure::{Failure, mutation_result};
use crate::secret::Secret;
use crate::visibility::Visibility;
use crate::{Action, ApiError, Doing, RequestContext};

/// The longest name, in characters.
pub(super) const MAX_NAME: usize = 200;

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
    /// Makes an API connection of yours, and lets agents use it. Its key is sealed before it is stored.
    async fn create_api_connection(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What the connection is made of.")] input: CreateApiConnectionInput,
    ) -> async_graphql::Result<CreateApiConnectionResult> {
        CreateApiConnectionResult::of(RequestContext::of(context)?, input).await
    }

    /// Changes an API connection of yours or, as an owner or admin, one shared with your organisation. The key stays.
    /// Only its owner changes where it is sent: `service`, `baseUrl` and `metadata`.
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
            let is_anothers = before
                .as_ref()
                .is_some_and(|before| before.user_id != *scope.tenant().user());
            if is_anothers && sends_elsewhere(changes) {
                return Err(Failure::forbidden(
                    "Only its owner can say where its key is sent.",
                ));
            }
            let changed = api_connection::update(&scope, id, changes.clone()).await?;
            let view = written(&scope, id, changed).await?;
            let before = before.as_ref().unwrap_or(&view);
            let metadata = told::of_change(before, &view);
            audited(&scope, "ConnectedApi", id.as_str(), metadata).await?;
            Ok(view)
        })
        .await
}

/// Whoever says where a key is sent can read it there.
fn sends_elsewhere(changes: &ApiConnectionChanges) -> bool {
    changes.service.is_some() || changes.base_url.is_some() || changes.metadata.is_some()
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

/// The key as it is stored.
pub(super) fn seal(
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
pub(super) async fn note(scope: &Doing, view: &View) -> Result<(), Failure> {
    let metadata = json!({ "service": view.service });
    let id = view.id.as_str();
    audited(scope, "ConnectedApi", id, metadata).await
}
