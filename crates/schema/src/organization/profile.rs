use std::collections::HashMap;
use std::sync::Arc;

use agentry_db::ids::UserId;
use agentry_db::user_profile::{self, PublicProfile};
use async_graphql::dataloader::Loader as BatchLoader;
use async_graphql::{ComplexObject, Context, SimpleObject};

use super::Member;
use crate::loader::Loader;
use crate::{ApiError, Noun, RequestContext};

/// What a member says of themself beside their name.
#[derive(Debug, Clone, SimpleObject)]
pub struct MemberProfile {
    /// What they say of themself.
    pub bio: Option<String>,
    /// Where a picture of them is.
    pub avatar_url: Option<String>,
}

impl From<PublicProfile> for MemberProfile {
    fn from(row: PublicProfile) -> Self {
        let PublicProfile {
            user_id: _,
            bio,
            avatar_url,
        } = row;
        Self { bio, avatar_url }
    }
}

/// Whose profile.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ProfileOf(UserId);

impl BatchLoader<ProfileOf> for Loader {
    type Value = MemberProfile;
    type Error = Arc<ApiError>;

    async fn load(
        &self,
        keys: &[ProfileOf],
    ) -> Result<HashMap<ProfileOf, MemberProfile>, Self::Error> {
        let scope = self.scope().await?;
        let users: Vec<UserId> = keys.iter().map(|key| key.0.clone()).collect();
        let found = user_profile::of_colleagues(&scope, &users)
            .await
            .map_err(|error| Arc::new(error.into()))?;
        Ok(found
            .into_iter()
            .map(|row| (ProfileOf(row.user_id.clone()), row.into()))
            .collect())
    }
}

#[ComplexObject]
impl Member {
    /// What they say of themself; null when they never wrote anything.
    async fn profile(&self, context: &Context<'_>) -> Option<async_graphql::Result<MemberProfile>> {
        let user = UserId::from(self.user_id.to_string());
        let loader =
            match RequestContext::of(context).and_then(|request| request.loader(Noun::Members)) {
                Ok(loader) => loader,
                Err(error) => return Some(Err(error.into())),
            };
        let found = loader.load_one(ProfileOf(user)).await;
        found.map_err(ApiError::loaded).transpose()
    }
}
