use std::collections::HashMap;
use std::sync::Arc;

use agentry_db::ids::OrganizationId;
use agentry_db::invitation;
use agentry_db::member::{self, Member as MemberRow, MemberFilter};
use agentry_db::{Direction, Page, PageRequest, Slice};
use async_graphql::dataloader::Loader as BatchLoader;

use super::Invitation;
use crate::ApiError;
use crate::loader::Loader;

/// One end of the list of an organisation's members.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct MembersOf {
    pub(super) organization: OrganizationId,
    pub(super) filter: MemberFilter,
    pub(super) slice: Slice,
}

/// How many such members an organisation has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct MemberCount {
    pub(super) organization: OrganizationId,
    pub(super) filter: MemberFilter,
}

/// The pending invitations into an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct InvitationsOf(pub(super) OrganizationId);

impl BatchLoader<MembersOf> for Loader {
    type Value = Page<MemberRow>;
    type Error = Arc<ApiError>;

    async fn load(
        &self,
        keys: &[MembersOf],
    ) -> Result<HashMap<MembersOf, Page<MemberRow>>, Self::Error> {
        let scope = self.scope().await?;
        let mut alike: HashMap<(MemberFilter, Slice), Vec<OrganizationId>> = HashMap::new();
        for key in keys {
            let asked = alike.entry((key.filter.clone(), key.slice)).or_default();
            asked.push(key.organization.clone());
        }
        let mut found = HashMap::new();
        for ((filter, slice), organizations) in alike {
            let request = PageRequest::end(slice, Direction::Ascending);
            let pages = member::list_many(&scope, &organizations, &filter, &request)
                .await
                .map_err(|error| Arc::new(error.into()))?;
            found.extend(pages.into_iter().map(|(organization, page)| {
                let key = MembersOf {
                    organization,
                    filter: filter.clone(),
                    slice,
                };
                (key, page)
            }));
        }
        Ok(found)
    }
}

impl BatchLoader<MemberCount> for Loader {
    type Value = u64;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[MemberCount]) -> Result<HashMap<MemberCount, u64>, Self::Error> {
        let scope = self.scope().await?;
        let mut alike: HashMap<MemberFilter, Vec<OrganizationId>> = HashMap::new();
        for key in keys {
            let asked = alike.entry(key.filter.clone()).or_default();
            asked.push(key.organization.clone());
        }
        let mut found = HashMap::new();
        for (filter, organizations) in alike {
            let counts = member::count_many(&scope, &organizations, &filter)
                .await
                .map_err(|error| Arc::new(error.into()))?;
            found.extend(counts.into_iter().map(|(organization, count)| {
                let filter = filter.clone();
                (
                    MemberCount {
                        organization,
                        filter,
                    },
                    count,
                )
            }));
        }
        Ok(found)
    }
}

impl BatchLoader<InvitationsOf> for Loader {
    type Value = Vec<Invitation>;
    type Error = Arc<ApiError>;

    async fn load(
        &self,
        keys: &[InvitationsOf],
    ) -> Result<HashMap<InvitationsOf, Vec<Invitation>>, Self::Error> {
        let scope = self.scope().await?;
        let organizations: Vec<_> = keys.iter().map(|InvitationsOf(id)| id.clone()).collect();
        let found = invitation::list_many(&scope, &organizations)
            .await
            .map_err(|error| Arc::new(error.into()))?;
        Ok(found
            .into_iter()
            .map(|(id, rows)| {
                let invitations = rows.into_iter().map(Invitation::from).collect();
                (InvitationsOf(id), invitations)
            })
            .collect())
    }
}
