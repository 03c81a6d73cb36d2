use agentry_db::api_connection;
use agentry_db::entity::SealedColumn;
use agentry_db::entity::api_connection::View;
use agentry_db::ids::ApiConnectionId;
use agentry_db::run::ErrorCode;
use agentry_db::sealed::api_key_place;
use agentry_provider::{Endpoint, EndpointOptions, Service};
use async_graphql::{Context, ID, InputObject, Object, OneofObject, SimpleObject};
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use super::input::{self, ApiKey};
use crate::check::{Checks, id_of};
use crate::context::audited;
use crate::failure::{Failure, mutation_result};
use crate::secret::Secret;
use crate::{Action, ApiError, RequestContext};

/// What to test: exactly one of these.
#[derive(Debug, OneofObject)]
pub enum TestApiConnectionInput {
    /// A connection that is stored: any that you may see.
    Id(ID),
    /// One that is not stored, and is not by this.
    Unsaved(UnsavedApiConnectionInput),
}

/// What a connection would be made of.
#[derive(Debug, Clone, InputObject)]
pub struct UnsavedApiConnectionInput {
    /// What it connects to, as `openai`.
    service: String,
    /// The provider's key: 1 to 8,192 bytes without white space inside.
    api_key: Secret,
    /// Where the service is reached, when not at its usual place.
    base_url: Option<String>,
    /// Notes: a JSON object. Some services read how they are called from it: `azure`, `apiVersion`.
    metadata: Option<Value>,
}

/// The provider answered, and took the key.
#[derive(Debug, SimpleObject)]
pub struct TestApiConnectionSuccess {
    /// How long it took, in milliseconds.
    took_ms: i32,
    /// The models that the key may use, sorted, at most 1,000; empty where the provider does not tell.
    models: Vec<String>,
}

mutation_result! {
    /// How testing a connection ended.
    TestApiConnectionResult = TestApiConnectionSuccess | ConnectionFailed | ValidationFailed | NotFound | Forbidden | TooManyRequests
}

/// The mutation that tests connections.
#[derive(Debug, Default)]
pub struct TestMutation;

#[Object]
impl TestMutation {
    /// Makes the call of a provider that costs nothing: does it answer at this address, and take this key? A connection can be tested
    /// before it is made. It counts towards the runs that you may ask for in a minute.
    async fn test_api_connection(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to test.")] input: TestApiConnectionInput,
    ) -> async_graphql::Result<TestApiConnectionResult> {
        TestApiConnectionResult::from_outcome(test(RequestContext::of(context)?, input).await)
    }
}

async fn test(
    context: &RequestContext,
    input: TestApiConnectionInput,
) -> Result<TestApiConnectionSuccess, Failure> {
    context.may(Action::TestApiConnection)?;
    let services = context.services();
    let user = context.tenant()?.user();
    context.release().await;
    let a_minute = services.limits.runs_per_minute;
    let counted = services.auth.count_run(user, a_minute).await?;
    counted.map_err(Failure::too_many)?;
    let endpoint = match input {
        TestApiConnectionInput::Id(id) => stored(context, &id_of(id)).await?,
        TestApiConnectionInput::Unsaved(input) => unsaved(context, input)?,
    };
    // No transaction is open by now.
    let report = services.providers.test(&endpoint).await;
    let report = report.map_err(|error| {
        let retry_after = error.retry_after();
        let code = ErrorCode::of(error.code());
        Failure::connection_failed(code, error.to_string(), error.is_transient(), retry_after)
    })?;
    Ok(TestApiConnectionSuccess {
        took_ms: i32::try_from(report.took.as_millis()).unwrap_or(i32::MAX),
        models: report.models,
    })
}

/// Where a stored connection leads, with its key opened; it is noted in the trail that somebody tried it.
async fn stored(context: &RequestContext, id: &ApiConnectionId) -> Result<Endpoint, Failure> {
    let (view, key) = context
        .write(Action::TestApiConnection, |scope| async move {
            let view = api_connection::find(&scope, id).await?;
            let view = view.ok_or_else(|| Failure::not_found("API connection"))?;
            let sealed = api_connection::sealed(&scope, std::slice::from_ref(id)).await?;
            let sealed = sealed.into_iter().next();
            let sealed = sealed.ok_or_else(|| Failure::not_found("API connection"))?;
            let key = opened(context, &view, &sealed.api_key)?;
            api_connection::used(&scope, id).await?;
            let metadata = json!({ "service": view.service });
            audited(&scope, "ConnectedApi", id.as_str(), metadata).await?;
            Ok((view, key))
        })
        .await?;
    let url = view.base_url.as_deref().map(Url::parse).transpose();
    let url = url.map_err(ApiError::internal)?;
    let service = Service::of(&view.service);
    Ok(endpoint(
        service,
        key,
        view.id.as_str(),
        url,
        &view.metadata,
    ))
}

fn opened(
    context: &RequestContext,
    view: &View,
    sealed: &SealedColumn,
) -> Result<SecretString, Failure> {
    let place = api_key_place(&view.organization_id, &view.id);
    let opened = context.services().keys.open(sealed.sealed(), &place);
    opened.map_err(|_| {
        let why = "The key of the API connection cannot be opened: give it anew.";
        Failure::connection_failed(ErrorCode::KeyUnreadable, why.to_owned(), false, None)
    })
}

fn unsaved(
    context: &RequestContext,
    input: UnsavedApiConnectionInput,
) -> Result<Endpoint, Failure> {
    let mut checks = Checks::default();
    let providers = &context.services().providers;
    let service = input::service(&mut checks, &input.service);
    let key = ApiKey::check(&mut checks, &input.api_key);
    let base_url = input::base_url(&mut checks, providers, input.base_url);
    let metadata = checks.metadata("metadata", input.metadata);
    checks.finish()?;
    let url = base_url.as_deref().map(Url::parse).transpose();
    let url = url.map_err(ApiError::internal)?;
    // Its failures count against nothing that is stored.
    let identity = format!("test:{}", context.tenant()?.user());
    let service = Service::of(&service);
    Ok(endpoint(service, key.secret, &identity, url, &metadata))
}

fn endpoint(
    service: Service,
    key: SecretString,
    identity: &str,
    url: Option<Url>,
    metadata: &Value,
) -> Endpoint {
    let mut endpoint = Endpoint::new(service, Some(key), identity);
    endpoint.base_url = url;
    endpoint.options = EndpointOptions::from_metadata(metadata);
    endpoint
}
