use agentry_db::ids::{AgentId, TemplateInstallId};
use agentry_db::template_install::Parts;
use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use serde_json::{Map, Value};

use super::TemplateInstall;
use super::loader::{EffectiveOf, PartsOf};
use crate::agent::Agent;
use crate::{ApiError, Noun, RequestContext};

/// Something that an installed agent keeps an eye on. It is the template's, with what you changed of it; nothing of it is copied.
#[derive(Debug, Clone, SimpleObject)]
pub struct TemplateWatcher {
    /// Its key in the definition, by which overrides name it.
    pub key: String,
    /// Its name.
    pub name: String,
    /// What it is to do.
    pub prompt: String,
    /// How it is to do it.
    pub guidance: Option<String>,
    /// When it runs: five fields, as cron writes them.
    pub schedule: Option<String>,
    /// Whether it is to run at all once somebody switched it on.
    pub enabled: bool,
    /// The types of things that it looks at, by id: the template's, whatever else has their slugs here.
    pub type_ids: Vec<ID>,
    /// Where it looks.
    pub sources: Vec<String>,
    /// The JSON Schema of what it finds.
    pub extraction_schema: Option<Value>,
}

/// How an installed agent sorts what comes in. It is the template's, with what you changed of it; nothing of it is copied.
#[derive(Debug, Clone, SimpleObject)]
pub struct TemplateClassifier {
    /// Its key in the definition, by which overrides name it.
    pub key: String,
    /// Its name.
    pub name: String,
    /// The attribute that it sets.
    pub attribute: String,
    /// The values it chooses from, each with what it stands for.
    pub values: Value,
    /// The key of the watcher whose finds it sorts.
    pub watcher: Option<String>,
    /// How alike something must be to a value, 0 to 1.
    pub min_similarity: Option<f64>,
    /// The value of what is like none.
    pub fallback: Option<String>,
    /// The model that sorts.
    pub model: Option<String>,
    /// How what is sorted is read.
    pub extraction_config: Option<Value>,
}

#[ComplexObject]
impl TemplateInstall {
    /// Its agent, as you may see it.
    #[graphql(complexity = "1 + child_complexity")]
    async fn agent(&self, context: &Context<'_>) -> async_graphql::Result<Option<Agent>> {
        let loader = RequestContext::of(context)?.loader(Noun::Agents)?;
        let id = AgentId::from(self.agent_id.as_str());
        loader.load_one(id).await.map_err(ApiError::loaded)
    }

    /// The whole definition of its version, with what you changed of it.
    #[graphql(complexity = "20")]
    async fn effective(&self, context: &Context<'_>) -> async_graphql::Result<Option<Value>> {
        let loader = RequestContext::of(context)?.loader(Noun::Templates)?;
        let found = loader.load_one(EffectiveOf(self.key())).await;
        found.map_err(ApiError::loaded)
    }

    /// What its agent keeps an eye on, by key.
    #[graphql(complexity = "10 + 5 * child_complexity")]
    async fn watchers(&self, context: &Context<'_>) -> async_graphql::Result<Vec<TemplateWatcher>> {
        let parts = self.parts(context).await?;
        Ok(parts.map(|parts| watchers(&parts)).unwrap_or_default())
    }

    /// How its agent sorts what comes in, by key.
    #[graphql(complexity = "10 + 5 * child_complexity")]
    async fn classifiers(
        &self,
        context: &Context<'_>,
    ) -> async_graphql::Result<Vec<TemplateClassifier>> {
        let parts = self.parts(context).await?;
        Ok(parts.map(|parts| classifiers(&parts)).unwrap_or_default())
    }
}

impl TemplateInstall {
    fn key(&self) -> TemplateInstallId {
        TemplateInstallId::from(self.id.as_str())
    }

    async fn parts(&self, context: &Context<'_>) -> async_graphql::Result<Option<Parts>> {
        let loader = RequestContext::of(context)?.loader(Noun::Templates)?;
        let found = loader.load_one(PartsOf(self.key())).await;
        found.map_err(ApiError::loaded)
    }
}

fn watchers(parts: &Parts) -> Vec<TemplateWatcher> {
    let watcher = |(key, entry): (&String, &Value)| {
        let ids = words(entry, "types").into_iter().filter_map(|slug| {
            let id = parts.types.get(&slug)?.as_str()?;
            Some(ID(id.to_owned()))
        });
        Some(TemplateWatcher {
            key: key.clone(),
            name: text(entry, "name")?,
            prompt: text(entry, "prompt")?,
            guidance: text(entry, "guidance"),
            schedule: text(entry, "schedule"),
            enabled: entry.get("enabled").and_then(Value::as_bool) != Some(false),
            type_ids: ids.collect(),
            sources: words(entry, "sources"),
            extraction_schema: entry.get("extractionSchema").cloned(),
        })
    };
    entries(parts.watchers.as_ref())
        .filter_map(watcher)
        .collect()
}

fn classifiers(parts: &Parts) -> Vec<TemplateClassifier> {
    let classifier = |(key, entry): (&String, &Value)| {
        Some(TemplateClassifier {
            key: key.clone(),
            name: text(entry, "name")?,
            attribute: text(entry, "attribute")?,
            values: entry
                .get("values")
                .cloned()
                .unwrap_or_else(|| Value::Object(Map::new())),
            watcher: text(entry, "watcher"),
            min_similarity: entry.get("minSimilarity").and_then(Value::as_f64),
            fallback: text(entry, "fallback"),
            model: text(entry, "model"),
            extraction_config: entry.get("extractionConfig").cloned(),
        })
    };
    entries(parts.classifiers.as_ref())
        .filter_map(classifier)
        .collect()
}

fn entries(part: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    part.and_then(Value::as_object).into_iter().flatten()
}

fn text(entry: &Value, name: &str) -> Option<String> {
    entry.get(name)?.as_str().map(str::to_owned)
}

fn words(entry: &Value, name: &str) -> Vec<String> {
    let words = entry.get(name).and_then(Value::as_array);
    let words = words.into_iter().flatten().filter_map(Value::as_str);
    words.map(str::to_owned).collect()
}
