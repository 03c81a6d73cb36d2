use serde_json::{Value, json};

use crate::{Script, Then};

/// The frames of an answer: those of its pieces, and those of its end.
pub(crate) fn frames(script: &Script, body: &Value) -> (Vec<String>, Vec<String>) {
    let chunk = |delta: Value, reason: Option<&str>| {
        frame(&json!({
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": body["model"],
            "choices": [{ "index": 0, "delta": delta, "finish_reason": reason }],
            "usage": null,
        }))
    };
    let mut pieces = vec![chunk(json!({ "role": "assistant", "content": "" }), None)];
    pieces.extend(
        script
            .words
            .iter()
            .map(|word| chunk(json!({ "content": word }), None)),
    );
    for (index, (name, arguments)) in script.calls.iter().enumerate() {
        let begin = json!({ "index": index, "id": format!("call_{index}"), "type": "function",
            "function": { "name": name, "arguments": "" } });
        pieces.push(chunk(json!({ "tool_calls": [begin] }), None));
        let (first, second) = arguments.split_at(arguments.len() / 2);
        for part in [first, second] {
            let more = json!({ "index": index, "function": { "arguments": part } });
            pieces.push(chunk(json!({ "tool_calls": [more] }), None));
        }
    }
    let fitting = if script.calls.is_empty() {
        "stop"
    } else {
        "tool_calls"
    };
    let reason = script.reason.as_deref().unwrap_or(fitting);
    let mut end = Vec::new();
    match script.then {
        Then::End | Then::EndWithoutMark | Then::Linger => {
            end.push(chunk(json!({}), Some(reason)));
            if body["stream_options"]["include_usage"] == true {
                let (prompt, completion) = script.usage;
                end.push(frame(
                    &json!({ "choices": [], "usage": { "prompt_tokens": prompt,
                    "completion_tokens": completion, "total_tokens": prompt + completion } }),
                ));
            }
            if script.then == Then::End {
                end.push("data: [DONE]\n\n".to_owned());
            }
        }
        Then::Fault => end.push(frame(
            &json!({ "error": { "message": "The server had an error", "code": 502 } }),
        )),
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

/// One piece of text.
pub(crate) fn word(text: &str) -> String {
    let choice = json!({ "index": 0, "delta": { "content": text }, "finish_reason": null });
    frame(
        &json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "choices": [choice] }),
    )
}

/// A sign of life.
pub(crate) const PING: &str = ": PROCESSING\n\n";

fn frame(value: &Value) -> String {
    format!("data: {value}\n\n")
}
