//! Installs: an agent that is a template's, and what its user made of it.

use std::collections::{BTreeSet, HashMap};

use agentry_db::ids::AgentId;
use agentry_db::template::{self, Card};
use agentry_db::template_install::{self, Equipment, Install, State};
use agentry_db::{Direction, Position, Scope};
use async_graphql::{Context, Enum, ID, SimpleObject};
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Capabilities, Provides, Template};
use crate::connection::{PageArguments, SortedBy, connect, connection_type, total};
use crate::{ApiError, Noun, RequestContext};

mod change;
mod fields;
mod loader;
mod mutation;
mod usecase;
mod view;

pub use change::*;
pub use fields::*;
pub(crate) use loader::InstallOf;
pub use mutation::*;
pub use usecase::*;
pub use view::*;

/// A template as it is installed in an organisation.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct TemplateInstall {
    /// Its id.
    pub id: ID,
    /// The template.
    pub template: Template,
    /// The id of the agent that it made.
    pub agent_id: ID,
    /// The version that the agent shows now.
    pub version: i32,
    /// The version that it stays at; null follows the newest that asks for no more than you agreed to.
    pub pinned_version: Option<i32>,
    /// What you agreed to.
    pub granted_capabilities: Capabilities,
    /// What you changed of the definition: a JSON Merge Patch (RFC 7396).
    pub overrides: Value,
    /// How much of each kind its version brings.
    pub provides: Provides,
    /// What it needs, and whether that is there: a connection to each service that its version asks for, and to that of its model.
    pub requirements: Vec<Requirement>,
    /// A version later than the one it shows; null when there is none.
    pub upgrade_available: Option<UpgradeAvailable>,
    /// When it was installed.
    pub installed_at: DateTime<Utc>,
    /// When it was uninstalled; its agent is archived then.
    pub uninstalled_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Something that an installed agent needs.
#[derive(Debug, Clone, SimpleObject)]
pub struct Requirement {
    /// What kind of thing.
    pub kind: RequirementKind,
    /// Which: the name of a service.
    pub name: String,
    /// Whether it is there.
    pub met: bool,
}

/// What kind of thing an installed agent needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum RequirementKind {
    /// A connection to a service, linked to the agent.
    Connection,
}

/// A version later than the one that an install shows.
#[derive(Debug, Clone, SimpleObject)]
pub struct UpgradeAvailable {
    /// Its number.
    pub version: i32,
    /// Whether it asks for more than you agreed to.
    pub requires_consent: bool,
    /// What it asks for beyond what you agreed to.
    pub diff: Capabilities,
}

/// Installs as the API shows them: three statements, however many there are. One whose template cannot be read is left out.
pub(crate) async fn complete(
    scope: &Scope,
    installs: Vec<Install>,
) -> Result<Vec<TemplateInstall>, ApiError> {
    if installs.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = installs.iter().map(|one| one.id.clone()).collect();
    let templates: Vec<_> = installs.iter().map(|one| one.template_id.clone()).collect();
    let agents: Vec<_> = installs.iter().map(|one| one.agent_id.clone()).collect();
    let states = template_install::states(scope, &ids).await?;
    let states: HashMap<_, _> = states.into_iter().map(|it| (it.id.clone(), it)).collect();
    let cards = template::installed(scope, &templates).await?;
    let cards: HashMap<_, _> = cards.into_iter().map(|it| (it.id.clone(), it)).collect();
    let equipment = template_install::equipment(scope, &agents).await?;
    let equipment: HashMap<AgentId, Equipment> = equipment.into_iter().collect();
    let of = |install: Install| {
        let state = states.get(&install.id)?;
        let card = cards.get(&install.template_id)?.clone();
        let equipment = equipment.get(&install.agent_id)?;
        Some(TemplateInstall::of(install, state, card, equipment))
    };
    Ok(installs.into_iter().filter_map(of).collect())
}

impl TemplateInstall {
    fn of(install: Install, state: &State, card: Card, equipment: &Equipment) -> Self {
        let Install {
            id,
            template_id: _,
            agent_id,
            installed_by_user_id: _,
            pinned_version,
            granted_capabilities,
            overrides,
            uninstalled_at,
            created_at,
            updated_at,
        } = install;
        Self {
            id: ID(id.into_string()),
            template: card.into(),
            agent_id: ID(agent_id.into_string()),
            version: state.version,
            pinned_version,
            upgrade_available: upgrade(state, &granted_capabilities),
            granted_capabilities: Capabilities::read(&granted_capabilities),
            requirements: requirements(state, equipment),
            overrides,
            provides: Provides::read(&state.provides),
            installed_at: created_at,
            uninstalled_at,
            updated_at,
        }
    }
}

fn upgrade(state: &State, granted: &Value) -> Option<UpgradeAvailable> {
    let latest = state.latest.filter(|latest| *latest > state.version)?;
    let wanted = state.latest_capabilities.as_ref()?;
    let wanted = agentry_template::Capabilities::read(wanted);
    let more = wanted.beyond(&agentry_template::Capabilities::read(granted));
    Some(UpgradeAvailable {
        version: latest,
        requires_consent: !more.is_empty(),
        diff: more.into(),
    })
}

/// The services that the version asks for and the one that the model is of, each with whether the agent is linked to one of them.
fn requirements(state: &State, equipment: &Equipment) -> Vec<Requirement> {
    let model = state.model.as_ref().unwrap_or(&equipment.model);
    let mut services = agentry_template::Capabilities::read(&state.capabilities).services;
    services.extend(agentry_db::run::maker_of(model).map(str::to_owned));
    let services: BTreeSet<String> = services;
    let requirement = |name: String| Requirement {
        kind: RequirementKind::Connection,
        met: equipment.services.contains(&name),
        name,
    };
    services.into_iter().map(requirement).collect()
}

/// How many templates are installed.
#[derive(Debug)]
pub struct InstallTotal;

impl InstallTotal {
    async fn count(&self, context: &Context<'_>) -> async_graphql::Result<i32> {
        let scope = RequestContext::of(context)?.read(Noun::Templates).await?;
        total(template_install::count(&scope)).await
    }
}

connection_type! {
    /// A list of installs.
    TemplateInstallConnection, TemplateInstallEdge of TemplateInstall, counted by InstallTotal
}

/// The live installs that the caller may see, oldest first.
pub(crate) async fn list_installs(
    context: &Context<'_>,
    page: PageArguments,
) -> Result<TemplateInstallConnection, ApiError> {
    let request = page.request(SortedBy::CreatedAt, Direction::Ascending)?;
    let scope = RequestContext::of(context)?.read(Noun::Templates).await?;
    let page = template_install::list(&scope, &request).await?;
    let page = agentry_db::Page {
        items: complete(&scope, page.items).await?,
        has_next: page.has_next,
        has_previous: page.has_previous,
    };
    Ok(connect(page, SortedBy::CreatedAt, InstallTotal, |one| {
        let position = Position::Time(one.installed_at);
        (position, one.id.to_string(), one)
    }))
}
