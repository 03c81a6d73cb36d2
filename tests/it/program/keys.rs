//! `agentry keys rotate`, beside a running service.

use agentry_crypto::KeyRing;
use agentry_db::ids::{ApiConnectionId, OrganizationId};
use agentry_db::sealed::api_key_place;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use sqlx::PgConnection;

use crate::support::{Agentry, Caller, Database, Ended, TEST_KEY};

/// Written by Node's crypto under the test key, in the older form `iv:tag:ciphertext`.
const OLDER: &str = "f2479fd90fc397e8c1ff06206cb19574:ed3bdb074fe672b77f516db0cb0c6828:f4c91a1b42cb4cd914d0073dd6ba65947d16bc8ff2b159a9ce48198e0e88ab3e24727bde3d982ace5c8825ac365b3201ab3c";
const OLDER_TEXT: &str = "provider-key-0123456789-abcdefghijklmnopqrstuvwxyz";
const NEW_KEY: &str = "new:f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff00112233445566778899aabbccddeeff";

struct Keys {
    root: PgConnection,
    organization: OrganizationId,
    user: String,
}

impl Keys {
    async fn of(database: &Database, owner: &Caller) -> Self {
        Self {
            root: database.root().await,
            organization: owner.organization_id.clone().into(),
            user: owner.user_id.clone(),
        }
    }

    async fn store(&mut self, id: &str, sealed: &str) {
        sqlx::query(
            "INSERT INTO api_connections (organization_id, id, user_id, name, service, api_key)
             VALUES ($1, $2, $3, $2, 'openai', $4)",
        )
        .bind(self.organization.as_str())
        .bind(id)
        .bind(&self.user)
        .bind(sealed)
        .execute(&mut self.root)
        .await
        .unwrap();
    }

    fn seal(&self, ring: &str, id: &str, text: &str) -> String {
        let id = ApiConnectionId::from(id.to_owned());
        let place = api_key_place(&self.organization, &id);
        let ring = KeyRing::parse(&ring.into()).unwrap();
        ring.seal(&SecretString::from(text), &place).unwrap()
    }

    async fn stored(&mut self, id: &str) -> String {
        sqlx::query_scalar(
            "SELECT api_key FROM api_connections WHERE organization_id = $1 AND id = $2",
        )
        .bind(self.organization.as_str())
        .bind(id)
        .fetch_one(&mut self.root)
        .await
        .unwrap()
    }

    /// What is stored, opened with this ring alone.
    async fn open(&mut self, ring: &str, id: &str) -> Option<String> {
        let sealed = self.stored(id).await;
        let ring = KeyRing::parse(&ring.into()).unwrap();
        let id = ApiConnectionId::from(id.to_owned());
        let opened = ring.open(&sealed, &api_key_place(&self.organization, &id));
        opened.ok().map(|text| text.expose_secret().to_owned())
    }
}

async fn rotate(database: &Database, ring: &str, arguments: &[&str]) -> Ended {
    Agentry::given(database)
        .env("AGENTRY_ENCRYPTION_KEYS", ring)
        .run(&[&["keys", "rotate"], arguments].concat())
        .await
}

#[tokio::test]
async fn every_key_is_sealed_anew_while_the_service_runs() {
    let database = Database::copy().await;
    let running = Agentry::given(&database).serve().await;
    let (ada, bob) = (
        Caller::sign_up_at(&running.url, "Ada").await,
        Caller::sign_up_at(&running.url, "Bob").await,
    );
    let mut of_ada = Keys::of(&database, &ada).await;
    let mut of_bob = Keys::of(&database, &bob).await;
    of_ada.store("older", OLDER).await;
    let sealed = of_ada.seal(TEST_KEY, "current", "sk-ada");
    of_ada.store("current", &sealed).await;
    let sealed = of_bob.seal(TEST_KEY, "current", "sk-bob");
    of_bob.store("current", &sealed).await;

    let ring = format!("{NEW_KEY},{TEST_KEY}");
    let verified = rotate(&database, &ring, &["--verify"]).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert!(
        verified
            .stdout
            .contains("0 keys open under the first key of the ring, 3 under another."),
        "{verified:?}"
    );
    assert_eq!(
        of_ada.stored("older").await,
        OLDER,
        "--verify changes nothing"
    );

    let rotated = rotate(&database, &ring, &[]).await;
    assert_eq!(rotated.code, Some(0), "{rotated:?}");
    assert!(
        rotated
            .stdout
            .contains("3 keys sealed anew under the first key of the ring, 0 were already."),
        "{rotated:?}"
    );
    assert_eq!(
        of_ada.open(NEW_KEY, "older").await.as_deref(),
        Some(OLDER_TEXT)
    );
    assert_eq!(
        of_ada.open(NEW_KEY, "current").await.as_deref(),
        Some("sk-ada")
    );
    assert_eq!(
        of_bob.open(NEW_KEY, "current").await.as_deref(),
        Some("sk-bob")
    );
    assert_eq!(of_bob.open(TEST_KEY, "current").await, None);

    let again = rotate(&database, &ring, &[]).await;
    assert!(
        again
            .stdout
            .contains("0 keys sealed anew under the first key of the ring, 3 were already."),
        "{again:?}"
    );
    // The old key is needed no more.
    let verified = rotate(&database, NEW_KEY, &["--verify"]).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert_eq!(running.stop().await.code, Some(0));
}

#[tokio::test]
async fn an_unreadable_key_is_reported_left_alone_and_holds_nothing_up() {
    let database = Database::copy().await;
    let running = Agentry::given(&database).serve().await;
    let ada = Caller::sign_up_at(&running.url, "Ada").await;
    let mut keys = Keys::of(&database, &ada).await;
    // Sealed for another row.
    let moved = keys.seal(TEST_KEY, "elsewhere", "sk-moved");
    keys.store("moved", &moved).await;
    let good = keys.seal(TEST_KEY, "zz-good", "sk-good");
    keys.store("zz-good", &good).await;
    let ring = format!("{NEW_KEY},{TEST_KEY}");
    for arguments in [&[][..], &["--verify"]] {
        let ended = rotate(&database, &ring, arguments).await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(
            ended.stdout.contains(&format!(
                "unreadable: connection moved of organisation {}",
                ada.organization_id
            )),
            "{ended:?}"
        );
        assert!(
            ended
                .stderr
                .contains("1 stored keys do not open under any key of the ring"),
            "{ended:?}"
        );
        assert_eq!(keys.stored("moved").await, moved);
        assert_eq!(
            keys.open(NEW_KEY, "zz-good").await.as_deref(),
            Some("sk-good")
        );
    }
    assert_eq!(running.stop().await.code, Some(0));
}

#[tokio::test]
async fn a_start_with_another_ring_serves_and_tells_what_it_cannot_open() {
    let database = Database::copy().await;
    let running = Agentry::given(&database).serve().await;
    let ada = Caller::sign_up_at(&running.url, "Ada").await;
    assert_eq!(running.stop().await.code, Some(0));
    let mut keys = Keys::of(&database, &ada).await;
    let sealed = keys.seal(TEST_KEY, "current", "sk-ada");
    keys.store("current", &sealed).await;

    let other = Agentry::given(&database)
        .env("AGENTRY_ENCRYPTION_KEYS", NEW_KEY)
        .serve()
        .await;
    let ada = ada.moved_to(&other.url);
    super::create_agent(&ada, "Works").await;
    let listed = "{ apiConnections { nodes { name status } } }";
    let listed = ada.query(listed, json!({})).await;
    assert_eq!(
        listed["apiConnections"]["nodes"],
        json!([{ "name": "current", "status": "NEEDS_ATTENTION" }])
    );
    let verified = rotate(&database, NEW_KEY, &["--verify"]).await;
    assert_eq!(verified.code, Some(1), "{verified:?}");
    assert!(
        verified.stdout.contains("unreadable: connection current"),
        "{verified:?}"
    );
    assert_eq!(keys.stored("current").await, sealed);
    assert_eq!(other.stop().await.code, Some(0));
}
