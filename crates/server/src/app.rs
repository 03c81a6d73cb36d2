//! Puts the service together from its configuration.

use std::sync::Arc;

use agentry_auth::cookie::Cookies;
use agentry_auth::jwt::JwtSettings;
use agentry_auth::password::{HasherLimits, PasswordHasher};
use agentry_auth::{Auth, AuthSettings};
use agentry_courier::Courier;
use agentry_crypto::KeyRing;
use agentry_db::live::Live;
use agentry_db::rate_limit::RateLimit;
use agentry_db::reply;
use agentry_db::{Db, PoolSettings};
use agentry_mail::{Letters, Mailer, Pace};
use agentry_provider::{Outbound, Providers};
use agentry_runner::Runner;
use agentry_schema::{AgentrySchema, Limits, Mail, Services, WhatsApp};
use agentry_whatsapp::{Gateway, Graph};
use axum::Router;
use sqlx::postgres::PgConnectOptions;
use url::Url;

use crate::config::{Config, ConfigError, DatabaseConfig};
use crate::front::Front;
use crate::gate::AuthGate;
use crate::http::{DocumentLimits, HttpOptions, HttpState, SetupError, SocketLimits, Timeouts};
use crate::readiness::DatabaseReadiness;
use crate::secrets::Secrets;
use crate::{graphiql, pages, rest, webhooks};

/// The service, ready to be served.
pub struct App {
    /// What the HTTP face runs on.
    pub state: HttpState<AgentrySchema>,
    /// Routes and pages beside GraphQL.
    pub pages: Router,
    /// The pool, to be closed last.
    pub db: Db,
    /// Who writes down refused sign-ins, to be closed when nothing is served any more and before the database stops.
    pub auth: Auth,
    /// Word of new messages, to be closed as well.
    pub live: Live,
    /// Who works on replies, to be closed before everything else, or as soon as the server stops.
    pub runner: Runner,
    /// Who takes in and carries out what is said on WhatsApp, to be closed when nothing is served any more.
    pub courier: Courier,
    /// Who reads replies as they grow, to be closed before that.
    pub replies: reply::Hub,
    /// Messages under way, to be closed when nothing is served any more and before the database stops.
    pub mailer: Mailer,
}

/// Why the service could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The key ring.
    #[error("AGENTRY_ENCRYPTION_KEYS is malformed: {0}")]
    Keys(#[from] agentry_crypto::KeyRingError),
    /// The sessions' secret.
    #[error(transparent)]
    AuthSecret(#[from] agentry_auth::error::SecretError),
    /// The cookies' prefix.
    #[error(transparent)]
    CookiePrefix(#[from] agentry_auth::error::CookiePrefixError),
    /// The way of messages.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The cookies' domain.
    #[error("AGENTRY_COOKIE_DOMAIN cannot be used: {0}")]
    CookieDomain(#[from] agentry_auth::error::CookieDomainError),
    /// Calls to providers.
    #[error(transparent)]
    Providers(#[from] agentry_provider::SettingsError),
    /// The HTTP face.
    #[error(transparent)]
    Http(#[from] SetupError),
}

/// The service's pool. It opens lazily, so this cannot fail.
#[must_use]
pub fn open_pool(service: &PgConnectOptions, config: &DatabaseConfig) -> Db {
    let settings = PoolSettings {
        max_connections: config.pool_size,
        acquire_timeout: config.acquire_timeout,
        statement_timeout: config.statement_timeout,
        idle_in_transaction_timeout: config.idle_transaction_timeout,
    };
    Db::open(service.clone(), &settings)
}

impl App {
    /// Puts everything together. `config.http.bind` is to be the address that is bound already, and not port 0: without a public
    /// URL, links in messages and the default issuer of tokens name it.
    ///
    /// # Errors
    /// [`AppError`], one sentence each.
    pub fn new(config: &Config, secrets: &Secrets, db: Db) -> Result<Self, AppError> {
        let services = services(config, secrets, db.clone())?;
        let (auth, live) = (services.auth.clone(), services.live.clone());
        let replies = services.replies.clone();
        let mailer = services.mail.mailer.clone();
        let runner = Runner::start(
            config.runs.workers(),
            db.clone(),
            live.clone(),
            services.keys.clone(),
            services.providers.clone(),
        );
        let courier = Courier::start(
            config
                .whatsapp
                .courier(app_url(config)?, config.http.pages, &config.limits),
            agentry_courier::Parts {
                db: db.clone(),
                live: live.clone(),
                auth: auth.clone(),
                keys: services.keys.clone(),
                graph: services.whatsapp.graph.clone(),
                gateway: services.whatsapp.gateway.clone(),
            },
        );
        let schema = agentry_schema::build(Arc::clone(&services), config.http.introspection);
        let gate = Arc::new(AuthGate::new(services));
        let state = HttpState::new(
            schema.clone(),
            Arc::clone(&gate) as Arc<_>,
            Arc::new(DatabaseReadiness::new(db.clone())),
            agentry_schema::sdl(),
            http_options(config),
        )?;
        let front = Front::new(
            gate,
            schema,
            Arc::clone(&state.shared),
            config.auth.secure_cookies(config.http.public_url.as_ref()),
        );
        let mut beside = rest::router(&front);
        beside = beside.merge(webhooks::router(courier.clone(), front.options()));
        if config.http.graphiql {
            beside = beside.merge(graphiql::router());
        }
        if config.http.pages {
            beside = beside.merge(pages::router(&front));
        }
        Ok(Self {
            state,
            pages: beside,
            db,
            auth,
            live,
            runner,
            courier,
            replies,
            mailer,
        })
    }
}

/// What every request shares.
///
/// # Errors
/// [`AppError`], one sentence each.
pub fn services(config: &Config, secrets: &Secrets, db: Db) -> Result<Arc<Services>, AppError> {
    let cookies = Cookies::new(
        &config.auth.cookie_prefix,
        config.auth.secure_cookies(config.http.public_url.as_ref()),
    )?;
    let cookies = match &config.auth.cookie_domain {
        Some(domain) => cookies.for_domain(domain)?,
        None => cookies,
    };
    let auth = Auth::new(
        db.clone(),
        PasswordHasher::new(HasherLimits::default()),
        secrets.auth.list()?,
        cookies,
        jwt(config),
        throttle(config),
    );
    let keys = KeyRing::parse(&secrets.encryption_keys)?;
    let mail = mail(config)?;
    let calls = config.runs.providers()?;
    // Where the Graph API is may be an address of the operator's own, which no publisher's gateway has any business at.
    let graph = Outbound::new(&calls, &[&config.whatsapp.whatsapp_graph_url])?;
    let gateway = Outbound::new(&calls, &[])?;
    let providers = Providers::new(calls)?;
    let live = Live::start(&db);
    Ok(Arc::new(Services {
        replies: reply::Hub::new(db.clone(), live.clone(), reading_pace(config)),
        live,
        db: db.into(),
        auth,
        keys,
        providers,
        whatsapp: whatsapp(config, graph, gateway),
        mail,
        region: config.whatsapp.default_region,
        limits: limits(config),
    }))
}

fn whatsapp(config: &Config, graph: Outbound, gateway: Outbound) -> WhatsApp {
    let base = config.whatsapp.whatsapp_graph_url.clone();
    WhatsApp {
        graph: Graph::new(base, graph),
        gateway: Gateway::new(gateway),
        publishers: config.whatsapp.publishers(),
    }
}

fn mail(config: &Config) -> Result<Mail, ConfigError> {
    let settings = &config.mail;
    let way = settings.way()?;
    let sender = settings.sender(&way)?;
    Ok(Mail {
        letters: Letters::new(sender.name(), app_url(config)?),
        mailer: Mailer::new(way, sender, Pace::default()),
        on_sign_up: settings.verify_on_sign_up,
    })
}

/// Where the pages are that links lead to.
fn app_url(config: &Config) -> Result<Url, ConfigError> {
    let app = config.mail.app_url.as_ref();
    let app = app.or(config.http.public_url.as_ref()).cloned();
    let bound = || Url::parse(&format!("http://{}", config.http.bind));
    app.map_or_else(bound, Ok)
        .map_err(|_| ConfigError::AppUrlMissing)
}

/// Who must have issued a JSON Web Token, and for whom: better-auth says its own origin for both.
fn jwt(config: &Config) -> JwtSettings {
    let origin = || {
        config.http.public_url.as_ref().map_or_else(
            || format!("http://{}", config.http.bind),
            |url| url.origin().ascii_serialization(),
        )
    };
    let auth = &config.auth;
    JwtSettings {
        issuer: auth.jwt_issuer.clone().unwrap_or_else(origin),
        audience: auth.jwt_audience.clone().unwrap_or_else(origin),
    }
}

fn throttle(config: &Config) -> AuthSettings {
    let limits = &config.limits;
    let limit = |count| RateLimit {
        count,
        window: limits.sign_in_window,
    };
    AuthSettings {
        sign_in_per_address: limit(limits.sign_in_per_address),
        sign_in_per_account: limit(limits.sign_in_per_account),
        sign_up_per_address: limit(limits.sign_up_per_address),
        mail_per_address: limit(limits.mail_per_address),
        mail_per_account: limit(limits.mail_per_account),
        require_verified_email: config.mail.require_verified_email,
        personal_organizations: config.auth.personal_organizations,
        session_tokens: config.auth.session_tokens.into(),
    }
}

fn reading_pace(config: &Config) -> reply::Pace {
    reply::Pace {
        stall: config.limits.slow_reader,
        ..reply::Pace::default()
    }
}

fn limits(config: &Config) -> Limits {
    Limits {
        complexity: config.limits.max_complexity,
        agents_per_organization: config.limits.max_agents,
        connections_per_organization: config.limits.max_connections,
        connections_per_agent: config.limits.max_links,
        organizations_per_user: config.limits.max_organizations,
        members_per_organization: config.limits.max_members,
        invitations_per_organization: config.limits.max_invitations,
        invitation_life: config.limits.invitation_life,
        api_keys_per_user: config.limits.max_user_keys,
        api_keys_per_organization: config.limits.max_organization_keys,
        templates_per_organization: config.limits.max_templates,
        types_per_organization: config.limits.max_types,
        installs_per_hour: config.limits.installs_per_hour,
        whatsapp_links_per_hour: config.limits.whatsapp_links_per_hour,
        whatsapp_links_per_user_and_number: config.limits.whatsapp_links_per_user_and_number,
        whatsapp_links_per_number: config.limits.whatsapp_links_per_number,
        message_characters: config.limits.max_message as usize,
        runs_per_minute: config.limits.runs_per_minute,
        runs_per_conversation: config.limits.max_runs,
        whatsapp_numbers_per_organization: config.limits.max_whatsapp_numbers,
    }
}

fn http_options(config: &Config) -> HttpOptions {
    let (http, limits) = (&config.http, &config.limits);
    HttpOptions {
        public_origin: http
            .public_url
            .as_ref()
            .map(|url| url.origin().ascii_serialization()),
        trusted_origins: http.trusted_origins.clone(),
        cors_origins: http.cors_origins.clone(),
        forwarded_for: http.trust_proxy,
        introspection: http.introspection,
        publish_schema: http.introspection,
        body_bytes: http.body_limit,
        limits: DocumentLimits {
            bytes: limits.max_document,
            tokens: limits.max_tokens,
            depth: limits.max_depth,
            aliases: limits.max_aliases,
            root_fields: limits.max_root_fields,
            directives: limits.max_directives,
            input_depth: limits.max_input_nesting,
            ..DocumentLimits::default()
        },
        timeouts: Timeouts {
            header: http.header_timeout,
            body: http.body_timeout,
            operation: http.operation_timeout,
            drain: http.drain_timeout,
        },
        sockets: SocketLimits {
            init: limits.socket_init_timeout,
            keep_alive: limits.socket_ping,
            recheck: limits.recheck,
            operations: limits.max_subscriptions,
            per_user: limits.max_sockets,
            message_bytes: limits.max_socket_message,
            ..SocketLimits::default()
        },
        ..HttpOptions::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;

    #[test]
    fn the_settings_defaults_are_those_of_the_http_face() {
        let set = http_options(&config(&[]));
        assert_eq!(format!("{set:?}"), format!("{:?}", HttpOptions::default()));
    }

    #[test]
    fn the_settings_defaults_are_those_of_the_hub() {
        let set = reading_pace(&config(&[]));
        assert_eq!(format!("{set:?}"), format!("{:?}", reply::Pace::default()));
    }

    #[test]
    fn the_settings_defaults_are_those_of_the_schema() {
        let set = limits(&config(&[]));
        assert_eq!(format!("{set:?}"), format!("{:?}", Limits::default()));
    }
}
