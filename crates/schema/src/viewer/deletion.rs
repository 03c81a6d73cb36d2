use agentry_db::deletion::{self, Account, Affected, Deleted, Fate};
use agentry_db::ids::OrganizationId;
use agentry_db::profile;
use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::password::unconfirmed;
use super::session::forget_cookies;
use crate::check::Checks;
use crate::context::audited_in;
use crate::failure::{Failure, mutation_result};
use crate::secret::Secret;
use crate::{Action, ApiError, Noun, RequestContext};

/// What becomes of an organisation of yours when you delete your account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "agentry_db::deletion::Fate")]
pub enum DeletionFate {
    /// Nobody else is in it: it is deleted too, with everything in it.
    Goes,
    /// Others go on in it, without you and what is yours.
    Stays,
    /// You own it and none of the others in it does: your account cannot be deleted until one of them is an owner too, or it is
    /// deleted, or nobody else is in it.
    Blocks,
}

/// What deleting your account would mean for one of your organisations.
#[derive(Debug, Clone, SimpleObject)]
pub struct DeletionOfOrganization {
    /// The organisation's id.
    pub organization_id: ID,
    /// Its name.
    pub name: String,
    /// Its short name in addresses.
    pub slug: String,
    /// Whether it is your personal one.
    pub personal: bool,
    /// What becomes of it.
    pub fate: DeletionFate,
    /// How many agents are deleted: yours, or all where the organisation goes.
    pub agents: i32,
    /// How many of them your colleagues can use now. Hand them over first (`transferAgent`) to keep them.
    pub shared_agents: i32,
    /// How many API connections are deleted.
    pub api_connections: i32,
    /// How many conversations are deleted: yours, and everyone's with your agents.
    pub conversations: i32,
    /// How many of them are other people's.
    pub conversations_of_others: i32,
    /// How many messages are deleted with them.
    pub messages: i32,
}

impl From<Affected> for DeletionOfOrganization {
    fn from(row: Affected) -> Self {
        let Affected {
            id,
            name,
            slug,
            personal,
            fate,
            rows,
        } = row;
        let deletion::Rows {
            agents,
            shared_agents,
            connections,
            conversations,
            foreign_conversations,
            messages,
        } = rows;
        Self {
            organization_id: ID(id.into_string()),
            name,
            slug,
            personal,
            fate: fate.into(),
            agents: clamp(agents),
            shared_agents: clamp(shared_agents),
            api_connections: clamp(connections),
            conversations: clamp(conversations),
            conversations_of_others: clamp(foreign_conversations),
            messages: clamp(messages),
        }
    }
}

/// What deleting your account would mean. Nothing of it can be undone. What you left behind in organisations that you are no
/// member of any more is deleted too, and not counted here.
#[derive(Debug, Clone, SimpleObject)]
pub struct AccountDeletion {
    /// Whether an organisation is in the way.
    pub blocked: bool,
    /// Whether `deleteAccount` needs your password. Otherwise it needs a session that began less than a day ago.
    pub needs_password: bool,
    /// What it means for each of your organisations, oldest first.
    pub organizations: Vec<DeletionOfOrganization>,
    /// How many live sessions end.
    pub sessions: i32,
    /// How many API keys are deleted.
    pub api_keys: i32,
    /// How many invitations of yours that wait for an answer are withdrawn.
    pub invitations: i32,
}

impl AccountDeletion {
    pub(super) async fn load(context: &RequestContext) -> Result<Self, ApiError> {
        let scope = context.read(Noun::Account).await?;
        let organizations = deletion::organizations(&scope).await?;
        let Account {
            has_password,
            sessions,
            api_keys,
            invitations,
        } = deletion::account(&scope).await?;
        Ok(Self {
            blocked: organizations.iter().any(|one| one.fate == Fate::Blocks),
            needs_password: has_password,
            organizations: organizations.into_iter().map(Into::into).collect(),
            sessions: clamp(sessions),
            api_keys: clamp(api_keys),
            invitations: clamp(invitations),
        })
    }
}

/// What it takes to delete your account.
#[derive(InputObject)]
pub struct DeleteAccountInput {
    /// Your password, where the account has one. Guesses at it are counted with attempts to sign in.
    password: Option<Secret>,
}

/// Your account is gone.
#[derive(Debug, SimpleObject)]
pub struct DeleteAccountSuccess {
    /// The id you had.
    deleted_user_id: ID,
    /// The ids of the organisations that went with you.
    deleted_organization_ids: Vec<ID>,
}

mutation_result! {
    /// How deleting an account ended.
    DeleteAccountResult = DeleteAccountSuccess | ValidationFailed | Forbidden | Conflict | TooManyRequests
}

/// The end of an account.
#[derive(Debug, Default)]
pub struct DeletionMutation;

#[Object]
impl DeletionMutation {
    /// Deletes your account, at once and for good: you, your sessions, API keys and profile, everything you made in any
    /// organisation, the conversations others had with your agents, and the organisations that nobody else is in. `viewer {
    /// deletion }` says beforehand what that is. Refused while you are the only owner of an organisation that others are in.
    /// Needs your password or, where the account has none, a session that began less than a day ago; never an API key.
    async fn delete_account(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Your password.")] input: DeleteAccountInput,
    ) -> async_graphql::Result<DeleteAccountResult> {
        let deleted = delete(RequestContext::of(context)?, input).await;
        if deleted.is_ok() {
            forget_cookies(context)?;
        }
        DeleteAccountResult::from_outcome(deleted)
    }
}

async fn delete(
    context: &RequestContext,
    input: DeleteAccountInput,
) -> Result<DeleteAccountSuccess, Failure> {
    let hash = confirmed(context, input).await?;
    let hash = hash.as_ref().map(SecretString::expose_secret);
    let actor = context.actor()?;
    let user = actor.tenant().user();
    let gone = context
        .write(Action::DeleteAccount, |scope| async move {
            let affected = deletion::organizations(&scope).await?;
            match deletion::delete(&scope, hash, actor.session_id()).await? {
                Deleted::Done { gone, kept } => {
                    for id in kept {
                        let metadata = left_behind(&affected, &id);
                        audited_in(&scope, &id, "User", user.as_str(), metadata).await?;
                    }
                    Ok(gone)
                }
                Deleted::Gone => Err(ApiError::Unauthenticated.into()),
                Deleted::PasswordChanged => {
                    Err(Failure::conflict("The password was changed a moment ago."))
                }
                Deleted::NotFresh => Err(Failure::forbidden(
                    "Your session is too old for this. Sign in again, and then delete your account.",
                )),
                Deleted::Blocked => Err(blocked(&affected)),
                Deleted::InUse => Err(Failure::conflict(
                    "Templates of an organisation that would go with you are installed in others. Withdraw them, or hand that organisation on.",
                )),
            }
        })
        .await?;
    tracing::info!(user.id = %user, organizations = gone.len(), "an account was deleted");
    Ok(DeleteAccountSuccess {
        deleted_user_id: ID(user.to_string()),
        deleted_organization_ids: gone.into_iter().map(|id| ID(id.into_string())).collect(),
    })
}

/// The hash of the password they have just shown to know; `None` where there is none to know.
async fn confirmed(
    context: &RequestContext,
    input: DeleteAccountInput,
) -> Result<Option<SecretString>, Failure> {
    let known = profile::password(&context.read(Noun::Account).await?).await?;
    let (known, password) = match (known, input.password) {
        (None, None) => return Ok(None),
        (None, Some(_)) => {
            return Err(Checks::refused(
                "password",
                "Your account has no password. Leave it out.",
            ));
        }
        (Some(_), None) => {
            return Err(Checks::refused(
                "password",
                "Your account has a password. It is needed to delete it.",
            ));
        }
        (Some(known), Some(password)) => (known, password.inner().clone()),
    };
    // Hashing takes a while, and no connection waits for it.
    context.release().await;
    let hash = SecretString::from(known.password);
    context
        .services()
        .auth
        .confirm_password(&known.email, &hash, password)
        .await
        .map_err(unconfirmed)?;
    Ok(Some(hash))
}

/// What the others of an organisation are told of what went.
fn left_behind(affected: &[Affected], id: &OrganizationId) -> serde_json::Value {
    let Some(one) = affected.iter().find(|one| one.id == *id) else {
        return json!({});
    };
    let rows = one.rows;
    json!({
        "agents": rows.agents,
        "apiConnections": rows.connections,
        "conversations": rows.conversations,
    })
}

fn blocked(affected: &[Affected]) -> Failure {
    let names: Vec<String> = affected
        .iter()
        .filter(|one| one.fate == Fate::Blocks)
        .map(|one| format!("\u{201c}{}\u{201d} ({})", one.name, one.slug))
        .collect();
    Failure::conflict(format!(
        "You are the only owner of {}, where others are members. Make one of them an owner, remove them or delete it first.",
        names.join(", ")
    ))
}

fn clamp(count: i64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
