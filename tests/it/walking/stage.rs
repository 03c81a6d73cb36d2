//! Small worlds on one server, each with people and things of its own, for calls that change everything.

use std::sync::atomic::{AtomicU32, Ordering};

use agentry_auth::api_key;
use ring::signature::Ed25519KeyPair;
use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, Executor as _};

use crate::credentials::issuer::issuer;
use crate::support::{Caller, Server, pool};

/// A world in SQL. `#` becomes the world's own prefix of every id, `~` the name of whoever acts, and `$` the organisation they
/// act in.
const WORLD: &str = include_str!("world.sql");

/// A server, and the way past its row security.
pub(super) struct Stage {
    pub(super) server: Server,
    pub(super) root: PgPool,
    /// Signs JSON Web Tokens that the server believes.
    pub(super) issuer: Ed25519KeyPair,
    /// The hash of everyone's password, [`Caller::PASSWORD`].
    password: String,
    anyone: Caller,
    /// How many worlds and keys, for their names.
    made: AtomicU32,
}

/// One world.
pub(super) struct World {
    prefix: String,
    actor: &'static str,
    caller: Caller,
}

impl Stage {
    pub(super) async fn set() -> Self {
        let (server, issuer) = issuer().await;
        let somebody = server.sign_up("Somebody").await;
        let root = pool(&server.database.root).await;
        let password =
            sqlx::query_scalar(r#"SELECT "password" FROM "account" WHERE "userId" = $1"#)
                .bind(&somebody.user_id)
                .fetch_one(&root)
                .await
                .unwrap();
        Self {
            anyone: Caller::nobody(&server),
            server,
            root,
            issuer,
            password,
            made: AtomicU32::new(0),
        }
    }

    /// Somebody without a credential.
    pub(super) const fn nobody(&self) -> &Caller {
        &self.anyone
    }

    /// A fresh world, seen by this one of its people.
    pub(super) async fn world(&self, actor: &'static str) -> World {
        let prefix = format!("w{}-", self.made.fetch_add(1, Ordering::Relaxed));
        let mut world = World {
            prefix,
            actor,
            caller: self.anyone.clone(),
        };
        world.caller.token = world.token("session");
        world.caller.user_id = world.named("#~");
        world.caller.organization_id = world.named("$");
        let script = world
            .named(WORLD)
            .replace("{password}", &self.password)
            .replace("{session}", &world.token("session"))
            .replace("{other}", &world.token("other"))
            .replace("{expired}", &world.token("expired"));
        self.root.execute(AssertSqlSafe(script)).await.unwrap();
        world
    }

    /// A new API key of whoever acts in this world, with these permissions.
    pub(super) async fn key(&self, world: &World, permissions: Option<&str>, life: &str) -> String {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let key = format!("ag_{}", world.token(&format!("key{number}")));
        sqlx::query(
            r#"INSERT INTO "apikey" ("id", "key", "userId", "referenceId", "rateLimitEnabled", "permissions", "expiresAt")
               VALUES ($1, $1, $2, $2, false, $3, now() + $4::interval)"#,
        )
        .bind(api_key::hash(&key.as_str().into()))
        .bind(world.named("#~"))
        .bind(permissions)
        .bind(life)
        .execute(&self.root)
        .await
        .unwrap();
        key
    }
}

impl World {
    /// Whoever acts, with a session.
    pub(super) const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// A text about this world, with what stands for its ids replaced.
    pub(super) fn named(&self, text: &str) -> String {
        let organization = match self.actor {
            "stranger" => "#elsewhere",
            _ => "#team",
        };
        // One number is one bot's.
        let count = self.prefix.trim_matches(|c: char| !c.is_ascii_digit());
        text.replace("{phone}", &format!("+4479{count:0>8}"))
            .replace('$', organization)
            .replace('~', self.actor)
            .replace('#', &self.prefix)
    }

    /// A text of the form of a session's token; `what` for.
    pub(super) fn token(&self, what: &str) -> String {
        let letters = what.chars().filter(char::is_ascii_alphanumeric);
        let name: String = format!("{}{}", self.prefix, self.actor)
            .chars()
            .chain(letters)
            .collect();
        format!("{name:x<32}")
    }
}
