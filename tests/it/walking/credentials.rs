//! Every root field, by every kind of credential: what comes of it, as a table that is kept.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use agentry_auth::secret::SecretList;
use chrono::Utc;
use futures_util::{StreamExt as _, stream};
use ring::signature::Ed25519KeyPair;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::calls::{RootField, Writer};
use super::snapshot::assert_kept;
use super::stage::{Stage, World};
use crate::credentials::issuer::{claims, token};
use crate::support::{AUTH_SECRET, PATIENCE};

const HEAD: &str = "\
# What every root field answers, by the credential it is called with: as an owner of a team, with the fewest arguments, so that
# ids are of nothing. data, null or done: what it says. Else the failure's type, or in capitals the
# error's code, with the status where that is not 200. The API keys grant everything (null), nothing ({}), reading all nouns
# (read), reading and writing all (*). Last come fields below the root that ask for more than the one they stand under.
";

/// Those that let somebody in, and nobody.
const GOOD: [Kind; 9] = [
    Kind::Nothing,
    Kind::Cookie(Flaw::None),
    Kind::Raw(Flaw::None),
    Kind::Signed(Flaw::None),
    Kind::Jwt(Flaw::None),
    Kind::Key(None, Flaw::None),
    Kind::Key(Some("{}"), Flaw::None),
    Kind::Key(Some(r#"{"*":["read"]}"#), Flaw::None),
    Kind::Key(Some(r#"{"*":["*"]}"#), Flaw::None),
];

/// Those that let nobody in.
const BAD: [Kind; 14] = [
    Kind::Cookie(Flaw::Garbage),
    Kind::Cookie(Flaw::Expired),
    Kind::Raw(Flaw::Garbage),
    Kind::Raw(Flaw::Expired),
    Kind::Signed(Flaw::Garbage),
    Kind::Signed(Flaw::Expired),
    Kind::Jwt(Flaw::Garbage),
    Kind::Jwt(Flaw::Expired),
    Kind::Key(None, Flaw::Garbage),
    Kind::Key(None, Flaw::Expired),
    Kind::Cookie(Flaw::Elsewhere),
    Kind::Raw(Flaw::Elsewhere),
    Kind::Jwt(Flaw::Elsewhere),
    Kind::Key(None, Flaw::Elsewhere),
];

/// Fields below the root, each with a document that reads it.
const BELOW: [(&str, &str); 3] = [
    (
        "Viewer.invitations",
        "query { viewer { invitations { __typename } } }",
    ),
    (
        "Organization.invitations",
        "query { viewer { organization { invitations { __typename } } } }",
    ),
    (
        "Organization.members",
        "query { viewer { organization { members { __typename } } } }",
    ),
];

const AT_ONCE: usize = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    /// Of the right form, and by nobody who may make it.
    Garbage,
    Expired,
    /// Good, but not where the request is to act.
    Elsewhere,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nothing,
    Cookie(Flaw),
    /// A session's token in a bearer header.
    Raw(Flaw),
    /// The same with its signature.
    Signed(Flaw),
    Jwt(Flaw),
    /// An API key with these permissions.
    Key(Option<&'static str>, Flaw),
}

#[tokio::test]
async fn every_root_field_answers_every_credential_as_it_is_kept() {
    let stage = Stage::set().await;
    let writer = Writer::of(&stage.server).await;
    let fields = ["Query", "Mutation", "Subscription"].map(|root| writer.fields(root));
    let fields = fields.into_iter().flatten();
    let fields = fields.map(|field| (format!("{}.{}", field.root, field.name), field));
    let below = BELOW.map(|(name, document)| {
        let field = RootField {
            root: "Query",
            name: "viewer".to_owned(),
            document: document.to_owned(),
        };
        (name.to_owned(), field)
    });
    let fields: Vec<(String, RootField)> = fields.chain(below).collect();
    let rows: Vec<Vec<String>> = stream::iter(&fields)
        .map(|(_, field)| row(&stage, field))
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut table = HEAD.to_owned();
    let names: Vec<String> = GOOD.iter().map(|kind| kind.name()).collect();
    print(&mut table, "# field", &names);
    for ((name, _), row) in fields.iter().zip(&rows) {
        print(&mut table, name, &row[..GOOD.len()]);
    }
    for (place, kind) in BAD.iter().enumerate() {
        let column: BTreeSet<(&str, &str)> = rows
            .iter()
            .map(|row| (&*row[0], &*row[GOOD.len() + place]))
            .collect();
        let answers: BTreeSet<&str> = column.iter().map(|(_, answer)| *answer).collect();
        let said = if column.iter().all(|(nobody, answer)| nobody == answer) {
            "as none at every field".to_owned()
        } else if answers.len() == 1 {
            format!("{} at every field", answers.iter().next().unwrap())
        } else {
            format!("{column:?}")
        };
        writeln!(table, "{}: {said}", kind.name()).unwrap();
    }
    assert_kept("credentials.snapshot.txt", &table);
}

fn print(table: &mut String, first: &str, cells: &[String]) {
    let cells: Vec<String> = cells.iter().map(|cell| format!("{cell:16}")).collect();
    let line = format!("{first:31} {}", cells.join(" "));
    writeln!(table, "{}", line.trim_end()).unwrap();
}

/// What this field answers to each credential, the good ones first.
async fn row(stage: &Stage, field: &RootField) -> Vec<String> {
    let mut answers = Vec::new();
    let mut world = stage.world("owner").await;
    for kind in GOOD {
        answers.push(answer(stage, &world, field, kind).await);
        if field.root == "Mutation" {
            world = stage.world("owner").await;
        }
    }
    for kind in BAD {
        answers.push(answer(stage, &world, field, kind).await);
    }
    answers
}

async fn answer(stage: &Stage, world: &World, field: &RootField, kind: Kind) -> String {
    // Names and slugs are of one world only.
    let document = field.document.replace("something", &world.named("#thing"));
    let mut request = stage.nobody().post(&document, json!({}));
    if let Some((name, value)) = kind.header(stage, world).await {
        request = request
            .header(name, value)
            .header("x-organization-id", world.named(kind.place()));
    }
    if field.root == "Subscription" {
        request = request.header("accept", "text/event-stream");
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    // A stream of events ends here after its first, which is an error.
    let body = timeout(PATIENCE, response.text()).await.unwrap().unwrap();
    let text = body
        .lines()
        .filter_map(|line| line.strip_prefix("data:"))
        .find(|data| data.contains('{'))
        .unwrap_or(&body);
    let answer: Value = serde_json::from_str(text.trim()).unwrap_or_else(|_| panic!("{body}"));
    let said = said(field, &answer);
    assert_ne!(said, "GRAPHQL_VALIDATION_FAILED", "{answer}");
    if status == 200 {
        said
    } else {
        format!("{status} {said}")
    }
}

fn said(field: &RootField, answer: &Value) -> String {
    if let Some(code) = answer["errors"][0]["extensions"]["code"].as_str() {
        return code.to_owned();
    }
    let value = &answer["data"][&field.name];
    match value["__typename"].as_str() {
        Some(kind) if field.root != "Mutation" || kind.ends_with("Success") => {
            let word = if field.root == "Mutation" {
                "done"
            } else {
                "data"
            };
            word.to_owned()
        }
        Some(failure) => failure.to_owned(),
        None if value.is_null() => "null".to_owned(),
        None => "data".to_owned(),
    }
}

impl Kind {
    fn name(self) -> String {
        let name = match self {
            Self::Nothing => "none".to_owned(),
            Self::Cookie(_) => "cookie".to_owned(),
            Self::Raw(_) => "raw bearer".to_owned(),
            Self::Signed(_) => "signed bearer".to_owned(),
            Self::Jwt(_) => "jwt".to_owned(),
            Self::Key(permissions, _) => {
                let shown = match permissions {
                    None => "null",
                    Some("{}") => "{}",
                    Some(text) if text.contains("read") => "read",
                    Some(_) => "*",
                };
                format!("key {shown}")
            }
        };
        match self.flaw() {
            Flaw::None => name,
            Flaw::Garbage => format!("{name}, forged"),
            Flaw::Expired => format!("{name}, expired"),
            Flaw::Elsewhere => format!("{name}, in an organisation of others"),
        }
    }

    const fn flaw(self) -> Flaw {
        match self {
            Self::Nothing => Flaw::None,
            Self::Cookie(flaw)
            | Self::Raw(flaw)
            | Self::Signed(flaw)
            | Self::Jwt(flaw)
            | Self::Key(_, flaw) => flaw,
        }
    }

    /// The organisation that the request names.
    fn place(self) -> &'static str {
        if self.flaw() == Flaw::Elsewhere {
            "#club"
        } else {
            "$"
        }
    }

    /// The header that carries a new one, of whoever acts in this world.
    async fn header(self, stage: &Stage, world: &World) -> Option<(&'static str, String)> {
        let session = |flaw| match flaw {
            Flaw::None | Flaw::Elsewhere => world.token("session"),
            Flaw::Garbage => world.token("unknown"),
            Flaw::Expired => world.token("expired"),
        };
        let signed = |flaw| {
            let secret = if flaw == Flaw::Garbage {
                "some-other-secret-than-the-server-has-0123"
            } else {
                AUTH_SECRET
            };
            let token = session(if flaw == Flaw::Garbage {
                Flaw::None
            } else {
                flaw
            });
            let list = SecretList::single(&secret.into()).unwrap();
            let signed = list.sign(&token).expose_secret().to_owned();
            signed
                .replace('+', "%2B")
                .replace('/', "%2F")
                .replace('=', "%3D")
        };
        Some(match self {
            Self::Nothing => return None,
            Self::Cookie(flaw) => (
                "cookie",
                format!("better-auth.session_token={}", signed(flaw)),
            ),
            Self::Raw(flaw) => ("authorization", format!("Bearer {}", session(flaw))),
            Self::Signed(flaw) => ("authorization", format!("Bearer {}", signed(flaw))),
            Self::Jwt(flaw) => {
                let mut claims = claims(&world.caller().user_id);
                if flaw == Flaw::Expired {
                    claims["exp"] = json!(Utc::now().timestamp() - 1);
                }
                let forger = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
                let pair = if flaw == Flaw::Garbage {
                    &forger
                } else {
                    &stage.issuer
                };
                ("authorization", token(pair, &claims))
            }
            Self::Key(permissions, Flaw::None | Flaw::Elsewhere) => {
                ("x-api-key", stage.key(world, permissions, "1 day").await)
            }
            Self::Key(permissions, Flaw::Expired) => (
                "x-api-key",
                stage.key(world, permissions, "-1 second").await,
            ),
            Self::Key(_, Flaw::Garbage) => ("x-api-key", format!("ag_{}", world.token("unknown"))),
        })
    }
}
