//! Every set of tables that the facts name, with rows in it: migrated, served, used; and what is made later does no harm.

use sqlx::ConnectOptions as _;

use super::{BASES, Base, life, migrate, run};
use crate::support::{Agentry, Database, Ended};

/// What migrating amended.
fn amended(ended: &Ended) -> Vec<&str> {
    let lines = ended.stdout.lines();
    let pieces = lines.filter_map(|line| line.strip_prefix("Amended: "));
    pieces
        .map(|piece| piece.split_once(". Done: ").unwrap().0)
        .collect()
}

async fn serves(base: &Base) -> Vec<String> {
    let database = Database::empty().await;
    let mut owner = database.owner.connect().await.unwrap();
    run(&mut owner, base.ddl).await;
    run(&mut owner, &base.rows()).await;

    let ended = migrate(&database).await;
    assert_eq!(ended.code, Some(0), "{}: {ended:?}", base.name);
    assert!(
        !ended.stdout.contains("Limited"),
        "{}: {ended:?}",
        base.name
    );
    let made_to_fit = amended(&ended).into_iter().map(str::to_owned).collect();
    let ended = migrate(&database).await;
    assert_eq!(ended.code, Some(0), "{}: {ended:?}", base.name);
    assert_eq!(
        ended.stdout, "0 migrations applied; the database is up to date.\n",
        "{}",
        base.name
    );

    let running = Agentry::serving(&database).serve().await;
    life::of_a_neighbour(&running.url, base).await;
    life::of_a_newcomer(&running.url, "Ada").await;

    // Whatever program comes later finds its tables there, makes the indexes it misses, and writes as it always did.
    for later in BASES {
        run(&mut owner, later.ddl).await;
        let (id, key) = later_key(later);
        let key_row = later.key(&id, &agentry_auth::api_key::hash(&key.as_str().into()));
        run(&mut owner, &key_row).await;
        life::of_a_later_key(&running.url, &id, &key).await;
    }
    life::of_a_newcomer(&running.url, "Bea").await;
    let ended = running.stop().await;
    assert!(
        !ended.stderr.contains(r#""level":"WARN""#),
        "{}: {ended:?}",
        base.name
    );
    let ended = Agentry::serving(&database).run(&["doctor"]).await;
    assert_eq!(ended.code, Some(0), "{}: {ended:?}", base.name);
    assert!(!ended.stdout.contains("warn "), "{}: {ended:?}", base.name);
    made_to_fit
}

fn later_key(base: &Base) -> (String, String) {
    let letters: String = base
        .name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    (format!("later{letters}"), format!("ag_{letters:a<64}"))
}

const ISSUER: &str = "table account: the column issuer is missing, and the sign-in of better-auth 1.7.0 to 1.7.2 needs it";
const ISSUER_NULL: &str = "table account: the column issuer takes no NULL, so better-auth 1.7.3 and later refuse to start, and older ones \
                           store no account";
const TEAM: &str = "table invitation: the column teamId is missing, and inviting through Agentuity Auth 2 needs it";
const ALG: &str = "table jwks: the column alg is missing";
const CRV: &str = "table jwks: the column crv is missing, and better-auth 1.7 needs it";
const CONFIG: &str = "table apikey: the column configId is missing";
const CONFIG_DEFAULT: &str = "table apikey: the column configId has no default, so better-auth 1.4, which does not write it, makes no API key";
const USER_ID: &str = "table apikey: the column userId is missing";
const USER_ID_NULL: &str =
    "table apikey: the column userId takes no NULL, so better-auth 1.5 and later make no API key";
const USER_ID_TIE: &str =
    "table apikey: nothing ties userId to user, so rows outlive the user they belong to";
const REFERENCE: &str = "table apikey: the column referenceId is missing";
const REFERENCE_DEFAULT: &str = "table apikey: the column referenceId has no default, so better-auth 1.4, which does not write it, makes \
                                 no API key";

#[tokio::test]
async fn tables_of_agentuity_auth_0_1_8_are_made_to_fit() {
    let amended = serves(&super::AGENTUITY_0_1_8).await;
    assert_eq!(
        amended,
        [ISSUER, TEAM, ALG, CRV, CONFIG, USER_ID_NULL, REFERENCE]
    );
}

#[tokio::test]
async fn tables_of_agentuity_auth_2_0_21_are_made_to_fit() {
    let amended = serves(&super::AGENTUITY_2_0_21).await;
    assert_eq!(amended, [ISSUER, ALG, CRV, USER_ID_NULL]);
}

#[tokio::test]
async fn tables_of_better_auth_1_4_22_are_made_to_fit() {
    let amended = serves(&super::BETTER_AUTH_1_4_22).await;
    assert_eq!(
        amended,
        [ISSUER, TEAM, ALG, CRV, CONFIG, USER_ID_NULL, REFERENCE]
    );
}

#[tokio::test]
async fn tables_of_better_auth_1_5_2_are_made_to_fit() {
    let amended = serves(&super::BETTER_AUTH_1_5_2).await;
    assert_eq!(
        amended,
        [
            ISSUER,
            TEAM,
            ALG,
            CRV,
            CONFIG_DEFAULT,
            USER_ID,
            REFERENCE_DEFAULT,
            USER_ID_TIE
        ]
    );
}

#[tokio::test]
async fn tables_of_better_auth_1_7_1_are_made_to_fit() {
    let amended = serves(&super::BETTER_AUTH_1_7_1).await;
    assert_eq!(
        amended,
        [
            ISSUER_NULL,
            TEAM,
            CONFIG_DEFAULT,
            USER_ID,
            REFERENCE_DEFAULT,
            USER_ID_TIE
        ]
    );
}

#[tokio::test]
async fn tables_of_better_auth_1_7_25_are_made_to_fit() {
    let amended = serves(&super::BETTER_AUTH_1_7_25).await;
    assert_eq!(
        amended,
        [
            ISSUER,
            TEAM,
            CONFIG_DEFAULT,
            USER_ID,
            REFERENCE_DEFAULT,
            USER_ID_TIE
        ]
    );
}

#[tokio::test]
async fn tables_of_better_auth_without_plugins_are_made_to_fit() {
    let amended = serves(&super::PLAIN_BETTER_AUTH_1_7_25).await;
    assert_eq!(
        amended,
        [
            "table session: the column activeOrganizationId is missing",
            ISSUER
        ]
    );
}

#[tokio::test]
async fn two_that_migrate_at_once_amend_once() {
    let database = Database::empty().await;
    let mut owner = database.owner.connect().await.unwrap();
    run(&mut owner, super::BETTER_AUTH_1_5_2.ddl).await;
    run(&mut owner, &super::BETTER_AUTH_1_5_2.rows()).await;
    let (one, two) = tokio::join!(migrate(&database), migrate(&database));
    assert_eq!((one.code, two.code), (Some(0), Some(0)), "{one:?} {two:?}");
    let (one, two) = (amended(&one), amended(&two));
    assert_eq!(one.len() + two.len(), 8, "{one:?} {two:?}");
}

/// Made by our own migrations, by whom nothing is amended.
#[tokio::test]
async fn our_own_tables_fit_as_they_are() {
    let database = Database::empty().await;
    let ended = migrate(&database).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(amended(&ended), [""; 0]);
    let running = Agentry::serving(&database).serve().await;
    life::of_a_newcomer(&running.url, "Ada").await;
    let ended = running.stop().await;
    assert!(!ended.stderr.contains(r#""level":"WARN""#), "{ended:?}");
}
