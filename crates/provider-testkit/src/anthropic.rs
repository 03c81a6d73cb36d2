use serde_json::{Value, json};

use crate::{Script, Then};

/// The frames of an answer: those of its pieces, and those of its end.
pub(crate) fn frames(script: &Script, body: &Value) -> (Vec<String>, Vec<String>) {
    let (prompt, completion) = script.usage;
    let start = json!({ "type": "message_start", "message": { "id": "msg_1", "type": "message",
        "role": "assistant", "content": [], "model": body["model"], "stop_reason": null,
        "usage": { "input_tokens": prompt, "output_tokens": 1 } } });
    let mut pieces = vec![frame(&start)];
    let mut index = 0;
    if !script.words.is_empty() {
        pieces.push(begin(index, &json!({ "type": "text", "text": "" })));
        pieces.push(PING.to_owned());
        for word in &script.words {
            pieces.push(delta(index, &json!({ "type": "text_delta", "text": word })));
        }
        pieces.push(stop(index));
        index += 1;
    }
    for (name, arguments) in &script.calls {
        let call = json!({ "type": "tool_use", "id": format!("toolu_{index}"), "name": name, "input": {} });
        pieces.push(begin(index, &call));
        let (first, second) = arguments.split_at(arguments.len() / 2);
        for part in [first, second] {
            let part = json!({ "type": "input_json_delta", "partial_json": part });
            pieces.push(delta(index, &part));
        }
        pieces.push(stop(index));
        index += 1;
    }
    let fitting = if script.calls.is_empty() {
        "end_turn"
    } else {
        "tool_use"
    };
    let reason = script.reason.as_deref().unwrap_or(fitting);
    let mut end = Vec::new();
    match script.then {
        Then::End | Then::EndWithoutMark | Then::Linger => {
            end.push(frame(&json!({ "type": "message_delta",
                "delta": { "stop_reason": reason, "stop_sequence": null },
                "usage": { "output_tokens": completion } })));
            if script.then == Then::End {
                end.push(frame(&json!({ "type": "message_stop" })));
            }
        }
        Then::Fault => end.push(frame(&json!({ "type": "error",
            "error": { "type": "overloaded_error", "message": "Overloaded" } }))),
        Then::Cut
        | Then::Stop
        | Then::Silence
        | Then::Pings
        | Then::BadJson
        | Then::BadBytes
        | Then::NoEvents
        | Then::Flood(_) => {}
    }
    (pieces, end)
}

/// One piece of text, in the block that comes first.
pub(crate) fn word(text: &str) -> String {
    delta(0, &json!({ "type": "text_delta", "text": text }))
}

/// A sign of life.
pub(crate) const PING: &str = "event: ping\ndata: {\"type\": \"ping\"}\n\n";

fn begin(index: usize, block: &Value) -> String {
    frame(&json!({ "type": "content_block_start", "index": index, "content_block": block }))
}

fn delta(index: usize, delta: &Value) -> String {
    frame(&json!({ "type": "content_block_delta", "index": index, "delta": delta }))
}

fn stop(index: usize) -> String {
    frame(&json!({ "type": "content_block_stop", "index": index }))
}

fn frame(value: &Value) -> String {
    let kind = value["type"].as_str().unwrap_or_default();
    format!("event: {kind}\ndata: {value}\n\n")
}
