//! What a run writes: one line an operation, and nowhere anything it was trusted with.

use std::path::Path;

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;

use crate::support::{Agentry, Caller, Ended, Folder};

/// Part of everything that must not be written anywhere.
const CANARY: &str = "canary7f3a";

/// A run under the watch of its canaries.
struct Watch {
    caller: Caller,
    /// Everything the program answered.
    answers: String,
}

impl Watch {
    async fn send(&mut self, request: RequestBuilder) -> Value {
        let text = request.send().await.unwrap().text().await.unwrap();
        self.answers.push_str(&text);
        self.answers.push('\n');
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    async fn operate(&mut self, query: &str, variables: Value) -> Value {
        self.send(self.caller.post(query, variables)).await
    }
}

#[tokio::test]
async fn nothing_entrusted_to_a_run_is_written_by_it() {
    let folder = Folder::new();
    let running = Agentry::own(folder.path())
        // As much as anyone may turn on to look for a fault.
        .env("AGENTRY_LOG", "debug")
        .serve()
        .await;
    let mut watch = Watch {
        caller: Caller::at(&running.url),
        answers: String::new(),
    };
    people(&mut watch).await;
    content(&mut watch).await;
    bad_requests(&mut watch).await;
    database_errors(&mut watch, folder.path()).await;
    let Watch { caller, answers } = watch;
    let ended = running.stop().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");

    let postgres = std::fs::read_to_string(folder.path().join("postgres.log")).unwrap();
    let secrets = std::fs::read_to_string(folder.path().join("secrets.env")).unwrap();
    let kept = secrets
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(_, value)| value.rsplit(':').next().unwrap());
    let entrusted: Vec<&str> = kept.chain([CANARY, caller.token.as_str()]).collect();
    assert_eq!(entrusted.len(), 4);
    for (place, text) in [
        ("standard output", &ended.stdout),
        ("log", &ended.stderr),
        ("PostgreSQL's log", &postgres),
        ("answers", &answers),
    ] {
        for value in &entrusted {
            let line = text.lines().find(|line| line.contains(value));
            assert!(line.is_none(), "{place}: {line:?}");
        }
    }
    one_line_an_operation(&ended);
}

/// Signing up, in and out, with the right and the wrong password.
async fn people(watch: &mut Watch) {
    let enter = |field: &str, ty: &str| {
        format!(
            "mutation {field}($input: {ty}!) {{ {field}(input: $input) {{ __typename
               ... on SignedIn {{ token userId organizationId }} ... on UserError {{ message }} }} }}"
        )
    };
    let email = format!("ada.{CANARY}@example.com");
    let password = format!("password {CANARY}");
    let new = json!({ "name": "Ada", "email": email, "password": password });
    let post = watch
        .caller
        .post(&enter("signUp", "SignUpInput"), json!({ "input": new }));
    let answer: Value = post.send().await.unwrap().json().await.unwrap();
    let session = &answer["data"]["signUp"];
    assert_eq!(session["__typename"], "SignedIn", "{answer}");
    let text = |field: &str| session[field].as_str().unwrap().to_owned();
    (watch.caller.token, watch.caller.organization_id) = (text("token"), text("organizationId"));

    let again = json!({ "name": "Ada", "email": email, "password": password });
    watch
        .operate(&enter("signUp", "SignUpInput"), json!({ "input": again }))
        .await;
    let wrong = json!({ "email": email, "password": format!("wrong {CANARY}") });
    let answer = watch
        .operate(&enter("signIn", "SignInInput"), json!({ "input": wrong }))
        .await;
    assert_ne!(
        answer["data"]["signIn"]["__typename"], "SignedIn",
        "{answer}"
    );
    let malformed = json!({ "name": "", "email": CANARY, "password": CANARY });
    watch
        .operate(
            &enter("signUp", "SignUpInput"),
            json!({ "input": malformed }),
        )
        .await;
}

const CREATE_AGENT: &str = "mutation createAgent($input: CreateAgentInput!) { createAgent(input: $input) {
    __typename ... on CreateAgentSuccess { agent { id } } ... on ValidationFailed { fields { path message } }
    ... on UserError { message } } }";
const CREATE_CONNECTION: &str = "mutation createApiConnection($input: CreateApiConnectionInput!) {
    createApiConnection(input: $input) { __typename ... on CreateApiConnectionSuccess { apiConnection { id } }
    ... on ValidationFailed { fields { path message } } ... on UserError { message } } }";

fn agent(name: &str) -> Value {
    json!({ "input": {
        "name": name,
        "systemPrompt": format!("Prompt {CANARY}"),
        "idempotencyKey": format!("{name} {CANARY}"),
    } })
}

/// Keys, prompts and names, good and bad.
async fn content(watch: &mut Watch) {
    let answer = watch.operate(CREATE_AGENT, agent("Fine")).await;
    assert_eq!(
        answer["data"]["createAgent"]["__typename"], "CreateAgentSuccess",
        "{answer}"
    );
    for (name, prompt) in [
        ("x".repeat(300), "y".to_owned()),
        (CANARY.to_owned(), CANARY.repeat(20_000)),
    ] {
        let input = json!({ "name": name, "systemPrompt": prompt });
        let answer = watch.operate(CREATE_AGENT, json!({ "input": input })).await;
        assert_eq!(
            answer["data"]["createAgent"]["__typename"], "ValidationFailed",
            "{answer}"
        );
    }
    for (key, outcome) in [
        (format!("sk-{CANARY}"), "CreateApiConnectionSuccess"),
        (format!("sk {CANARY}"), "ValidationFailed"),
        (CANARY.repeat(1_000), "ValidationFailed"),
    ] {
        let input = json!({ "name": format!("Main {CANARY}"), "service": "openai", "apiKey": key });
        let answer = watch
            .operate(CREATE_CONNECTION, json!({ "input": input }))
            .await;
        assert_eq!(
            answer["data"]["createApiConnection"]["__typename"], outcome,
            "{answer}"
        );
    }
    watch
        .operate(
            "query search($text: String) { agents(filter: { search: $text }) { totalCount } }",
            json!({ "text": CANARY }),
        )
        .await;
}

/// Requests that are refused at every stage, each with something in it that the refusal must not repeat.
async fn bad_requests(watch: &mut Watch) {
    let caller = watch.caller.clone();
    let wrong = |token: String| {
        let mut stranger = caller.clone();
        stranger.token = token;
        stranger
    };
    let viewer = "{ viewer { user { id } } }";
    for request in [
        caller
            .post(&format!("{{ {CANARY} }}"), json!({}))
            .body(format!("{{ \"query\": \"{CANARY}")),
        caller.post(
            &format!("query {{ agent(id: \"{CANARY}\" ) }} {{"),
            json!({}),
        ),
        caller.post(
            "query($id: ID!) { agent(id: $id) { id } }",
            json!({ "id": { "nested": CANARY } }),
        ),
        caller.post(
            "query($n: Int!) { agents(first: $n) { totalCount } }",
            json!({ "n": CANARY }),
        ),
        caller.post(
            &format!("{{ agents(first: \"{CANARY}\") {{ totalCount }} }}"),
            json!({}),
        ),
        caller.post(
            &format!("{{ agents(after: \"{CANARY}\") {{ totalCount }} }}"),
            json!({}),
        ),
        caller.post(
            CREATE_CONNECTION,
            json!({ "input": { "name": 1, "service": "x", "apiKey": [CANARY] } }),
        ),
        caller.post(
            CREATE_AGENT,
            json!({ "input": { "name": "x", "systemPrompt": CANARY, "temperature": CANARY } }),
        ),
        wrong(CANARY.to_owned()).post(viewer, json!({})),
        wrong(format!("{CANARY}.{CANARY}")).post(viewer, json!({})),
        wrong(format!("{CANARY}.{CANARY}.{CANARY}")).post(viewer, json!({})),
        caller
            .in_organization(&format!("{CANARY} x"))
            .post(viewer, json!({})),
        caller
            .post(viewer, json!({}))
            .header("cookie", format!("better-auth.session_token={CANARY}")),
    ] {
        watch.send(request).await;
    }
}

/// Faults of ours, made by an owner who bends the tables: PostgreSQL's messages repeat what they choke on.
async fn database_errors(watch: &mut Watch, data_dir: &Path) {
    let url = format!(
        "postgres://agentry_owner@localhost/agentry?host={}",
        data_dir.join("run").display()
    );
    let mut owner = PgConnection::connect(&url).await.unwrap();
    for (bend, unbend) in [
        // A failing row is quoted in the error's detail.
        (
            "ALTER TABLE agents ADD CONSTRAINT bent CHECK (name <> 'Bent') NOT VALID",
            "ALTER TABLE agents DROP CONSTRAINT bent",
        ),
        (
            "REVOKE INSERT ON agents FROM agentry_app",
            "GRANT INSERT ON agents TO agentry_app",
        ),
        // A value that cannot be read is quoted in the message itself.
        (
            "CREATE FUNCTION bent() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
               NEW.max_tokens := NEW.system_prompt::integer; RETURN NEW; END $$;
             CREATE TRIGGER bent BEFORE INSERT ON agents FOR EACH ROW EXECUTE FUNCTION bent()",
            "DROP TRIGGER bent ON agents; DROP FUNCTION bent()",
        ),
        (
            "ALTER TABLE api_connections ADD CONSTRAINT bent UNIQUE (name)",
            "ALTER TABLE api_connections DROP CONSTRAINT bent",
        ),
    ] {
        sqlx::raw_sql(bend).execute(&mut owner).await.unwrap();
        let answer = if bend.contains("api_connections") {
            let key = format!("sk-other-{CANARY}");
            let input =
                json!({ "name": format!("Main {CANARY}"), "service": "openai", "apiKey": key });
            watch
                .operate(CREATE_CONNECTION, json!({ "input": input }))
                .await
        } else {
            watch.operate(CREATE_AGENT, agent("Bent")).await
        };
        let code = &answer["errors"][0]["extensions"]["code"];
        assert_eq!(code, "INTERNAL", "{bend}: {answer}");
        sqlx::raw_sql(unbend).execute(&mut owner).await.unwrap();
    }
    owner.close().await.unwrap();
}

fn one_line_an_operation(ended: &Ended) {
    let lines: Vec<Value> = ended
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    let operations: Vec<&Value> = lines
        .iter()
        .filter(|line| line["target"] == "agentry::operation")
        .collect();
    let named = |name: &str, code: &str| {
        let found = operations
            .iter()
            .filter(|line| line["operation"] == name && line["code"] == code);
        found.copied().collect::<Vec<_>>()
    };
    assert_eq!(named("signUp", "ok").len(), 3, "{operations:?}");
    let created = named("createAgent", "ok");
    let first = created.first().unwrap();
    assert_eq!(first["kind"], "mutation", "{first}");
    assert_eq!(first["level"], "INFO", "{first}");
    assert!(
        !first["organization"].as_str().unwrap().is_empty(),
        "{first}"
    );
    assert!(first["statements"].as_u64().unwrap() > 2, "{first}");
    assert!(
        first["ms"].is_u64() && first["request_id"].is_string(),
        "{first}"
    );
    // Each fault of ours has its cause in the log, under the same request.
    let internal: Vec<&Value> = operations
        .iter()
        .filter(|line| line["code"] == "INTERNAL")
        .map(|line| &line["request_id"])
        .collect();
    assert_eq!(internal.len(), 4);
    for id in internal {
        let causes = lines
            .iter()
            .filter(|line| line["level"] == "ERROR" && line["span"]["request_id"] == *id);
        assert_eq!(causes.count(), 1, "{id}");
    }
}
