use std::time::Duration;

/// How much of everything a request may ask for and an organisation may hold.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The most a document may cost: a field is 1, and what stands under a list counts once for each row asked for.
    pub complexity: usize,
    /// The most agents in one organisation.
    pub agents_per_organization: u32,
    /// The most API connections in one organisation.
    pub connections_per_organization: u32,
    /// The most connections linked to one agent.
    pub connections_per_agent: u32,
    /// The most organisations one person may own.
    pub organizations_per_user: u32,
    /// The most members of one organisation.
    pub members_per_organization: u32,
    /// The most live invitations into one organisation.
    pub invitations_per_organization: u32,
    /// How long an invitation can be accepted.
    pub invitation_life: Duration,
    /// The most API keys of one user that have not ended.
    pub api_keys_per_user: u32,
    /// The most API keys of one organisation that have not ended.
    pub api_keys_per_organization: u32,
    /// The most templates of one organisation.
    pub templates_per_organization: u32,
    /// The most live types of an organisation's own.
    pub types_per_organization: u32,
    /// The most installs that one person may ask for in an hour.
    pub installs_per_hour: u32,
    /// The most numbers on WhatsApp that one person may try to link in an hour.
    pub whatsapp_links_per_hour: u32,
    /// How often one person may try one number in an hour.
    pub whatsapp_links_per_user_and_number: u32,
    /// How often one number may be tried in an hour, by anybody.
    pub whatsapp_links_per_number: u32,
    /// The longest message, in characters; the schema stops at 1,000,000.
    pub message_characters: usize,
    /// The most runs that one user may ask for in a minute, however they end.
    pub runs_per_minute: u32,
    /// The most runs of one conversation that have not ended.
    pub runs_per_conversation: u32,
    /// The most numbers on WhatsApp of one organisation.
    pub whatsapp_numbers_per_organization: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            complexity: 5_000,
            agents_per_organization: 1_000,
            connections_per_organization: 200,
            connections_per_agent: 50,
            organizations_per_user: 100,
            members_per_organization: 100,
            invitations_per_organization: 100,
            invitation_life: Duration::from_hours(48),
            api_keys_per_user: 100,
            api_keys_per_organization: 100,
            templates_per_organization: 1_000,
            types_per_organization: 1_000,
            installs_per_hour: 20,
            whatsapp_links_per_hour: 20,
            whatsapp_links_per_user_and_number: 3,
            whatsapp_links_per_number: 10,
            message_characters: 100_000,
            runs_per_minute: 60,
            runs_per_conversation: 20,
            whatsapp_numbers_per_organization: 20,
        }
    }
}
