use std::time::Duration;

use agentry_db::ids::{OrganizationId, UserId};
use agentry_db::rate_limit::RateLimit;
use agentry_db::session::Person;
use agentry_db::{DbError, Role, Tenant, UnsafeId, account};

use super::{Auth, is_user_gone};
use crate::actor::Client;
use crate::email::Email;
use crate::slug;
use crate::throttle::{Attempt, MailAbout};

impl Auth {
    /// Counts that somebody at `client` asks for a message to this address; `Err` inside says how long to wait. Alike whether or not
    /// it is an account's. The network address first: whoever is refused by it does not use up the other's messages.
    ///
    /// # Errors
    /// [`DbError`] as the database answers; this holds for every function here.
    pub async fn count_mail(
        &self,
        about: MailAbout,
        email: &Email,
        client: &Client,
    ) -> Result<Result<(), Duration>, DbError> {
        let parts = &self.0;
        let limit = parts.settings.mail_per_address;
        let counted = Attempt::MailFromNetwork(client.ip);
        if let Err(wait) = counted.count(&parts.db, limit).await? {
            return Ok(Err(wait));
        }
        self.count_mail_to(about, email).await
    }

    /// Counts a message that invites somebody: by whoever invites, `a_day` of them whomever they go to, and by the address. Taking
    /// invitations back does not make room for more.
    ///
    /// # Errors
    /// As [`Auth::count_mail`].
    pub async fn count_invitation(
        &self,
        by: &UserId,
        a_day: u32,
        email: &Email,
    ) -> Result<Result<(), Duration>, DbError> {
        let limit = RateLimit {
            count: a_day,
            window: Duration::from_hours(24),
        };
        let counted = Attempt::InvitationsBy(by);
        if let Err(wait) = counted.count(&self.0.db, limit).await? {
            return Ok(Err(wait));
        }
        self.count_mail_to(MailAbout::Invitation, email).await
    }

    /// Counts a run that a user asks for, `a_minute` of them whatever the agent. `Err` inside says how long to wait.
    ///
    /// # Errors
    /// As [`Auth::count_mail`].
    pub async fn count_run(
        &self,
        by: &UserId,
        a_minute: u32,
    ) -> Result<Result<(), Duration>, DbError> {
        let limit = RateLimit {
            count: a_minute,
            window: Duration::from_mins(1),
        };
        Attempt::RunsBy(by).count(&self.0.db, limit).await
    }

    async fn count_mail_to(
        &self,
        about: MailAbout,
        email: &Email,
    ) -> Result<Result<(), Duration>, DbError> {
        let parts = &self.0;
        let limit = parts.settings.mail_per_account;
        Attempt::MailTo(about, email).count(&parts.db, limit).await
    }

    /// Counts a token of a message that is tried.
    pub(super) async fn count_link(
        &self,
        client: &Client,
    ) -> Result<Result<(), Duration>, DbError> {
        let limit: RateLimit = self.0.settings.sign_in_per_address;
        Attempt::LinkFromNetwork(client.ip)
            .count(&self.0.db, limit)
            .await
    }

    /// A person in their personal organisation, which is made if there is none or, where that is switched off, where they have been
    /// a member for longest. `None`: they have just been deleted, or are a member of nothing.
    pub(super) async fn at_home(
        &self,
        user: UserId,
        person: &Person,
    ) -> Result<Option<Tenant>, DbError> {
        if !self.0.settings.personal_organizations {
            let home = account::home(&self.0.db, &user).await?;
            let membership = match home.and_then(|home| home.membership) {
                Some(membership) => Some(membership),
                None => account::first_membership(&self.0.db, &user).await?,
            };
            return Ok(membership.and_then(|(id, role)| acting(user, id, role)));
        }
        let slug = slug::personal(&person.name, &person.email, user.as_str());
        let name = slug::personal_name(&person.name, &person.email, &slug);
        let made = account::ensure_personal_organization(&self.0.db, &user, name, &slug).await;
        let home = match made {
            Ok(home) => home,
            Err(error) if is_user_gone(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(acting(user, home.id, Role::Owner))
    }
}

fn acting(user: UserId, organization: OrganizationId, role: Role) -> Option<Tenant> {
    let tenant = Tenant::new(user, organization, role);
    tenant
        .inspect_err(|UnsafeId| {
            tracing::warn!("another program made an id this service cannot act for");
        })
        .ok()
}
