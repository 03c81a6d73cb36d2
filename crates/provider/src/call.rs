use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::Response;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use crate::http::Http;
use crate::settings::Settings;
use crate::target::Target;
use crate::wire::refusal::{self, Refusal};
use crate::wire::{Quirks, Reader};
use crate::{ChatRequest, ProviderError, SafeText, retry};

/// The most servers and models whose peculiarities are kept.
const MOST_QUIRKS: usize = 1_024;

/// The most models that a test tells.
const MOST_MODELS: usize = 1_000;

/// How long a refusal's body may take.
const REFUSAL: Duration = Duration::from_secs(5);

/// What was learned about servers and their models, so that it is learned once.
#[derive(Default)]
pub(crate) struct Learned(Mutex<HashMap<(String, String), Quirks>>);

impl Learned {
    fn about(&self, target: &Target, model: &str) -> Quirks {
        let learned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (target.place().to_owned(), model.to_owned());
        learned.get(&key).copied().unwrap_or_default()
    }

    fn keep(&self, target: &Target, model: &str, quirks: Quirks) {
        let mut learned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if learned.len() >= MOST_QUIRKS {
            learned.clear();
        }
        learned.insert((target.place().to_owned(), model.to_owned()), quirks);
    }
}

/// What calls need.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'a> {
    pub(crate) http: &'a Http,
    pub(crate) settings: &'a Settings,
    pub(crate) learned: &'a Learned,
}

impl Caller<'_> {
    /// Asks until the provider takes the request on, or there is no use in asking. With the answer comes when it was asked for.
    pub(crate) async fn ask(
        &self,
        target: &Target,
        request: &ChatRequest,
    ) -> Result<(Response<Incoming>, Instant), ProviderError> {
        let before = self.learned.about(target, &request.model);
        let mut quirks = before;
        let mut tries = 0;
        loop {
            let asked = Instant::now();
            let sent = self.http.send(target.chat(request, quirks)?);
            let error = match timeout(self.settings.patience.first_token, sent).await {
                Err(_) => ProviderError::TimedOutBeforeFirstToken,
                Ok(Err(error)) => error,
                Ok(Ok(response)) if response.status().is_success() => {
                    if quirks != before {
                        self.learned.keep(target, &request.model, quirks);
                    }
                    return Ok((self.stream_of(response, target).await?, asked));
                }
                Ok(Ok(response)) => {
                    let refusal = self.refusal(response, target).await;
                    if let ProviderError::BadRequest { .. } = refusal.error
                        && let Some(more) = quirks.learn(&refusal.words)
                    {
                        // Each can be learned once, so that this ends.
                        quirks = more;
                        continue;
                    }
                    refusal.error
                }
            };
            tries += 1;
            let Some(wait) = retry::wait(&self.settings.retries, tries, &error) else {
                return Err(error);
            };
            tracing::debug!(
                code = error.code(),
                tries,
                wait_ms = wait.as_millis(),
                "asking a provider again"
            );
            sleep(wait).await;
        }
    }

    /// The models that a test finds.
    pub(crate) async fn models(&self, target: &Target) -> Result<Vec<String>, ProviderError> {
        let response = self.http.send(target.test()?).await?;
        if response.status().is_success() {
            let body = read(response, self.settings.sizes.models).await?;
            let list: Value = serde_json::from_slice(&body)
                .map_err(|_| ProviderError::Malformed("it is not JSON"))?;
            return Ok(names(&list));
        }
        let refusal = self.refusal(response, target).await;
        Err(match refusal.error {
            ProviderError::ModelNotFound
            | ProviderError::BadRequest {
                status: 404 | 405, ..
            } => {
                let words = "there is no list of models; the base URL may be wrong.";
                ProviderError::BadRequest {
                    status: 404,
                    reason: SafeText::of(words, None),
                }
            }
            error => error,
        })
    }

    pub(crate) fn reader(target: &Target) -> Reader {
        Reader::of(target.dialect)
    }

    /// Success that is no stream is none: a page to sign in, or a fault in disguise.
    async fn stream_of(
        &self,
        response: Response<Incoming>,
        target: &Target,
    ) -> Result<Response<Incoming>, ProviderError> {
        let kind = response.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        if kind != "application/json" && kind != "text/html" {
            return Ok(response);
        }
        let body = timeout(REFUSAL, read(response, self.settings.sizes.refusal))
            .await
            .unwrap_or(Err(ProviderError::TimedOutBeforeFirstToken))?;
        match serde_json::from_slice::<Value>(&body) {
            Ok(value) if value.get("error").is_some_and(|error| !error.is_null()) => {
                Err(crate::wire::broke_off(&value, target.key.as_ref()))
            }
            Ok(_) | Err(_) => Err(ProviderError::Malformed("it is no event stream")),
        }
    }

    async fn refusal(&self, response: Response<Incoming>, target: &Target) -> Refusal {
        let (head, body) = response.into_parts();
        let body = Limited::new(body, self.settings.sizes.refusal).collect();
        // The status says enough where the words do not come.
        let body = match timeout(REFUSAL, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) | Err(_) => Bytes::new(),
        };
        refusal::read(
            head.status.as_u16(),
            &head.headers,
            &body,
            target.key.as_ref(),
        )
    }
}

/// A whole body.
async fn read(response: Response<Incoming>, limit: usize) -> Result<Bytes, ProviderError> {
    match Limited::new(response.into_body(), limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ProviderError::TooLarge { limit }),
        Err(_) => Err(ProviderError::Cut),
    }
}

/// The names in a list of models: `{"data": [{"id": …}]}`, or the list itself.
fn names(list: &Value) -> Vec<String> {
    let models = list.get("data").unwrap_or(list).as_array();
    let mut names: Vec<String> = models
        .into_iter()
        .flatten()
        .filter_map(|model| model.get("id")?.as_str())
        .filter(|name| name.len() <= 200)
        .take(MOST_MODELS)
        .map(ToOwned::to_owned)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
