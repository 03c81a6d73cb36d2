//! Whoever looks at the page of a template, and where they could install it.

use agentry_db::Role;
use agentry_db::ids::AgentId;
use agentry_db::organization::{Membership, User};
use agentry_schema::template::installed_in;
use agentry_schema::viewer::person;
use agentry_schema::whatsapp::{WhatsAppLink, WhatsAppLinkStatus};

use super::offer::Offer;
use crate::front::fault;
use crate::http::Fault;
use crate::pages::visit::Visit;

/// The most organisations that are looked at: each is a transaction of its own.
const MOST: usize = 20;

/// Somebody signed in.
pub(super) struct Person {
    /// Who.
    pub(super) user: User,
    /// Their organisations, the personal one first.
    pub(super) places: Vec<Place>,
    /// Whether a number of theirs on WhatsApp is linked; looked up where the template has a bot.
    is_linked: bool,
}

/// One organisation of theirs.
pub(super) struct Place {
    /// Which.
    pub(super) organization: Membership,
    /// The agent that the template is there already.
    pub(super) agent: Option<AgentId>,
    /// Whether they may install in it at all.
    may: bool,
}

impl Person {
    /// Whoever it is, if anyone.
    ///
    /// # Errors
    /// The fault of a database that does not answer.
    pub(super) async fn find(visit: &Visit, offer: &Offer) -> Result<Option<Self>, Fault> {
        if visit.context.find_actor().is_none() {
            return Ok(None);
        }
        let found = person(&visit.context).await;
        let (user, mut organizations) = found.map_err(|error| fault(&error))?;
        organizations.sort_by_key(|one| (!one.personal, one.role == Role::Member));
        organizations.truncate(MOST);
        let card = offer.card();
        let agents = installed_in(&visit.context, &card.id, &organizations).await;
        let agents = agents.map_err(|error| fault(&error))?;
        let place = |(organization, agent): (Membership, _)| Place {
            may: organization.role != Role::Member && organization.id != card.publisher_org_id,
            organization,
            agent,
        };
        let places = organizations.into_iter().zip(agents).map(place).collect();
        let is_linked = match &card.bot_phone {
            Some(_) => is_linked(visit).await?,
            None => false,
        };
        Ok(Some(Self {
            user,
            places,
            is_linked,
        }))
    }

    /// Where it is installed, with its agent.
    pub(super) fn installed(&self) -> impl Iterator<Item = (&Membership, &AgentId)> {
        self.places
            .iter()
            .filter_map(|place| Some((&place.organization, place.agent.as_ref()?)))
    }

    /// The agent on whose page they can link a number to write to it from: they have it, and none is linked.
    pub(super) fn to_link(&self) -> Option<(&Membership, &AgentId)> {
        self.installed().next().filter(|_| !self.is_linked)
    }

    /// Where it could be.
    pub(super) fn open(&self) -> Vec<&Membership> {
        let open = self.places.iter();
        let open = open.filter(|place| place.may && place.agent.is_none());
        open.map(|place| &place.organization).collect()
    }
}

async fn is_linked(visit: &Visit) -> Result<bool, Fault> {
    let links = WhatsAppLink::list(&visit.context).await;
    let links = links.map_err(|error| fault(&error))?;
    let mut links = links.iter();
    Ok(links.any(|link| link.status == WhatsAppLinkStatus::Verified))
}
