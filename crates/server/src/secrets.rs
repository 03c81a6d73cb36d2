//! The encryption keys and the sessions' secret: as given, or generated once and kept in the data folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use agentry_auth::error::SecretError;
use agentry_auth::secret::SecretList;
use agentry_crypto::{KeyRing, generate_key};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};

use crate::config::{ConfigError, SecretsConfig};

const FILE: &str = "secrets.env";
const KEYS: &str = "AGENTRY_ENCRYPTION_KEYS";
const AUTH: &str = "AGENTRY_AUTH_SECRET";
const AUTH_LIST: &str = "AGENTRY_AUTH_SECRETS";
/// Of the sessions' secret; what better-auth asks for too.
const AUTH_SECRET_CHARS: usize = 32;

/// What the service needs to keep others' secrets.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// The key ring: `id:64 hex,…`, or 64 hex digits alone.
    pub encryption_keys: SecretString,
    /// Sign session cookies.
    pub auth: AuthSecrets,
}

/// What signs session cookies: one secret, or a list while one takes the place of another.
#[derive(Debug, Clone)]
pub enum AuthSecrets {
    /// One secret, as it stands.
    Single(SecretString),
    /// `2:newest,1:older`: the first signs, all verify.
    List {
        /// The list.
        list: SecretString,
        /// The single secret from before there was a list; it verifies too.
        before: Option<SecretString>,
    },
}

impl AuthSecrets {
    /// As the signer takes them.
    ///
    /// # Errors
    /// [`SecretError`] where one is too short, or a list is none.
    pub fn list(&self) -> Result<SecretList, SecretError> {
        match self {
            Self::Single(secret) => SecretList::single(secret),
            Self::List { list, before } => {
                let list = SecretList::versioned(list)?;
                match before {
                    Some(secret) => list.and_accept(secret),
                    None => Ok(list),
                }
            }
        }
    }
}

/// Why secrets could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// Given ones are missing or malformed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The file in the data folder holds something else than Agentry wrote.
    #[error(
        "{0} does not hold what Agentry wrote there: restore it from a backup; without its key, sealed provider keys cannot be opened"
    )]
    Damaged(PathBuf),
    /// The file could not be written or read.
    #[error("could not keep secrets in {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The system has no random numbers to give.
    #[error("the system gives no random numbers")]
    Random,
}

impl Secrets {
    /// The given secrets; beside a given database nothing is ever generated, since replicas must agree.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] naming what is missing or malformed.
    pub fn given(config: &SecretsConfig) -> Result<Self, ConfigError> {
        Ok(Self {
            encryption_keys: given_keys(config)?.ok_or(ConfigError::KeysMissing)?,
            auth: given_auth(config)?.ok_or(ConfigError::AuthSecretMissing)?,
        })
    }

    /// Given secrets where there are any, else those kept in `data_dir`, generated at the first start.
    ///
    /// # Errors
    ///
    /// [`SecretsError`] when given ones are malformed, or the file cannot be made or understood.
    pub fn kept(config: &SecretsConfig, data_dir: &Path) -> Result<Self, SecretsError> {
        if let (Some(encryption_keys), Some(auth)) = (given_keys(config)?, given_auth(config)?) {
            return Ok(Self {
                encryption_keys,
                auth,
            });
        }
        let kept = load_or_generate(&data_dir.join(FILE))?;
        Ok(Self {
            encryption_keys: given_keys(config)?.unwrap_or(kept.encryption_keys),
            auth: given_auth(config)?.unwrap_or(kept.auth),
        })
    }
}

fn given_keys(config: &SecretsConfig) -> Result<Option<SecretString>, ConfigError> {
    if let Some(ring) = filled(config.encryption_keys.as_ref()) {
        KeyRing::parse(ring).map_err(ConfigError::Keys)?;
        return Ok(Some(ring.clone()));
    }
    match filled(config.encryption_key.as_ref()) {
        // A ring would parse here too; this variable is for one bare key.
        Some(key) if !key.expose_secret().contains(':') && KeyRing::parse(key).is_ok() => {
            Ok(Some(key.clone()))
        }
        Some(_) => Err(ConfigError::Key),
        None => Ok(None),
    }
}

/// Ours first, then better-auth's list, then the single secrets in the order in which Agentuity Auth asks for them. Beside a list, the
/// single one is from before there was a list.
fn given_auth(config: &SecretsConfig) -> Result<Option<AuthSecrets>, ConfigError> {
    let single = |names: &[(&'static str, &Option<SecretString>)]| {
        let given = names
            .iter()
            .find_map(|(name, value)| Some((*name, filled(value.as_ref())?)));
        let Some((name, secret)) = given else {
            return Ok(None);
        };
        if secret.expose_secret().chars().count() < AUTH_SECRET_CHARS {
            return Err(ConfigError::AuthSecretShort { name });
        }
        Ok(Some(secret.clone()))
    };
    let list = |name, value: &Option<SecretString>, before: Option<SecretString>| {
        let Some(list) = filled(value.as_ref()).cloned() else {
            return Ok(before.map(AuthSecrets::Single));
        };
        let secrets = AuthSecrets::List { list, before };
        let checked = secrets.list().map(|_| Some(secrets));
        checked.map_err(|why| ConfigError::AuthSecrets { name, why })
    };
    let ours = single(&[(AUTH, &config.auth_secret)])?;
    if let Some(ours) = list(AUTH_LIST, &config.auth_secrets, ours)? {
        return Ok(Some(ours));
    }
    let theirs = single(&[
        ("AGENTUITY_AUTH_SECRET", &config.agentuity_auth_secret),
        ("BETTER_AUTH_SECRET", &config.better_auth_secret),
    ])?;
    list("BETTER_AUTH_SECRETS", &config.better_auth_secrets, theirs)
}

/// An empty value counts as not given.
fn filled(value: Option<&SecretString>) -> Option<&SecretString> {
    value.filter(|secret| !secret.expose_secret().is_empty())
}

fn load_or_generate(path: &Path) -> Result<Secrets, SecretsError> {
    let failed = |source| SecretsError::Io {
        path: path.to_path_buf(),
        source,
    };
    match fs::read_to_string(path) {
        Ok(text) => return parse(&text).ok_or_else(|| SecretsError::Damaged(path.to_path_buf())),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let text = generate()?;
    write_new(path, text.expose_secret()).map_err(failed)?;
    // Read back, whoever wrote it: a second start at the same moment must end up with the same secrets.
    let text = fs::read_to_string(path).map_err(failed)?;
    parse(&text).ok_or_else(|| SecretsError::Damaged(path.to_path_buf()))
}

/// Puts the whole text there under its name in one step, or leaves what is there.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension(format!("env.{}", std::process::id()));
    let written = write_draft(&draft, text).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    fs::remove_file(&draft)?;
    written?;
    // Sealed keys may be written a moment later: the name must be on disk before them.
    path.parent()
        .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn write_draft(draft: &Path, text: &str) -> io::Result<()> {
    // A draft of the same process id is of a dead process; the file itself must be new for its mode to hold.
    match fs::remove_file(draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn generate() -> Result<SecretString, SecretsError> {
    let random = SystemRandom::new();
    let mut auth = [0_u8; 32];
    random.fill(&mut auth).map_err(|_| SecretsError::Random)?;
    Ok(SecretString::from(format!(
        "# Made by Agentry at its first start. Back it up with the data: without the key, sealed provider keys cannot be opened.\n\
         {KEYS}=k1:{}\n{AUTH}={}\n",
        generate_key().expose_secret(),
        URL_SAFE_NO_PAD.encode(auth),
    )))
}

fn parse(text: &str) -> Option<Secrets> {
    let value = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    };
    let (keys, auth) = (value(KEYS)?, value(AUTH)?);
    if KeyRing::parse(&keys.into()).is_err() || auth.chars().count() < AUTH_SECRET_CHARS {
        return None;
    }
    Some(Secrets {
        encryption_keys: SecretString::from(keys),
        auth: AuthSecrets::Single(auth.into()),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::config::tests::config;
    use crate::embedded::tests::TempDir;

    fn settings(args: &[&str]) -> SecretsConfig {
        config(args).base.secrets
    }

    /// The one secret there is.
    fn single(secrets: &Secrets) -> String {
        match &secrets.auth {
            AuthSecrets::Single(secret) => secret.expose_secret().to_owned(),
            AuthSecrets::List { .. } => panic!("a list"),
        }
    }

    #[test]
    fn generated_once_kept_closed_and_never_overwritten() {
        let dir = TempDir::new();
        let first = Secrets::kept(&settings(&[]), dir.path()).unwrap();
        let path = dir.path().join(FILE);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        write_new(&path, "something else").unwrap();
        let second = Secrets::kept(&settings(&[]), dir.path()).unwrap();
        assert_eq!(
            first.encryption_keys.expose_secret(),
            second.encryption_keys.expose_secret()
        );
        assert_eq!(single(&first), single(&second));
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "no draft stays behind"
        );
        let other = Secrets::kept(&settings(&[]), TempDir::new().path()).unwrap();
        assert_ne!(
            first.encryption_keys.expose_secret(),
            other.encryption_keys.expose_secret()
        );
    }

    #[test]
    fn given_ones_win_over_kept_ones() {
        let dir = TempDir::new();
        let key = "ab".repeat(32);
        let secrets = Secrets::kept(&settings(&["--encryption-key", &key]), dir.path()).unwrap();
        assert_eq!(secrets.encryption_keys.expose_secret(), key);
        assert!(single(&secrets).len() >= AUTH_SECRET_CHARS);
    }

    #[test]
    fn first_of_the_secrets_signs_and_all_verify() {
        let secret = |n: u8| format!("{n}-secret-of-thirty-two-characters-and-more");
        let [newest, older, ours, other, theirs] = [1, 2, 3, 4, 5].map(secret);
        let all = [
            format!("--auth-secrets=7:{newest},6:{older}"),
            format!("--auth-secret={ours}"),
            format!("--better-auth-secrets=2:{other}"),
            format!("--agentuity-auth-secret={theirs}"),
            format!("--better-auth-secret={older}"),
        ];
        let given = |from: usize, without: &[usize]| {
            let kept = (from..all.len()).filter(|at| !without.contains(at));
            let flags: Vec<&str> = kept.map(|at| all[at].as_str()).collect();
            let ring = format!("--encryption-key={}", "0F".repeat(32));
            let secrets = Secrets::given(&settings(&[&[ring.as_str()], &flags[..]].concat()));
            secrets.unwrap().auth.list().unwrap()
        };
        let by = |secret: &str| SecretList::single(&secret.into()).unwrap().sign("value");
        for (list, first, others) in [
            (given(0, &[]), &newest, vec![&older, &ours]),
            (given(0, &[1]), &newest, vec![&older]),
            (given(1, &[]), &ours, vec![]),
            (given(2, &[]), &other, vec![&theirs]),
            (given(2, &[3]), &other, vec![&older]),
            (given(3, &[]), &theirs, vec![]),
            (given(4, &[]), &older, vec![]),
        ] {
            assert_eq!(
                list.sign("value").expose_secret(),
                by(first).expose_secret()
            );
            for secret in [&newest, &older, &ours, &other, &theirs] {
                let verifies = list.verify(by(secret).expose_secret()).is_ok();
                assert_eq!(verifies, secret == first || others.contains(&secret));
            }
        }
    }

    #[test]
    fn malformed_list_is_named_and_not_repeated() {
        let key = "0F".repeat(32);
        for (flag, name) in [
            ("--auth-secrets", "AGENTRY_AUTH_SECRETS"),
            ("--better-auth-secrets", "BETTER_AUTH_SECRETS"),
        ] {
            for list in ["hunter2-hunter2-hunter2-hunter2-hunter2", "1:hunter2"] {
                let flags = [format!("--encryption-key={key}"), format!("{flag}={list}")];
                let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
                let error = Secrets::given(&settings(&flags)).unwrap_err().to_string();
                assert!(
                    error.contains(name) && !error.contains("hunter2"),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn a_damaged_file_is_an_error_not_a_new_key() {
        let dir = TempDir::new();
        for text in [
            "",
            "AGENTRY_ENCRYPTION_KEYS=k1:00\nAGENTRY_AUTH_SECRET=short\n",
        ] {
            fs::write(dir.path().join(FILE), text).unwrap();
            let error = Secrets::kept(&settings(&[]), dir.path()).unwrap_err();
            assert!(matches!(error, SecretsError::Damaged(_)), "{error}");
        }
    }

    #[test]
    fn beside_a_given_database_both_must_be_given_and_fit() {
        let key = "0F".repeat(32);
        let ring = format!("--encryption-keys=new:{key},old:{}", "1".repeat(64));
        let auth = "--better-auth-secret=0123456789abcdef0123456789abcdef";
        assert!(Secrets::given(&settings(&[&ring, auth])).is_ok());
        let error = |args: &[&str]| Secrets::given(&settings(args)).unwrap_err();
        assert_eq!(error(&[]), ConfigError::KeysMissing);
        assert_eq!(
            error(&["--encryption-keys=", auth]),
            ConfigError::KeysMissing
        );
        assert_eq!(error(&[&ring]), ConfigError::AuthSecretMissing);
        assert_eq!(error(&["--encryption-key=abc", auth]), ConfigError::Key);
        let short = error(&[&ring, "--agentuity-auth-secret=hunter2", auth]);
        assert_eq!(
            short,
            ConfigError::AuthSecretShort {
                name: "AGENTUITY_AUTH_SECRET"
            }
        );
        for wrong in [
            format!("a:{key},a:{key}"),
            format!("a.b:{key}"),
            format!("a:{key}0"),
            format!("a:{key},"),
        ] {
            let error = error(&[&format!("--encryption-keys={wrong}"), auth]);
            assert!(matches!(error, ConfigError::Keys(_)), "{wrong}");
            assert!(!error.to_string().contains(&key), "{error}");
        }
    }
}
