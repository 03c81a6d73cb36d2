//! What somebody leaves behind: nobody else's to read, and an admin's to give away.

use serde_json::{Value, json};

use super::{call, ends, founded, sql};
use crate::conversations::{agent, conversation, mutate};
use crate::support::{Caller, Server};

async fn say(caller: &Caller, conversation: &str, content: &str) -> Value {
    let input = json!({ "conversationId": conversation, "role": "USER", "content": content });
    mutate(
        caller,
        "appendMessage",
        "appendedMessage { id content }",
        input,
    )
    .await
}

async fn connection(caller: &Caller, name: &str, visibility: &str, agent: &str) -> String {
    let input = json!({ "name": name, "service": "openai", "apiKey": "sk-0123456789abcdef", "visibility": visibility });
    let made = mutate(caller, "createApiConnection", "apiConnection { id }", input).await;
    let id = made["apiConnection"]["id"].as_str().unwrap().to_owned();
    let link = json!({ "agentId": agent, "apiConnectionId": id });
    let linked = mutate(caller, "linkApiConnection", "__typename", link).await;
    assert_eq!(linked["__typename"], "LinkApiConnectionSuccess", "{linked}");
    id
}

/// All that somebody sees of an agent: its conversations, messages, feedback and connections.
const SEEN: &str = "query($id: ID!) { agent(id: $id) { ownerId
    conversations { totalCount nodes { id } } messages { totalCount nodes { content } }
    feedbackSummary { up down } apiConnections { name } } }";

async fn seen(caller: &Caller, agent: &str) -> Value {
    caller.query(SEEN, json!({ "id": agent })).await["agent"].take()
}

/// Ada's team, in which Bob had a shared and a private agent, and Cleo, who is a plain member, talks to the shared one too.
struct Scene {
    server: Server,
    team: Caller,
    bob: Caller,
    cleo: Caller,
    shared: String,
    private: String,
    bobs: String,
    cleos: String,
}

impl Scene {
    async fn start() -> Self {
        let server = Server::start().await;
        let (ada, bob) = (server.sign_up("Ada").await, server.sign_up("Bob").await);
        let cleo = server.sign_up("Cleo").await;
        let team = founded(&ada, "acme").await;
        let bob = server.join(&team, &bob, "member").await;
        let cleo = server.join(&team, &cleo, "member").await;
        let shared = agent(&bob, "Shared", "ORGANIZATION").await;
        let private = agent(&bob, "Private", "PRIVATE").await;
        let bobs = conversation(&bob, &shared).await;
        let cleos = conversation(&cleo, &shared).await;
        let said = say(&bob, &bobs, "Bob's secret").await;
        say(&cleo, &cleos, "Cleo's question").await;
        let rated = json!({ "messageId": said["appendedMessage"]["id"], "rating": "UP" });
        mutate(&bob, "giveFeedback", "__typename", rated).await;
        Self {
            server,
            team,
            bob,
            cleo,
            shared,
            private,
            bobs,
            cleos,
        }
    }

    /// Bob is out, as better-auth does it: the row is gone, and nothing else.
    async fn bob_is_removed(&self) {
        sql(
            &self.server,
            r#"DELETE FROM "member" WHERE "userId" = $1 AND "organizationId" = $2"#,
            &[&self.bob.user_id, &self.team.organization_id],
        )
        .await;
    }

    async fn bob_is_back(&self) {
        self.server.join(&self.team, &self.bob, "member").await;
    }

    fn take_over(&self) -> Value {
        json!({ "formerOwnerId": self.bob.user_id, "newOwnerId": self.team.user_id })
    }
}

#[tokio::test]
async fn agents_of_one_who_left_are_found_and_taken_over_in_one_call() {
    let scene = Scene::start().await;
    let left = "{ agents(filter: { ownerLeft: true }) { totalCount nodes { name } } }";
    assert_eq!(
        scene.team.query(left, json!({})).await["agents"]["totalCount"],
        0
    );
    assert_eq!(
        ends(&scene.team, "takeOverAgents", scene.take_over()).await,
        "Conflict",
        "Bob is still there"
    );
    connection(&scene.bob, "Bob's own", "PRIVATE", &scene.shared).await;
    connection(&scene.bob, "Everyone's", "ORGANIZATION", &scene.shared).await;
    scene.bob_is_removed().await;
    assert_eq!(
        scene.bob.code("{ agents { totalCount } }", json!({})).await,
        "FORBIDDEN"
    );
    let found = scene.team.query(left, json!({})).await;
    assert_eq!(
        found["agents"],
        json!({ "totalCount": 2, "nodes": [{ "name": "Shared" }, { "name": "Private" }] })
    );
    let stays = "{ agents(filter: { ownerLeft: false }) { totalCount } connectedApis: apiConnections(filter: { ownerLeft: true }) { nodes { name } } }";
    assert_eq!(
        scene.team.query(stays, json!({})).await,
        json!({ "agents": { "totalCount": 0 }, "connectedApis": { "nodes": [{ "name": "Everyone's" }] } })
    );

    assert_eq!(
        ends(&scene.cleo, "takeOverAgents", scene.take_over()).await,
        "Forbidden"
    );
    let stranger = json!({ "formerOwnerId": scene.bob.user_id, "newOwnerId": "nobody" });
    assert_eq!(
        ends(&scene.team, "takeOverAgents", stranger).await,
        "ValidationFailed"
    );
    let nothing = json!({ "formerOwnerId": "nobody", "newOwnerId": scene.team.user_id });
    assert_eq!(
        ends(&scene.team, "takeOverAgents", nothing).await,
        "NotFound"
    );
    let taken = call(
        &scene.team,
        "takeOverAgents",
        scene.take_over(),
        "... on TakeOverAgentsSuccess { agentIds newOwnerId endedLinks }",
    )
    .await;
    let mut ids = vec![scene.shared.clone(), scene.private.clone()];
    ids.sort();
    assert_eq!(taken["agentIds"], json!(ids), "{taken}");
    assert_eq!(taken["endedLinks"], 1);
    let shared = seen(&scene.team, &scene.shared).await;
    assert_eq!(shared["ownerId"], scene.team.user_id);
    // The key Bob kept to himself is linked no more; what he shared with the organisation is.
    assert_eq!(shared["apiConnections"], json!([{ "name": "Everyone's" }]));
    let event =
        r#"{ auditEvents(filter: { action: "agent.take_over" }) { nodes { targetId metadata } } }"#;
    let event = scene.team.query(event, json!({})).await;
    let event = &event["auditEvents"]["nodes"][0];
    assert_eq!(event["targetId"], scene.bob.user_id);
    assert_eq!(event["metadata"]["agentIds"], json!(ids));
    assert_eq!(
        ends(&scene.team, "takeOverAgents", scene.take_over()).await,
        "NotFound",
        "nothing is left"
    );
}

#[tokio::test]
async fn what_one_said_to_ones_own_agent_stays_ones_own() {
    let scene = Scene::start().await;
    scene.bob_is_removed().await;
    for (agent, others) in [(&scene.shared, 1), (&scene.private, 0)] {
        let input = json!({ "id": agent, "newOwnerId": scene.team.user_id });
        assert_eq!(
            ends(&scene.team, "transferAgent", input).await,
            "TransferAgentSuccess"
        );
        let seen = seen(&scene.team, agent).await;
        assert_eq!(seen["conversations"]["totalCount"], others, "{seen}");
        assert!(!seen.to_string().contains("secret"), "{seen}");
        assert_eq!(seen["feedbackSummary"], json!({ "up": 0, "down": 0 }));
    }
    let direct = "query($id: ID!) { conversation(id: $id) { id } node(id: $id) { id } }";
    let nothing = json!({ "conversation": null, "node": null });
    assert_eq!(
        scene.team.query(direct, json!({ "id": scene.bobs })).await,
        nothing
    );
    // Cleo's went with the agent, and goes on.
    assert_ne!(
        scene.team.query(direct, json!({ "id": scene.cleos })).await,
        nothing
    );
    say(&scene.cleo, &scene.cleos, "More").await;
    assert_eq!(
        seen(&scene.team, &scene.shared).await["messages"]["totalCount"],
        2
    );

    // Bob comes back: what he said is his to read and to go on with, still unseen; the agents are not his any more.
    scene.bob_is_back().await;
    say(&scene.bob, &scene.bobs, "Another secret").await;
    let his = seen(&scene.bob, &scene.shared).await;
    assert_eq!(his["ownerId"], scene.team.user_id);
    assert_eq!(his["messages"]["totalCount"], 2, "{his}");
    assert_eq!(seen(&scene.bob, &scene.private).await, Value::Null);
    assert_eq!(
        seen(&scene.team, &scene.shared).await["messages"]["totalCount"],
        2
    );
    // A conversation he begins now is with an agent of Ada's, as Cleo's is.
    let new = conversation(&scene.bob, &scene.shared).await;
    say(&scene.bob, &new, "Hello").await;
    assert_eq!(
        seen(&scene.team, &scene.shared).await["messages"]["totalCount"],
        3
    );
}

#[tokio::test]
async fn an_admin_reads_nothing_by_taking_an_agent_from_a_member() {
    let scene = Scene::start().await;
    let input = json!({ "id": scene.shared, "newOwnerId": scene.team.user_id });
    assert_eq!(
        ends(&scene.team, "transferAgent", input).await,
        "TransferAgentSuccess"
    );
    assert!(
        !seen(&scene.team, &scene.shared)
            .await
            .to_string()
            .contains("secret")
    );
    let back = json!({ "id": scene.shared, "newOwnerId": scene.bob.user_id });
    ends(&scene.team, "transferAgent", back).await;
    let his = seen(&scene.bob, &scene.shared).await;
    assert_eq!(his["messages"]["totalCount"], 2, "{his}");
    // And once more to Cleo: Bob's stays his; Ada's would too.
    let on = json!({ "id": scene.shared, "newOwnerId": scene.cleo.user_id });
    ends(&scene.bob, "transferAgent", on).await;
    let hers = seen(&scene.cleo, &scene.shared).await;
    assert_eq!(
        hers["messages"],
        json!({ "totalCount": 1, "nodes": [{ "content": "Cleo's question" }] })
    );
}

#[tokio::test]
async fn what_those_said_who_left_is_shown_to_no_later_owner() {
    let scene = Scene::start().await;
    sql(
        &scene.server,
        r#"DELETE FROM "member" WHERE "userId" = $1 AND "organizationId" = $2"#,
        &[&scene.cleo.user_id, &scene.team.organization_id],
    )
    .await;
    // Bob has been able to read it all along.
    assert_eq!(
        seen(&scene.bob, &scene.shared).await["messages"]["totalCount"],
        2
    );
    let on = json!({ "id": scene.shared, "newOwnerId": scene.team.user_id });
    ends(&scene.bob, "transferAgent", on).await;
    assert_eq!(
        seen(&scene.team, &scene.shared).await["messages"]["totalCount"],
        0
    );
}

#[tokio::test]
async fn private_connections_of_one_who_left_are_nobodys_until_they_return() {
    let scene = Scene::start().await;
    let id = connection(&scene.bob, "Bob's own", "PRIVATE", &scene.private).await;
    scene.bob_is_removed().await;
    let read =
        "query($id: ID!) { apiConnection(id: $id) { name status } apiConnections { totalCount } }";
    let nothing = json!({ "apiConnection": null, "apiConnections": { "totalCount": 0 } });
    for other in [&scene.team, &scene.cleo] {
        assert_eq!(other.query(read, json!({ "id": id })).await, nothing);
        let gone = json!({ "id": id });
        assert_eq!(ends(other, "deleteApiConnection", gone).await, "NotFound");
    }
    assert_eq!(
        seen(&scene.team, &scene.private).await["apiConnections"],
        json!([])
    );
    scene.bob_is_back().await;
    assert_eq!(
        seen(&scene.bob, &scene.private).await["apiConnections"],
        json!([{ "name": "Bob's own" }]),
        "nobody took the agent over"
    );
    let his = scene.bob.query(read, json!({ "id": id })).await;
    assert_eq!(
        his["apiConnection"],
        json!({ "name": "Bob's own", "status": "READY" })
    );
}
