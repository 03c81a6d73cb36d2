//! The title of a conversation, made from its first exchange by the agent's own model. It fails quietly: then there is none.

use std::sync::Arc;
use std::time::Duration;

use agentry_db::entity::{RunStatus, run as row};
use agentry_db::run::{self, Folded};
use agentry_db::usage::{self, Call, Kind};
use agentry_db::{DbError, Statements, Tenant, WriteScope};
use agentry_provider::{ChatEvent, ChatMessage, ChatRequest, ProviderError, Usage};
use futures_util::StreamExt as _;
use tokio::select;
use tokio::time::timeout;

use crate::cost;
use crate::prepare::Task;
use crate::shared::Shared;

/// How much of the question and of the answer the model is shown, in characters.
const SHOWN: usize = 2_000;
/// The most tokens that it may take.
const TOKENS: u32 = 32;
/// The longest title, in characters.
const LONGEST: usize = 80;
/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(20);

const INSTRUCTION: &str = "You name conversations. Answer with a title of at most six words for the one you are shown, in its language, \
without quotation marks and without a full stop. Do not answer the conversation itself.";

/// What was made of asking for a title.
#[derive(Default)]
struct Asked {
    title: String,
    usage: Option<Usage>,
    /// Whether somebody may have billed it.
    billed: bool,
}

/// Gives the conversation a title, unless its first exchange failed or it has one by now. What it costs is billed like the reply, and
/// counted beside it: at most about a thousand tokens, once in a conversation. Where a budget is used up, nobody is asked.
pub(crate) async fn give(shared: &Arc<Shared>, tenant: &Tenant, task: Task, folded: &Folded) {
    let Some(reply) = &folded.message else { return };
    if folded.run.status != RunStatus::Completed || *shared.closing.borrow() {
        return;
    }
    let question = task
        .request
        .messages
        .last()
        .map_or("", |m| m.content.as_str());
    let (title, call) = if task.endpoint.service.is_built_in() {
        (tidy(question), None)
    } else {
        if !may_ask(shared, tenant).await.unwrap_or(false) {
            return;
        }
        let request = request(&task, question, &reply.content);
        let mut asked = Asked::default();
        let mut closing = shared.closing.subscribe();
        let made = select! {
            made = timeout(PATIENCE, ask(shared, &task, &request, &mut asked)) => made.is_ok_and(|made| made.is_ok()),
            _ = closing.wait_for(|closing| *closing) => false,
        };
        let title = if made {
            tidy(&asked.title)
        } else {
            String::new()
        };
        (title, asked.used(shared, &task, &request))
    };
    if title.is_empty() {
        tracing::debug!(run.id = %folded.run.id, "no title was made");
        if call.is_none() {
            return;
        }
    }
    let (statements, db) = (Statements::default(), &shared.db);
    let written = db.write(tenant, "conversation.title", &statements, |scope| {
        keep(scope, folded.run.clone(), title.clone(), call)
    });
    match written.await {
        Ok(true) => shared.changed(&folded.run),
        Ok(false) => {}
        Err(error) => tracing::debug!(%error, run.id = %folded.run.id, "a title was not kept"),
    }
}

/// Whether the conversation has this title now.
async fn keep(
    scope: WriteScope,
    run: row::Model,
    title: String,
    call: Option<Call>,
) -> Result<bool, DbError> {
    let given = !title.is_empty() && run::give_title(&scope, &run.conversation_id, &title).await?;
    if let Some(call) = call {
        usage::note(&scope, Kind::Title, &run, &call).await?;
    }
    Ok(given)
}

async fn may_ask(shared: &Shared, tenant: &Tenant) -> Result<bool, DbError> {
    let read = shared.db.read(tenant, Statements::default());
    Ok(usage::exceeded(&read.scope().await?).await?.is_none())
}

fn request(task: &Task, question: &str, answer: &str) -> ChatRequest {
    let shown = |text: &str| -> String { text.chars().take(SHOWN).collect() };
    let exchange = format!(
        "Person: {}\n\nAssistant: {}\n\nTitle:",
        shown(question),
        shown(answer)
    );
    ChatRequest {
        model: task.request.model.clone(),
        system: Some(INSTRUCTION.to_owned()),
        messages: vec![ChatMessage::user(exchange)],
        temperature: None,
        max_tokens: Some(TOKENS),
        tools: Vec::new(),
    }
}

/// What is heard stands in `asked`, also when nobody waits for the rest.
async fn ask(
    shared: &Shared,
    task: &Task,
    request: &ChatRequest,
    asked: &mut Asked,
) -> Result<(), ProviderError> {
    asked.billed = true;
    let heard = async {
        let mut said = shared.providers.stream(&task.endpoint, request).await?;
        while let Some(event) = said.next().await {
            match event? {
                ChatEvent::Text(text) => asked.title.push_str(&text),
                ChatEvent::Usage(usage) => asked.usage = Some(usage),
                ChatEvent::ToolCall(_) | ChatEvent::Stop(_) => {}
            }
            if asked.title.len() > 8 * LONGEST {
                break;
            }
        }
        Ok(())
    };
    let heard: Result<(), ProviderError> = heard.await;
    if let Err(error) = &heard {
        asked.billed = error.answered() || !asked.title.is_empty();
    }
    heard
}

impl Asked {
    fn used(&self, shared: &Shared, task: &Task, request: &ChatRequest) -> Option<Call> {
        let (prices, service) = (shared.providers.prices(), &task.endpoint.service);
        match self.usage {
            Some(usage) => Some(cost::told(prices, service, request, &self.title, usage)),
            None if self.billed => {
                Some(cost::estimated(prices, service, request, &self.title, &[]))
            }
            None => None,
        }
    }
}

/// The first line that says something, without what models put around a title, cut at a word.
fn tidy(text: &str) -> String {
    let around = |c: char| c.is_whitespace() || "\"'`*#“”„«»_".contains(c);
    let line = text
        .lines()
        .map(|line| line.trim_matches(around))
        .find(|line| !line.is_empty());
    let line = line.unwrap_or_default();
    let line = line.strip_prefix("Title:").unwrap_or(line);
    let line = line.trim_matches(around).trim_end_matches('.');
    let words = line
        .split_whitespace()
        .map(|word| word.replace(char::is_control, ""));
    let mut title = String::new();
    for word in words.filter(|word| !word.is_empty()) {
        let length = title.chars().count() + word.chars().count();
        if title.is_empty() {
            title = word.chars().take(LONGEST).collect();
        } else if length < LONGEST - 1 {
            title = format!("{title} {word}");
        } else {
            title.push('…');
            break;
        }
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_short_line() {
        assert_eq!(tidy("\n\n  \"A walk in   Rome.\"\nmore"), "A walk in Rome");
        assert_eq!(tidy("**Title: Rome**"), "Rome");
        assert_eq!(tidy("\u{7}\u{1b}[31mRed\0"), "[31mRed");
        assert_eq!(tidy(" \n\t"), "");
        let long = tidy(&"word ".repeat(100));
        assert!(
            long.ends_with("word…") && long.chars().count() <= LONGEST,
            "{long}"
        );
        assert_eq!(tidy(&"x".repeat(500)).chars().count(), LONGEST);
    }
}
