use agentry_auth::{ChangePasswordError, name};
use agentry_db::organization;
use agentry_db::profile::{self, OwnSession};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::check::{Checks, id_of, optional_field};
use crate::context::audited;
use crate::failure::{Failure, mutation_result};
use crate::secret::Secret;
use crate::user::User;
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
    pub(super) fn of(row: OwnSession, current: Option<&str>) -> Self {
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

/// A new password.
#[derive(InputObject)]
pub struct ChangePasswordInput {
    /// The password as it is.
    current_password: Secret,
    /// The password as it is to be, 8 to 128 characters.
    new_password: Secret,
    /// Whether all your other sessions end.
    #[graphql(default)]
    revoke_other_sessions: bool,
}

/// What changes of you. What is left out stays.
#[derive(Debug, Clone, InputObject)]
pub struct UpdateProfileInput {
    /// Your name, 1 to 200 characters. Your personal organisation keeps its own.
    name: MaybeUndefined<String>,
    /// Where your picture is: an http or https address; null takes it away.
    image: MaybeUndefined<String>,
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

/// The password was changed.
#[derive(Debug, SimpleObject)]
pub struct ChangePasswordSuccess {
    /// How many other sessions were ended.
    revoked_sessions: i32,
}

/// You were changed.
#[derive(Debug, SimpleObject)]
pub struct UpdateProfileSuccess {
    /// You as you are now.
    user: User,
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
    /// How changing a password ended.
    ChangePasswordResult = ChangePasswordSuccess | ValidationFailed | Forbidden | Conflict | TooManyRequests
}
mutation_result! {
    /// How changing a profile ended.
    UpdateProfileResult = UpdateProfileSuccess | ValidationFailed
}

/// What people change of themselves.
#[derive(Debug, Default)]
pub struct ProfileMutation;

#[Object]
impl ProfileMutation {
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

    /// Changes your password. Guesses at the present one are counted with attempts to sign in.
    async fn change_password(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The password as it is, and as it is to be.")] input: ChangePasswordInput,
    ) -> async_graphql::Result<ChangePasswordResult> {
        let changed = change_password(RequestContext::of(context)?, input).await;
        ChangePasswordResult::from_outcome(
            changed.map(|revoked_sessions| ChangePasswordSuccess { revoked_sessions }),
        )
    }

    /// Changes your name or your picture.
    async fn update_profile(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What changes.")] input: UpdateProfileInput,
    ) -> async_graphql::Result<UpdateProfileResult> {
        let changed = update(RequestContext::of(context)?, input).await;
        UpdateProfileResult::from_outcome(changed.map(|user| UpdateProfileSuccess { user }))
    }
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
    let current = context.actor()?.session_id();
    context
        .write(Action::RevokeOtherSessions, |scope| async move {
            let revoked = profile::revoke_other_sessions(&scope, current).await?;
            let metadata = json!({ "revoked": revoked });
            audited(&scope, "Session", current.unwrap_or_default(), metadata).await?;
            Ok(i32::try_from(revoked).unwrap_or(i32::MAX))
        })
        .await
}

async fn change_password(
    context: &RequestContext,
    input: ChangePasswordInput,
) -> Result<i32, Failure> {
    let current = input.current_password.inner().clone();
    let new = input.new_password.inner().clone();
    let actor = context.actor()?;
    let known = profile::password(&context.read(Noun::Account).await?).await?;
    let known = known.ok_or_else(|| Failure::conflict("Your account has no password."))?;
    // Hashing takes a while, and no connection waits for it.
    context.release().await;
    let old_hash = SecretString::from(known.password);
    let hash = context
        .services()
        .auth
        .replace_password(&known.email, &old_hash, current, new)
        .await
        .map_err(password_failure)?;
    let (old_hash, hash) = (old_hash.expose_secret(), hash.expose_secret());
    context
        .write(Action::ChangePassword, |scope| async move {
            if !profile::change_password(&scope, old_hash, hash).await? {
                return Err(Failure::conflict("The password was changed a moment ago."));
            }
            let revoked = if input.revoke_other_sessions {
                profile::revoke_other_sessions(&scope, actor.session_id()).await?
            } else {
                0
            };
            let (user, metadata) = (
                actor.tenant().user().as_str(),
                json!({ "revokedSessions": revoked }),
            );
            audited(&scope, "User", user, metadata).await?;
            Ok(i32::try_from(revoked).unwrap_or(i32::MAX))
        })
        .await
}

fn password_failure(error: ChangePasswordError) -> Failure {
    match error {
        ChangePasswordError::Wrong => Failure::forbidden("The current password is wrong."),
        ChangePasswordError::TooShort | ChangePasswordError::TooLong => {
            let mut checks = Checks::default();
            checks.refuse("newPassword", error.to_string());
            match checks.finish() {
                Err(failure) => failure,
                Ok(()) => ApiError::internal(error).into(),
            }
        }
        ChangePasswordError::TooMany { retry_after } => Failure::too_many(retry_after),
        ChangePasswordError::Busy => Failure::too_many(std::time::Duration::from_secs(1)),
        ChangePasswordError::Failed => ApiError::internal(error).into(),
        ChangePasswordError::Db(error) => error.into(),
    }
}

async fn update(context: &RequestContext, input: UpdateProfileInput) -> Result<User, Failure> {
    let user = context.tenant()?.user();
    let mut checks = Checks::default();
    let name = checks.required("name", input.name);
    if let Some(Err(why)) = name.as_deref().map(name::check) {
        checks.refuse("name", why.to_string());
    }
    let image = optional_field(input.image).map(|image| checks.link("image", image));
    checks.finish()?;
    let name = name.as_deref().map(str::trim);
    let image = image.as_ref().map(Option::as_deref);
    context
        .write(Action::UpdateProfile, |scope| async move {
            profile::update(&scope, name, image).await?;
            let changed: Vec<&str> = [("name", name.is_some()), ("image", image.is_some())]
                .into_iter()
                .filter_map(|(field, changed)| changed.then_some(field))
                .collect();
            audited(&scope, "User", user.as_str(), json!({ "changed": changed })).await?;
            let me = organization::find_me(&scope).await?;
            Ok(me.ok_or(ApiError::Unauthenticated)?.into())
        })
        .await
}
