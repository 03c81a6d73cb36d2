/// How the names of models begin that one service alone makes.
const MODELS: [(&str, &str); 12] = [
    ("gpt-", "openai"),
    ("chatgpt-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("claude-", "anthropic"),
    ("mistral-", "mistral"),
    ("ministral-", "mistral"),
    ("codestral-", "mistral"),
    ("magistral-", "mistral"),
    ("deepseek-", "deepseek"),
    ("grok-", "xai"),
];

/// The service that an agent needs a connection to for its model, where the model's name tells it. Models that anybody may serve, as
/// `llama-3.3-70b`, need none in particular.
#[must_use]
pub fn service_of_model(model: &str) -> Option<&'static str> {
    let model = model.trim().to_ascii_lowercase();
    let found = MODELS.iter().find(|(start, _)| model.starts_with(start));
    found.map(|(_, service)| *service)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_name_tells_its_service_where_it_can() {
        for (model, service) in [
            ("gpt-3.5-turbo", Some("openai")),
            ("o3-mini", Some("openai")),
            (" Claude-sonnet-4-5", Some("anthropic")),
            ("llama-3.3-70b", None),
            ("", None),
        ] {
            assert_eq!(service_of_model(model), service, "{model}");
        }
    }
}
