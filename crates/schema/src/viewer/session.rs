use agentry_db::profile::{self, OwnSession};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::check::id_of;
use crate::context::audited;
use crate::failure::{Failure, mutation_result};
use crate::{Action, ApiError, Noun, RequestContext};

/// One of your sessions. Its token is told to nobody.
#[derive(Debug, Clone, SimpleObject)]
pub struct Session {
    /// Its id; not a credential.
    pub id: ID,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it ends, unless it is used before.
    pub expires_at: DateTime<Utc>,
    /// The network address it began from.
    pub ip_address: Option<String>,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// Whether it is the one this request came with.
    pub current: bool,
}

impl Session {
    pub(super) async fn list(context: &RequestContext) -> Result<Vec<Self>, ApiError> {
        let current = context.actor()?.session_id();
        let mine = profile::sessions(&context.read(Noun::Account).await?).await?;
        Ok(mine.into_iter().map(|row| Self::of(row, current)).collect())
    }

    fn of(row: OwnSession, current: Option<&str>) -> Self {
        Self {
            current: current == Some(row.id.as_str()),
            id: ID(row.id),
            created_at: row.created_at,
            expires_at: row.expires_at,
            ip_address: row.ip_address,
            user_agent: row.user_agent,
        }
    }
}

/// Which session to end.
#[derive(Debug, Clone, InputObject)]
pub struct RevokeSessionInput {
    /// One of your sessions, this one included.
    id: ID,
}

/// The session is over.
#[derive(Debug, SimpleObject)]
pub struct RevokeSessionSuccess {
    /// The id it had.
    revoked_session_id: ID,
}

/// This session is the only one.
#[derive(Debug, SimpleObject)]
pub struct RevokeOtherSessionsSuccess {
    /// How many were ended.
    revoked: i32,
}

/// No session is left.
#[derive(Debug, SimpleObject)]
pub struct RevokeAllSessionsSuccess {
    /// How many were ended, this one among them.
    revoked: i32,
}

mutation_result! {
    /// How ending a session ended.
    RevokeSessionResult = RevokeSessionSuccess | NotFound
}
mutation_result! {
    /// How ending the other sessions ended.
    RevokeOtherSessionsResult = RevokeOtherSessionsSuccess
}
mutation_result! {
    /// How ending all sessions ended.
    RevokeAllSessionsResult = RevokeAllSessionsSuccess
}

/// What people change of their sessions.
#[derive(Debug, Default)]
pub struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Ends one of your sessions, from its next request on.
    async fn revoke_session(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: RevokeSessionInput,
    ) -> async_graphql::Result<RevokeSessionResult> {
        let revoked = revoke(RequestContext::of(context)?, id_of(input.id)).await;
        RevokeSessionResult::from_outcome(revoked.map(|id| RevokeSessionSuccess {
            revoked_session_id: ID(id),
        }))
    }

    /// Ends all your sessions but the one this request came with.
    async fn revoke_other_sessions(
        &self,
        context: &Context<'_>,
    ) -> async_graphql::Result<RevokeOtherSessionsResult> {
        let revoked = revoke_others(RequestContext::of(context)?).await;
        RevokeOtherSessionsResult::from_outcome(
            revoked.map(|revoked| RevokeOtherSessionsSuccess { revoked }),
        )
    }

    /// Ends all your sessions, the one this request came with too, and clears its cookie. API keys go on.
    async fn revoke_all_sessions(
        &self,
        context: &Context<'_>,
    ) -> async_graphql::Result<RevokeAllSessionsResult> {
        let revoked = revoke_all(RequestContext::of(context)?).await;
        if revoked.is_ok() {
            forget_cookies(context)?;
        }
        RevokeAllSessionsResult::from_outcome(
            revoked.map(|revoked| RevokeAllSessionsSuccess { revoked }),
        )
    }
}

/// Makes the browser forget its session.
pub(super) fn forget_cookies(context: &Context<'_>) -> async_graphql::Result<()> {
    let auth = &RequestContext::of(context)?.services().auth;
    for cookie in auth.clear_cookies() {
        context.append_http_header("set-cookie", cookie.expose_secret());
    }
    Ok(())
}

async fn revoke(context: &RequestContext, id: String) -> Result<String, Failure> {
    let revoked = &id;
    context
        .write(Action::RevokeSession, |scope| async move {
            if !profile::revoke_session(&scope, revoked).await? {
                return Err(Failure::not_found("session"));
            }
            audited(&scope, "Session", revoked, json!({})).await
        })
        .await?;
    Ok(id)
}

async fn revoke_others(context: &RequestContext) -> Result<i32, Failure> {
    let actor = context.actor()?;
    let (current, user) = (actor.session_id(), actor.tenant().user());
    context
        .write(Action::RevokeOtherSessions, |scope| async move {
            let revoked = profile::revoke_other_sessions(&scope, current).await?;
            let metadata = json!({ "revoked": revoked });
            audited(&scope, "User", user.as_str(), metadata).await?;
            Ok(i32::try_from(revoked).unwrap_or(i32::MAX))
        })
        .await
}

async fn revoke_all(context: &RequestContext) -> Result<i32, Failure> {
    let user = context.tenant()?.user();
    context
        .write(Action::RevokeAllSessions, |scope| async move {
            let revoked = profile::revoke_other_sessions(&scope, None).await?;
            let metadata = json!({ "revoked": revoked });
            audited(&scope, "User", user.as_str(), metadata).await?;
            Ok(i32::try_from(revoked).unwrap_or(i32::MAX))
        })
        .await
}
