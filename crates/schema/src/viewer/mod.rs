//! The caller: who they are, and signing up, in and out.

use agentry_auth::Method;
use agentry_db::organization::{Membership, User as UserRow};
use agentry_db::{invitation, organization};
use async_graphql::{Context, Enum, Object};

use crate::agent::{self, AgentConnection, AgentFilterInput, AgentOrder};
use crate::api_connection::{
    self, ApiConnectionFilterInput, ApiConnectionOrder, ConnectedApiConnection,
};
use crate::api_key::{self, ApiKey};
use crate::connection::{PageArguments, page_size};
use crate::conversation::{
    self, ConversationConnection, ConversationFilterInput, ConversationOrder,
};
use crate::error::nullable;
use crate::organization::{Invitation, may_see_invitations};
use crate::template::{self, OwnTemplateConnection, TemplateInstallConnection};
use crate::user::{Organization, Role, User};
use crate::whatsapp::WhatsAppLink;
use crate::{ApiError, Noun, RequestContext};

mod deletion;
mod password;
mod profile;
mod session;
mod sign_in;
mod sign_up;

pub use deletion::*;
pub(crate) use password::unconfirmed;
pub use password::*;
pub use profile::*;
pub use session::*;
pub use sign_in::*;
pub use sign_up::*;

/// Who acts, and every organisation they are a member of, oldest first: for pages.
///
/// # Errors
/// [`ApiError::Unauthenticated`] when nobody does; [`ApiError::Db`] as the database answers.
pub async fn person(context: &RequestContext) -> Result<(UserRow, Vec<Membership>), ApiError> {
    let scope = context.read(Noun::Profile).await?;
    let user = organization::find_me(&scope).await?;
    let user = user.ok_or(ApiError::Unauthenticated)?;
    Ok((user, organization::list_mine(&scope).await?))
}

/// By what a caller is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum AuthMethod {
    /// A session cookie.
    Cookie,
    /// A session token in the `Authorization` header.
    Bearer,
    /// An API key.
    ApiKey,
    /// A JSON Web Token in the `Authorization` header.
    Jwt,
}

/// The signed-in caller.
#[derive(Debug)]
pub struct Viewer;

/// The signed-in caller, in the organisation that the request acts in.
#[Object]
impl Viewer {
    /// Who you are.
    async fn user(&self, context: &Context<'_>) -> async_graphql::Result<User> {
        let scope = RequestContext::of(context)?.read(Noun::Profile).await?;
        let user = organization::find_me(&scope)
            .await
            .map_err(ApiError::from)?;
        Ok(user.ok_or(ApiError::Unauthenticated)?.into())
    }

    /// The organisation this request acts in: the one of `x-organization-id`, else the session's active one, else your
    /// personal one.
    async fn organization(&self, context: &Context<'_>) -> async_graphql::Result<Organization> {
        let context = RequestContext::of(context)?;
        let acting = context.tenant()?.organization();
        let mine = organization::list_mine(&context.read(Noun::Profile).await?)
            .await
            .map_err(ApiError::from)?;
        let mine = mine
            .into_iter()
            .find(|organization| organization.id == *acting);
        Ok(mine.ok_or(ApiError::Unauthenticated)?.into())
    }

    /// Every organisation you are a member of, oldest first.
    async fn organizations(
        &self,
        context: &Context<'_>,
    ) -> async_graphql::Result<Vec<Organization>> {
        let scope = RequestContext::of(context)?.read(Noun::Profile).await?;
        let mine = organization::list_mine(&scope)
            .await
            .map_err(ApiError::from)?;
        Ok(mine.into_iter().map(Organization::from).collect())
    }

    /// The live invitations for your e-mail address, once it is verified; empty before. An API key needs `members:write` beside
    /// `members:read`.
    #[graphql(complexity = "5 + 20 * child_complexity")]
    async fn invitations(&self, context: &Context<'_>) -> async_graphql::Result<Vec<Invitation>> {
        let context = RequestContext::of(context)?;
        may_see_invitations(context)?;
        let scope = context.read(Noun::Members).await?;
        let mine = invitation::list_mine(&scope)
            .await
            .map_err(ApiError::from)?;
        Ok(mine.into_iter().map(Invitation::from).collect())
    }

    /// Your live sessions, newest first.
    #[graphql(complexity = "5 + 20 * child_complexity")]
    async fn sessions(&self, context: &Context<'_>) -> async_graphql::Result<Vec<Session>> {
        Ok(Session::list(RequestContext::of(context)?).await?)
    }

    /// What you say of yourself beside your name, and what your programs keep for you.
    async fn profile(&self, context: &Context<'_>) -> async_graphql::Result<Profile> {
        Ok(Profile::load(RequestContext::of(context)?).await?)
    }

    /// The numbers on WhatsApp that you say are yours or have shown to be, newest first.
    #[graphql(complexity = "5 + 5 * child_complexity")]
    async fn whats_app_links(
        &self,
        context: &Context<'_>,
    ) -> async_graphql::Result<Vec<WhatsAppLink>> {
        Ok(WhatsAppLink::list(RequestContext::of(context)?).await?)
    }

    /// What deleting your account would mean: what goes with it, and what is in the way.
    #[graphql(complexity = "100 + 20 * child_complexity")]
    async fn deletion(&self, context: &Context<'_>) -> async_graphql::Result<AccountDeletion> {
        Ok(AccountDeletion::load(RequestContext::of(context)?).await?)
    }

    /// What you are in the organisation this request acts in.
    async fn role(&self, context: &Context<'_>) -> async_graphql::Result<Role> {
        Ok(RequestContext::of(context)?.tenant()?.role().into())
    }

    /// By what this request is known to be yours.
    async fn auth_method(&self, context: &Context<'_>) -> async_graphql::Result<AuthMethod> {
        Ok(match RequestContext::of(context)?.actor()?.method() {
            Method::Cookie => AuthMethod::Cookie,
            Method::Bearer => AuthMethod::Bearer,
            Method::ApiKey => AuthMethod::ApiKey,
            Method::JsonWebToken => AuthMethod::Jwt,
        })
    }

    /// The API key this request came with; null when it came with another credential.
    async fn api_key(&self, context: &Context<'_>) -> Option<async_graphql::Result<ApiKey>> {
        nullable(api_key::of_caller(context).await)
    }

    /// The agents you may see.
    #[graphql(complexity = "5 + page_size(first, last) * child_complexity")]
    async fn agents(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which agents.")] filter: Option<AgentFilterInput>,
        #[graphql(desc = "In which order; oldest first when left out.")] order_by: Option<
            AgentOrder,
        >,
    ) -> async_graphql::Result<AgentConnection> {
        let page = PageArguments {
            first,
            after,
            last,
            before,
        };
        Ok(agent::list(context, page, filter, order_by).await?)
    }

    /// The API connections you may see.
    #[graphql(complexity = "5 + page_size(first, last) * child_complexity")]
    async fn api_connections(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which connections.")] filter: Option<ApiConnectionFilterInput>,
        #[graphql(desc = "In which order; oldest first when left out.")] order_by: Option<
            ApiConnectionOrder,
        >,
    ) -> async_graphql::Result<ConnectedApiConnection> {
        let page = PageArguments {
            first,
            after,
            last,
            before,
        };
        Ok(api_connection::list(context, page, filter, order_by).await?)
    }

    /// The conversations you may see: your own, and those of others with your agents.
    #[graphql(complexity = "5 + page_size(first, last) * child_complexity")]
    async fn conversations(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which conversations.")] filter: Option<ConversationFilterInput>,
        #[graphql(desc = "In which order; oldest first when left out.")] order_by: Option<
            ConversationOrder,
        >,
    ) -> async_graphql::Result<ConversationConnection> {
        let page = PageArguments {
            first,
            after,
            last,
            before,
        };
        Ok(conversation::list(context, page, filter, order_by).await?)
    }

    /// The templates installed in this organisation, as far as you may see their agents; oldest first.
    #[graphql(complexity = "5 + page_size(first, last) * child_complexity")]
    async fn installs(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<TemplateInstallConnection> {
        let page = PageArguments {
            first,
            after,
            last,
            before,
        };
        Ok(template::list_installs(context, page).await?)
    }

    /// The templates that this organisation publishes, whatever their status, by name.
    #[graphql(complexity = "5 + page_size(first, last) * child_complexity")]
    async fn templates(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<OwnTemplateConnection> {
        let page = PageArguments {
            first,
            after,
            last,
            before,
        };
        Ok(template::list_own(context, page).await?)
    }
}

/// The query for the caller.
#[derive(Debug, Default)]
pub struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// The signed-in caller; null when nobody is signed in.
    async fn viewer(&self, context: &Context<'_>) -> Option<async_graphql::Result<Viewer>> {
        let viewer =
            RequestContext::of(context).map(|context| context.find_actor().map(|_| Viewer));
        nullable(viewer)
    }
}
