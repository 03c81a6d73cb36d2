//! Every mutation, by every role, at its targets: how it ends, as a table that is kept.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;

use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::calls::Writer;
use super::mutations::MUTATIONS;
use super::snapshot::assert_kept;
use super::stage::{Stage, World};

const HEAD: &str = "\
# How every mutation ends, by who calls it at what; each in a world of its own. Owner, admin and member act in the team, the
# stranger owns an organisation elsewhere and acts there. `own` things are the caller's; `private` and `shared` ones belong to a
# plain member of the team; `hosted` ones too, but with an agent of the caller's. `~` is the caller themself; `co…` and `peer` are
# other members. done: it was. Else the failure's type, or in capitals the error's code.
# key: what an API key must be good for; with nothing else, it does as its owner does. `-`: no key does it. `any`: it takes none.
# audit: the events that were noted, which was so exactly where something was done.
";

const ACTORS: [&str; 4] = ["owner", "admin", "member", "stranger"];

/// What writes no event of the caller: what is said, not done; what is asked for; and who signs up is somebody else.
const UNTOLD: [&str; 14] = [
    "appendMessage",
    "cancelRun",
    "changeEmail",
    "editMessage",
    "giveFeedback",
    "regenerateMessage",
    "requestPasswordReset",
    "selectBranch",
    "sendMessage",
    "sendVerificationEmail",
    "signUp",
    "submitToolResults",
    "unlinkWhatsApp",
    "withdrawFeedback",
];

/// Worlds that are lived in at once.
const AT_ONCE: usize = 6;

/// One line of the table.
struct Line {
    field: &'static str,
    target: &'static str,
    document: String,
}

#[tokio::test]
async fn every_mutation_ends_as_it_is_kept_for_every_role() {
    let stage = Stage::set().await;
    let mutations = Writer::of(&stage.server).await.fields("Mutation");
    let named: HashSet<&str> = mutations.iter().map(|field| &*field.name).collect();
    let called: HashSet<&str> = MUTATIONS.iter().map(|(field, ..)| *field).collect();
    let odd: Vec<_> = named.symmetric_difference(&called).collect();
    assert!(
        odd.is_empty(),
        "mutations without lines, or lines without a mutation: {odd:?}"
    );
    let lines = MUTATIONS.iter().flat_map(|(field, targets, input)| {
        targets
            .split(' ')
            .map(|target| Line::new(field, target, input))
    });
    let lines: Vec<String> = stream::iter(lines)
        .map(|line| walk(&stage, line))
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut table = HEAD.to_owned();
    let [owner, admin, member, stranger] = ACTORS;
    writeln!(
        table,
        "{:23} {:18} {owner:16} {admin:16} {member:16} {stranger:16} {:19} audit",
        "# mutation", "target", "key"
    )
    .unwrap();
    table.extend(lines);
    assert_kept("matrix.snapshot.txt", &table);
}

/// The line as it turns out.
async fn walk(stage: &Stage, line: Line) -> String {
    let Line { field, target, .. } = line;
    let (mut ends, mut events) = (Vec::new(), BTreeSet::new());
    for actor in ACTORS {
        let world = stage.world(actor).await;
        let end = line
            .call(
                &world,
                world.caller().post(&world.named(&line.document), json!({})),
            )
            .await;
        let noted = noted(stage, &world).await;
        let told = end == "done" && !UNTOLD.contains(&field);
        // Nothing is left to note the end of somebody whose organisations all end with them.
        let lost = field == "deleteAccount" && actor == "stranger" && noted.is_empty();
        assert!(
            lost || noted.len() == usize::from(told),
            "{field} {target} by {actor} ended as {end} and noted {noted:?}"
        );
        events.extend(noted);
        ends.push(end);
    }
    let key = line.key(stage, &ends[0]).await;
    let events: Vec<String> = events.into_iter().collect();
    let ends: Vec<String> = ends.iter().map(|end| format!("{end:16}")).collect();
    let line = format!(
        "{field:23} {target:18} {} {key:19} {}",
        ends.join(" "),
        events.join(" ")
    );
    format!("{}\n", line.trim_end())
}

impl Line {
    fn new(field: &'static str, target: &'static str, input: &str) -> Self {
        let (which, change) = target.split_once("->").unwrap_or((target, ""));
        let argument = match input.replace('%', which).replace('>', change) {
            empty if empty.is_empty() => empty,
            input => format!("(input: {input})"),
        };
        Self {
            field,
            target,
            document: format!("mutation {{ {field}{argument} {{ __typename }} }}"),
        }
    }

    /// What the call comes to.
    async fn call(&self, world: &World, request: reqwest::RequestBuilder) -> String {
        let response = request.send().await.unwrap();
        let answer: Value = response.json().await.unwrap();
        let code = &answer["errors"][0]["extensions"]["code"];
        let kind = &answer["data"][self.field]["__typename"];
        let end = code.as_str().or(kind.as_str());
        let end = end.unwrap_or_else(|| panic!("{}: {answer}", world.named(&self.document)));
        assert!(
            !["INTERNAL", "GRAPHQL_VALIDATION_FAILED"].contains(&end),
            "{}: {answer}",
            world.named(&self.document)
        );
        if end.ends_with("Success") || end == "SignedIn" {
            return "done".to_owned();
        }
        end.to_owned()
    }

    /// The one permission that an API key of the owner's needs, to do what their session does.
    async fn key(&self, stage: &Stage, by_session: &str) -> String {
        let world = stage.world(ACTORS[0]).await;
        let key = stage.key(&world, Some("{}"), "1 day").await;
        let request = by_key(&world, &world.named(&self.document), &key);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        let error = &answer["errors"][0];
        if error["extensions"]["code"] != "FORBIDDEN" {
            return "any".to_owned();
        }
        let message = error["message"].as_str().unwrap();
        let Some((_, permission)) = message
            .trim_end_matches('.')
            .split_once("lacks the permission ")
        else {
            let world = stage.world(ACTORS[0]).await;
            let key = stage.key(&world, None, "1 day").await;
            let end = self
                .call(&world, by_key(&world, &world.named(&self.document), &key))
                .await;
            assert!(
                ["FORBIDDEN", "Forbidden"].contains(&&*end),
                "{}: {end}",
                self.field
            );
            return "-".to_owned();
        };
        let (noun, verb) = permission.split_once(':').unwrap();
        let world = stage.world(ACTORS[0]).await;
        let granted = json!({ noun: [verb] }).to_string();
        let key = stage.key(&world, Some(&granted), "1 day").await;
        let end = self
            .call(&world, by_key(&world, &world.named(&self.document), &key))
            .await;
        assert_eq!(end, by_session, "{} {}", self.field, self.target);
        permission.to_owned()
    }
}

/// A call with this API key, in the organisation that whoever acts is in.
fn by_key(world: &World, document: &str, key: &str) -> reqwest::RequestBuilder {
    let mut nobody = world.caller().clone();
    nobody.token.clear();
    nobody
        .post(document, json!({}))
        .header("x-api-key", key)
        .header("x-organization-id", world.named("$"))
}

/// The events that were noted of whoever acts.
async fn noted(stage: &Stage, world: &World) -> Vec<String> {
    sqlx::query_scalar("SELECT action FROM audit_events WHERE actor_user_id = $1")
        .bind(world.named("#~"))
        .fetch_all(&stage.root)
        .await
        .unwrap()
}
