//! `agentry seed`: the templates that come with the program; and a demo tenant with agents and a conversation, from a file. All of
//! the demo goes through the schema, as a client would send it, so that it shows nothing a user could not make.

use std::path::PathBuf;
use std::sync::Arc;

use agentry_auth::cookie::Remember;
use agentry_auth::{Actor, Client, SignUp, SignUpError};
use agentry_schema::{AgentrySchema, RequestContext, Services};
use async_graphql::{Request, Variables};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{CommandError, catalogue, migrate, say};
use crate::app;
use crate::cli::SeedArgs;
use crate::store::Store;

/// The demo data built into the program.
const BUILT_IN: &str = include_str!("../../seed/demo.json");

const CREATE_AGENT: &str = "mutation($input: CreateAgentInput!) {
  result: createAgent(input: $input) { ... on CreateAgentSuccess { agent { id } } ... on UserError { message } } }";
const CREATE_CONVERSATION: &str = "mutation($input: CreateConversationInput!) {
  result: createConversation(input: $input) { ... on CreateConversationSuccess { conversation { id } } ... on UserError { message } } }";
const APPEND_MESSAGE: &str = "mutation($input: AppendMessageInput!) {
  result: appendMessage(input: $input) { ... on AppendMessageSuccess { appendedMessage { id } } ... on UserError { message } } }";
const GIVE_FEEDBACK: &str = "mutation($input: GiveFeedbackInput!) {
  result: giveFeedback(input: $input) { ... on GiveFeedbackSuccess { feedback { id } } ... on UserError { message } } }";

/// Why the demo data was not stored.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The file cannot be read.
    #[error("could not read {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The file holds something else.
    #[error("the demo data is malformed: {0}")]
    Malformed(#[from] serde_json::Error),
    /// The demo user could not be made.
    #[error("could not sign the demo user up: {0}")]
    SignUp(#[from] SignUpError),
    /// The API refused a part of the data.
    #[error("the demo data was refused: {0}")]
    Refused(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Demo {
    user: DemoUser,
    agents: Vec<DemoAgent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoUser {
    name: String,
    email: String,
    password: String,
}

#[derive(Deserialize)]
struct DemoAgent {
    conversations: Vec<DemoConversation>,
    /// As `createAgent` takes it.
    #[serde(flatten)]
    input: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoConversation {
    title: String,
    messages: Vec<DemoMessage>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoMessage {
    role: String,
    content: String,
    rating: Option<String>,
    comment: Option<String>,
}

pub(super) async fn run(args: &SeedArgs) -> Result<(), CommandError> {
    let demo = read(args.file.as_ref())?;
    let store = Store::open_beside(&args.config.base).await?;
    let db = store.pool(&args.config.base.database);
    let done = seed(args, &store, db.clone(), &demo).await;
    db.close().await;
    store.close().await?;
    done
}

fn read(file: Option<&PathBuf>) -> Result<Demo, SeedError> {
    let text = match file {
        None => BUILT_IN.to_owned(),
        Some(path) => std::fs::read_to_string(path).map_err(|source| SeedError::File {
            path: path.clone(),
            source,
        })?,
    };
    Ok(serde_json::from_str(&text)?)
}

async fn seed(
    args: &SeedArgs,
    store: &Store,
    db: agentry_db::Db,
    demo: &Demo,
) -> Result<(), CommandError> {
    // Asked for before anything is done: half of it would be a surprise.
    let wanted = args.config.catalogue.in_seed();
    let publisher = wanted.then(|| store.owner()).transpose()?;
    if let Some(owner) = &store.owner {
        migrate::bring_up(owner, &store.service, store.service_password.as_ref()).await?;
    }
    if let Some(owner) = publisher {
        for line in catalogue::publish(owner).await? {
            say(&line.to_string());
        }
    }
    if !args.demo {
        return Ok(());
    }
    let services = app::services(&args.config, &store.secrets, db)?;
    let stored = store_demo(&services, demo).await;
    services.live.close().await;
    stored
}

async fn store_demo(services: &Arc<Services>, demo: &Demo) -> Result<(), CommandError> {
    let DemoUser {
        name,
        email,
        password,
    } = &demo.user;
    let new = SignUp {
        name: name.clone(),
        email: email.clone(),
        password: SecretString::from(password.as_str()),
    };
    let actor = match services
        .auth
        .sign_up(new, Remember::Yes, Client::default())
        .await
    {
        Ok(session) => session.actor,
        Err(SignUpError::EmailTaken) => {
            say(&format!("{email} is there already; nothing was changed."));
            return Ok(());
        }
        Err(error) => return Err(SeedError::from(error).into()),
    };
    let api = Api {
        schema: agentry_schema::build(Arc::clone(services), false),
        services: Arc::clone(services),
        actor,
    };
    for agent in &demo.agents {
        api.store(agent).await?;
    }
    say(&format!("Sign in as {email} with the password {password}."));
    Ok(())
}

/// The API, as the demo user.
struct Api {
    schema: AgentrySchema,
    services: Arc<Services>,
    actor: Actor,
}

impl Api {
    async fn store(&self, agent: &DemoAgent) -> Result<(), SeedError> {
        let agent_id = self
            .create(
                CREATE_AGENT,
                "/agent/id",
                Value::Object(agent.input.clone()),
            )
            .await?;
        for conversation in &agent.conversations {
            let input = json!({ "agentId": agent_id, "title": conversation.title });
            let conversation_id = self
                .create(CREATE_CONVERSATION, "/conversation/id", input)
                .await?;
            for message in &conversation.messages {
                let DemoMessage {
                    role,
                    content,
                    rating,
                    comment,
                } = message;
                let input =
                    json!({ "conversationId": conversation_id, "role": role, "content": content });
                let message_id = self
                    .create(APPEND_MESSAGE, "/appendedMessage/id", input)
                    .await?;
                if let Some(rating) = rating {
                    let input =
                        json!({ "messageId": message_id, "rating": rating, "comment": comment });
                    self.create(GIVE_FEEDBACK, "/feedback/id", input).await?;
                }
            }
        }
        Ok(())
    }

    /// Sends one mutation; the id at `pointer` in its result.
    async fn create(
        &self,
        document: &str,
        pointer: &str,
        input: Value,
    ) -> Result<String, SeedError> {
        let context = RequestContext::new(
            Arc::clone(&self.services),
            Some(self.actor.clone()),
            Client::default(),
            None,
        );
        let variables = Variables::from_json(json!({ "input": input }));
        let answer = self
            .schema
            .execute(
                Request::new(document)
                    .variables(variables)
                    .data(Arc::new(context)),
            )
            .await;
        if let Some(error) = answer.errors.first() {
            return Err(SeedError::Refused(error.message.clone()));
        }
        let result = answer.data.into_json()?["result"].take();
        match result.pointer(pointer).and_then(Value::as_str) {
            Some(id) => Ok(id.to_owned()),
            None => Err(SeedError::Refused(
                result["message"]
                    .as_str()
                    .unwrap_or("without a word")
                    .to_owned(),
            )),
        }
    }
}
