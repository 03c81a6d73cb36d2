//! What pages show of installs, where GraphQL has no part in it.

use agentry_db::agent;
use agentry_db::entity::agent::Model as AgentRow;
use agentry_db::ids::{AgentId, TemplateId};
use agentry_db::organization::Membership;
use agentry_db::template_install;

use super::{TemplateInstall, complete};
use crate::{ApiError, Noun, RequestContext};

/// An agent as it is now, and what it was installed from.
#[derive(Debug, Clone)]
pub struct InstalledAgent {
    /// The agent.
    pub agent: AgentRow,
    /// Its install, when it has one.
    pub install: Option<TemplateInstall>,
}

/// One agent that the caller may see where they act.
///
/// # Errors
/// [`ApiError::Unauthenticated`]; [`ApiError::Db`] as the database answers.
pub async fn installed_agent(
    context: &RequestContext,
    id: &AgentId,
) -> Result<Option<InstalledAgent>, ApiError> {
    let scope = context.read(Noun::Agents).await?;
    let Some(agent) = agent::find(&scope, id).await? else {
        return Ok(None);
    };
    let install = match &agent.install_id {
        Some(install) => template_install::find(&scope, install).await?,
        None => None,
    };
    let scope = context.read(Noun::Templates).await?;
    let install = complete(&scope, install.into_iter().collect()).await?;
    let install = install.into_iter().next();
    Ok(Some(InstalledAgent { agent, install }))
}

/// The agent that a template is installed as in each of these organisations of the caller's, where it is and they may see it.
///
/// # Errors
/// As [`installed_agent`].
pub async fn installed_in(
    context: &RequestContext,
    template: &TemplateId,
    organizations: &[Membership],
) -> Result<Vec<Option<AgentId>>, ApiError> {
    let mut found = Vec::with_capacity(organizations.len());
    for organization in organizations {
        let read = context.read_in(organization, Noun::Templates).await?;
        let install = template_install::find_live(&read.scope().await?, template).await?;
        // One request never holds two connections.
        read.release().await;
        found.push(install.map(|install| install.agent_id));
    }
    Ok(found)
}
