//! Numbers on `WhatsApp`, and what is written to them.

use std::time::Duration;

use agentry_db::ids::OrganizationId;
use agentry_db::whatsapp::Publishers;
use agentry_phone::Region;
use clap::Args;
use url::Url;

use super::units::{duration, web_url};

/// How numbers on `WhatsApp` are read and served.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "WhatsApp")]
pub struct WhatsAppConfig {
    /// Where phone numbers are from that begin with no country's code, when the caller does not say: two letters of ISO 3166-1
    #[arg(long, env = "AGENTRY_DEFAULT_REGION", value_name = "REGION", default_value = "GB", value_parser = region)]
    pub default_region: Region,
    /// Ids of the organisations that may register bot numbers, separated by commas, or * for all. Whoever registers one can say that anybody wrote to it: name only those you trust with that. What was shown to the bot of one who is not named any more links nobody. The same on every server
    #[arg(
        long,
        env = "AGENTRY_WHATSAPP_PUBLISHERS",
        value_name = "ORGANISATION,…",
        value_delimiter = ','
    )]
    pub whatsapp_publishers: Vec<String>,
    /// Where Meta's Graph API is, with its version
    #[arg(long, env = "AGENTRY_WHATSAPP_GRAPH_URL", value_name = "URL", default_value = "https://graph.facebook.com/v23.0", value_parser = web_url)]
    pub whatsapp_graph_url: Url,
    /// How many messages this server deals with, and how many it sends, at once; 0: it only takes in, and leaves the rest to others
    #[arg(
        long,
        env = "AGENTRY_WHATSAPP_WORKERS",
        value_name = "N",
        default_value = "16"
    )]
    pub whatsapp_workers: u32,
    /// After how long without a word a message begins another conversation
    #[arg(long, env = "AGENTRY_WHATSAPP_IDLE", value_name = "TIME", default_value = "24h", value_parser = duration)]
    pub whatsapp_idle: Duration,
    /// How long a message of which it is not known whether Meta took it waits for a callback before it is sent again
    #[arg(long, env = "AGENTRY_WHATSAPP_DOUBT", value_name = "TIME", default_value = "1m", value_parser = duration)]
    pub whatsapp_doubt: Duration,
    /// After how long without word from it the messages of a server that was lost are taken over by others; whole seconds, more than a call to Meta takes
    #[arg(long, env = "AGENTRY_WHATSAPP_LEASE", value_name = "TIME", default_value = "1m", value_parser = duration)]
    pub whatsapp_lease: Duration,
    /// Messages of one sender that each server takes in within a minute; those beyond are passed over
    #[arg(
        long,
        env = "AGENTRY_WHATSAPP_PER_SENDER",
        value_name = "N",
        default_value = "60"
    )]
    pub whatsapp_per_sender: u32,
}

fn region(text: &str) -> Result<Region, String> {
    let unknown = || "expected the two letters of a country or area with phone numbers, such as GB";
    Region::parse(text).ok_or_else(|| unknown().to_owned())
}

impl WhatsAppConfig {
    /// Whose numbers are believed.
    #[must_use]
    pub fn publishers(&self) -> Publishers {
        let named = self.whatsapp_publishers.iter().map(|id| id.trim());
        let named: Vec<&str> = named.filter(|id| !id.is_empty()).collect();
        if named.contains(&"*") {
            return Publishers::All;
        }
        Publishers::These(named.into_iter().map(OrganizationId::from).collect())
    }

    /// What the courier is told: pages are under `app`, those of agents only where they are served.
    #[must_use]
    pub fn courier(
        &self,
        app: Url,
        agent_pages: bool,
        limits: &super::LimitsConfig,
    ) -> agentry_courier::Settings {
        agentry_courier::Settings {
            workers: self.whatsapp_workers,
            publishers: self.publishers(),
            agent_pages,
            idle: self.whatsapp_idle,
            doubt: self.whatsapp_doubt,
            lease: self.whatsapp_lease,
            per_sender: self.whatsapp_per_sender,
            runs_per_minute: limits.runs_per_minute,
            runs_per_conversation: limits.max_runs,
            message_characters: limits.max_message as usize,
            ..agentry_courier::Settings::at(app)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::cli;
    use crate::config::tests::config;

    #[test]
    fn the_region_is_one_that_has_phone_numbers() {
        let region = |args: &[&str]| config(args).whatsapp.default_region.to_string();
        assert_eq!(region(&[]), "GB");
        assert_eq!(region(&["--default-region=us"]), "US");
        for wrong in ["", "UK", "GBR", "1"] {
            let flag = format!("--default-region={wrong}");
            assert!(cli::tests::parse(&[flag.as_str()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_settings_defaults_are_those_of_the_courier() {
        let app = Url::parse("https://app.example.com").unwrap();
        let config = config(&[]);
        let set = config
            .whatsapp
            .courier(app.clone(), config.http.pages, &config.limits);
        let usual = agentry_courier::Settings::at(app);
        assert_eq!(format!("{set:?}"), format!("{usual:?}"));
    }

    #[test]
    fn nobody_is_believed_who_is_not_named() {
        let publishers = |flag: &str| config(&[flag]).whatsapp.publishers();
        assert!(!config(&[]).whatsapp.publishers().include(&"org".into()));
        let named = publishers("--whatsapp-publishers=org, other,");
        assert!(named.include(&"org".into()) && named.include(&"other".into()));
        assert!(!named.include(&"".into()) && !named.include(&"*".into()));
        assert_eq!(publishers("--whatsapp-publishers=*"), Publishers::All);
    }
}
