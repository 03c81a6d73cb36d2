//! The definition that an agent makes, with the types it uses.

use std::collections::{BTreeSet, HashMap};

use agentry_db::entity_type::{self, EntityType, TypeKind};
use agentry_db::ids::{AgentId, EntityTypeId};
use agentry_db::{Scope, agent, template_install};
use agentry_template::Tool;
use serde_json::{Map, Value, json};

use super::InstallRefusal;
use crate::check::Checks;
use crate::failure::Failure;
use crate::{Noun, RequestContext};

/// Of what a definition is made.
pub(super) struct OfAgent {
    pub(super) agent: AgentId,
    pub(super) types: Vec<EntityTypeId>,
    pub(super) additions: Option<Value>,
}

/// The definition that an agent of the caller's makes. What has to do with one running agent is left out, and so is every secret.
pub(super) async fn of_agent(context: &RequestContext, source: OfAgent) -> Result<Value, Failure> {
    let scope = context.read(Noun::Agents).await?;
    let mut document = agent_part(&scope, &source.agent).await?;
    if !source.types.is_empty() {
        let scope = context.read(Noun::Types).await?;
        types_part(&scope, source.types, &mut document).await?;
    }
    if let Some(additions) = source.additions {
        agentry_template::merge(&mut document, additions);
    }
    ask_for_tools(&mut document);
    Ok(document)
}

/// Adds the agent's tools to what whoever installs it is asked for, whatever else is.
fn ask_for_tools(document: &mut Value) {
    let tools = Tool::read_all(document.pointer("/agent/tools"));
    if tools.is_empty() || !document["capabilities"].is_object() {
        return;
    }
    if document["capabilities"].get("tools").is_none() {
        document["capabilities"]["tools"] = json!([]);
    }
    if let Value::Array(asked) = &mut document["capabilities"]["tools"] {
        let names = tools.into_iter().map(|tool| Value::from(tool.name));
        for name in names {
            if !asked.contains(&name) {
                asked.push(name);
            }
        }
    }
}

async fn agent_part(scope: &Scope, id: &AgentId) -> Result<Value, Failure> {
    let agent = agent::find(scope, id).await?;
    let agent = agent.ok_or_else(|| Failure::not_found("agent"))?;
    if agent.install_id.is_some() {
        return Err(InstallRefusal::TemplateIsInstance.into());
    }
    let equipment = template_install::equipment(scope, std::slice::from_ref(id)).await?;
    let services: BTreeSet<String> = equipment
        .into_iter()
        .flat_map(|(_, equipment)| equipment.services)
        .collect();
    let temperature: Value =
        serde_json::from_str(&agent.temperature.to_string()).unwrap_or(Value::Null);
    let mut document = json!({
        "name": agent.name,
        "agent": { "systemPrompt": agent.system_prompt, "model": agent.model, "temperature": temperature },
        "capabilities": { "services": services },
    });
    if let Some(description) = agent.description {
        document["description"] = description.clone().into();
        document["agent"]["description"] = description.into();
    }
    if let Some(most) = agent.max_tokens {
        document["agent"]["maxTokens"] = most.into();
    }
    if let Some(tools) = agent.tools {
        document["agent"]["tools"] = tools;
    }
    Ok(document)
}

/// Adds the types asked for, and those that relationships among them name.
async fn types_part(
    scope: &Scope,
    mut wanted: Vec<EntityTypeId>,
    document: &mut Value,
) -> Result<(), Failure> {
    let mut found: HashMap<String, EntityType> = HashMap::new();
    let mut asked_for = true;
    while !wanted.is_empty() {
        let rows = entity_type::find_many(scope, &wanted).await?;
        let missing = |id: &EntityTypeId| !rows.iter().any(|row| row.id == *id);
        let foreign = |row: &EntityType| row.catalog.is_some() || row.archived_at.is_some();
        if asked_for && (wanted.iter().any(missing) || rows.iter().any(foreign)) {
            let message = "One of them is no live type of the organisation's own.";
            return Err(Checks::refused("typeIds", message));
        }
        asked_for = false;
        found.extend(rows.into_iter().map(|row| (row.id.to_string(), row)));
        let mut named: Vec<EntityTypeId> = found
            .values()
            .filter(|row| row.catalog.is_none())
            .flat_map(|row| ids_in(&row.body))
            .filter(|id| !found.contains_key(id.as_str()))
            .collect();
        named.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        named.dedup();
        wanted = named;
        // What a template no longer brings is nothing any more.
        let rows = entity_type::find_many(scope, &wanted).await?;
        wanted.retain(|id| rows.iter().any(|row| row.id == *id));
    }
    let (mut things, mut relationships) = (Map::new(), Map::new());
    let mut catalogs = BTreeSet::new();
    for row in found.values() {
        if let Some(catalog) = &row.catalog {
            catalogs.insert(catalog.clone());
            continue;
        }
        let part = match row.kind {
            TypeKind::Entity => &mut things,
            TypeKind::Relationship => &mut relationships,
        };
        part.insert(row.slug.clone(), body_of(row, &found));
    }
    let own = |row: &EntityType| match row.kind {
        TypeKind::Entity => things.contains_key(&row.slug),
        TypeKind::Relationship => relationships.contains_key(&row.slug),
    };
    if found.values().any(|row| row.catalog.is_some() && own(row)) {
        let message =
            "An own type has the slug of one that a catalog brings and a relationship names.";
        return Err(Checks::refused("typeIds", message));
    }
    for (part, types) in [
        ("entityTypes", things),
        ("relationshipTypes", relationships),
    ] {
        if !types.is_empty() {
            document[part] = Value::Object(types);
        }
    }
    if !catalogs.is_empty() {
        document["catalogs"] = json!(catalogs);
    }
    Ok(())
}

/// The types that a type of relationships names.
fn ids_in(body: &Value) -> Vec<EntityTypeId> {
    let many = ["fromTypeIds", "toTypeIds"]
        .into_iter()
        .filter_map(|name| body.get(name)?.as_array())
        .flatten();
    many.chain(body.get("inverseTypeId"))
        .filter_map(Value::as_str)
        .map(EntityTypeId::from)
        .collect()
}

/// A type as a definition has it: what it names, by slug.
fn body_of(row: &EntityType, found: &HashMap<String, EntityType>) -> Value {
    let mut body = row.body.clone();
    let Value::Object(members) = &mut body else {
        return body;
    };
    let slug = |id: &Value| {
        let found = found.get(id.as_str()?)?;
        Some(Value::from(found.slug.clone()))
    };
    for (from, to) in [("fromTypeIds", "from"), ("toTypeIds", "to")] {
        if let Some(Value::Array(ids)) = members.remove(from) {
            let slugs: Vec<Value> = ids.iter().filter_map(slug).collect();
            if !slugs.is_empty() {
                members.insert(to.to_owned(), Value::Array(slugs));
            }
        }
    }
    let inverse = members.remove("inverseTypeId");
    if let Some(slug) = inverse.as_ref().and_then(slug) {
        members.insert("inverse".to_owned(), slug);
    }
    // What says nothing is left out.
    members.retain(|_, value| {
        let empty = value.as_object().is_some_and(Map::is_empty);
        !empty && *value != Value::Bool(false)
    });
    body
}
