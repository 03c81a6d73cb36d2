//! What tokens cost, where that is known.

use serde::Deserialize;

use crate::{Service, Usage};

/// The table that comes with this crate; an operator's own goes before it.
const BUILT_IN: &str = include_str!("prices.json");

/// Prices by service and model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prices(Vec<Price>);

/// What a million tokens of one model cost, in millionths of a dollar.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Price {
    service: String,
    model: String,
    input: u64,
    cached_input: u64,
    output: u64,
}

/// A table of prices that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PricesError {
    /// Not JSON of that shape.
    #[error("the prices are not the JSON they should be: {0}")]
    Json(#[from] serde_json::Error),
    /// Amounts are in dollars.
    #[error("the currency is `{0}`, and must be `USD`")]
    Currency(String),
    /// A price below nothing, or beyond belief.
    #[error("a price of `{service}`, `{model}` is not between 0 and 100,000 dollars")]
    Amount {
        /// The entry's service.
        service: String,
        /// The entry's model.
        model: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Table {
    /// For the reader of the file.
    #[serde(rename = "asOf")]
    _as_of: String,
    currency: String,
    prices: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Row {
    service: String,
    model: String,
    input: f64,
    cached_input: Option<f64>,
    output: f64,
}

impl Default for Prices {
    fn default() -> Self {
        // A test reads the table; one that cannot be read knows no price.
        Self::parse(BUILT_IN).unwrap_or(Self(Vec::new()))
    }
}

impl Prices {
    /// Reads a table: `{"asOf": "2026-06-21", "currency": "USD", "prices": [{"service": "openai", "model": "gpt-4o", "input": 2.5,
    /// "cachedInput": 1.25, "output": 10}]}`, in dollars a million tokens.
    ///
    /// # Errors
    ///
    /// [`PricesError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, PricesError> {
        let table: Table = serde_json::from_str(text)?;
        if table.currency != "USD" {
            return Err(PricesError::Currency(table.currency));
        }
        table
            .prices
            .into_iter()
            .map(Price::of)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// These, and what is in none of them from the others.
    #[must_use]
    pub fn or(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// What a call cost, in millionths of a dollar, rounded up. None: no price is known for this model of this service. Where the price of
    /// cached tokens is not known they count in full, so that the cost is never too low for that.
    #[must_use]
    pub fn cost_micros(&self, service: &Service, model: &str, usage: Usage) -> Option<i64> {
        if service.is_built_in() {
            return Some(0);
        }
        let plain = undated(model);
        let of = |name: &str| {
            self.0
                .iter()
                .find(|price| price.service == service.name() && price.model == name)
        };
        let price = of(model).or_else(|| of(plain))?;
        let cached = usage.cached_prompt_tokens.min(usage.prompt_tokens);
        let fresh = usage.prompt_tokens - cached;
        let parts = [
            (fresh, price.input),
            (cached, price.cached_input),
            (usage.completion_tokens, price.output),
        ];
        let sum: u128 = parts
            .iter()
            .map(|(tokens, micros)| u128::from(*tokens) * u128::from(*micros))
            .sum();
        i64::try_from(sum.div_ceil(1_000_000)).ok()
    }
}

impl Price {
    fn of(row: Row) -> Result<Self, PricesError> {
        let amounts = (
            micros(row.input),
            micros(row.cached_input.unwrap_or(row.input)),
            micros(row.output),
        );
        let (Some(input), Some(cached_input), Some(output)) = amounts else {
            return Err(PricesError::Amount {
                service: row.service,
                model: row.model,
            });
        };
        Ok(Self {
            service: row.service,
            model: row.model,
            input,
            cached_input,
            output,
        })
    }
}

/// Dollars in millionths.
fn micros(dollars: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 10^11"
    )]
    (0.0..=100_000.0)
        .contains(&dollars)
        .then(|| (dollars * 1_000_000.0).round() as u64)
}

/// A model's name without the date or the `latest` at its end: those cost what the model costs. Every other ending is another model.
fn undated(model: &str) -> &str {
    let digits =
        |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    if let Some(plain) = model.strip_suffix("-latest") {
        return plain;
    }
    if let Some((plain, date)) = model.rsplit_once('-')
        && digits(date, 8)
    {
        return plain;
    }
    let mut parts = model.rsplitn(4, '-');
    let date = (parts.next(), parts.next(), parts.next(), parts.next());
    match date {
        (Some(day), Some(month), Some(year), Some(plain))
            if digits(day, 2) && digits(month, 2) && digits(year, 4) =>
        {
            plain
        }
        _ => model,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const USAGE: Usage = Usage {
        prompt_tokens: 1_000,
        completion_tokens: 100,
        cached_prompt_tokens: 0,
    };

    fn cost(service: &str, model: &str) -> Option<i64> {
        Prices::default().cost_micros(&Service::of(service), model, USAGE)
    }

    #[test]
    fn the_table_that_comes_with_the_crate_can_be_read() {
        assert!(!Prices::parse(BUILT_IN).unwrap().0.is_empty());
    }

    #[test]
    fn a_known_model_costs_what_its_tokens_cost() {
        assert_eq!(cost("openai", "gpt-4o"), Some(3_500));
        assert_eq!(cost("openai", "gpt-4o-2024-08-06"), Some(3_500));
        assert_eq!(cost("openai", "gpt-4o-2024-05-13"), Some(6_500));
        assert_eq!(cost("openai", "gpt-4o-mini"), Some(210));
        assert_eq!(cost("anthropic", "claude-sonnet-4-20250514"), Some(4_500));
        assert_eq!(cost("anthropic", "claude-3-5-haiku-latest"), Some(1_200));
        assert_eq!(cost("echo", "anything"), Some(0));
    }

    #[test]
    fn a_model_that_only_begins_alike_is_unknown() {
        for (service, model) in [
            ("openai", "gpt-5-pro"),
            ("openai", "gpt-4o-realtime-preview"),
            ("openai", "gpt-4"),
            ("azure", "gpt-4o"),
            ("anthropic", "gpt-4o"),
            ("openai", ""),
            ("openai", "gpt-4o-99"),
        ] {
            assert_eq!(cost(service, model), None, "{service} {model}");
        }
    }

    #[test]
    fn cached_tokens_cost_less_where_that_is_known_and_parts_round_up() {
        let usage = Usage {
            cached_prompt_tokens: 1_000,
            ..USAGE
        };
        let cost = |model| Prices::default().cost_micros(&Service::of("anthropic"), model, usage);
        assert_eq!(cost("claude-sonnet-4"), Some(300 + 1_500));
        assert_eq!(cost("claude-haiku-4-5"), Some(1_000 + 500));
        let one = Usage {
            prompt_tokens: 1,
            completion_tokens: 0,
            cached_prompt_tokens: 9,
        };
        let cost = Prices::default().cost_micros(&Service::of("openai"), "gpt-4o-mini", one);
        assert_eq!(cost, Some(1));
    }

    #[test]
    fn an_operators_prices_go_first() {
        let own = r#"{"asOf": "2026-01-01", "currency": "USD", "prices":
            [{"service": "vllm", "model": "llama", "input": 0.01, "output": 0.02},
             {"service": "openai", "model": "gpt-4o", "input": 1, "output": 1}]}"#;
        let prices = Prices::parse(own).unwrap().or(Prices::default());
        let cost = |service, model| prices.cost_micros(&Service::of(service), model, USAGE);
        assert_eq!(cost("vllm", "llama"), Some(12));
        assert_eq!(cost("openai", "gpt-4o"), Some(1_100));
        assert_eq!(cost("openai", "gpt-4o-mini"), Some(210));
    }

    #[test]
    fn tables_that_cannot_be_meant_are_refused() {
        let table = |currency: &str, input: &str| {
            Prices::parse(&format!(
                r#"{{"asOf": "", "currency": "{currency}", "prices": [{{"service": "s", "model": "m", "input": {input}, "output": 1}}]}}"#
            ))
        };
        assert!(table("USD", "1").is_ok());
        assert!(matches!(table("EUR", "1"), Err(PricesError::Currency(_))));
        assert!(matches!(
            table("USD", "-1"),
            Err(PricesError::Amount { .. })
        ));
        assert!(matches!(
            table("USD", "1e9"),
            Err(PricesError::Amount { .. })
        ));
        assert!(matches!(table("USD", "null"), Err(PricesError::Json(_))));
        assert!(matches!(Prices::parse(""), Err(PricesError::Json(_))));
    }
}
