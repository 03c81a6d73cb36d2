use std::collections::BTreeSet;

use serde_json::{Value, json};

/// What an agent may reach: services it is connected to, tools it calls, hosts it speaks to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Services, as API connections name them.
    pub services: BTreeSet<String>,
    /// Tools.
    pub tools: BTreeSet<String>,
    /// Hosts; `*.` before one stands for every host below.
    pub domains: BTreeSet<String>,
}

impl Capabilities {
    /// Reads what [`Capabilities::to_json`] wrote, or the `capabilities` of a definition; whatever else is there counts as nothing.
    #[must_use]
    pub fn read(value: &Value) -> Self {
        let words = |name: &str| {
            let items = value.get(name).and_then(Value::as_array);
            let texts = items.into_iter().flatten().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        };
        Self {
            services: words("services"),
            tools: words("tools"),
            domains: words("domains"),
        }
    }

    /// All three lists, each sorted: the form in which PostgreSQL's `@>` tells whether one covers another.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({ "services": self.services, "tools": self.tools, "domains": self.domains })
    }

    /// Whether it asks for nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.services.is_empty() && self.tools.is_empty() && self.domains.is_empty()
    }

    /// What this has and `other` has not.
    #[must_use]
    pub fn beyond(&self, other: &Self) -> Self {
        let less = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect();
        Self {
            services: less(&self.services, &other.services),
            tools: less(&self.tools, &other.tools),
            domains: less(&self.domains, &other.domains),
        }
    }

    /// Both together.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let both = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.union(b).cloned().collect();
        Self {
            services: both(&self.services, &other.services),
            tools: both(&self.tools, &other.tools),
            domains: both(&self.domains, &other.domains),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_is_what_the_old_one_lacks() {
        let old = Capabilities::read(&json!({ "services": ["openai"], "tools": ["search"] }));
        let new = Capabilities::read(
            &json!({ "services": ["github", "openai"], "domains": ["a.example"] }),
        );
        let beyond = new.beyond(&old);
        assert_eq!(
            beyond.to_json(),
            json!({ "services": ["github"], "tools": [], "domains": ["a.example"] })
        );
        assert!(old.beyond(&old).is_empty());
        assert!(new.with(&old).tools.contains("search"));
        assert!(Capabilities::read(&json!("none")).is_empty());
    }
}
