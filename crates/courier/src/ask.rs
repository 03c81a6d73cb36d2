//! Has an agent answer: one transaction, as the user whose the sender is.

use agentry_db::agent_message::{self, NewMessage};
use agentry_db::entity::MessageRole;
use agentry_db::ids::{ConversationId, MessageId, RunId};
use agentry_db::run::{self, NewRun};
use agentry_db::whatsapp::conversation as current;
use agentry_db::whatsapp::inbox::{self, Inbound, Way};
use agentry_db::whatsapp_link::Route;
use agentry_db::{AsDbError, DbError, Statements, WriteScope, conversation, new_id, organization};
use agentry_phone::Sender;

use crate::shared::Shared;

/// How asking ended.
pub(crate) enum Asked {
    /// The agent will answer, and what it says goes out.
    Done,
    /// The message is another worker's by now.
    Lost,
    /// The conversation has as many runs as it may.
    Busy,
    /// There is no such agent any more, or not for this user.
    Gone,
    /// Nothing serves the agent's model.
    NoConnection {
        /// The model.
        model: String,
        /// What the agent's organisation is called in addresses; `None` where agents have no pages.
        slug: Option<String>,
    },
}

/// Why the transaction is undone.
#[derive(Debug, thiserror::Error)]
enum Undone {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("lost")]
    Lost,
    #[error("busy")]
    Busy,
    #[error("gone")]
    Gone,
    #[error("no connection")]
    NoConnection { model: String, slug: Option<String> },
}

impl AsDbError for Undone {
    fn as_db_error(&self) -> Option<&DbError> {
        match self {
            Self::Db(error) => Some(error),
            Self::Lost | Self::Busy | Self::Gone | Self::NoConnection { .. } => None,
        }
    }
}

/// Stores the message in the sender's conversation with the agent, has it answered, and closes it. `by` is the one of their ids that leads
/// to the agent: the answer is theirs for as long as it does.
pub(crate) async fn ask(
    shared: &Shared,
    inbound: &Inbound,
    route: &Route,
    (sender, by): (&Sender, &Sender),
    text: &str,
) -> Result<Asked, DbError> {
    let run: RunId = new_id();
    // Before it is stored: it may have ended before this goes on.
    shared.wait_for(&run);
    let (statements, db) = (Statements::default(), &shared.db);
    let (run_id, number) = (&run, sender.number());
    let number = &number;
    let asked =
        db.write(
            &route.tenant,
            "whatsapp.ask",
            &statements,
            |scope| async move {
                store(shared, &scope, inbound, (route, by), (number, text), run_id).await
            },
        );
    let undone = match asked.await {
        Ok((conversation, message)) => {
            let organization = route.tenant.organization();
            shared.live.announce(organization, &conversation, &message);
            shared.live.run_changed(organization, &conversation, &run);
            // The next of the same sender can be taken up.
            shared.came.notify_one();
            tracing::info!(
                number.id = %inbound.number,
                message.place = inbound.place,
                run.id = %run,
                "a message on WhatsApp is being answered"
            );
            return Ok(Asked::Done);
        }
        Err(undone) => undone,
    };
    shared.forget(&run);
    Ok(match undone {
        Undone::Db(error) => return Err(error),
        Undone::Lost => Asked::Lost,
        Undone::Busy => Asked::Busy,
        Undone::Gone => Asked::Gone,
        Undone::NoConnection { model, slug } => Asked::NoConnection { model, slug },
    })
}

async fn store(
    shared: &Shared,
    scope: &WriteScope,
    inbound: &Inbound,
    (route, by): (&Route, &Sender),
    (number, text): (&str, &str),
    run: &RunId,
) -> Result<(ConversationId, MessageId), Undone> {
    let id = conversation_of(shared, scope, route, number).await?;
    let new = NewMessage {
        conversation: id.clone(),
        role: MessageRole::User,
        content: text.to_owned(),
        metadata: [("channel", "whatsapp")].into_iter().collect(),
    };
    let message = agent_message::append(scope, &new_id::<MessageId>(), &new).await?;
    let message = message.ok_or(Undone::Gone)?;
    let most = u64::from(shared.settings.runs_per_conversation);
    let queue = run::queue(scope, &id).await?;
    if queue.is_some_and(|queue| queue.length >= most) {
        return Err(Undone::Busy);
    }
    let serving = run::serving(scope, &message.agent_id).await?;
    let serving = serving.filter(|serving| !serving.is_archived);
    let serving = serving.ok_or(Undone::Gone)?;
    let served = match run::service_of(&serving.model, &serving.links) {
        Ok(served) => served,
        Err(missing) => {
            let model = missing.model;
            let slug = slug(shared, scope).await?;
            return Err(Undone::NoConnection { model, slug });
        }
    };
    let new = NewRun {
        id: run.clone(),
        conversation: id.clone(),
        message: message.id.clone(),
        reply: new_id::<MessageId>(),
        service: served.service,
        model: serving.model,
    };
    run::create(scope, &new).await?;
    let way = Way {
        sender: by,
        agent: &route.agent,
    };
    if !inbox::wait_for(scope, &shared.worker, inbound.place, run, &way).await? {
        return Err(Undone::Lost);
    }
    Ok((id, message.id))
}

/// What the acting organisation is called in addresses, where agents have pages.
async fn slug(shared: &Shared, scope: &WriteScope) -> Result<Option<String>, DbError> {
    if !shared.settings.agent_pages {
        return Ok(None);
    }
    let mine = organization::list_mine(scope).await?;
    let here = scope.tenant().organization();
    let here = mine.into_iter().find(|one| one.id == *here);
    Ok(here.map(|here| here.slug))
}

/// The one that goes on, or a new one.
async fn conversation_of(
    shared: &Shared,
    scope: &WriteScope,
    route: &Route,
    number: &str,
) -> Result<ConversationId, Undone> {
    let (agent, idle) = (&route.agent, shared.settings.idle);
    if let Some(id) = current::current(scope, agent, number, idle).await? {
        return Ok(id);
    }
    let id: ConversationId = new_id();
    let made = conversation::insert(scope, &id, agent, None).await?;
    made.ok_or(Undone::Gone)?;
    current::keep(scope, agent, number, &id).await?;
    Ok(id)
}
