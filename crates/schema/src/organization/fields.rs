use agentry_db::ids::OrganizationId;
use agentry_db::member::{self, MemberFilter};
use agentry_db::{Direction, Position};
use async_graphql::{ComplexObject, Context, InputObject};

use super::loaders::{InvitationsOf, MemberCount, MembersOf};
use super::{Invitation, Member, may_see_invitations};
use crate::check::filter_text;
use crate::connection::{PageArguments, SortedBy, connect, connection_type, page_size, total};
use crate::usage::{Budget, of_organization};
use crate::user::{Organization, Role};
use crate::{ApiError, Noun, RequestContext};

/// Which members to list; what is left out does not narrow.
#[derive(Debug, Default, InputObject)]
pub struct MemberFilterInput {
    /// Only those who are this.
    role: Option<Role>,
    /// Part of the name, or of the e-mail address where you may see it, upper or lower case; at most 200 characters.
    search: Option<String>,
}

/// How many members a list has in all.
#[derive(Debug)]
pub struct MemberTotal(MemberCount);

impl MemberTotal {
    async fn count(&self, context: &Context<'_>) -> async_graphql::Result<i32> {
        let loader = RequestContext::of(context)?.loader(Noun::Members)?;
        let count = loader.load_one(self.0.clone()).await;
        let count = count.map_err(ApiError::loaded)?;
        total(async { Ok(count.unwrap_or_default()) }).await
    }
}

connection_type! {
    /// A list of members.
    MemberConnection, MemberEdge of Member, counted by MemberTotal
}

#[ComplexObject]
impl Organization {
    /// Who is in it, by when they came. Every member sees who is there, and as what. What you are in this organisation decides,
    /// whichever the request acts in.
    #[graphql(complexity = "5 + page_size(first, last) * child_complexity")]
    async fn members(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which members.")] filter: Option<MemberFilterInput>,
    ) -> async_graphql::Result<MemberConnection> {
        let page = PageArguments {
            first,
            after,
            last,
            before,
        };
        let request = page.request(SortedBy::CreatedAt, Direction::Ascending)?;
        let filter = filter.unwrap_or_default().checked()?;
        let organization = OrganizationId::from(self.id.as_str());
        let context = RequestContext::of(context)?;
        let all = MemberCount {
            organization: organization.clone(),
            filter: filter.clone(),
        };
        let found = if request.is_at_an_end() {
            let key = MembersOf {
                organization,
                filter,
                slice: request.slice,
            };
            let found = context.loader(Noun::Members)?.load_one(key).await;
            found.map_err(ApiError::loaded)?
        } else {
            let scope = context.read(Noun::Members).await?;
            let one = std::slice::from_ref(&organization);
            let mut found = member::list_many(&scope, one, &filter, &request)
                .await
                .map_err(ApiError::from)?;
            found.remove(&organization)
        };
        let found = found.unwrap_or_else(|| request.empty());
        Ok(connect(
            found,
            SortedBy::CreatedAt,
            MemberTotal(all),
            |row| (Position::Time(row.created_at), row.id.clone(), row.into()),
        ))
    }

    /// What it may spend in a month; null when it has no budget, and when it is not the one that the request acts in.
    #[graphql(complexity = "5 + child_complexity")]
    async fn budget(&self, context: &Context<'_>) -> Option<async_graphql::Result<Budget>> {
        of_organization(context, self).await
    }

    /// The invitations that wait for an answer, newest first, expired ones too: for its owners and admins; empty for others. Their
    /// ids let somebody in, so an API key needs `members:write` beside `members:read`.
    #[graphql(complexity = "5 + 20 * child_complexity")]
    async fn invitations(&self, context: &Context<'_>) -> async_graphql::Result<Vec<Invitation>> {
        let context = RequestContext::of(context)?;
        may_see_invitations(context)?;
        let loader = context.loader(Noun::Members)?;
        let key = InvitationsOf(OrganizationId::from(self.id.as_str()));
        let found = loader.load_one(key).await.map_err(ApiError::loaded)?;
        Ok(found.unwrap_or_default())
    }
}

impl MemberFilterInput {
    fn checked(self) -> Result<MemberFilter, ApiError> {
        let Self { role, search } = self;
        filter_text("search", search.as_deref())?;
        Ok(MemberFilter {
            role: role.map(Into::into),
            search: search.filter(|text| !text.is_empty()),
        })
    }
}
