//! Idempotency keys: a creating mutation said twice with one key makes one thing.

use sea_orm::{ConnectionTrait as _, FromQueryResult};

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
/// `target` is the id that the thing will have, `input_hash` what [`agentry_crypto::json_sha256`] says of the input. In passing, the user's
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
