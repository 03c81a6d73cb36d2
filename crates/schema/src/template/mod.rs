//! Templates: agents that are published once and installed by anyone, by reference.

use agentry_db::ids::TemplateId;
use agentry_db::template::{self, Card};
use agentry_db::{Direction, Position};
use async_graphql::{ComplexObject, Context, Enum, ID, SimpleObject};
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::connection::{PageArguments, SortedBy, connect, connection_type, total};
use crate::{ApiError, Noun, RequestContext};

mod delete;
mod install;
mod loader;
mod of_agent;
mod publish;
mod query;
mod refusal;
mod version;

pub use delete::*;
pub use install::*;
use loader::{InstallCountOf, VersionsOf};
pub use publish::*;
pub use query::*;
pub use refusal::*;
pub use version::*;

/// A template: an agent that is published once and installed by reference.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct Template {
    /// Its id.
    pub id: ID,
    /// Its short name in addresses, its own among all templates.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it is filed under.
    pub category: Option<String>,
    /// Its picture: an emoji, or the name of an icon.
    pub icon: Option<String>,
    /// The number of its bot, digits only, as `https://wa.me/` takes it.
    pub bot_phone: Option<String>,
    /// Who may find and install it.
    pub status: TemplateStatus,
    /// Who publishes it.
    pub publisher: TemplatePublisher,
    /// The newest version that is not yanked; null when all are.
    pub version: Option<i32>,
    /// What that version asks for.
    pub capabilities: Capabilities,
    /// How much of each kind that version brings.
    pub provides: Provides,
    /// What its publisher says of that version.
    pub notes: Option<String>,
    /// When that version was published.
    pub published_at: Option<DateTime<Utc>>,
    /// When the template was made.
    pub created_at: DateTime<Utc>,
    /// When the template last changed.
    pub updated_at: DateTime<Utc>,
}

/// Who publishes a template.
#[derive(Debug, Clone, SimpleObject)]
pub struct TemplatePublisher {
    /// What the organisation is called.
    pub name: String,
    /// Its short name in addresses.
    pub slug: String,
}

/// Who may find and install a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum TemplateStatus {
    /// Nobody yet: only members of its publisher see it.
    Draft,
    /// Everyone.
    Published,
    /// Whoever knows its slug; it is in no list.
    Unlisted,
    /// Nobody any more; it keeps working where it is installed.
    Withdrawn,
}

impl TemplateStatus {
    /// As it is stored.
    const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
            Self::Unlisted => "unlisted",
            Self::Withdrawn => "withdrawn",
        }
    }

    fn read(word: &str) -> Self {
        match word {
            "published" => Self::Published,
            "unlisted" => Self::Unlisted,
            "withdrawn" => Self::Withdrawn,
            _ => Self::Draft,
        }
    }
}

/// What an agent may reach.
#[derive(Debug, Clone, Default, SimpleObject)]
pub struct Capabilities {
    /// Services it needs a connection to, as API connections name them.
    pub services: Vec<String>,
    /// Tools it calls.
    pub tools: Vec<String>,
    /// Hosts it speaks to; a leading `*.` stands for every host below.
    pub domains: Vec<String>,
}

impl From<agentry_template::Capabilities> for Capabilities {
    fn from(all: agentry_template::Capabilities) -> Self {
        Self {
            services: all.services.into_iter().collect(),
            tools: all.tools.into_iter().collect(),
            domains: all.domains.into_iter().collect(),
        }
    }
}

impl Capabilities {
    fn read(value: &Value) -> Self {
        agentry_template::Capabilities::read(value).into()
    }
}

/// How much of each kind something brings.
#[derive(Debug, Clone, Copy, Default, SimpleObject)]
pub struct Provides {
    /// Entity types.
    pub entity_types: i32,
    /// Relationship types.
    pub entity_relationship_types: i32,
    /// Classifiers.
    pub event_classifiers: i32,
    /// Watchers.
    pub watchers: i32,
}

impl Provides {
    fn read(value: &Value) -> Self {
        let count = |name: &str| {
            let count = value.get(name).and_then(Value::as_i64).unwrap_or_default();
            i32::try_from(count).unwrap_or(i32::MAX)
        };
        Self {
            entity_types: count("entity_types"),
            entity_relationship_types: count("entity_relationship_types"),
            event_classifiers: count("event_classifiers"),
            watchers: count("watchers"),
        }
    }
}

impl From<Card> for Template {
    fn from(card: Card) -> Self {
        let Card {
            id,
            slug,
            status,
            name,
            description,
            category,
            icon,
            bot_phone,
            created_at,
            updated_at,
            publisher_org_id: _,
            publisher_name,
            publisher_slug,
            version,
            capabilities,
            provides,
            notes,
            published_at,
        } = card;
        Self {
            id: ID(id.into_string()),
            slug,
            name,
            description,
            category,
            icon,
            bot_phone,
            status: TemplateStatus::read(&status),
            publisher: TemplatePublisher {
                name: publisher_name,
                slug: publisher_slug,
            },
            version,
            capabilities: capabilities
                .as_ref()
                .map(Capabilities::read)
                .unwrap_or_default(),
            provides: provides.as_ref().map(Provides::read).unwrap_or_default(),
            notes,
            published_at,
            created_at,
            updated_at,
        }
    }
}

#[ComplexObject]
impl Template {
    /// Its versions, newest first: for members of its publisher, in a request that acts there; empty for others.
    #[graphql(complexity = "5 + first.unwrap_or(20).clamp(0, 100) as usize * child_complexity")]
    async fn versions(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Only those with smaller numbers.")] before: Option<i32>,
    ) -> async_graphql::Result<Vec<TemplateVersion>> {
        let count = first.unwrap_or(20);
        if !(1..=100).contains(&count) {
            return Err(ApiError::bad_input("first", "It must be 1 to 100.").into());
        }
        let request = RequestContext::of(context)?;
        if request.find_actor().is_none() {
            return Ok(Vec::new());
        }
        let key = VersionsOf {
            template: TemplateId::from(self.id.as_str()),
            before,
            count: count.unsigned_abs(),
        };
        let versions = request.loader(Noun::Templates)?.load_one(key).await;
        Ok(versions.map_err(ApiError::loaded)?.unwrap_or_default())
    }

    /// In how many organisations it is installed: for members of its publisher, in a request that acts there; null for others.
    #[graphql(complexity = "5")]
    async fn install_count(&self, context: &Context<'_>) -> async_graphql::Result<Option<i32>> {
        let request = RequestContext::of(context)?;
        if request.find_actor().is_none() {
            return Ok(None);
        }
        let key = InstallCountOf(TemplateId::from(self.id.as_str()));
        let count = request.loader(Noun::Templates)?.load_one(key).await;
        count.map_err(ApiError::loaded)
    }
}

/// How many templates the organisation publishes.
#[derive(Debug)]
pub struct OwnTemplateTotal;

impl OwnTemplateTotal {
    async fn count(&self, context: &Context<'_>) -> async_graphql::Result<i32> {
        let scope = RequestContext::of(context)?.read(Noun::Templates).await?;
        total(template::count_own(&scope)).await
    }
}

connection_type! {
    /// A list of templates of one publisher.
    OwnTemplateConnection, OwnTemplateEdge of Template, counted by OwnTemplateTotal
}

/// The templates that the acting organisation publishes, whatever their status.
pub(crate) async fn list_own(
    context: &Context<'_>,
    page: PageArguments,
) -> Result<OwnTemplateConnection, ApiError> {
    let request = page.request(SortedBy::Name, Direction::Ascending)?;
    let scope = RequestContext::of(context)?.read(Noun::Templates).await?;
    let page = template::list_own(&scope, &request).await?;
    Ok(connect(page, SortedBy::Name, OwnTemplateTotal, |card| {
        let position = Position::Text(card.name.clone());
        (position, card.id.to_string(), card.into())
    }))
}
