use agentry_db::ids::RunId;
use agentry_db::run;
use async_graphql::{Context, ID, Object};

use super::{Run, RunConnection, RunFilterInput};
use crate::check::id_of;
use crate::connection::{PageArguments, page_size};
use crate::error::nullable;
use crate::{ApiError, Noun, RequestContext};

/// Queries about runs.
#[derive(Debug, Default)]
pub struct RunQuery;

#[Object]
impl RunQuery {
    /// One run; null when there is none with this id that you may see.
    async fn run(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The run's id.")] id: ID,
    ) -> Option<async_graphql::Result<Run>> {
        nullable(find(context, &id_of(id)).await)
    }

    /// The runs you may see, oldest first: those in your own conversations, and those of your agents. The newest are `last`.
    #[graphql(complexity = "5 + page_size(first, last) * child_complexity")]
    async fn runs(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which runs.")] filter: Option<RunFilterInput>,
    ) -> async_graphql::Result<RunConnection> {
        let page = PageArguments {
            first,
            after,
            last,
            before,
        };
        Ok(super::list(context, page, filter).await?)
    }
}

async fn find(context: &Context<'_>, id: &RunId) -> Result<Option<Run>, ApiError> {
    let scope = RequestContext::of(context)?.read(Noun::Messages).await?;
    let found = run::find(&scope, id).await?;
    Ok(found.map(Run::from))
}
