use agentry_db::DbError;
use agentry_db::credential::{self, ApiKeyUse, JwtNames};
use agentry_db::ids::UserId;
use secrecy::SecretString;

use super::Auth;
use crate::api_key;
use crate::credential::Credential;
use crate::error::AuthError;

impl Auth {
    /// Whose the credentials are that came beside the one to act upon. What is no good is nobody's: a browser sends a stale cookie
    /// along with anything.
    ///
    /// # Errors
    /// [`AuthError::TwoUsers`] when they are good and of different users.
    pub(super) async fn user_beside(
        &self,
        beside: &[Credential],
    ) -> Result<Option<UserId>, AuthError> {
        let mut found: Option<UserId> = None;
        for credential in beside {
            let user = match credential {
                Credential::SessionToken { token, .. } => self.user_of_session(token).await?,
                Credential::ApiKey(key) => self.user_of_key(key).await?,
                Credential::JsonWebToken(token) => self.user_of_jwt(token).await?,
            };
            match (&found, user) {
                (Some(one), Some(other)) if *one != other => return Err(AuthError::TwoUsers),
                (_, None) => {}
                (_, user) => found = user,
            }
        }
        Ok(found)
    }

    async fn user_of_session(&self, token: &SecretString) -> Result<Option<UserId>, DbError> {
        let found = self.find_session(token, None).await?;
        Ok(found.map(|(session, ..)| session.user))
    }

    async fn user_of_key(&self, key: &SecretString) -> Result<Option<UserId>, DbError> {
        let found = credential::find_api_key(&self.0.db, &api_key::hash(key), None).await?;
        Ok(match found {
            ApiKeyUse::Accepted(key, _) => Some(key.user),
            ApiKeyUse::Homeless(user, _) => Some(user),
            ApiKeyUse::Invalid
            | ApiKeyUse::OfAnother
            | ApiKeyUse::NotAMember
            | ApiKeyUse::Limited(_) => None,
        })
    }

    async fn user_of_jwt(&self, token: &SecretString) -> Result<Option<UserId>, DbError> {
        let Ok(jwt) = self.read_jwt(token) else {
            return Ok(None);
        };
        let names = JwtNames {
            kid: &jwt.kid,
            user: &jwt.user,
            session: jwt.session.as_deref(),
        };
        let found = credential::find_jwt_subject(&self.0.db, names, None).await?;
        Ok(found.and_then(|(subject, _)| {
            jwt.verify(&subject.public_key, subject.alg.as_deref())
                .ok()?;
            subject.user
        }))
    }
}
