//! The auth tables as others made them: which fit, which are made to fit, and what is said of the rest.
//!
//! `bases/` holds the tables that each program makes, as PostgreSQL lists them after that program has made them.

mod bases;
mod belonging;
mod drift;
mod life;
mod pieces;
mod pieces_list;

use std::fmt::Write as _;

use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::support::{Agentry, Database, Ended};

/// A program that makes the tables, and how it writes rows.
struct Base {
    name: &'static str,
    ddl: &'static str,
    /// Whether the tables of its plugins are there.
    plugins: bool,
    /// The columns of an API key that say whose it is.
    key_owner: &'static [&'static str],
    /// Whether it writes `account.issuer`.
    issuer: bool,
}

const AGENTUITY_0_1_8: Base = Base {
    name: "Agentuity Auth 0.1.8",
    ddl: include_str!("bases/agentuity_0_1_8.sql"),
    plugins: true,
    key_owner: &["userId"],
    issuer: false,
};
const AGENTUITY_2_0_21: Base = Base {
    name: "Agentuity Auth 2.0.21",
    ddl: include_str!("bases/agentuity_2_0_21.sql"),
    plugins: true,
    // Its engine, better-auth 1.5.2, writes the second alone, which its own table refuses.
    key_owner: &["userId", "referenceId"],
    issuer: false,
};
const BETTER_AUTH_1_4_22: Base = Base {
    name: "better-auth 1.4.22",
    ddl: include_str!("bases/better_auth_1_4_22.sql"),
    plugins: true,
    key_owner: &["userId"],
    issuer: false,
};
const BETTER_AUTH_1_5_2: Base = Base {
    name: "better-auth 1.5.2",
    ddl: include_str!("bases/better_auth_1_5_2.sql"),
    plugins: true,
    key_owner: &["referenceId"],
    issuer: false,
};
const BETTER_AUTH_1_7_1: Base = Base {
    name: "better-auth 1.7.1",
    ddl: include_str!("bases/better_auth_1_7_1.sql"),
    plugins: true,
    key_owner: &["referenceId"],
    issuer: true,
};
const BETTER_AUTH_1_7_25: Base = Base {
    name: "better-auth 1.7.25",
    ddl: include_str!("bases/better_auth_1_7_25.sql"),
    plugins: true,
    key_owner: &["referenceId"],
    issuer: false,
};
const PLAIN_BETTER_AUTH_1_7_25: Base = Base {
    name: "better-auth 1.7.25 without plugins",
    ddl: include_str!("bases/better_auth_1_7_25_plain.sql"),
    plugins: false,
    key_owner: &["referenceId"],
    issuer: false,
};

const BASES: [&Base; 7] = [
    &AGENTUITY_0_1_8,
    &AGENTUITY_2_0_21,
    &BETTER_AUTH_1_4_22,
    &BETTER_AUTH_1_5_2,
    &BETTER_AUTH_1_7_1,
    &BETTER_AUTH_1_7_25,
    &PLAIN_BETTER_AUTH_1_7_25,
];

/// Somebody whom the other program signed up, their session, and an organisation of theirs.
const USER: &str = "ZmfpDx9ZCXV3YrZtuEygQUtF2oTSMF1m";
const SESSION: &str = "IpkbtFVhsRuTLwGTyygoeTzmdVryXUCa";
const ORGANIZATION: &str = "o3kfR7CewmP2i6iPOJdFdeo87vRNC7Sl";

/// A value issued by better-auth, signed with the secret the tests have.
fn vector(name: &str) -> String {
    let all = include_str!("../../../crates/auth/src/testdata/better-auth.json");
    let all: Value = serde_json::from_str(all).unwrap();
    all[name].as_str().unwrap().to_owned()
}

impl Base {
    /// The rows that the program left, as it writes them.
    fn rows(&self) -> String {
        let (password, token) = (vector("passwordHash"), vector("sessionToken"));
        let (issuer, local) = if self.issuer {
            (r#", "issuer""#, ", 'local:credential'")
        } else {
            ("", "")
        };
        let mut rows = format!(
            r#"INSERT INTO "user" ("id", "name", "email", "emailVerified", "createdAt", "updatedAt")
               VALUES ('{USER}', 'Olive Owner', 'olive@example.com', true, now(), now()),
                      ('second', 'Sam Second', 'sam@example.com', false, now(), now());
               INSERT INTO "account" ("id", "accountId", "providerId", "userId", "password", "createdAt", "updatedAt"{issuer})
               VALUES ('account', '{USER}', 'credential', '{USER}', '{password}', now(), now(){local});
               INSERT INTO "session" ("id", "expiresAt", "token", "createdAt", "updatedAt", "ipAddress", "userAgent", "userId")
               VALUES ('{SESSION}', now() + interval '7 days', '{token}', now(), now(), '', '', '{USER}');"#
        );
        if self.plugins {
            let _ = write!(
                rows,
                r#"INSERT INTO "organization" ("id", "name", "slug", "createdAt", "metadata")
                   VALUES ('{ORGANIZATION}', 'Acme', 'acme', now(), '{{"tier":"pro"}}');
                   INSERT INTO "member" ("id", "organizationId", "userId", "role", "createdAt")
                   VALUES ('m1', '{ORGANIZATION}', '{USER}', 'admin,owner', now()),
                          ('m2', '{ORGANIZATION}', 'second', 'member', now());
                   INSERT INTO "invitation" ("id", "organizationId", "email", "role", "status", "expiresAt", "createdAt", "inviterId")
                   VALUES ('invited', '{ORGANIZATION}', 'ida@example.com', 'member', 'pending', now() + interval '48 hours', now(), '{USER}');
                   INSERT INTO "jwks" ("id", "publicKey", "privateKey", "createdAt")
                   VALUES ('kid', '{{"crv":"Ed25519","kty":"OKP","x":"1RHnPDdohVgDtb-SHzA_KBzK2JIWzewi4Z0waRl2Plg"}}', '"sealed"', now());"#
            );
            rows.push_str(&self.key("theirs", &vector("apiKeyHash")));
        }
        rows
    }

    /// An API key of the user, as the program stores it.
    fn key(&self, id: &str, hash: &str) -> String {
        let mut columns = vec!["id", "key", "start", "prefix", "metadata"];
        let mut values = vec![id, hash, "ag_qTb", "ag_", "null"];
        for owner in self.key_owner {
            columns.push(owner);
            values.push(USER);
        }
        if self.key_owner.contains(&"referenceId") {
            columns.push("configId");
            values.push("default");
        }
        format!(
            r#"INSERT INTO "apikey" ("{}", "enabled", "rateLimitEnabled", "rateLimitTimeWindow", "rateLimitMax", "requestCount",
                 "createdAt", "updatedAt")
               VALUES ('{}', true, true, 86400000, 10, 0, date_trunc('milliseconds', now()), date_trunc('milliseconds', now()));"#,
            columns.join(r#"", ""#),
            values.join("', '")
        )
    }
}

async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(connection)
        .await
        .unwrap_or_else(|error| panic!("{error}: {sql:.200}"));
}

async fn migrate(database: &Database) -> Ended {
    Agentry::given(database).run(&["migrate"]).await
}

/// The lines that speak of the auth tables, without what a log line is wrapped in.
fn said(ended: &Ended) -> Vec<&str> {
    let lines = ended.stderr.lines();
    lines.filter(|line| line.starts_with("table ")).collect()
}
