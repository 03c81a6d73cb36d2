use agentry_db::agent::{self, AgentChanges};
use agentry_db::ids::TemplateInstallId;
use agentry_db::template_install::{self, Install};
use agentry_template::Capabilities;
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use serde_json::{Value, json};

use super::TemplateInstall;
use super::mutation::{not_written, reread};
use super::usecase::not_agreed_to;
use crate::check::{Checks, id_of};
use crate::context::audited;
use crate::failure::{Failure, mutation_result};
use crate::template::InstallRefusal;
use crate::{Action, Doing, RequestContext};

const MAX_NAME: usize = 200;
/// The longest path to an override, in characters.
const MAX_PATH: usize = 500;
/// The most of all overrides together, as JSON without white space.
const MAX_OVERRIDES: usize = 256 * 1_024;

/// What changes of an install's own.
#[derive(Debug, Clone, InputObject)]
pub struct UpdateInstallInput {
    /// The install.
    install_id: ID,
    /// What the agent is called, 1 to 200 characters; as it was when left out.
    name: Option<String>,
    /// A JSON Merge Patch (RFC 7396) on the definition, on top of what was changed before: `agent` with `description`,
    /// `systemPrompt`, `model`, `temperature` and `maxTokens`; `watchers` by key with `schedule` and `enabled`; `classifiers` by key
    /// with `minSimilarity`, `fallback`, `model` and `values`. A null takes away what the template says.
    overrides: Option<Value>,
}

/// What of an install is to be as the template says again.
#[derive(Debug, Clone, InputObject)]
pub struct ResetOverrideInput {
    /// The install.
    install_id: ID,
    /// What: the names of members from the outside in, joined by points, as in `agent.systemPrompt`. `name` is what the agent is
    /// called. Everything but the name when left out.
    path: Option<String>,
}

/// Which install to move to which version.
#[derive(Debug, Clone, InputObject)]
pub struct UpgradeTemplateInput {
    /// The install.
    install_id: ID,
    /// The version to stay at, an earlier one included; when left out, the newest, and whatever is published after it that asks for
    /// no more.
    to_version: Option<i32>,
    /// Whether you agree to what that version asks for.
    #[graphql(default)]
    accept_capabilities: bool,
}

/// The install was changed.
#[derive(Debug, SimpleObject)]
pub struct UpdateInstallSuccess {
    /// The install as it is now.
    install: TemplateInstall,
}

/// It is as the template says again.
#[derive(Debug, SimpleObject)]
pub struct ResetOverrideSuccess {
    /// The install as it is now.
    install: TemplateInstall,
}

/// The install is at that version.
#[derive(Debug, SimpleObject)]
pub struct UpgradeTemplateSuccess {
    /// The install as it is now.
    install: TemplateInstall,
}

mutation_result! {
    /// How changing an install ended.
    UpdateInstallResult = UpdateInstallSuccess | DefinitionRejected | ValidationFailed | NotFound | Forbidden
}
mutation_result! {
    /// How resetting a change ended.
    ResetOverrideResult = ResetOverrideSuccess | DefinitionRejected | ValidationFailed | NotFound | Forbidden
}
mutation_result! {
    /// How moving an install to another version ended.
    UpgradeTemplateResult = UpgradeTemplateSuccess | InstallRefused | DefinitionRejected | NotFound | Forbidden
}

/// Mutations that change installs.
#[derive(Debug, Default)]
pub struct InstallChangeMutation;

#[Object]
impl InstallChangeMutation {
    /// Changes what an install has of its own. What the template says besides goes on following the template.
    async fn update_install(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and what.")] input: UpdateInstallInput,
    ) -> async_graphql::Result<UpdateInstallResult> {
        let changed = update(RequestContext::of(context)?, input).await;
        UpdateInstallResult::from_outcome(changed.map(|install| UpdateInstallSuccess { install }))
    }

    /// Takes a change back: it is as the template says again.
    async fn reset_override(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and what.")] input: ResetOverrideInput,
    ) -> async_graphql::Result<ResetOverrideResult> {
        let changed = reset(RequestContext::of(context)?, input).await;
        ResetOverrideResult::from_outcome(changed.map(|install| ResetOverrideSuccess { install }))
    }

    /// Moves an install to the newest version, or to a certain one, earlier or later. A version that asks for more than you agreed to
    /// takes `acceptCapabilities`.
    async fn upgrade_template(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and where to.")] input: UpgradeTemplateInput,
    ) -> async_graphql::Result<UpgradeTemplateResult> {
        let moved = upgrade(RequestContext::of(context)?, input).await;
        UpgradeTemplateResult::from_outcome(moved.map(|install| UpgradeTemplateSuccess { install }))
    }
}

async fn update(
    context: &RequestContext,
    input: UpdateInstallInput,
) -> Result<TemplateInstall, Failure> {
    let mut checks = Checks::default();
    let name = input
        .name
        .as_deref()
        .map(|name| checks.name("name", name, MAX_NAME));
    let large = |value: &Value| value.to_string().len() > MAX_OVERRIDES;
    if input.overrides.as_ref().is_some_and(large) {
        let message = format!("They must have at most {MAX_OVERRIDES} bytes as JSON.");
        checks.refuse("overrides", message);
    }
    checks.finish()?;
    let problems = input.overrides.as_ref().map(agentry_template::check_patch);
    if let Some(problems) = problems.filter(|problems| !problems.is_empty()) {
        return Err(Failure::rejected(problems));
    }
    let (id, name, more) = (&id_of(input.install_id), &name, &input.overrides);
    context
        .write(Action::UpdateInstall, |scope| async move {
            let install = held(&scope, id).await?;
            let mut overrides = install.overrides.clone();
            if let Some(more) = more {
                template_install::compose(&mut overrides, more.clone());
                store(&scope, &install, more, &overrides, None).await?;
            }
            if let Some(name) = name {
                rename(&scope, &install, name.clone()).await?;
            }
            // What is written may be private; where something was changed is enough.
            let metadata =
                json!({ "changed": paths(&install.overrides, &overrides), "name": name });
            audited(&scope, "TemplateInstall", id.as_str(), metadata).await?;
            reread(&scope, id).await
        })
        .await
}

async fn reset(
    context: &RequestContext,
    input: ResetOverrideInput,
) -> Result<TemplateInstall, Failure> {
    let nowhere = |path: &String| path.contains('\0') || path.chars().count() > MAX_PATH;
    if input.path.as_ref().is_some_and(nowhere) {
        let message = format!("It must have at most {MAX_PATH} characters, U+0000 not among them.");
        return Err(Checks::refused("path", message));
    }
    let (id, path) = (&id_of(input.install_id), &input.path);
    context
        .write(Action::UpdateInstall, |scope| async move {
            let install = held(&scope, id).await?;
            if path.as_deref() == Some("name") {
                let definition = template_install::definition(&scope, id, None, None).await?;
                let name = definition.as_ref().and_then(|it| it["name"].as_str());
                if let Some(name) = name {
                    rename(&scope, &install, name.to_owned()).await?;
                }
            } else {
                let mut overrides = install.overrides.clone();
                match path {
                    None => overrides = json!({}),
                    Some(path) => {
                        let steps: Vec<&str> = path.split('.').collect();
                        remove(&mut overrides, &steps);
                    }
                }
                store(&scope, &install, &nothing(), &overrides, None).await?;
            }
            let metadata = json!({ "reset": path });
            audited(&scope, "TemplateInstall", id.as_str(), metadata).await?;
            reread(&scope, id).await
        })
        .await
}

async fn upgrade(
    context: &RequestContext,
    input: UpgradeTemplateInput,
) -> Result<TemplateInstall, Failure> {
    let (id, to, accepted) = (
        &id_of(input.install_id),
        input.to_version,
        input.accept_capabilities,
    );
    context
        .write(Action::UpgradeTemplate, |scope| async move {
            let install = held(&scope, id).await?;
            let (version, wanted) = destination(&scope, &install, to).await?;
            let granted = Capabilities::read(&install.granted_capabilities);
            let more = wanted.beyond(&granted);
            if !more.is_empty() && !accepted {
                return Err(not_agreed_to(more));
            }
            // What was changed of one version may not fit another.
            store(
                &scope,
                &install,
                &nothing(),
                &install.overrides,
                Some(version),
            )
            .await?;
            let granted = granted.with(&wanted).to_json();
            template_install::set_version(&scope, id, to, &granted).await?;
            let metadata = json!({ "version": version, "pinned": to.is_some() });
            audited(&scope, "TemplateInstall", id.as_str(), metadata).await?;
            reread(&scope, id).await
        })
        .await
}

/// The version to go to, and what it asks for.
async fn destination(
    scope: &Doing,
    install: &Install,
    to: Option<i32>,
) -> Result<(i32, Capabilities), Failure> {
    let found = template_install::version(scope, &install.id, to).await?;
    let (version, capabilities) = found.ok_or(InstallRefusal::TemplateNotFound)?;
    Ok((version, Capabilities::read(&capabilities)))
}

/// A live install that the caller may change, held until the transaction ends.
async fn held(scope: &Doing, id: &TemplateInstallId) -> Result<Install, Failure> {
    match template_install::lock(scope, id).await? {
        Some(install) if install.uninstalled_at.is_none() => Ok(install),
        Some(_) => Err(Failure::not_found("install")),
        None => Err(not_written(scope, id).await?),
    }
}

fn nothing() -> Value {
    Value::Object(serde_json::Map::new())
}

/// Puts overrides in place, once they fit the definition of the version, or of the install's own. `patch` is what is new in them.
async fn store(
    scope: &Doing,
    install: &Install,
    patch: &Value,
    overrides: &Value,
    version: Option<i32>,
) -> Result<(), Failure> {
    let effective =
        template_install::definition(scope, &install.id, version, Some(overrides)).await?;
    let effective = effective.unwrap_or(Value::Null);
    let problems = agentry_template::check_overrides(patch, &effective);
    if !problems.is_empty() {
        return Err(Failure::rejected(problems));
    }
    if *overrides != install.overrides {
        template_install::set_overrides(scope, &install.id, overrides).await?;
    }
    Ok(())
}

async fn rename(scope: &Doing, install: &Install, name: String) -> Result<(), Failure> {
    let changes = AgentChanges {
        name: Some(name),
        ..AgentChanges::default()
    };
    let changed = agent::update(scope, &install.agent_id, changes).await?;
    changed
        .map(drop)
        .ok_or_else(|| Failure::not_written("agent", true))
}

/// Where two sets of overrides differ: the names of members from the outside in, joined by points.
fn paths(before: &Value, after: &Value) -> Vec<String> {
    let mut found = Vec::new();
    differing("", before, after, &mut found);
    found
}

fn differing(path: &str, before: &Value, after: &Value, found: &mut Vec<String>) {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        if before != after {
            found.push(path.to_owned());
        }
        return;
    };
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let at = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) => differing(&at, old, new, found),
            (None, Some(new @ Value::Object(_))) => differing(&at, &nothing(), new, found),
            (Some(old @ Value::Object(_)), None) => differing(&at, old, &nothing(), found),
            (Some(_), None) | (None, Some(_)) => found.push(at),
            (None, None) => {}
        }
    }
}

/// Takes a member out, and whatever is left empty around it.
fn remove(overrides: &mut Value, steps: &[&str]) {
    let (Some((first, rest)), Value::Object(members)) = (steps.split_first(), overrides) else {
        return;
    };
    if rest.is_empty() {
        members.remove(*first);
    } else if let Some(inner) = members.get_mut(*first) {
        remove(inner, rest);
        if inner.as_object().is_some_and(serde_json::Map::is_empty) {
            members.remove(*first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_differ_are_told_and_not_what_stands_there() {
        let before = json!({ "agent": { "model": "a", "maxTokens": 5 } });
        let after = json!({ "agent": { "model": "b", "maxTokens": 5, "temperature": null }, "watchers": { "w": { "enabled": true } } });
        assert_eq!(
            paths(&before, &after),
            ["agent.model", "agent.temperature", "watchers.w.enabled"]
        );
        assert_eq!(paths(&after, &after), Vec::<String>::new());
    }

    #[test]
    fn what_is_reset_leaves_nothing_empty_behind() {
        let mut overrides =
            json!({ "agent": { "model": "m" }, "watchers": { "w": { "enabled": false } } });
        remove(&mut overrides, &["agent", "model"]);
        assert_eq!(
            overrides,
            json!({ "watchers": { "w": { "enabled": false } } })
        );
        remove(&mut overrides, &["watchers", "none", "enabled"]);
        remove(&mut overrides, &["watchers"]);
        assert_eq!(overrides, json!({}));
    }
}
