//! Audit events: who did what.

use agentry_db::audit::{self, AuditFilter};
use agentry_db::entity::audit_event::Model;
use agentry_db::{Direction, Position};
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Datelike as _, Utc};
use serde_json::Value;

use crate::check::{filter_text, id_of};
use crate::connection::{PageArguments, SortedBy, connect, connection_type, page_size, total};
use crate::organization::{INVITATION, may_see_invitations};
use crate::{ApiError, Noun, RequestContext};

/// Something that somebody did. Events are written with what they speak of, and never change.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct AuditEvent {
    /// The event's id.
    pub id: ID,
    /// What was done: `agent.create`, `api_connection.rotate_key`, …
    pub action: String,
    /// The id of the user who did it; they may be gone by now. Of a refused sign-in: whose account was meant.
    pub actor_user_id: ID,
    /// By which kind of credential.
    pub credential: AuditCredential,
    /// The id of the session or API key that it was done by, which may be gone by now; of a JSON Web Token, that of the session it
    /// was made from. It opens nothing. Null where there was none: a password, a link, a token without a session, and events
    /// from before this was noted.
    pub credential_id: Option<ID>,
    /// The type of what it was done to: `Agent`, `ConnectedApi`, …
    pub target_type: String,
    /// The id of what it was done to.
    #[graphql(skip)]
    pub target_id: ID,
    /// What is worth knowing of it, never a secret: of a change `before` and `after`, with the fields that changed. A long
    /// value is given by its length and SHA-256.
    pub metadata: Value,
    /// The network address it was done from.
    pub ip: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
}

impl From<Model> for AuditEvent {
    fn from(model: Model) -> Self {
        let Model {
            organization_id: _,
            id,
            actor_user_id,
            credential,
            credential_id,
            action,
            target_type,
            target_id,
            metadata,
            ip,
            created_at,
        } = model;
        Self {
            id: ID(id.into_string()),
            action,
            actor_user_id: ID(actor_user_id.into_string()),
            credential: credential.into(),
            credential_id: credential_id.map(ID),
            target_type,
            target_id: ID(target_id),
            metadata,
            ip,
            created_at,
        }
    }
}

#[ComplexObject]
impl AuditEvent {
    /// The id of what it was done to, which may be gone by now. Of an invitation, to an API key that lacks `members:write`: the
    /// SHA-256 of its id, since the id lets somebody in.
    async fn target_id(&self, context: &Context<'_>) -> async_graphql::Result<ID> {
        let open = self.target_type != INVITATION
            || may_see_invitations(RequestContext::of(context)?).is_ok();
        Ok(if open {
            self.target_id.clone()
        } else {
            ID(agentry_crypto::sha256(&self.target_id))
        })
    }
}

/// By which kind of credential something was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "agentry_db::entity::CredentialKind")]
pub enum AuditCredential {
    /// An API key.
    ApiKey,
    /// A session's token in the `Authorization` header.
    Bearer,
    /// A session's cookie.
    Cookie,
    /// A JSON Web Token in the `Authorization` header.
    #[graphql(name = "JWT")]
    JsonWebToken,
    /// The link of a message, whoever followed it.
    Link,
    /// An e-mail address and a password: signing up and in, and refused attempts to.
    SignIn,
    /// A message on WhatsApp: from your own number or, where a claim of yours ended by it, from somebody else's.
    #[graphql(name = "WHATSAPP")]
    WhatsApp,
}

/// Which events to list; what is left out does not narrow.
#[derive(Debug, Default, InputObject)]
pub struct AuditEventFilterInput {
    /// Exactly this action.
    action: Option<String>,
    /// Only what this user did.
    actor_user_id: Option<ID>,
    /// Only what was done by the session or API key of this id.
    credential_id: Option<ID>,
    /// Only what was done to things of this type.
    target_type: Option<String>,
    /// Only what was done to the thing of this id.
    target_id: Option<ID>,
    /// Nothing earlier.
    since: Option<DateTime<Utc>>,
    /// Only what is earlier.
    until: Option<DateTime<Utc>>,
}

impl AuditEventFilterInput {
    fn checked(self) -> Result<AuditFilter, ApiError> {
        let Self {
            action,
            actor_user_id,
            credential_id,
            target_type,
            target_id,
            since,
            until,
        } = self;
        filter_text("action", action.as_deref())?;
        filter_text("targetType", target_type.as_deref())?;
        filter_time("since", since)?;
        filter_time("until", until)?;
        Ok(AuditFilter {
            action,
            actor: actor_user_id.map(id_of),
            credential_id: credential_id.map(id_of),
            target_type,
            target_id: target_id.map(id_of),
            since,
            until,
        })
    }
}

/// PostgreSQL's times end where the parser's do not.
fn filter_time(field: &str, time: Option<DateTime<Utc>>) -> Result<(), ApiError> {
    if time.is_none_or(|time| (1..=9_999).contains(&time.year())) {
        return Ok(());
    }
    Err(ApiError::BadInput {
        message: format!("{field} must be in the years 1 to 9999."),
        path: vec!["filter".to_owned(), field.to_owned()],
    })
}

/// How many events a list has in all.
#[derive(Debug)]
pub struct AuditEventTotal(AuditFilter);

impl AuditEventTotal {
    async fn count(&self, context: &Context<'_>) -> async_graphql::Result<i32> {
        let scope = RequestContext::of(context)?.read(Noun::Audit).await?;
        total(audit::count(&scope, &self.0)).await
    }
}

connection_type! {
    /// A list of audit events.
    AuditEventConnection, AuditEventEdge of AuditEvent, counted by AuditEventTotal
}

/// Queries about audit events.
#[derive(Debug, Default)]
pub struct AuditEventQuery;

#[Object]
impl AuditEventQuery {
    /// What was done in your organisation, newest first: what you did and, for its owners and admins, what anyone did.
    #[graphql(complexity = "5 + page_size(first, last) * child_complexity")]
    async fn audit_events(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which events.")] filter: Option<AuditEventFilterInput>,
    ) -> async_graphql::Result<AuditEventConnection> {
        let page = PageArguments {
            first,
            after,
            last,
            before,
        };
        Ok(list(context, page, filter.unwrap_or_default()).await?)
    }
}

async fn list(
    context: &Context<'_>,
    page: PageArguments,
    filter: AuditEventFilterInput,
) -> Result<AuditEventConnection, ApiError> {
    let filter = filter.checked()?;
    let request = page.request(SortedBy::CreatedAt, Direction::Descending)?;
    let scope = RequestContext::of(context)?.read(Noun::Audit).await?;
    let events = audit::list(&scope, &filter, &request).await?;
    let total = AuditEventTotal(filter);
    Ok(connect(events, SortedBy::CreatedAt, total, |model| {
        let position = Position::Time(model.created_at);
        (position, model.id.to_string(), model.into())
    }))
}
