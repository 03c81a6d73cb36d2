//! The title of a conversation, made from its first exchange by the agent's own model. It fails quietly: then there is none.

use std::sync::Arc;
use std::time::Duration;

use agentry_db::entity::RunStatus;
use agentry_db::run::{self, Folded};
use agentry_db::{Statements, Tenant};
use agentry_provider::{ChatEvent, ChatMessage, ChatRequest, ProviderError};
use futures_util::StreamExt as _;
use tokio::select;
use tokio::time::timeout;

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

/// Gives the conversation a title, unless its first exchange failed or it has one by now. What it costs is billed like the reply and
/// counts nowhere: at most about a thousand tokens, once in a conversation.
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
    let title = if task.endpoint.service.is_built_in() {
        Some(tidy(question))
    } else {
        let mut closing = shared.closing.subscribe();
        let made = select! {
            made = timeout(PATIENCE, ask(shared, &task, question, &reply.content)) => made.ok(),
            _ = closing.wait_for(|closing| *closing) => None,
        };
        made.and_then(Result::ok).map(|title| tidy(&title))
    };
    let Some(title) = title.filter(|title| !title.is_empty()) else {
        tracing::debug!(run.id = %folded.run.id, "no title was made");
        return;
    };
    let conversation = folded.run.conversation_id.clone();
    let (statements, db) = (Statements::default(), &shared.db);
    let written = db.write(tenant, "conversation.title", &statements, |scope| {
        let (conversation, title) = (conversation.clone(), title.clone());
        async move { run::give_title(&scope, &conversation, &title).await }
    });
    match written.await {
        Ok(true) => shared.changed(&folded.run),
        Ok(false) => {}
        Err(error) => tracing::debug!(%error, run.id = %folded.run.id, "a title was not kept"),
    }
}

async fn ask(
    shared: &Shared,
    task: &Task,
    question: &str,
    answer: &str,
) -> Result<String, ProviderError> {
    let shown = |text: &str| -> String { text.chars().take(SHOWN).collect() };
    let exchange = format!(
        "Person: {}\n\nAssistant: {}\n\nTitle:",
        shown(question),
        shown(answer)
    );
    let request = ChatRequest {
        model: task.request.model.clone(),
        system: Some(INSTRUCTION.to_owned()),
        messages: vec![ChatMessage::user(exchange)],
        temperature: None,
        max_tokens: Some(TOKENS),
        tools: Vec::new(),
    };
    let mut said = shared.providers.stream(&task.endpoint, &request).await?;
    let mut title = String::new();
    while let Some(event) = said.next().await {
        if let ChatEvent::Text(text) = event? {
            title.push_str(&text);
        }
        if title.len() > 8 * LONGEST {
            break;
        }
    }
    Ok(title)
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
