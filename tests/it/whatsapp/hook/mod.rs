//! What comes in by webhooks, whose agent answers it, and what goes out: with a server that speaks Meta's Cloud API.

mod ask;
mod ended;
mod faults;
mod gateway;
mod intake;
mod kill;
mod kinds;
mod logs;
mod many;
mod misuse;
mod numbers;
mod order;
mod page;
mod queue;
mod trust;
mod worst;

use agentry_whatsapp_testkit::{CloudApi, Phone};
use serde_json::{Value, json};

use crate::support::{Caller, Server};
use crate::templates::{installed, mutate, offer, publisher};

/// The secret of the app.
const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// The token of the number.
const TOKEN: &str = "EAAtokentokentoken";
/// By what Meta knows the number.
const NUMBER: &str = "106540352242921";
/// Somebody's phone.
const PHONE: &str = "447700900001";
/// The template's slug.
const SLUG: &str = "helper";

/// What servers with workers are told in these tests.
const WORKING: [&str; 9] = [
    "--whatsapp-workers=8",
    "--whatsapp-publishers=*",
    "--whatsapp-doubt=1s",
    "--whatsapp-per-sender=100000",
    "--run-workers=8",
    "--runs-per-minute=100000",
    "--whatsapp-links-per-hour=100000",
    "--whatsapp-links-per-user-and-number=100000",
    "--titles=false",
];

/// A bot with its number, and the company that it is of.
struct Stage {
    server: Server,
    meta: CloudApi,
    acme: Caller,
    template: Value,
    /// The number as it was registered.
    number: Value,
    verify_token: String,
    phone: Phone,
}

impl Stage {
    async fn set() -> Self {
        Self::set_with(&[]).await
    }

    /// The same with more flags, which come first.
    async fn set_with(flags: &[&str]) -> Self {
        let meta = CloudApi::start().await;
        let graph = format!("--whatsapp-graph-url={}", meta.url());
        let name = |flag: &str| flag.split('=').next().unwrap_or_default().to_owned();
        let usual = WORKING.into_iter().chain([graph.as_str()]);
        let usual = usual.filter(|usual| flags.iter().all(|flag| name(flag) != name(usual)));
        let all: Vec<&str> = usual.chain(flags.iter().copied()).collect();
        let server = Server::start_with(&all).await;
        let acme = publisher(&server, "Pat", "acme").await;
        let template = offer(&acme, SLUG, bot("Helper")).await;
        let done = register(&acme, &template, NUMBER, TOKEN).await;
        assert_eq!(
            done["__typename"], "RegisterWhatsAppNumberSuccess",
            "{done}"
        );
        Self {
            phone: Phone::new(NUMBER, SECRET),
            number: done["whatsAppNumber"].clone(),
            verify_token: done["verifyToken"].as_str().unwrap().to_owned(),
            server,
            meta,
            acme,
            template,
        }
    }

    /// The address of all numbers.
    fn hook(&self) -> String {
        format!("{}/webhooks/whatsapp", self.server.url)
    }

    /// A text from this phone arrives.
    async fn text(&self, from: &str, id: &str, text: &str) {
        let status = self.phone.text(&self.hook(), from, id, text).await;
        assert_eq!(status, 200, "{id}");
    }

    /// Somebody who has installed the template for themself.
    async fn user(&self, name: &str) -> Caller {
        let user = self.server.sign_up(name).await;
        installed(&user, json!({ "slug": SLUG })).await;
        user
    }

    /// The same, whose number is linked by a message.
    async fn linked(&self, name: &str, phone: &str) -> Caller {
        let user = self.user(name).await;
        self.link(&user, phone).await;
        user
    }

    /// Links a number of somebody's.
    async fn link(&self, user: &Caller, phone: &str) {
        let code = code(user, phone).await;
        let before = self.meta.sent().len();
        self.text(
            phone,
            &format!("wamid.code.{code}"),
            &format!("Hello, {code}"),
        )
        .await;
        let sent = self.meta.wait_for(before + 1).await;
        let told = sent.last().unwrap();
        assert!(told.text.starts_with("Your number is linked"), "{told:?}");
        assert_eq!(told.to, phone);
    }
}

/// A template whose agents repeat what they hear.
fn bot(name: &str) -> Value {
    json!({ "name": name, "agent": { "systemPrompt": "Repeat.", "model": "echo" } })
}

const NUMBER_FIELDS: &str =
    "id templateId phoneNumberId phone gatewayUrl status webhookPath rotatedAt template { slug }";

/// What registering a number of Meta's answers.
async fn register(caller: &Caller, template: &Value, number: &str, token: &str) -> Value {
    let via = json!({ "cloudApi": { "phoneNumberId": number, "accessToken": token } });
    let input = json!({ "templateId": template, "via": via, "appSecret": SECRET });
    registered(caller, input).await
}

async fn registered(caller: &Caller, input: Value) -> Value {
    let selection = format!("verifyToken whatsAppNumber {{ {NUMBER_FIELDS} }}");
    mutate(caller, "registerWhatsAppNumber", &selection, input).await
}

/// The code that somebody gets for a number.
async fn code(caller: &Caller, phone: &str) -> String {
    let document = "mutation($input: LinkWhatsAppInput!) { linkWhatsApp(input: $input) { __typename
        ... on LinkWhatsAppSuccess { link { verification { code } } } ... on UserError { message } } }";
    let input = json!({ "phone": format!("+{phone}") });
    let data = caller.query(document, json!({ "input": input })).await;
    let code = data["linkWhatsApp"]["link"]["verification"]["code"].as_str();
    code.unwrap_or_else(|| panic!("{data}")).to_owned()
}

/// How many rows of the outbox are in this state.
async fn parts(server: &Server, state: &str) -> i64 {
    let mut root = server.database.root().await;
    sqlx::query_scalar("SELECT count(*) FROM whatsapp_outbox WHERE state = $1")
        .bind(state)
        .fetch_one(&mut root)
        .await
        .unwrap()
}

/// What became of a message.
async fn outcome(server: &Server, id: &str) -> Option<String> {
    let mut root = server.database.root().await;
    sqlx::query_scalar::<_, Option<String>>(
        "SELECT outcome FROM whatsapp_inbox WHERE message_id = $1",
    )
    .bind(id)
    .fetch_optional(&mut root)
    .await
    .unwrap()
    .flatten()
}
