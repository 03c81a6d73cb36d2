//! Messages to people.

use std::path::{Path, PathBuf};

use agentry_mail::{Sender, Way};
use clap::{ArgAction, Args};
use secrecy::SecretString;
use url::Url;

use super::ConfigError;
use super::units::{secret, web_url};

/// How messages leave, and what they are for.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Mail")]
pub struct MailConfig {
    /// Where messages go: `smtps://` or `smtp://user:password@host:port`, `file:///folder`, `log:` or `off`; when not given, the folder outbox of the data folder, or off with `DATABASE_URL`
    #[arg(long, env = "AGENTRY_MAIL_URL", value_name = "URL", value_parser = secret, hide_env_values = true)]
    pub mail_url: Option<SecretString>,
    /// Who messages are from; the name is what they call this site. Needed with `smtp://` and `smtps://`
    #[arg(long, env = "AGENTRY_MAIL_FROM", value_name = "NAME <ADDRESS>")]
    pub mail_from: Option<String>,
    /// Where the pages are that links in messages lead to: /verify-email, /reset-password and /accept-invitation below it; the public URL when not given
    #[arg(long, env = "AGENTRY_APP_URL", value_name = "URL", value_parser = web_url)]
    pub app_url: Option<Url>,
    /// Send whoever signs up a message to verify their address
    #[arg(long, env = "AGENTRY_VERIFY_ON_SIGN_UP", value_name = "BOOL", default_value = "true", action = ArgAction::Set)]
    pub verify_on_sign_up: bool,
    /// Let nobody sign in with a password before their address is verified
    #[arg(long, env = "AGENTRY_REQUIRE_VERIFIED_EMAIL", value_name = "BOOL", default_value = "false", action = ArgAction::Set)]
    pub require_verified_email: bool,
    /// Where messages stay when no way is given; set by the service once it knows its data folder.
    #[arg(skip)]
    pub outbox: Option<PathBuf>,
}

impl MailConfig {
    /// Keeps messages in this data folder unless told otherwise.
    pub fn stay_in(&mut self, data_dir: &Path) {
        self.outbox = Some(data_dir.join("outbox"));
    }

    /// Where messages go.
    ///
    /// # Errors
    /// [`ConfigError::MailUrl`], which does not quote it.
    pub fn way(&self) -> Result<Way, ConfigError> {
        match (&self.mail_url, &self.outbox) {
            (Some(url), _) => Way::parse(url).map_err(ConfigError::MailUrl),
            (None, Some(outbox)) => Ok(Way::Folder(outbox.clone())),
            (None, None) => Ok(Way::Off),
        }
    }

    /// Who messages are from, if they go this way.
    ///
    /// # Errors
    /// [`ConfigError::MailFrom`] and [`ConfigError::MailFromMissing`].
    pub fn sender(&self, way: &Way) -> Result<Sender, ConfigError> {
        match (&self.mail_from, way) {
            (Some(from), _) => from.parse().map_err(ConfigError::MailFrom),
            (None, Way::Smtp(_)) => Err(ConfigError::MailFromMissing),
            (None, Way::Off | Way::Folder(_) | Way::Log) => Ok(Sender::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use super::*;
    use crate::config::tests::config;

    fn mail(flags: &[&str]) -> MailConfig {
        config(flags).mail
    }

    #[test]
    fn messages_stay_in_the_data_folder_where_there_is_one() {
        let mut plain = mail(&[]);
        assert!(matches!(plain.way().unwrap(), Way::Off));
        plain.stay_in(Path::new("/data"));
        let Way::Folder(path) = plain.way().unwrap() else {
            panic!("no folder")
        };
        assert_eq!(path, Path::new("/data/outbox"));
        let mut told = mail(&["--mail-url=off"]);
        told.stay_in(Path::new("/data"));
        assert!(matches!(told.way().unwrap(), Way::Off));
    }

    #[test]
    fn mail_server_needs_a_sender() {
        let url = "--mail-url=smtp://user:canary@mail.example";
        let bare = mail(&[url]);
        let way = bare.way().unwrap();
        assert_eq!(bare.sender(&way), Err(ConfigError::MailFromMissing));
        assert!(!format!("{bare:?}").contains("canary"));
        let given = mail(&[url, "--mail-from=Acme <no-reply@acme.example>"]);
        assert!(given.sender(&way).is_ok());
        let bad = mail(&[url, "--mail-from=no-reply@acme.example"]);
        assert!(matches!(bad.sender(&way), Err(ConfigError::MailFrom(_))));
    }

    #[test]
    fn malformed_address_of_messages_is_not_quoted() {
        let error = mail(&["--mail-url=imap://user:canary@mail.example"])
            .way()
            .unwrap_err();
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}
