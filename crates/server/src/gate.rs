//! The gate between HTTP and the rest: from what a client presented to the context its operation runs in.

use std::any::Any;
use std::sync::Arc;

use agentry_auth::credential::Presented as Credentials;
use agentry_auth::error::Refusal as Malformed;
use agentry_auth::{Actor, AuthError, Client};
use agentry_db::{DbError, Lease};
use agentry_schema::export::{self, Export, ExportRequest};
use agentry_schema::{ApiError, RequestContext, Services};
use async_graphql::Request;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use secrecy::SecretString;

use crate::http::{CallerContext, Gate, OperationSummary, Presented, Refusal};

/// Seconds after which to try again when the database is away.
const RETRY_AFTER: u64 = 1;

/// Asks [`agentry_auth::Auth`] who is there.
#[derive(Debug)]
pub struct AuthGate {
    services: Arc<Services>,
}

impl AuthGate {
    /// A gate for these services.
    #[must_use]
    pub const fn new(services: Arc<Services>) -> Self {
        Self { services }
    }

    /// The context that a request runs in which goes to no resolver: [`Gate::authenticate`] in the type it really has.
    ///
    /// # Errors
    /// As [`Gate::authenticate`].
    pub(crate) async fn open(&self, presented: Presented) -> Result<Arc<RequestContext>, Refusal> {
        let client = Client {
            ip: presented.client_ip,
            user_agent: presented.user_agent,
        };
        let ambient = presented.authorization.is_none() && presented.api_key.is_none();
        let credentials = Credentials {
            cookie: presented.cookie,
            api_key: presented.api_key,
            authorization: presented.authorization,
            organization: presented.organization,
        };
        let found = match self
            .services
            .auth
            .authenticate(&credentials, client.clone())
            .await
        {
            Ok(found) => found,
            // A browser sends its cookie whether anyone means it or not, and cannot drop one that has gone stale: such a
            // request is nobody's, so that signing in again stays possible.
            Err(AuthError::UnknownSession) if ambient => None,
            Err(AuthError::Refused(refusal)) if ambient && refusal.is_stale_cookie() => None,
            Err(error) => return Err(refuse(error)),
        };
        let (actor, lease) = found.unzip();
        let services = Arc::clone(&self.services);
        Ok(Arc::new(RequestContext::new(
            services, actor, client, lease,
        )))
    }
}

/// A context as the HTTP face, and its log, know it.
pub(crate) fn caller_of(context: Arc<RequestContext>) -> Arc<dyn CallerContext> {
    Arc::new(Caller(context))
}

#[async_trait::async_trait]
impl Gate for AuthGate {
    async fn authenticate(&self, presented: Presented) -> Result<Arc<dyn CallerContext>, Refusal> {
        Ok(caller_of(self.open(presented).await?))
    }

    async fn still_valid(&self, context: &dyn CallerContext) -> bool {
        let Some(actor) = actor_of(context) else {
            return true;
        };
        match self.services.auth.is_live(actor).await {
            Ok(live) => live,
            // The database is away: nobody's sign-out can have happened there either.
            Err(DbError::Unavailable(_) | DbError::Timeout | DbError::Crossed) => true,
            Err(DbError::Constraint { .. } | DbError::Refused(_) | DbError::Unexpected(_)) => false,
        }
    }

    fn rechecks(&self, context: &dyn CallerContext) -> BoxStream<'static, ()> {
        let Some(actor) = actor_of(context) else {
            return stream::pending().boxed();
        };
        let rechecks = self.services.live.rechecks(actor.tenant().user());
        stream::unfold(rechecks, async |mut rechecks| {
            rechecks.next().await;
            Some(((), rechecks))
        })
        .boxed()
    }
}

fn actor_of(context: &dyn CallerContext) -> Option<&Actor> {
    let context: &dyn Any = context;
    context.downcast_ref::<Caller>()?.0.find_actor()
}

fn refuse(error: AuthError) -> Refusal {
    match error {
        // The credential is as good as any; a text that no organisation can have for an id is one they are not a member of.
        AuthError::NotAMember | AuthError::Refused(Malformed::Organization) => Refusal::Forbidden,
        AuthError::Refused(_)
        | AuthError::UnknownSession
        | AuthError::UnknownApiKey
        | AuthError::TwoUsers => Refusal::Unauthenticated,
        AuthError::ApiKeyLimited { retry_after } => Refusal::RateLimited {
            // Whole seconds, none too few.
            retry_after: retry_after.map(|wait| wait.as_secs() + 1),
        },
        AuthError::Db(DbError::Unavailable(cause)) => {
            tracing::warn!(cause, "the database is unavailable");
            Refusal::Unavailable {
                retry_after: RETRY_AFTER,
            }
        }
        // Not looked up for want of time: the same request may succeed when it comes again.
        AuthError::Db(error @ (DbError::Timeout | DbError::Crossed)) => {
            tracing::warn!(%error, "a credential could not be looked up in time");
            Refusal::Unavailable {
                retry_after: RETRY_AFTER,
            }
        }
        AuthError::Db(
            error @ (DbError::Constraint { .. } | DbError::Refused(_) | DbError::Unexpected(_)),
        ) => {
            tracing::error!(%error, "a credential could not be looked up");
            Refusal::Internal
        }
    }
}

/// One operation's context, as HTTP sees it.
struct Caller(Arc<RequestContext>);

impl Caller {
    fn new(
        services: Arc<Services>,
        actor: Option<Actor>,
        client: Client,
        lease: Option<Lease>,
    ) -> Self {
        Self(Arc::new(RequestContext::new(
            services, actor, client, lease,
        )))
    }
}

#[async_trait::async_trait]
impl CallerContext for Caller {
    fn attach(self: Arc<Self>, request: Request) -> Request {
        request.data(Arc::clone(&self.0))
    }

    fn fork(&self) -> Arc<dyn CallerContext> {
        let (actor, client) = (self.0.find_actor().cloned(), self.0.client().clone());
        Arc::new(Self::new(self.0.shared_services(), actor, client, None))
    }

    async fn release(&self) {
        self.0.release().await;
    }

    fn summary(&self) -> OperationSummary {
        OperationSummary {
            organization: self
                .0
                .find_actor()
                .map(|actor| actor.tenant().organization().to_string()),
            statements: self.0.statements(),
        }
    }

    fn set_cookies(&self) -> Vec<SecretString> {
        let actor = self.0.find_actor();
        actor.map_or_else(Vec::new, |actor| actor.renewed_cookies().to_vec())
    }

    async fn export(self: Arc<Self>, request: ExportRequest) -> Result<Export, ApiError> {
        export::open(Arc::clone(&self.0), request).await
    }

    fn user_key(&self) -> Option<String> {
        self.0
            .find_actor()
            .map(|actor| actor.tenant().user().to_string())
    }
}
