//! Installing: one use case for every surface that offers it. GraphQL's `installTemplate` is one; a route or a page builds an
//! [`InstallRequest`] and calls [`install`] with the request's context.

use std::time::Duration;

use agentry_auth::{Access, slug};
use agentry_db::entity::agent::Model as AgentRow;
use agentry_db::ids::{AgentId, OrganizationId, TemplateId, TemplateInstallId};
use agentry_db::organization::{self, Membership};
use agentry_db::rate_limit::RateLimit;
use agentry_db::template::{self, By, Card};
use agentry_db::template_install::{self, Collisions, Install, NewInstall};
use agentry_db::{Constraint, DbError, Role, Through, agent, new_id};
use agentry_template::Capabilities;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Value, json};

use super::{TemplateInstall, complete};
use crate::check::Checks;
use crate::context::audited;
use crate::failure::Failure;
use crate::idempotency::Idempotency;
use crate::template::InstallRefusal;
use crate::whatsapp::{LinkRequest, WhatsAppErrorCode, WhatsAppLink, link};
use crate::{Action, Doing, Noun, RequestContext};

const MAX_NAME: usize = 200;

/// What is to be installed, and where. Exactly one of slug and id says which.
#[derive(Debug, Clone, Default, Serialize)]
pub struct InstallRequest {
    /// The template's slug.
    pub slug: Option<String>,
    /// The template's id.
    pub template_id: Option<String>,
    /// The organisation; the personal one when left out.
    pub organization_id: Option<String>,
    /// What the agent is called; as the template when left out.
    pub name: Option<String>,
    /// The version to stay at; the newest, and what follows it, when left out.
    pub version: Option<i32>,
    /// Whether the caller agrees to what the template asks for.
    pub accept_capabilities: bool,
    /// What the caller was shown of that, as a card has it; agreeing counts for no more. For whatever it asks when left out.
    #[serde(skip)]
    pub agreed: Option<Value>,
    /// Whether types that collide refuse the install.
    pub strict: bool,
    /// Whether what the caller changed of an earlier install comes back.
    pub restore_overrides: bool,
    /// A number on WhatsApp to link besides, which never keeps the template from being installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whatsapp_phone: Option<String>,
    /// A key of the caller's.
    #[serde(skip)]
    pub idempotency_key: Option<String>,
}

/// What installing came to.
#[derive(Debug, Clone)]
pub struct Installed {
    /// The install.
    pub install: TemplateInstall,
    /// Its agent.
    pub agent: AgentRow,
    /// Where it is.
    pub organization: Membership,
    /// Whether it was made now; `false`: it was there already, and is as it was.
    pub created: bool,
    /// Slugs of its types that the organisation's own types go before.
    pub shadowed_types: Vec<String>,
    /// The number that was given to be linked, where one was.
    pub whatsapp: Option<WhatsAppLink>,
    /// Why it is not linked.
    pub whatsapp_error: Option<WhatsAppErrorCode>,
}

impl Installed {
    /// Where a browser goes next.
    #[must_use]
    pub fn redirect_to(&self) -> String {
        agent_path(&self.organization.slug, self.agent.id.as_str())
    }
}

/// The address of an agent's page. Each part is escaped whole, so that none can begin another address: slugs that other programs
/// made may be anything.
#[must_use]
pub fn agent_path(organization: &str, agent: &str) -> String {
    const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');
    let part = |text| utf8_percent_encode(text, PART);
    format!("/{}/agents/{}", part(organization), part(agent))
}

/// Installs a template for the acting user. Every call counts against their limit, refused ones included.
///
/// # Errors
/// [`Failure::InstallRefused`] with the reason; [`Failure::TooManyRequests`]; [`Failure::ValidationFailed`];
/// [`Failure::LimitReached`] when the organisation has no room for another agent; [`Failure::Conflict`] when the idempotency key
/// was used for another input.
pub async fn install(
    context: &RequestContext,
    request: InstallRequest,
) -> Result<Installed, Failure> {
    count(context).await?;
    install_counted(context, request).await
}

/// Counts one call of [`install`] against the acting user's limit: for a surface on which a request may turn out to be none.
///
/// # Errors
/// [`Failure::TooManyRequests`] when the limit is reached.
pub async fn count(context: &RequestContext) -> Result<(), Failure> {
    context.actor()?;
    let limit = RateLimit {
        count: context.services().limits.installs_per_hour,
        window: Duration::from_hours(1),
    };
    context.count("install", limit).await
}

/// As [`install`], for a call that [`count`] has counted.
///
/// # Errors
/// As [`install`], but for the limit.
pub async fn install_counted(
    context: &RequestContext,
    request: InstallRequest,
) -> Result<Installed, Failure> {
    let phone = request.whatsapp_phone.clone();
    let (card, mut installed) = install_alone(context, request).await?;
    // An empty field of a form is no number.
    if let Some(phone) = phone.filter(|phone| !phone.is_empty()) {
        let request = LinkRequest {
            phone: &phone,
            region: context.services().region,
            template: Some(&card),
        };
        match link(context, request).await {
            Ok(link) => installed.whatsapp = Some(link),
            Err(failure) => installed.whatsapp_error = Some(WhatsAppErrorCode::of(failure)),
        }
    }
    Ok(installed)
}

async fn install_alone(
    context: &RequestContext,
    request: InstallRequest,
) -> Result<(Card, Installed), Failure> {
    context.allow(Noun::Templates, Access::Write)?;

    let mut checks = Checks::default();
    let blank = |text: &Option<String>| {
        let text = text.as_deref().map(str::trim);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let (by_slug, by_id) = (blank(&request.slug), blank(&request.template_id));
    if by_slug.is_some() == by_id.is_some() {
        checks.refuse("slug", "Give exactly one of slug and templateId.");
    }
    let name = request
        .name
        .as_deref()
        .map(|name| checks.name("name", name, MAX_NAME));
    if request.version.is_some_and(|version| version < 1) {
        checks.refuse("version", "It must be at least 1.");
    }
    let key = request.idempotency_key.clone();
    let idempotency = Idempotency::new(key, "installTemplate", &request, &mut checks)?;
    checks.finish()?;

    let card = find(context, by_slug, by_id).await?;
    if !matches!(card.status.as_str(), "published" | "unlisted") {
        return Err(InstallRefusal::TemplateNotPublic.into());
    }
    let organization = target(context, request.organization_id.as_deref(), &card).await?;
    if organization.role == Role::Member {
        return Err(InstallRefusal::RequiresAdmin.into());
    }
    let wanted = Wanted {
        card: &card,
        name: name.as_deref(),
        organization: &organization,
        request: &request,
        idempotency: &idempotency,
        agents: context.services().limits.agents_per_organization,
    };
    let wanted = &wanted;
    let done = context
        .write_in(&organization, Action::InstallTemplate, |scope| async move {
            wanted.install(&scope).await
        })
        .await;
    match done {
        // The publisher deleted it between the two transactions.
        Err(Failure::Api(crate::ApiError::Db(DbError::Constraint {
            kind: Constraint::Reference,
            ..
        }))) => Err(InstallRefusal::TemplateNotFound.into()),
        done => done.map(|installed| (card.clone(), installed)),
    }
}

async fn find(
    context: &RequestContext,
    slug: Option<String>,
    id: Option<String>,
) -> Result<Card, Failure> {
    let scope = context.read_own().await?;
    let through = Through::Tenant(scope.clone());
    let found = match (&slug, &id) {
        (Some(slug), _) if !slug.contains('\0') => template::find(&through, By::Slug(slug)).await?,
        (None, Some(id)) => {
            let by = TemplateId::from(id.as_str());
            template::find(&through, By::Id(&by)).await?
        }
        _ => None,
    };
    if let Some(card) = found {
        return Ok(card);
    }
    // Programs that know agents as templates may name one that is installed itself.
    let may_ask = context.allow(Noun::Agents, Access::Read).is_ok();
    if let Some(id) = id.filter(|_| may_ask) {
        let agent = agent::find(&scope, &AgentId::from(id)).await?;
        if agent.is_some_and(|agent| agent.install_id.is_some()) {
            return Err(InstallRefusal::TemplateIsInstance.into());
        }
    }
    Err(InstallRefusal::TemplateNotFound.into())
}

/// Where it is to be installed: the organisation that is named, else the personal one, which is made when there is none.
async fn target(
    context: &RequestContext,
    named: Option<&str>,
    card: &Card,
) -> Result<Membership, Failure> {
    let own = |id: &OrganizationId| *id == card.publisher_org_id;
    let mine = organization::list_mine(&context.read_own().await?).await?;
    let found = match named {
        Some(id) if own(&OrganizationId::from(id)) => {
            return Err(InstallRefusal::SelfInstall.into());
        }
        Some(id) => {
            let found = mine.into_iter().find(|one| one.id.as_str() == id);
            found.ok_or(InstallRefusal::NotAMember)?
        }
        // What acts by a key of its own is in no other organisation, and has no personal one.
        None if context.actor()?.is_organization() => {
            let itself = mine.into_iter().next();
            itself.ok_or(InstallRefusal::NotAMember)?
        }
        None => match mine.into_iter().find(|one| one.personal) {
            Some(personal) => personal,
            None => make_personal(context).await?,
        },
    };
    if own(&found.id) {
        return Err(InstallRefusal::SelfInstall.into());
    }
    Ok(found)
}

/// The caller's personal organisation, made now.
///
/// # Errors
/// [`Failure::InstallRefused`] when none is given out, or there is nobody to give it to.
pub(crate) async fn make_personal(context: &RequestContext) -> Result<Membership, Failure> {
    if !context.services().auth.gives_personal_organizations() {
        return Err(InstallRefusal::NoPersonalOrg.into());
    }
    let me = organization::find_me(&context.read_own().await?).await?;
    let me = me.ok_or(InstallRefusal::NoPersonalOrg)?;
    let wanted = slug::personal(&me.name, &me.email, me.id.as_str());
    let name = slug::personal_name(&me.name, &me.email, &wanted);
    let made = context.ensure_personal_organization(name, &wanted).await;
    if let Err(Failure::Api(crate::ApiError::Db(DbError::Constraint { .. }))) = made {
        return Err(InstallRefusal::NoPersonalOrg.into());
    }
    let made = made?;
    let mine = organization::list_mine(&context.read_own().await?).await?;
    let made = mine.into_iter().find(|one| one.id == made.id);
    Ok(made.ok_or(InstallRefusal::NoPersonalOrg)?)
}

struct Wanted<'a> {
    card: &'a Card,
    name: Option<&'a str>,
    organization: &'a Membership,
    request: &'a InstallRequest,
    idempotency: &'a Idempotency,
    agents: u32,
}

impl Wanted<'_> {
    async fn install(&self, scope: &Doing) -> Result<Installed, Failure> {
        let template = &self.card.id;
        let there = template_install::claim(scope, template).await?;
        let id = there.as_ref().map_or_else(new_id, |there| there.id.clone());
        let earlier = self.idempotency.claim(scope, id.as_str()).await?;
        if let Some(earlier) = earlier {
            let earlier = TemplateInstallId::from(earlier);
            let install = template_install::find(scope, &earlier).await?;
            let install = install.filter(|install| install.uninstalled_at.is_none());
            let gone = || Failure::conflict("What this key made is gone by now.");
            let install = install.ok_or_else(gone)?;
            return self.installed(scope, install, true, Vec::new()).await;
        }
        if let Some(there) = there {
            return self.installed(scope, there, false, Vec::new()).await;
        }
        let (version, capabilities, name) = self.offer(scope).await?;
        let capabilities = Capabilities::read(&capabilities);
        let beyond = self.not_agreed(&capabilities);
        if !beyond.is_empty() {
            return Err(not_agreed_to(beyond));
        }
        let Collisions { own, managed } =
            template_install::collisions(scope, template, version).await?;
        if self.request.strict {
            if !own.is_empty() {
                return Err(Failure::refused(InstallRefusal::UserAuthoredCollision, own));
            }
            if !managed.is_empty() {
                let code = InstallRefusal::ManagedByOtherTemplate;
                return Err(Failure::refused(code, managed));
            }
        }
        if !agent::has_room(scope, self.agents).await? {
            return Err(Failure::limit_reached(
                "agents in an organisation",
                self.agents,
            ));
        }
        let overrides = self.restored(scope).await?;
        let granted = capabilities.to_json();
        let new = NewInstall {
            id: &id,
            template,
            agent: &new_id(),
            name: self.name.unwrap_or(&name),
            shared: !self.organization.personal,
            pinned_version: self.request.version,
            granted_capabilities: &granted,
            overrides: &overrides,
        };
        let install = template_install::insert(scope, &new).await?;
        let metadata = json!({ "template": self.card.slug, "version": version, "agentId": install.agent_id.as_str() });
        audited(scope, "TemplateInstall", install.id.as_str(), metadata).await?;
        self.installed(scope, install, true, own).await
    }

    /// What the caller has not agreed to of these.
    fn not_agreed(&self, asked: &Capabilities) -> Capabilities {
        match &self.request.agreed {
            _ if !self.request.accept_capabilities => asked.clone(),
            Some(agreed) => asked.beyond(&Capabilities::read(agreed)),
            None => Capabilities::default(),
        }
    }

    /// The version to be installed, what it asks for, and what the template is called in it.
    async fn offer(&self, scope: &Doing) -> Result<(i32, Value, String), Failure> {
        let newest = self.card.version.zip(self.card.capabilities.clone());
        let Some(pinned) = self.request.version else {
            let (version, capabilities) = newest.ok_or(InstallRefusal::TemplateNotFound)?;
            return Ok((version, capabilities, self.card.name.clone()));
        };
        let offer = template::offer(scope, &self.card.id, pinned).await?;
        let offer = offer
            .filter(|offer| !offer.yanked)
            .ok_or(InstallRefusal::TemplateNotFound)?;
        Ok((offer.version, offer.capabilities, offer.name))
    }

    async fn restored(&self, scope: &Doing) -> Result<Value, Failure> {
        let empty = || Value::Object(serde_json::Map::new());
        if !self.request.restore_overrides {
            return Ok(empty());
        }
        let ended = template_install::last_ended(scope, &self.card.id).await?;
        Ok(ended.map_or_else(empty, |ended| ended.overrides))
    }

    async fn installed(
        &self,
        scope: &Doing,
        install: Install,
        created: bool,
        shadowed: Vec<String>,
    ) -> Result<Installed, Failure> {
        let gone = || Failure::conflict("What was installed is gone by now.");
        let agent = agent::find(scope, &install.agent_id).await?;
        let agent = agent.ok_or_else(gone)?;
        let complete = complete(scope, vec![install]).await?;
        let install = complete.into_iter().next().ok_or_else(gone)?;
        let shadowed_types = if created {
            shadowed
        } else {
            template_install::collisions(scope, &self.card.id, install.version)
                .await?
                .own
        };
        Ok(Installed {
            install,
            agent,
            organization: self.organization.clone(),
            created,
            shadowed_types,
            whatsapp: None,
            whatsapp_error: None,
        })
    }
}

/// These capabilities take the caller's consent.
pub(super) fn not_agreed_to(more: Capabilities) -> Failure {
    let names = [more.services, more.tools, more.domains];
    let names = names.into_iter().flatten().collect();
    Failure::refused(InstallRefusal::CapabilityConsentRequired, names)
}
