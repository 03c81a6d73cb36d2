//! Who sees what was used, and the budget.

use agentry_provider_testkit::FaultServer;
use serde_json::{Value, json};

use super::{budget, gpt_4o, report, rows, set_budget, spend, sums, total};
use crate::answers::{agent, linked, working};
use crate::organizations::{call, founded};
use crate::support::{Caller, Server};

const NOTHING: (i64, i64, i64, i64) = (0, 0, 0, 0);

/// A member's shared agent with a private connection, used by them and by a colleague; and an admin and an owner who used nothing.
struct Team {
    server: Server,
    owner: Caller,
    admin: Caller,
    bob: Caller,
    cid: Caller,
    agent: Value,
    connection: Value,
}

impl Team {
    async fn start() -> Self {
        let provider = FaultServer::start().await;
        let server = working(&provider, &[]).await;
        let owner = founded(&server.sign_up("Ada").await, "acme").await;
        let mut members = Vec::new();
        for (name, role) in [("Eve", "admin"), ("Bob", "member"), ("Cid", "member")] {
            let person = server.sign_up(name).await;
            members.push(server.join(&owner, &person, role).await);
        }
        let [admin, bob, cid] = members.try_into().ok().unwrap();
        let agent = agent(&bob, json!({ "visibility": "ORGANIZATION" })).await;
        let connection = linked(&bob, &provider, &agent, json!({})).await;
        spend(&provider, &bob, &agent, 100, 10).await;
        spend(&provider, &cid, &agent, 1_000, 1).await;
        Self {
            server,
            owner,
            admin,
            bob,
            cid,
            agent,
            connection,
        }
    }
}

fn used(prompt: i64, completion: i64) -> (i64, i64, i64, i64) {
    (1, prompt, completion, gpt_4o(prompt, completion))
}

#[tokio::test]
async fn one_sees_ones_own_and_ones_agents_and_admins_see_all() {
    let team = Team::start().await;
    let both = (2, 1_100, 11, gpt_4o(100, 10) + gpt_4o(1_000, 1));
    for (who, sees) in [
        (&team.owner, both),
        (&team.admin, both),
        (&team.bob, both),
        (&team.cid, used(1_000, 1)),
    ] {
        assert_eq!(total(who).await, sees);
    }
    // The owner of the agent sees who asked it; whoever asked sees the agent, and not over whose connection it answered.
    let told = rows(&team.bob, "groupBy: [USER]").await;
    let users: Vec<&Value> = told.iter().map(|row| &row["userId"]).collect();
    let mut expected = [json!(team.bob.user_id), json!(team.cid.user_id)];
    expected.sort_by_key(ToString::to_string);
    assert_eq!(users, expected.iter().collect::<Vec<_>>());
    let by = "groupBy: [AGENT, CONNECTION]";
    let told = rows(&team.cid, by).await.remove(0);
    assert_eq!(
        (&told["agentId"], &told["connectionId"]),
        (&team.agent, &Value::Null)
    );
    for who in [&team.bob, &team.admin] {
        assert_eq!(rows(who, by).await[0]["connectionId"], team.connection);
    }
    let only = format!("filter: {{ connectionIds: [{}] }}", team.connection);
    assert_eq!(sums(&report(&team.cid, &only).await["total"]), NOTHING);
    let mine = format!("filter: {{ userIds: [\"{}\"] }}", team.bob.user_id);
    assert_eq!(sums(&report(&team.cid, &mine).await["total"]), NOTHING);
    // What the ids stand for is told to whoever may see it.
    let nodes =
        "{ usage(groupBy: [AGENT, CONNECTION]) { rows { agent { id } connection { id } } } }";
    let row = |data: Value| data["usage"]["rows"][0].clone();
    let seen = row(team.bob.query(nodes, json!({})).await);
    assert_eq!(
        seen,
        json!({ "agent": { "id": team.agent }, "connection": { "id": team.connection } })
    );
    let seen = row(team.admin.query(nodes, json!({})).await);
    assert_eq!(
        seen,
        json!({ "agent": { "id": team.agent }, "connection": null })
    );
}

#[tokio::test]
async fn no_other_organisation_and_nobody_sees_any_of_it() {
    let team = Team::start().await;
    let eve = team.server.sign_up("Stranger").await;
    assert_eq!(total(&eve).await, NOTHING);
    // Bob's own organisation is another one.
    let home = team
        .bob
        .query("{ viewer { organizations { id personal } } }", json!({}))
        .await;
    let home = home["viewer"]["organizations"].as_array().unwrap().iter();
    let home = home.clone().find(|one| one["personal"] == true).unwrap();
    let at_home = team.bob.in_organization(home["id"].as_str().unwrap());
    assert_eq!(total(&at_home).await, NOTHING);
    let outsider = eve.in_organization(&team.owner.organization_id);
    let document = "{ usage { total { runs } } }";
    assert_eq!(
        outsider.answer(document, json!({})).await["data"]["usage"],
        Value::Null
    );
    let nobody = Caller::nobody(&team.server);
    assert_eq!(nobody.code(document, json!({})).await, "UNAUTHENTICATED");
    // Who has left sees nothing any more, and admins still see what they used.
    let gone = json!({ "userId": team.cid.user_id });
    assert_eq!(
        call(&team.owner, "removeMember", gone, "").await["__typename"],
        "RemoveMemberSuccess"
    );
    assert_eq!(
        team.cid.answer(document, json!({})).await["data"]["usage"],
        Value::Null
    );
    assert_eq!(total(&team.owner).await.0, 2);
}

#[tokio::test]
async fn a_key_needs_to_read_messages_and_sees_what_its_user_sees() {
    let team = Team::start().await;
    let make = "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { ... on CreateApiKeySuccess { key } } }";
    for (who, permissions, runs) in [
        (&team.cid, json!({ "messages": ["read"] }), Some(1)),
        (&team.admin, json!({ "messages": ["read"] }), Some(2)),
        (
            &team.admin,
            json!({ "agents": ["read"], "organizations": ["read"] }),
            None,
        ),
    ] {
        let input = json!({ "input": { "name": "Key", "permissions": permissions } });
        let made = who.query(make, input).await;
        let key = made["createApiKey"]["key"].as_str().unwrap().to_owned();
        let answer: Value = Caller::nobody(&team.server)
            .post("{ usage { total { runs } } }", json!({}))
            .header("x-api-key", key)
            .header("x-organization-id", &who.organization_id)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        match runs {
            Some(runs) => assert_eq!(answer["data"]["usage"]["total"]["runs"], runs, "{answer}"),
            None => assert_eq!(
                answer["errors"][0]["extensions"]["code"], "FORBIDDEN",
                "{answer}"
            ),
        }
    }
}

#[tokio::test]
async fn an_agents_owner_at_the_time_keeps_seeing_what_it_used() {
    let team = Team::start().await;
    let input = json!({ "id": team.agent, "newOwnerId": team.cid.user_id });
    assert_eq!(
        call(&team.bob, "transferAgent", input, "").await["__typename"],
        "TransferAgentSuccess"
    );
    assert_eq!(total(&team.bob).await.0, 2);
    assert_eq!(
        total(&team.cid).await.0,
        1,
        "what was used before is not the new owner's to see"
    );
}

#[tokio::test]
async fn members_see_the_limits_and_admins_what_is_spent() {
    let team = Team::start().await;
    for who in [&team.owner, &team.bob] {
        assert_eq!(budget(who).await, Value::Null);
    }
    for who in [&team.bob, &team.cid] {
        let outcome = set_budget(who, json!({ "monthlyTokens": 5 })).await;
        assert_eq!(outcome["__typename"], "Forbidden", "{outcome}");
    }
    let input = json!({ "monthlyTokens": 5_000_000_000_i64, "monthlyCostMicros": 9_000_000 });
    let set = set_budget(&team.admin, input).await;
    assert_eq!(set["__typename"], "SetBudgetSuccess", "{set}");
    let cost = gpt_4o(100, 10) + gpt_4o(1_000, 1);
    for who in [&team.owner, &team.admin] {
        let told = budget(who).await;
        assert_eq!(told["monthlyTokens"], 5_000_000_000_i64);
        assert_eq!(
            (&told["spentTokens"], &told["spentCostMicros"]),
            (&json!(1_111), &json!(cost))
        );
        assert_eq!(told, set["budget"]);
    }
    let told = budget(&team.bob).await;
    assert_eq!(
        (&told["monthlyTokens"], &told["monthlyCostMicros"]),
        (&json!(5_000_000_000_i64), &json!(9_000_000))
    );
    assert_eq!(
        (&told["spentTokens"], &told["spentCostMicros"]),
        (&Value::Null, &Value::Null)
    );
    // Only of the organisation that the request acts in.
    let document = "{ viewer { organizations { id budget { monthlyTokens } } } }";
    let told = team.owner.query(document, json!({})).await;
    for one in told["viewer"]["organizations"].as_array().unwrap() {
        let here = one["id"] == team.owner.organization_id.as_str();
        assert_eq!(one["budget"].is_object(), here, "{one}");
    }
    let document = r#"{ auditEvents(filter: { action: "organization.set_budget" }) { nodes { actorUserId targetType targetId metadata } } }"#;
    let told = team.owner.query(document, json!({})).await;
    let expected = json!([{ "actorUserId": team.admin.user_id, "targetType": "Organization", "targetId": team.owner.organization_id,
        "metadata": { "before": { "monthlyTokens": null, "monthlyCostMicros": null },
                      "after": { "monthlyTokens": 5_000_000_000_i64, "monthlyCostMicros": 9_000_000 } } }]);
    assert_eq!(told["auditEvents"]["nodes"], expected);
}
