//! Values issued by `@agentuity/auth` 2.0.21 (better-auth 1.5.2) under a secret made for tests.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::secret::SecretList;

/// The value of that name in `testdata/better-auth.json`.
pub(crate) fn vector(name: &str) -> String {
    let all: serde_json::Value =
        serde_json::from_str(include_str!("testdata/better-auth.json")).unwrap();
    all[name].as_str().unwrap().to_owned()
}

/// The secret all of them were signed with.
pub(crate) fn secrets() -> SecretList {
    SecretList::single(&vector("secret").into()).unwrap()
}
