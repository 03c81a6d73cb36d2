//! Listening to a provider.

use std::time::Duration;

use agentry_db::entity::RunStatus;
use agentry_db::run::{Claimed, Ending};
use agentry_db::{DbError, Statements, run};
use agentry_provider::{ChatEvent, ChatStream, ProviderError, StopReason, ToolCall, Usage};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::select;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::prepare::Task;
use crate::register::{Control, Order};
use crate::shared::Shared;
use crate::{cost, fault, tools};

/// How listening ended.
pub(crate) enum Heard {
    /// The run ends with this.
    End(Box<Ending>),
    /// It can go on elsewhere.
    HandBack,
    /// It is another worker's, or gone: then it ends with this.
    Lost(Box<Ending>),
}

/// What was heard so far.
struct Reply {
    text: String,
    /// Characters of it.
    characters: usize,
    calls: Vec<ToolCall>,
    usage: Option<Usage>,
    first: Option<Duration>,
}

/// Asks, and listens until the answer ends, or the run.
pub(crate) async fn listen(
    shared: &Shared,
    claimed: &Claimed,
    control: &Control,
    task: &Task,
    began: Instant,
) -> Heard {
    let mut reply = Reply::after(&task.said);
    let built_in = task.endpoint.service.is_built_in();
    let Some(mut answer) = ask(shared, task) else {
        let ending = *fault::interrupted();
        return Heard::End(Box::new(reply.end(shared, task, ending, true).await));
    };
    let run = &task.run.id;
    loop {
        let next = async {
            shared.desk.room(run).await;
            answer.next().await
        };
        let event = select! {
            biased;
            order = control.ordered() => match order {
                Order::Lost => {
                    let ending = Ending::of(RunStatus::Cancelled);
                    return Heard::Lost(Box::new(reply.end(shared, task, ending, true).await));
                }
                Order::Go | Order::Stop if built_in => return Heard::HandBack,
                Order::Go | Order::Stop => Err(fault::interrupted()),
            },
            () = control.look() => match is_cancelled(shared, claimed).await {
                Ok(true) => Err(Box::new(Ending::of(RunStatus::Cancelled))),
                Ok(false) => continue,
                Err(error) => {
                    tracing::warn!(%error, run.id = %run, "could not look whether a run is to end");
                    continue;
                }
            },
            event = next => Ok(event),
        };
        // Whoever refused has not billed it.
        let billed = match &event {
            Ok(Some(Err(error))) => error.answered(),
            Ok(Some(Ok(_)) | None) | Err(_) => true,
        };
        let ending = match event {
            Err(ending) => ending,
            Ok(None) => fault::provider(&ProviderError::Cut),
            Ok(Some(Err(error))) => fault::provider(&error),
            Ok(Some(Ok(event))) => match reply.hear(shared, task, event, began) {
                None => continue,
                Some(reason) => Box::new(reply.whole(reason)),
            },
        };
        return Heard::End(Box::new(reply.end(shared, task, *ending, billed).await));
    }
}

/// `None`: the answer cannot go on where it was.
fn ask(shared: &Shared, task: &Task) -> Option<ChatStream> {
    let (providers, endpoint) = (shared.providers.clone(), task.endpoint.clone());
    let request = task.request.clone();
    if !task.said.is_empty() {
        return providers.resume(&endpoint, &request, task.said.len());
    }
    // Taking the request on may last as long as the answer: what is heard meanwhile must be heard.
    let answer = async move { providers.stream(&endpoint, &request).await };
    Some(stream::once(answer).try_flatten().boxed())
}

async fn is_cancelled(shared: &Shared, claimed: &Claimed) -> Result<bool, DbError> {
    let read = shared.db.read(&claimed.tenant, Statements::default());
    run::is_cancelled(&read.scope().await?, &claimed.run).await
}

impl Reply {
    fn after(said: &str) -> Self {
        Self {
            text: said.to_owned(),
            characters: said.chars().count(),
            calls: Vec::new(),
            usage: None,
            first: None,
        }
    }

    /// Why the answer is complete, when it is with this.
    fn hear(
        &mut self,
        shared: &Shared,
        task: &Task,
        event: ChatEvent,
        began: Instant,
    ) -> Option<StopReason> {
        match event {
            ChatEvent::Text(text) => {
                self.first.get_or_insert_with(|| began.elapsed());
                return self.say(shared, task, &text);
            }
            ChatEvent::ToolCall(call) => {
                self.first.get_or_insert_with(|| began.elapsed());
                self.calls.push(call);
            }
            ChatEvent::Usage(usage) => self.usage = Some(usage),
            ChatEvent::Stop(reason) => return Some(reason),
        }
        None
    }

    fn say(&mut self, shared: &Shared, task: &Task, text: &str) -> Option<StopReason> {
        // The one character that PostgreSQL cannot store.
        let text = text.replace('\0', "\u{FFFD}");
        let room = shared.settings.reply_characters - self.characters;
        let end = text.char_indices().nth(room).map(|(end, _)| end);
        let piece = &text[..end.unwrap_or(text.len())];
        if !piece.is_empty() {
            self.characters += piece.chars().count();
            self.text.push_str(piece);
            let (organization, run) = (&task.run.organization_id, &task.run.id);
            let sequence = i32::try_from(self.characters).unwrap_or(i32::MAX);
            shared.desk.put(organization, run, sequence, piece);
        }
        end.map(|_| StopReason::Length)
    }

    /// A whole answer. Calls are for somebody to carry out only where the model waits for that: of an answer that was cut, or withheld in
    /// part, the last may be half of one.
    fn whole(&mut self, reason: StopReason) -> Ending {
        let reason = match reason {
            StopReason::Length | StopReason::Filtered => {
                self.calls.clear();
                reason
            }
            StopReason::ToolCalls | StopReason::End | StopReason::Other
                if !self.calls.is_empty() =>
            {
                StopReason::ToolCalls
            }
            StopReason::ToolCalls => StopReason::Other,
            StopReason::End | StopReason::Other => reason,
        };
        Ending {
            stop_reason: Some(reason.as_str().to_owned()),
            ..Ending::of(RunStatus::Completed)
        }
    }

    /// `billed`: whether somebody may have billed it.
    async fn end(self, shared: &Shared, task: &Task, ending: Ending, billed: bool) -> Ending {
        let Self {
            text,
            calls,
            usage,
            first,
            characters: _,
        } = self;
        let (prices, service) = (shared.providers.prices(), &task.endpoint.service);
        let request = &task.request;
        let used = match usage {
            Some(usage) => Some(cost::told(prices, service, request, &text, usage)),
            None if billed || first.is_some() => {
                let estimate = cost::estimated(prices, service, request, &text, &calls);
                Some(estimate)
            }
            None => None,
        };
        // Calls of an answer that broke off are not for anybody to carry out.
        let tool_calls = if ending.status == RunStatus::Completed && !calls.is_empty() {
            let tools = task.tools.clone();
            // Work of the processor alone: on a thread of its own, others are served meanwhile.
            let kept = spawn_blocking(move || tools::kept(calls, &tools)).await;
            kept.ok().flatten()
        } else {
            None
        };
        Ending {
            text,
            tool_calls,
            used,
            first_token_ms: first.map(|first| i32::try_from(first.as_millis()).unwrap_or(i32::MAX)),
            seen: Some(Box::new(task.run.clone())),
            ..ending
        }
    }
}
