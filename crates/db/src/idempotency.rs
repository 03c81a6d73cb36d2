//! Idempotency keys: a creating mutation said twice with one key makes one thing.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};
use sea_orm::{ConnectionTrait as _, FromQueryResult};
use serde_json::Value;

use crate::ids::OrganizationId;
use crate::{DbError, WriteScope, organization, sql};

/// What a key means to this caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Not used before: make the thing, under the target's id that was claimed.
    New,
    /// The very same was asked before, and made this.
    Replay {
        /// The id of what was made.
        target: String,
    },
    /// The key was used for something else.
    Conflict,
}

#[derive(FromQueryResult)]
struct Used {
    operation: String,
    input_hash: String,
    target_id: String,
}

/// Claims `key` for the acting user, before the thing is made and in the same transaction. A second caller with the key
/// waits here until the first has committed (and then replays it) or was undone (and then goes ahead).
///
/// `target` is the id that the thing will have, `input_hash` what [`input_hash`] says of the input. In passing, the user's
/// own keys older than 24 hours are forgotten.
///
/// # Errors
/// [`DbError`] as the database answers; [`DbError::Crossed`] when the key was forgotten while it was being read, which a
/// second try settles.
pub async fn claim(
    scope: &WriteScope,
    key: &str,
    operation: &'static str,
    input_hash: &str,
    target: &str,
) -> Result<Claim, DbError> {
    let claimed = Claimed {
        key,
        operation,
        input_hash,
        target,
    };
    claimed
        .in_organization(scope, scope.tenant().organization())
        .await
}

/// As [`claim`], for what is made in no organisation and may change where the acting user's requests act: the key is kept in
/// their personal organisation, so that the second call finds it wherever it acts. Somebody who has none yet keeps it where they
/// act.
///
/// # Errors
/// As [`claim`].
pub async fn claim_at_home(
    scope: &WriteScope,
    key: &str,
    operation: &'static str,
    input_hash: &str,
    target: &str,
) -> Result<Claim, DbError> {
    let claimed = Claimed {
        key,
        operation,
        input_hash,
        target,
    };
    let acting = scope.tenant().organization();
    let mine = organization::list_mine(scope).await?;
    let home = mine.into_iter().find(|one| one.personal);
    let home = home.map_or_else(|| acting.clone(), |one| one.id);
    sql::act_in(scope, &home).await?;
    let claim = claimed.in_organization(scope, &home).await?;
    sql::act_in(scope, acting).await?;
    Ok(claim)
}

/// What a key is to stand for.
struct Claimed<'a> {
    key: &'a str,
    operation: &'static str,
    input_hash: &'a str,
    target: &'a str,
}

impl Claimed<'_> {
    async fn in_organization(
        &self,
        scope: &WriteScope,
        organization: &OrganizationId,
    ) -> Result<Claim, DbError> {
        let Self {
            key,
            operation,
            input_hash,
            target,
        } = *self;
        let (organization, me) = (organization.as_str(), scope.tenant().user().as_str());
        scope
            .execute_raw(sql::statement(
                "DELETE FROM idempotency_keys WHERE organization_id = $1 AND user_id = $2
               AND created_at < now() - interval '24 hours'",
                [organization.into(), me.into()],
            ))
            .await?;
        let made = scope
        .execute_raw(sql::statement(
            "INSERT INTO idempotency_keys (organization_id, user_id, key, operation, input_hash, target_id)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (organization_id, user_id, key) DO NOTHING",
            [
                organization.into(),
                me.into(),
                key.into(),
                operation.into(),
                input_hash.into(),
                target.into(),
            ],
        ))
        .await?;
        if made.rows_affected() == 1 {
            return Ok(Claim::New);
        }
        // A statement of its own, so that its snapshot holds what the insert waited for.
        let used: Option<Used> = sql::first(
            scope,
            "SELECT operation, input_hash, target_id FROM idempotency_keys
         WHERE organization_id = $1 AND user_id = $2 AND key = $3",
            [organization.into(), me.into(), key.into()],
        )
        .await?;
        let used = used.ok_or(DbError::Crossed)?;
        if used.operation == operation && used.input_hash == input_hash {
            Ok(Claim::Replay {
                target: used.target_id,
            })
        } else {
            Ok(Claim::Conflict)
        }
    }
}

/// SHA-256, in lower-case hex, of the value as JSON without white space and with the keys of every object in order.
#[must_use]
pub fn input_hash(value: &Value) -> String {
    let mut text = String::new();
    write_canonical(value, &mut text);
    let mut hex = String::with_capacity(64);
    for byte in digest(&SHA256, text.as_bytes()).as_ref() {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

fn write_canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            // Sorted here: whether serde_json sorts depends on a feature that any crate of the build may turn off.
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (index, (name, value)) in fields.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                let _ = write!(text, "{}:", Value::from(name.as_str()));
                write_canonical(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_canonical(item, text);
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let _ = write!(text, "{value}");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn hash(text: &str) -> String {
        input_hash(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn the_order_of_keys_and_white_space_do_not_matter() {
        assert_eq!(
            hash(r#"{"b":[1,{"d":null,"c":"x"}],"a":true}"#),
            hash(r#"{ "a": true, "b": [1, {"c": "x", "d": null}] }"#),
        );
    }

    #[test]
    fn whatever_else_differs_matters() {
        let inputs = [
            r#"{"a":1}"#,
            r#"{"a":"1"}"#,
            r#"{"a":null}"#,
            "{}",
            r#"{"a":[1]}"#,
            r#"{"a":[1,2]}"#,
            r#"{"a":[2,1]}"#,
            r#"{"b":1}"#,
            r#"{"a":{"b":1}}"#,
            r#"{"a\",\"b":1}"#,
        ];
        let hashes: std::collections::HashSet<_> = inputs.iter().map(|text| hash(text)).collect();
        assert_eq!(hashes.len(), inputs.len());
    }

    #[test]
    fn it_is_sha_256_of_the_canonical_text() {
        // printf '{"a":1}' | sha256sum
        assert_eq!(
            hash(r#"{ "a" : 1 }"#),
            "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
        );
    }
}
