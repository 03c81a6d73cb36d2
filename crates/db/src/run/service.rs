//! Which service serves a model, and over which of an agent's connections.

use agentry_entity::id::{AgentId, ApiConnectionId};
use sea_orm::FromQueryResult;

use crate::sql;
use crate::{DbError, Scope};

/// The service that answers by itself, without a connection.
const BUILT_IN: &str = "echo";

/// Services known to answer; any other does when its connection says where.
const CHAT: &[&str] = &[
    "anthropic",
    "azure",
    "deepseek",
    "fireworks",
    "gemini",
    "groq",
    "mistral",
    "ollama",
    "openai",
    "openrouter",
    "perplexity",
    "together",
    "vllm",
    "xai",
];

/// Models that one service alone is asked for, by how their names begin.
const THEIRS: &[(&str, &str)] = &[
    ("gpt-", "openai"),
    ("chatgpt-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("claude-", "anthropic"),
];

/// Models that others serve as well: their maker comes first where it is linked.
const MAKERS: &[(&str, &str)] = &[
    ("mistral-", "mistral"),
    ("ministral-", "mistral"),
    ("codestral-", "mistral"),
    ("magistral-", "mistral"),
    ("deepseek-", "deepseek"),
    ("grok-", "xai"),
    ("gemini-", "gemini"),
];

/// A connection that an agent may use, as far as the choice asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The connection.
    pub api_connection_id: ApiConnectionId,
    /// What it connects to.
    pub service: String,
    /// Whether it says where that is.
    pub has_base_url: bool,
}

/// Who serves a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The service.
    pub service: String,
    /// What the service calls the model.
    pub model: String,
    /// The connection to it; `None` for the built-in one, which needs none.
    pub connection: Option<ApiConnectionId>,
}

/// No linked connection serves the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The service to link a connection of; `None`: any that serves the model, and no more than one.
    pub service: Option<String>,
    /// What was asked for.
    pub model: String,
}

/// Chooses for a model among an agent's connections, given in the order they were linked; of several to one service the first
/// serves.
///
/// `echo` and `echo-…` are built in. `gpt-…`, `chatgpt-…`, `o1…`, `o3…`, `o4…` are `OpenAI`'s, `claude-…` Anthropic's. A name
/// `service/model` says it itself, where the first part is a known service or one that is linked. Anything else is asked of its
/// maker where that is linked, else of the agent's one connection to a service that answers, if there is just one.
///
/// # Errors
/// [`Missing`] says what to link.
pub fn service_of(model: &str, links: &[Link]) -> Result<Served, Missing> {
    let to = |service: &str, name: &str| {
        let found = links.iter().find(|link| link.service == service);
        found.map(|link| served(link, name)).ok_or_else(|| Missing {
            service: Some(service.to_owned()),
            model: model.to_owned(),
        })
    };
    let built_in = |name: &str| Served {
        service: BUILT_IN.to_owned(),
        model: name.to_owned(),
        connection: None,
    };
    if model == BUILT_IN || model.starts_with("echo-") {
        return Ok(built_in(model));
    }
    if let Some((service, name)) = model.split_once('/')
        && !name.is_empty()
    {
        if service == BUILT_IN {
            return Ok(built_in(name));
        }
        if CHAT.contains(&service) || links.iter().any(|link| link.service == service) {
            return to(service, name);
        }
    }
    if let Some(service) = begins(model, THEIRS) {
        return to(service, model);
    }
    if let Some(Ok(maker)) = begins(model, MAKERS).map(|service| to(service, model)) {
        return Ok(maker);
    }
    let mut answering = links.iter().filter(|link| answers(link));
    match (answering.next(), answering.next()) {
        (Some(one), None) => Ok(served(one, model)),
        (Some(_), Some(_)) | (None, None | Some(_)) => Err(Missing {
            service: None,
            model: model.to_owned(),
        }),
    }
}

/// What decides who serves an agent.
#[derive(Debug, Clone)]
pub struct Serving {
    /// Its model, by its template where it is installed.
    pub model: String,
    /// Whether its template was uninstalled.
    pub is_archived: bool,
    /// The connections it may use, in the order they were linked.
    pub links: Vec<Link>,
}

/// What decides who serves an agent that the caller may see. What its connections are is told to whoever may use the agent, also where
/// the connections themselves are not theirs to see. `None`: there is no such agent.
///
/// # Errors
/// [`DbError`] as the database answers.
pub async fn serving(scope: &Scope, agent: &AgentId) -> Result<Option<Serving>, DbError> {
    let values = [
        scope.tenant().organization().as_str().into(),
        agent.as_str().into(),
    ];
    let rows: Vec<Row> = sql::all(scope, SERVING, values).await?;
    let Some(Row {
        model, is_archived, ..
    }) = rows.first()
    else {
        return Ok(None);
    };
    let (model, is_archived) = (model.clone(), *is_archived);
    let link = |row: Row| {
        Some(Link {
            api_connection_id: row.api_connection_id?,
            service: row.service?,
            has_base_url: row.has_base_url?,
        })
    };
    Ok(Some(Serving {
        model,
        is_archived,
        links: rows.into_iter().filter_map(link).collect(),
    }))
}

const SERVING: &str = "
SELECT a.model, a.is_archived, s.api_connection_id, s.service, s.has_base_url
FROM (
  SELECT id, archived_at IS NOT NULL AS is_archived,
         CASE WHEN install_id IS NOT NULL AND archived_at IS NULL THEN coalesce(agent_effective(id) -> 'agent' ->> 'model', model)
              ELSE model END AS model
  FROM agents WHERE organization_id = $1 AND id = $2 OFFSET 0
) a LEFT JOIN agent_services(a.id) s ON true";

#[derive(FromQueryResult)]
struct Row {
    model: String,
    is_archived: bool,
    api_connection_id: Option<ApiConnectionId>,
    service: Option<String>,
    has_base_url: Option<bool>,
}

fn served(link: &Link, model: &str) -> Served {
    Served {
        service: link.service.clone(),
        model: model.to_owned(),
        connection: Some(link.api_connection_id.clone()),
    }
}

/// The service to link a connection of for a model, as far as its name tells: the one it names, the one it is asked of, or its maker.
/// `None`: anybody may serve it, as `llama-3.3-70b`, or it is built in.
#[must_use]
pub fn maker_of(model: &str) -> Option<&'static str> {
    let named = model.split_once('/').and_then(|(service, _)| {
        let known = CHAT.iter().find(|known| **known == service);
        known.copied()
    });
    named
        .or_else(|| begins(model, THEIRS))
        .or_else(|| begins(model, MAKERS))
}

fn begins<'a>(model: &str, names: &[(&str, &'a str)]) -> Option<&'a str> {
    let found = names.iter().find(|(start, _)| model.starts_with(start));
    found.map(|(_, service)| *service)
}

fn answers(link: &Link) -> bool {
    link.has_base_url || CHAT.contains(&link.service.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(services: &[&str]) -> Vec<Link> {
        let link = |(n, service): (usize, &&str)| Link {
            api_connection_id: format!("c{n}").as_str().into(),
            service: service.trim_end_matches('@').to_owned(),
            has_base_url: service.ends_with('@'),
        };
        services.iter().enumerate().map(link).collect()
    }

    /// `service model connection`, or `! service`.
    fn told(model: &str, services: &[&str]) -> String {
        match service_of(model, &links(services)) {
            Ok(Served {
                service,
                model,
                connection,
            }) => {
                let connection =
                    connection.map_or_else(|| "-".to_owned(), ApiConnectionId::into_string);
                format!("{service} {model} {connection}")
            }
            Err(Missing { service, .. }) => format!("! {}", service.unwrap_or_default()),
        }
    }

    #[test]
    fn echo_needs_no_connection() {
        for (model, named) in [
            ("echo", "echo"),
            ("echo-slow", "echo-slow"),
            ("echo/loud", "loud"),
        ] {
            assert_eq!(told(model, &[]), format!("echo {named} -"));
        }
        assert_eq!(told("echoes", &[]), "! ");
    }

    #[test]
    fn models_of_openai_and_anthropic_go_nowhere_else() {
        for model in ["gpt-3.5-turbo", "chatgpt-4o", "o1", "o3-mini", "o4-mini"] {
            assert_eq!(
                told(model, &["github", "anthropic", "openai", "openai"]),
                format!("openai {model} c2")
            );
            assert_eq!(told(model, &["anthropic", "vllm@"]), "! openai");
        }
        assert_eq!(
            told("claude-sonnet-4-5", &["anthropic"]),
            "anthropic claude-sonnet-4-5 c0"
        );
        assert_eq!(told("claude-sonnet-4-5", &["openai"]), "! anthropic");
    }

    #[test]
    fn a_name_before_the_stroke_is_the_service() {
        assert_eq!(
            told("groq/llama-3.3-70b", &["openai", "groq"]),
            "groq llama-3.3-70b c1"
        );
        assert_eq!(
            told("openrouter/anthropic/claude-opus", &["openrouter"]),
            "openrouter anthropic/claude-opus c0"
        );
        assert_eq!(
            told("azure/gpt-4o", &["openai", "azure@"]),
            "azure gpt-4o c1"
        );
        assert_eq!(told("azure/gpt-4o", &["openai"]), "! azure");
        assert_eq!(told("ours/tiny", &["ours@", "openai"]), "ours tiny c0");
    }

    #[test]
    fn a_stroke_in_a_name_that_is_no_service_belongs_to_the_name() {
        assert_eq!(
            told("meta-llama/Llama-3.1-8B", &["vllm@"]),
            "vllm meta-llama/Llama-3.1-8B c0"
        );
        for model in ["/", "groq/", "/x", ""] {
            assert_eq!(told(model, &[]), "! ", "{model}");
        }
    }

    #[test]
    fn anything_else_is_for_the_one_service_that_answers() {
        assert_eq!(
            told("llama-3.3-70b", &["github", "together"]),
            "together llama-3.3-70b c1"
        );
        assert_eq!(told("llama-3.3-70b", &["slack"]), "! ");
        assert_eq!(told("llama-3.3-70b", &["together", "groq"]), "! ");
        assert_eq!(told("llama-3.3-70b", &["ours@"]), "ours llama-3.3-70b c0");
        assert_eq!(told("llama-3.3-70b", &[]), "! ");
    }

    #[test]
    fn a_maker_that_is_linked_comes_first() {
        assert_eq!(
            told("mistral-large", &["together", "mistral"]),
            "mistral mistral-large c1"
        );
        assert_eq!(told("mistral-7b", &["ollama@"]), "ollama mistral-7b c0");
        assert_eq!(told("grok-4", &["openai", "groq"]), "! ");
    }

    #[test]
    fn a_models_name_tells_what_to_link_where_it_can() {
        for (model, service) in [
            ("gpt-3.5-turbo", Some("openai")),
            ("o3-mini", Some("openai")),
            ("claude-sonnet-4-5", Some("anthropic")),
            ("mistral-large", Some("mistral")),
            ("groq/llama-3.3-70b", Some("groq")),
            ("meta-llama/Llama-3.1-8B", None),
            ("llama-3.3-70b", None),
            ("echo", None),
            ("", None),
        ] {
            assert_eq!(maker_of(model), service, "{model}");
        }
    }
}
