//! Cuts a conversation to what a model takes.
//!
//! Tokens are estimated, not counted: a quarter of a token for each ASCII character, three quarters for any other, and four for each
//! message. Tokenizers carry megabytes of vocabulary for each family of models and know none of the next; the estimate is high for
//! English prose and near the truth for code and for other scripts, so that what fits by it fits.

use crate::request::{ChatMessage, ChatRequest, Role, ToolCall};

/// What a message costs beyond its words.
const MESSAGE: u32 = 4;

/// What became of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// How many messages were left out.
    pub dropped: usize,
    /// The estimate of what is left, the system prompt and the tools included.
    pub tokens: u32,
    /// Whether what must stay is over the limit by itself. It is kept all the same: the provider may see it otherwise.
    pub is_over: bool,
}

/// The estimate for a text.
#[must_use]
pub fn estimate(text: &str) -> u32 {
    let quarters: usize = text.chars().map(|c| if c.is_ascii() { 1 } else { 3 }).sum();
    u32::try_from(quarters.div_ceil(4)).unwrap_or(u32::MAX)
}

/// The estimate for a whole request.
#[must_use]
pub fn estimate_request(request: &ChatRequest) -> u32 {
    let tools = request.tools.iter().map(|tool| {
        let description = tool.description.as_deref().map_or(0, estimate);
        let parameters = estimate(&tool.parameters.to_string());
        sum([MESSAGE, estimate(&tool.name), description, parameters])
    });
    let system = request
        .system
        .as_deref()
        .map(|text| estimate(text).saturating_add(MESSAGE));
    let messages = request.messages.iter().map(of_message);
    sum(tools.chain(system).chain(messages))
}

/// Leaves out the oldest messages until the estimate is within `limit` tokens.
///
/// The system prompt, the tools, the newest message of the person and all that came after it stay. A message that asks for tools and
/// what came of them stay or go together, and a question goes before its answer does: the conversation never begins with an answer to
/// what was cut. Whatever the limit, calls that were never answered, and answers to calls that are not there, are left out: providers
/// refuse conversations that hold them.
pub fn cut(request: &mut ChatRequest, limit: u32) -> Cut {
    let before = request.messages.len();
    let messages = std::mem::take(&mut request.messages);
    let fixed = estimate_request(request);
    let units = units(messages);
    let keep_from = units
        .iter()
        .rposition(Unit::is_question)
        .unwrap_or(units.len().saturating_sub(1));
    let mut tokens = units
        .iter()
        .fold(fixed, |sum, unit| sum.saturating_add(unit.tokens));
    let mut first = 0;
    while first < keep_from && tokens > limit {
        tokens = tokens.saturating_sub(units[first].tokens);
        first += 1;
    }
    if first > 0 {
        while first < keep_from && !units[first].is_question() {
            tokens = tokens.saturating_sub(units[first].tokens);
            first += 1;
        }
    }
    request.messages = units
        .into_iter()
        .skip(first)
        .flat_map(|unit| unit.messages)
        .collect();
    Cut {
        dropped: before - request.messages.len(),
        tokens,
        is_over: tokens > limit,
    }
}

/// Messages that stay or go together.
struct Unit {
    messages: Vec<ChatMessage>,
    tokens: u32,
}

impl Unit {
    fn new(messages: Vec<ChatMessage>) -> Self {
        let tokens = sum(messages.iter().map(of_message));
        Self { messages, tokens }
    }

    fn is_question(&self) -> bool {
        self.messages
            .first()
            .is_some_and(|message| message.role == Role::User)
    }
}

fn units(messages: Vec<ChatMessage>) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut messages = messages.into_iter().peekable();
    while let Some(mut message) = messages.next() {
        if message.role == Role::Tool {
            // The call that it answers is not there.
            continue;
        }
        if message.tool_calls.is_empty() {
            units.push(Unit::new(vec![message]));
            continue;
        }
        let mut results: Vec<ChatMessage> = Vec::new();
        while let Some(result) = messages.next_if(|next| next.role == Role::Tool) {
            let answers = |call: &ToolCall| Some(&call.id) == result.tool_call_id.as_ref();
            let again = |other: &ChatMessage| other.tool_call_id == result.tool_call_id;
            if message.tool_calls.iter().any(answers) && !results.iter().any(again) {
                results.push(result);
            }
        }
        message.tool_calls.retain(|call| {
            results
                .iter()
                .any(|result| result.tool_call_id.as_ref() == Some(&call.id))
        });
        if message.tool_calls.is_empty() && message.content.trim().is_empty() {
            continue;
        }
        results.insert(0, message);
        units.push(Unit::new(results));
    }
    units
}

fn of_message(message: &ChatMessage) -> u32 {
    let calls = message
        .tool_calls
        .iter()
        .map(|call| sum([MESSAGE, estimate(&call.name), estimate(&call.arguments)]));
    sum(calls.chain([MESSAGE, estimate(&message.content)]))
}

fn sum(parts: impl IntoIterator<Item = u32>) -> u32 {
    parts.into_iter().fold(0, u32::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(messages: Vec<ChatMessage>) -> ChatRequest {
        ChatRequest {
            model: "m".to_owned(),
            system: Some("be kind".to_owned()),
            messages,
            temperature: None,
            max_tokens: None,
            tools: Vec::new(),
        }
    }

    fn call(id: &str) -> ToolCall {
        ToolCall {
            id: id.to_owned(),
            name: "look".to_owned(),
            arguments: "{}".to_owned(),
        }
    }

    /// Forty tokens and the four of a message.
    fn long(c: char) -> String {
        c.to_string().repeat(160)
    }

    #[test]
    fn estimates_grow_with_the_text_and_count_other_scripts_higher() {
        assert_eq!(estimate(""), 0);
        assert_eq!(estimate("abcd"), 1);
        assert_eq!(estimate("abcde"), 2);
        assert_eq!(estimate("日本語文"), 3);
    }

    #[test]
    fn a_conversation_within_the_limit_is_left_alone() {
        let messages = vec![
            ChatMessage::user("a"),
            ChatMessage::assistant("b"),
            ChatMessage::user("c"),
        ];
        let mut asked = request(messages.clone());
        let done = cut(&mut asked, 1_000);
        assert_eq!(asked.messages, messages);
        assert_eq!((done.dropped, done.is_over), (0, false));
        assert_eq!(done.tokens, estimate_request(&asked));
    }

    #[test]
    fn the_oldest_go_first_and_an_answer_goes_with_its_question() {
        let newest = ChatMessage::user("now");
        let mut asked = request(vec![
            ChatMessage::user(long('a')),
            ChatMessage::assistant("short"),
            ChatMessage::user("b"),
            ChatMessage::assistant("c"),
            newest.clone(),
        ]);
        let done = cut(&mut asked, 50);
        assert_eq!(asked.messages[0].content, "b");
        assert_eq!(asked.messages.last(), Some(&newest));
        assert_eq!((done.dropped, done.is_over), (2, false));
        assert_eq!(done.tokens, estimate_request(&asked));
    }

    #[test]
    fn the_newest_question_and_the_system_prompt_stay_whatever_the_limit() {
        let mut asked = request(vec![
            ChatMessage::user("old"),
            ChatMessage::assistant("answer"),
            ChatMessage::user(long('z')),
        ]);
        let done = cut(&mut asked, 1);
        assert_eq!(asked.messages, [ChatMessage::user(long('z'))]);
        assert!(asked.system.is_some() && done.is_over);
    }

    #[test]
    fn calls_and_their_results_are_never_parted() {
        let round = [
            ChatMessage::calls("", vec![call("1"), call("2")]),
            ChatMessage::tool_result("1", long('r')),
            ChatMessage::tool_result("2", "r"),
        ];
        let mut messages = vec![ChatMessage::user("old")];
        messages.extend(round.clone());
        messages.push(ChatMessage::user("now"));
        for limit in 0..120 {
            let mut asked = request(messages.clone());
            cut(&mut asked, limit);
            let there = round
                .iter()
                .filter(|part| asked.messages.contains(part))
                .count();
            assert!(there == 0 || there == 3, "{limit}: {there}");
        }
    }

    #[test]
    fn the_round_that_is_under_way_stays() {
        let mut asked = request(vec![
            ChatMessage::user("old"),
            ChatMessage::user("look, please"),
            ChatMessage::calls("", vec![call("1")]),
            ChatMessage::tool_result("1", long('r')),
        ]);
        let done = cut(&mut asked, 10);
        assert_eq!(
            (done.dropped, asked.messages.len(), done.is_over),
            (1, 3, true)
        );
    }

    #[test]
    fn calls_without_results_and_results_without_calls_are_left_out() {
        let mut asked = request(vec![
            ChatMessage::tool_result("0", "nobody asked"),
            ChatMessage::user("a"),
            ChatMessage::calls("", vec![call("1")]),
            ChatMessage::user("b"),
            ChatMessage::calls("I look.", vec![call("2"), call("3")]),
            ChatMessage::tool_result("3", "seen"),
            ChatMessage::tool_result("3", "seen twice"),
            ChatMessage::user("c"),
        ]);
        let done = cut(&mut asked, 1_000);
        assert_eq!(done.dropped, 3);
        let kept = ChatMessage::calls("I look.", vec![call("3")]);
        assert_eq!(asked.messages[2], kept);
        assert_eq!(asked.messages[3].content, "seen");
    }

    #[test]
    fn nothing_is_cut_from_nothing() {
        let mut asked = request(Vec::new());
        assert_eq!(cut(&mut asked, 0).dropped, 0);
    }
}
