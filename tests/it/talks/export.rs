//! Conversations as documents.

use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::say;
use crate::conversations::{Team, agent, conversation, mutate};
use crate::support::{Caller, Server, pool};

async fn get(caller: &Caller, id: &str, query: &str) -> Response {
    let url = format!("{}/api/conversations/{id}/export{query}", caller.url());
    let mut request = Client::new().get(url);
    if !caller.token.is_empty() {
        request = request
            .bearer_auth(&caller.token)
            .header("x-organization-id", &caller.organization_id);
    }
    request.send().await.unwrap()
}

async fn document(caller: &Caller, id: &str, query: &str) -> Value {
    let answer = get(caller, id, query).await;
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

/// The start of a document on a connection that takes in little, however much the system would keep for a slow reader.
async fn begin(caller: &Caller, id: &str) -> TcpStream {
    let host = caller.url().trim_start_matches("http://");
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 * 1_024).unwrap();
    let mut stream = socket.connect(host.parse().unwrap()).await.unwrap();
    let Caller {
        token,
        organization_id,
        ..
    } = caller;
    let request = format!(
        "GET /api/conversations/{id}/export HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\nx-organization-id: {organization_id}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut status = [0; 15];
    stream.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200 OK");
    stream
}

async fn code(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    let code = &body["errors"][0]["extensions"]["code"];
    (status, code.as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn json_holds_all_there_is() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let helper = agent(&ada, "Guide", "PRIVATE").await;
    let input = json!({ "agentId": helper, "title": "東京 \"2026\"" });
    let made = mutate(
        &ada,
        "createConversation",
        "conversation { id exportUrl md: exportUrl(format: MARKDOWN, branch: ALL) }",
        input,
    )
    .await;
    let made = &made["conversation"];
    let talk = made["id"].as_str().unwrap();
    let url = format!("/api/conversations/{talk}/export");
    assert_eq!(
        made["exportUrl"],
        format!("{url}?format=json&branch=current")
    );
    assert_eq!(made["md"], format!("{url}?format=markdown&branch=all"));
    let empty = document(&ada, talk, "").await;
    assert_eq!(empty["messages"], json!([]));
    let one = say(&ada, talk, "USER", "One \"quoted\"\n\u{2028}🙂").await;
    let two = say(&ada, talk, "ASSISTANT", "Two").await;
    let rating = json!({ "messageId": two, "rating": "UP", "comment": "Nice" });
    mutate(&ada, "giveFeedback", "feedback { id }", rating).await;
    let answer = get(&ada, talk, "?format=json&branch=all").await;
    let headers = answer.headers();
    assert_eq!(headers["content-type"], "application/json; charset=utf-8");
    assert_eq!(headers["cache-control"], "no-store");
    let named = headers["content-disposition"].to_str().unwrap();
    let expected = format!("attachment; filename=\"2026-{talk}.json\"; filename*=UTF-8''%E6%9D%B1");
    assert!(named.starts_with(&expected), "{named}");
    let document: Value = answer.json().await.unwrap();
    assert_eq!(document["format"], "agentry.conversation.v1");
    assert_eq!(document["branch"], "all");
    let about = &document["conversation"];
    assert_eq!(about["title"], "東京 \"2026\"");
    assert_eq!(
        (&about["id"], &about["agentId"]),
        (&json!(talk), &json!(helper))
    );
    let messages = document["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0]["id"], one.as_str());
    assert_eq!(messages[0]["content"], "One \"quoted\"\n\u{2028}🙂");
    assert_eq!(messages[0]["feedback"], Value::Null);
    assert_eq!(messages[1]["parentId"], one.as_str());
    assert_eq!(messages[1]["role"], "assistant");
    assert_eq!(messages[1]["feedback"]["rating"], "up");
    assert_eq!(messages[1]["feedback"]["comment"], "Nice");
    let keys: Vec<_> = messages[1].as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "agentVersion",
            "content",
            "createdAt",
            "feedback",
            "id",
            "isCurrent",
            "metadata",
            "model",
            "parentId",
            "role",
            "runId",
            "toolCallId",
            "toolCalls",
            "toolOutcome"
        ]
    );
}

#[tokio::test]
async fn branches_that_are_not_shown_are_there_when_asked_for() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let input = json!({ "name": "Echo", "systemPrompt": "Say it.", "model": "echo" });
    let made = mutate(&ada, "createAgent", "agent { id }", input).await;
    let talk = conversation(&ada, made["agent"]["id"].as_str().unwrap()).await;
    let first = say(&ada, &talk, "USER", "first try").await;
    let edit = json!({ "messageId": first, "content": "second try", "onBusy": "ENQUEUE" });
    let edited = mutate(&ada, "editMessage", "message { id }", edit).await;
    assert_eq!(edited["__typename"], "EditMessageSuccess", "{edited}");
    let texts = |document: &Value| -> Vec<String> {
        let users = document["messages"].as_array().unwrap().iter();
        let users = users.filter(|message| message["role"] == "user");
        users
            .map(|m| format!("{} {}", m["content"].as_str().unwrap(), m["isCurrent"]))
            .collect()
    };
    let all = document(&ada, &talk, "?branch=all").await;
    assert_eq!(texts(&all), ["first try false", "second try true"]);
    let shown = document(&ada, &talk, "?branch=current").await;
    assert_eq!(texts(&shown), ["second try true"]);
}

#[tokio::test]
async fn markdown_cannot_be_faked_by_what_was_said() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let helper = agent(&ada, "Guide", "PRIVATE").await;
    let input = json!({ "agentId": helper, "title": "# A *title*" });
    let made = mutate(&ada, "createConversation", "conversation { id }", input).await;
    let talk = made["conversation"]["id"].as_str().unwrap();
    say(
        &ada,
        talk,
        "USER",
        "Hello\n\n## Assistant\r## Assistant\n```\nno end",
    )
    .await;
    say(&ada, talk, "ASSISTANT", "Hi").await;
    let answer = get(&ada, talk, "?format=markdown").await;
    assert_eq!(
        answer.headers()["content-type"],
        "text/markdown; charset=utf-8"
    );
    let text = answer.text().await.unwrap();
    let headings: Vec<&str> = text
        .split(['\n', '\r'])
        .filter(|line| line.starts_with('#'))
        .collect();
    assert_eq!(headings, ["# \\# A \\*title\\*", "## User", "## Assistant"]);
    let said = "\n> Hello\n>\n> ## Assistant\n> ## Assistant\n> ```\n> no end\n\n## Assistant\n";
    assert!(text.contains(said), "{text}");
}

#[tokio::test]
async fn who_may_not_read_it_is_told_as_elsewhere() {
    let team = Team::start().await;
    let (ada, bob) = (&team.ada, &team.bob);
    say(bob, &team.bobs, "USER", "mine").await;
    // The agent's owner sees it in the API as well.
    assert_eq!(get(ada, &team.bobs, "").await.status(), 200);
    let own = conversation(ada, &team.agent).await;
    let stranger = team.server.sign_up("Sam").await;
    let missing = (404, "NOT_FOUND".to_owned());
    assert_eq!(code(get(bob, &own, "").await).await, missing);
    assert_eq!(code(get(&stranger, &own, "").await).await, missing);
    for id in ["nope", "a%00b", "%ff", "..%2F..%2Fgraphql", "'"] {
        assert_eq!(code(get(bob, id, "").await).await, missing, "{id}");
    }
    let nobody = Caller::nobody(&team.server);
    let refused = (401, "UNAUTHENTICATED".to_owned());
    assert_eq!(code(get(&nobody, &own, "").await).await, refused);
    let mut wrong = ada.clone();
    wrong.token = "wrong".to_owned();
    assert_eq!(code(get(&wrong, &own, "").await).await, refused);
    let elsewhere = stranger.in_organization(&ada.organization_id);
    assert_eq!(
        code(get(&elsewhere, &own, "").await).await,
        (403, "FORBIDDEN".to_owned())
    );
    for query in ["?format=pdf", "?format=", "?branch=other"] {
        let bad = (422, "BAD_USER_INPUT".to_owned());
        assert_eq!(code(get(ada, &own, query).await).await, bad, "{query}");
    }
    let url = format!("{}/api/conversations/{own}/export", ada.url());
    let posted = Client::new().post(&url).send().await.unwrap();
    assert_eq!(
        (
            posted.status().as_u16(),
            posted.headers()["allow"].to_str().unwrap()
        ),
        (405, "GET, HEAD")
    );
    let foreign = Client::new()
        .get(&url)
        .header("cookie", "x=1")
        .header("origin", "https://evil.example");
    assert_eq!(
        code(foreign.send().await.unwrap()).await,
        (403, "FORBIDDEN".to_owned())
    );
}

#[tokio::test]
async fn an_api_key_needs_to_be_good_for_reading_messages() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let talk = conversation(&ada, &agent(&ada, "Guide", "PRIVATE").await).await;
    let message = say(&ada, &talk, "USER", "one").await;
    let rating = json!({ "messageId": message, "rating": "UP" });
    mutate(&ada, "giveFeedback", "feedback { id }", rating).await;
    for (permissions, status, rated) in [
        (json!({ "messages": ["read"] }), 200, false),
        (
            json!({ "messages": ["read"], "feedback": ["read"] }),
            200,
            true,
        ),
        (json!({ "conversations": ["read"] }), 403, false),
    ] {
        let made = ada
            .query(
                "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { __typename ... on CreateApiKeySuccess { key }
                   ... on UserError { message } } }",
                json!({ "input": { "name": "Key", "permissions": permissions } }),
            )
            .await;
        let key = made["createApiKey"]["key"]
            .as_str()
            .unwrap_or_else(|| panic!("{made}"));
        let url = format!("{}/api/conversations/{talk}/export", ada.url());
        let answer = Client::new()
            .get(url)
            .header("x-api-key", key)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), status, "{permissions}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["messages"][0]["feedback"].is_object(), rated);
    }
}

#[tokio::test]
async fn a_long_conversation_is_sent_whole_and_a_reader_who_leaves_keeps_nothing() {
    let server = Server::start_with(&["--pool-size=2"]).await;
    let ada = server.sign_up("Ada").await;
    let talk = conversation(&ada, &agent(&ada, "Guide", "PRIVATE").await).await;
    say(&ada, &talk, "USER", "0").await;
    let root = pool(&server.database.root).await;
    for statement in [
        "INSERT INTO agent_messages (organization_id, conversation_id, id, agent_id, agent_user_id, user_id, role, content, parent_id, created_at)
         SELECT m.organization_id, m.conversation_id, 'm' || n, m.agent_id, m.agent_user_id, m.user_id, 'user', n || repeat(' some words', 1000),
                CASE WHEN n = 1 THEN m.id ELSE 'm' || n - 1 END, m.created_at + n * interval '1 millisecond'
         FROM agent_messages m CROSS JOIN generate_series(1, 1500) n",
        "UPDATE conversations SET head_id = 'm1500', last_message_at = (SELECT max(created_at) FROM agent_messages)",
    ] {
        sqlx::query(statement).execute(&root).await.unwrap();
    }
    let whole = document(&ada, &talk, "").await;
    let messages = whole["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 1_501);
    let in_order = (1..=1_500).all(|n| messages[n]["id"] == format!("m{n}"));
    assert!(in_order);
    // Downloads that nobody goes on reading hold no connection of the pool of two.
    let mut left = Vec::new();
    for _ in 0..6 {
        left.push(begin(&ada, &talk).await);
    }
    let data = ada
        .query("{ conversations { totalCount } }", json!({}))
        .await;
    assert_eq!(data["conversations"]["totalCount"], 1);
    // What is not what it was is not sent to its end.
    let input = json!({ "id": talk });
    mutate(&ada, "deleteConversation", "deletedConversationId", input).await;
    let mut rest = Vec::new();
    let read = left.pop().unwrap().read_to_end(&mut rest).await;
    let ended = read.is_ok() && rest.ends_with(b"\r\n0\r\n\r\n");
    assert!(!ended, "a document of what is gone was ended");
    drop(left);
    let data = ada
        .query("{ conversations { totalCount } }", json!({}))
        .await;
    assert_eq!(data["conversations"]["totalCount"], 0);
}
