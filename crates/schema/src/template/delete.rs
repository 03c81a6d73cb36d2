use agentry_db::ids::TemplateId;
use agentry_db::template::{self, By};
use agentry_db::{Refused, Through};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use serde_json::json;

use crate::check::id_of;
use crate::context::audited;
use crate::failure::{Failure, mutation_result};
use crate::organization::refused;
use crate::{Action, RequestContext};

/// Which template to delete.
#[derive(Debug, Clone, InputObject)]
pub struct DeleteTemplateInput {
    /// The template.
    id: ID,
}

/// The template is deleted, with its versions. Its slug is free again.
#[derive(Debug, SimpleObject)]
pub struct DeleteTemplateSuccess {
    /// The id that the template had.
    deleted_template_id: ID,
}

mutation_result! {
    /// How deleting a template ended. `Conflict`: it was published once, or another template uses its types.
    DeleteTemplateResult = DeleteTemplateSuccess | NotFound | Conflict | Forbidden
}

/// Deleting templates.
#[derive(Debug, Default)]
pub struct DeleteTemplateMutation;

#[Object]
impl DeleteTemplateMutation {
    /// Deletes a draft that was never published. What was published once can be withdrawn: it keeps its slug, and keeps working where
    /// it is installed. For owners and admins of its publisher.
    async fn delete_template(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: DeleteTemplateInput,
    ) -> async_graphql::Result<DeleteTemplateResult> {
        let done = delete(RequestContext::of(context)?, &id_of(input.id.clone())).await;
        DeleteTemplateResult::from_outcome(done.map(|()| DeleteTemplateSuccess {
            deleted_template_id: input.id,
        }))
    }
}

async fn delete(context: &RequestContext, id: &TemplateId) -> Result<(), Failure> {
    context
        .write(Action::DeleteTemplate, |scope| async move {
            let through = Through::Tenant((**scope).clone());
            let card = template::find(&through, By::Id(id)).await?;
            template::delete(&scope, id)
                .await?
                .map_err(|why| match why {
                    Refused::InUse => Failure::conflict("Another template uses its types."),
                    why => refused(why, &context.services().limits),
                })?;
            let slug = card.map(|card| card.slug);
            let metadata = json!({ "slug": slug });
            audited(&scope, "Template", id.as_str(), metadata).await
        })
        .await
}
