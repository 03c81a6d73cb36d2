//! What a definition must not carry out of the organisation it was made in, whoever put it there.

use serde_json::Value;

use crate::problem::below;

/// Members that belong to one running agent and not to its definition.
const RUNTIME: [&str; 20] = [
    "id",
    "agentId",
    "organizationId",
    "ownerId",
    "userId",
    "createdBy",
    "updatedBy",
    "createdAt",
    "updatedAt",
    "connectionId",
    "apiConnectionId",
    "apiConnections",
    "conversations",
    "messages",
    "entityIds",
    "nextRunAt",
    "lastRunAt",
    "schedulerId",
    "cursor",
    "visibility",
];

/// Words that make the name of a member one of a secret.
const SECRET: [&str; 9] = [
    "apikey",
    "secret",
    "password",
    "passphrase",
    "token",
    "credential",
    "privatekey",
    "authorization",
    "cookie",
];

/// Members whose own members are names that the publisher chose, of types and the like.
const NAMED: [&str; 6] = [
    "entityTypes",
    "relationshipTypes",
    "watchers",
    "classifiers",
    "values",
    "eventKinds",
];

/// Members whose content is the publisher's own document: a JSON Schema may well speak of an `id` or a `token`.
const OPAQUE: [&str; 3] = ["metadataSchema", "extractionSchema", "parameters"];

/// Takes secrets and runtime data out, wherever they stand. Where they stood, as JSON Pointers.
pub(crate) fn strip(document: &mut Value) -> Vec<String> {
    let mut taken = Vec::new();
    walk(document, "", false, &mut taken);
    taken
}

fn walk(value: &mut Value, path: &str, named: bool, taken: &mut Vec<String>) {
    let Value::Object(members) = value else {
        if let Value::Array(items) = value {
            for (place, item) in items.iter_mut().enumerate() {
                walk(item, &below(path, &place.to_string()), false, taken);
            }
        }
        return;
    };
    if !named {
        members.retain(|name, _| {
            let goes = is_runtime(name) || is_secret(name);
            if goes {
                taken.push(below(path, name));
            }
            !goes
        });
    }
    for (name, member) in members {
        if named || !OPAQUE.contains(&name.as_str()) {
            let event_schema = named && path.ends_with("/eventKinds");
            if !event_schema {
                let choose = !named && NAMED.contains(&name.as_str());
                walk(member, &below(path, name), choose, taken);
            }
        }
    }
}

fn is_runtime(name: &str) -> bool {
    let plain = plain(name);
    RUNTIME.iter().any(|word| word.to_lowercase() == plain)
}

fn is_secret(name: &str) -> bool {
    let plain = plain(name);
    // `maxTokens` counts words, and is no token.
    plain != "maxtokens" && SECRET.iter().any(|word| plain.contains(word))
}

/// `api_key`, `apiKey` and `API-Key` are one name.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_and_runtime_data_go_and_the_publishers_words_stay() {
        let mut document = json!({
            "name": "x", "id": "a1", "organization_id": "o1",
            "agent": { "systemPrompt": "p", "maxTokens": 5, "apiKey": "sk-1", "api_key": "sk-2", "visibility": "private",
                       "tools": [{ "name": "t", "parameters": { "properties": { "token": {} } }, "secret": "s" }] },
            "entityTypes": { "token": { "name": "Token", "metadataSchema": { "properties": { "id": {}, "password": {} } },
                                        "eventKinds": { "password": { "properties": { "token": {} } } } } },
            "watchers": { "secret": { "name": "n", "prompt": "p", "connectionId": "c", "nextRunAt": "t" } },
        });
        let mut taken = strip(&mut document);
        taken.sort();
        assert_eq!(
            taken,
            [
                "/agent/apiKey",
                "/agent/api_key",
                "/agent/tools/0/secret",
                "/agent/visibility",
                "/id",
                "/organization_id",
                "/watchers/secret/connectionId",
                "/watchers/secret/nextRunAt"
            ]
        );
        assert_eq!(
            document,
            json!({
                "name": "x", "agent": { "systemPrompt": "p", "maxTokens": 5,
                                        "tools": [{ "name": "t", "parameters": { "properties": { "token": {} } } }] },
                "entityTypes": { "token": { "name": "Token", "metadataSchema": { "properties": { "id": {}, "password": {} } },
                                            "eventKinds": { "password": { "properties": { "token": {} } } } } },
                "watchers": { "secret": { "name": "n", "prompt": "p" } },
            })
        );
    }
}
