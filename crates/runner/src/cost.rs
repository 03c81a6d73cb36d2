//! What calls use: as the provider counted it or, where it did not say, by estimate. What was asked may be billed whatever became of
//! the answer, so that nobody gets more for a budget by breaking answers off.

use agentry_db::entity::run as row;
use agentry_db::usage::Call;
use agentry_provider::{ChatRequest, Prices, Service, ToolCall, Usage, budget};

use crate::shared::Shared;

/// How many times an estimate a provider's count is believed to be at most, and what is believed beyond that.
const TIMES: u32 = 8;
const MORE_READ: u32 = 10_000;
const MORE_WRITTEN: u32 = 200_000;

/// By these tokens.
pub(crate) fn counted(prices: &Prices, service: &Service, model: &str, usage: Usage) -> Call {
    Call {
        prompt_tokens: count(usage.prompt_tokens),
        completion_tokens: count(usage.completion_tokens),
        cost_micros: prices.cost_micros(service, model, usage),
        is_estimated: false,
    }
}

/// As the provider told it, as far as it can be: whose base URL it is may be anybody's, and what it says is held against the budget of
/// all. Tokens of thoughts that were not said are some of what was written.
pub(crate) fn told(
    prices: &Prices,
    service: &Service,
    request: &ChatRequest,
    text: &str,
    usage: Usage,
) -> Call {
    let read = budget::estimate_request(request)
        .saturating_mul(TIMES)
        .saturating_add(MORE_READ);
    let written = budget::estimate(text)
        .saturating_mul(TIMES)
        .max(request.max_tokens.unwrap_or(0))
        .saturating_add(MORE_WRITTEN);
    let bounded = Usage {
        prompt_tokens: usage.prompt_tokens.min(read),
        completion_tokens: usage.completion_tokens.min(written),
        cached_prompt_tokens: usage.cached_prompt_tokens.min(read),
    };
    Call {
        is_estimated: usage.prompt_tokens > read || usage.completion_tokens > written,
        ..counted(prices, service, &request.model, bounded)
    }
}

/// By what was sent and said.
pub(crate) fn estimated(
    prices: &Prices,
    service: &Service,
    request: &ChatRequest,
    text: &str,
    calls: &[ToolCall],
) -> Call {
    let calls = calls
        .iter()
        .map(|call| budget::estimate(&call.name).saturating_add(budget::estimate(&call.arguments)));
    let said = calls.fold(budget::estimate(text), u32::saturating_add);
    let usage = Usage {
        prompt_tokens: budget::estimate_request(request),
        completion_tokens: said,
        cached_prompt_tokens: 0,
    };
    Call {
        is_estimated: true,
        ..counted(prices, service, &request.model, usage)
    }
}

/// Of a run that another worker had asked, and that ends without being asked again: by what was noted of its prompt, and what is
/// stored of its reply.
pub(crate) fn interrupted(shared: &Shared, run: &row::Model, text: &str) -> Option<Call> {
    run.asked_at?;
    let service = run.service.as_deref()?;
    let usage = Usage {
        prompt_tokens: run.prompt_tokens.unwrap_or(0).unsigned_abs(),
        completion_tokens: budget::estimate(text),
        cached_prompt_tokens: 0,
    };
    let named = run.model.split_once('/');
    let named = named.filter(|(before, _)| *before == service);
    let model = named.map_or(run.model.as_str(), |(_, model)| model);
    let prices = shared.providers.prices();
    Some(Call {
        is_estimated: true,
        ..counted(prices, &Service::of(service), model, usage)
    })
}

fn count(tokens: u32) -> i32 {
    i32::try_from(tokens).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use agentry_provider::ChatMessage;

    use super::*;

    fn request(model: &str) -> ChatRequest {
        ChatRequest {
            model: model.to_owned(),
            system: None,
            messages: vec![ChatMessage::user("x".repeat(400))],
            temperature: None,
            max_tokens: None,
            tools: Vec::new(),
        }
    }

    #[test]
    fn what_the_provider_counted_is_taken_as_it_is() {
        let usage = Usage {
            prompt_tokens: 1_000,
            completion_tokens: 100,
            cached_prompt_tokens: 0,
        };
        let call = counted(&Prices::default(), &Service::of("openai"), "gpt-4o", usage);
        assert_eq!((call.prompt_tokens, call.completion_tokens), (1_000, 100));
        assert_eq!((call.cost_micros, call.is_estimated), (Some(3_500), false));
    }

    #[test]
    fn a_provider_is_not_believed_what_cannot_be() {
        let usage = |prompt_tokens, completion_tokens| Usage {
            prompt_tokens,
            completion_tokens,
            cached_prompt_tokens: 0,
        };
        let (prices, service) = (Prices::default(), Service::of("openai"));
        let request = request("gpt-4o");
        let told = |usage| told(&prices, &service, &request, "Yes.", usage);
        let sane = told(usage(5_000, 100_000));
        assert_eq!(
            (sane.prompt_tokens, sane.completion_tokens),
            (5_000, 100_000)
        );
        assert!(!sane.is_estimated);
        let absurd = told(usage(u32::MAX, u32::MAX));
        assert!(absurd.prompt_tokens < 20_000 && absurd.completion_tokens < 250_000);
        assert!(absurd.is_estimated && absurd.cost_micros < Some(5_000_000));
    }

    #[test]
    fn an_estimate_counts_what_was_sent_and_said_and_says_that_it_is_one() {
        let (prices, service) = (Prices::default(), Service::of("openai"));
        let tool = ToolCall {
            id: "1".to_owned(),
            name: "look".to_owned(),
            arguments: "{\"a\":1}".to_owned(),
        };
        let asked = request("gpt-4o");
        let call = estimated(&prices, &service, &asked, &"y".repeat(40), &[tool]);
        assert_eq!(
            (call.prompt_tokens, call.completion_tokens),
            (104, 10 + 1 + 2)
        );
        assert_eq!((call.cost_micros, call.is_estimated), (Some(390), true));
        let own = estimated(&prices, &service, &request("own"), "", &[]);
        assert_eq!((own.prompt_tokens, own.cost_micros), (104, None));
    }
}
