use std::fmt;

/// How a provider is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Not at all: the built-in service that needs no network. See [`crate::echo`].
    Echo,
    /// Chat completions, as `OpenAI` defined them and many others speak them.
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
}

/// A service by the name that a connection gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    name: String,
    dialect: Dialect,
}

/// Where the services are that have one address for everybody.
const ADDRESSES: &[(&str, &str)] = &[
    ("openai", "https://api.openai.com/v1"),
    ("anthropic", "https://api.anthropic.com"),
    ("deepseek", "https://api.deepseek.com/v1"),
    ("groq", "https://api.groq.com/openai/v1"),
    ("mistral", "https://api.mistral.ai/v1"),
    ("openrouter", "https://openrouter.ai/api/v1"),
    ("together", "https://api.together.xyz/v1"),
    ("xai", "https://api.x.ai/v1"),
];

impl Service {
    /// The service of this name. `echo` and `anthropic` are themselves; every other name is taken for a service that speaks chat
    /// completions, at its own address if it is a known one, else at the connection's `base_url`.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let name = name.trim().to_ascii_lowercase();
        let dialect = match name.as_str() {
            "echo" => Dialect::Echo,
            "anthropic" => Dialect::Anthropic,
            _ => Dialect::OpenAi,
        };
        Self { name, dialect }
    }

    /// Its name, in lower case.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it is spoken to.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Whether a call costs no network and no key.
    #[must_use]
    pub const fn is_built_in(&self) -> bool {
        matches!(self.dialect, Dialect::Echo)
    }

    /// Whether this service is called without a key where there is none: one that people run themselves.
    #[must_use]
    pub fn may_lack_key(&self) -> bool {
        match self.dialect {
            Dialect::Echo => true,
            Dialect::Anthropic => false,
            Dialect::OpenAi => self.name != "azure" && self.address().is_none(),
        }
    }

    /// Its address, where it has one for everybody.
    pub(crate) fn address(&self) -> Option<&'static str> {
        ADDRESSES
            .iter()
            .find_map(|(name, address)| (*name == self.name).then_some(*address))
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_name_decides_how_a_service_is_spoken_to() {
        assert_eq!(Service::of("echo").dialect(), Dialect::Echo);
        assert_eq!(Service::of(" Anthropic ").dialect(), Dialect::Anthropic);
        for name in ["openai", "azure", "vllm", "ollama", "something-of-ours", ""] {
            assert_eq!(Service::of(name).dialect(), Dialect::OpenAi, "{name}");
        }
    }

    #[test]
    fn every_known_address_is_a_url_without_a_slash_at_its_end() {
        for (name, address) in ADDRESSES {
            assert!(url::Url::parse(address).is_ok(), "{name}");
            assert!(address.starts_with("https://") && !address.ends_with('/'));
        }
    }

    #[test]
    fn only_services_that_people_run_themselves_may_lack_a_key() {
        for (name, may) in [
            ("echo", true),
            ("ollama", true),
            ("vllm", true),
            ("openai", false),
            ("azure", false),
            ("anthropic", false),
        ] {
            assert_eq!(Service::of(name).may_lack_key(), may, "{name}");
        }
    }
}
