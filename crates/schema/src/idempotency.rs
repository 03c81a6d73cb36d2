//! Idempotency keys: a creating mutation sent twice with one key makes one thing.

use agentry_db::WriteScope;
use agentry_db::idempotency::{self, Claim};
use serde::Serialize;

use crate::ApiError;
use crate::check::Checks;
use crate::failure::Failure;

/// The longest key, in characters.
const MAX_KEY: usize = 255;

/// A key as it came with an input, and what it stands for.
#[derive(Debug, Clone)]
pub(crate) struct Idempotency {
    key: Option<String>,
    operation: &'static str,
    input_hash: String,
}

impl Idempotency {
    /// Reads the key; `input` is what must be the same when it comes again.
    pub(crate) fn new(
        key: Option<String>,
        operation: &'static str,
        input: &impl Serialize,
        checks: &mut Checks,
    ) -> Result<Self, ApiError> {
        if let Some(key) = &key {
            checks.text("idempotencyKey", key, MAX_KEY);
        }
        // Inputs may be long, and without a key nothing is compared.
        let input_hash = match &key {
            Some(_) => {
                let input = serde_json::to_value(input).map_err(ApiError::internal)?;
                agentry_crypto::json_sha256(&input)
            }
            None => String::new(),
        };
        Ok(Self {
            key,
            operation,
            input_hash,
        })
    }

    /// Claims the key for `target` inside the mutation's own transaction. `Some` names what an earlier call with the same key
    /// and input made; nothing is to be made then.
    pub(crate) async fn claim(
        &self,
        scope: &WriteScope,
        target: &str,
    ) -> Result<Option<String>, Failure> {
        let Some(key) = &self.key else {
            return Ok(None);
        };
        earlier(idempotency::claim(scope, key, self.operation, &self.input_hash, target).await?)
    }

    /// As [`Idempotency::claim`], whichever organisation the second call acts in.
    pub(crate) async fn claim_at_home(
        &self,
        scope: &WriteScope,
        target: &str,
    ) -> Result<Option<String>, Failure> {
        let Some(key) = &self.key else {
            return Ok(None);
        };
        let (operation, hash) = (self.operation, &self.input_hash);
        earlier(idempotency::claim_at_home(scope, key, operation, hash, target).await?)
    }
}

fn earlier(claim: Claim) -> Result<Option<String>, Failure> {
    match claim {
        Claim::New => Ok(None),
        Claim::Replay { target } => Ok(Some(target)),
        Claim::Conflict => Err(Failure::conflict(
            "This idempotency key was used for another input.",
        )),
    }
}
