//! By what deliveries are known to be genuine: the secrets of all numbers, opened, for a few seconds.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use agentry_crypto::sha256;
use agentry_db::DbError;
use agentry_db::ids::WhatsAppNumberId;
use agentry_db::sealed::app_secret_place;
use agentry_db::whatsapp::number::{self, Secrets};
use agentry_whatsapp::Signer;
use secrecy::ExposeSecret as _;
use subtle::ConstantTimeEq as _;
use tokio::time::Instant;

use crate::shared::Shared;

/// For how long what was read is good.
const GOOD_FOR: Duration = Duration::from_secs(5);
/// How soon it is read again because something did not fit it: whoever sends rubbish must not have it read with each request.
const PATIENCE: Duration = Duration::from_millis(500);
/// The most apps of Meta's numbers that a delivery to the address of all numbers is tried for, those first whose number was registered first.
/// Beyond, each number has its own address. Gateways deliver to their own alone.
const MOST: usize = 32;

#[derive(Debug, Default)]
pub(crate) struct Apps {
    read: Mutex<Option<(Instant, Arc<Book>)>>,
    /// Held by whoever reads, so that the others wait instead of reading too.
    reading: tokio::sync::Mutex<()>,
    /// How many apps there were too many when it was last told.
    told: AtomicUsize,
}

/// Every app, and every number.
#[derive(Debug, Default)]
pub(crate) struct Book {
    apps: Vec<App>,
    /// Each number's app, and whether the number is a gateway's.
    numbers: HashMap<WhatsAppNumberId, (usize, bool)>,
    verify: Vec<(WhatsAppNumberId, String)>,
}

/// Numbers whose deliveries are signed with one secret.
#[derive(Debug)]
struct App {
    signer: Signer,
    numbers: HashMap<String, WhatsAppNumberId>,
}

/// For whom a signature speaks.
#[derive(Debug, Clone)]
pub(crate) struct Vouched {
    book: Arc<Book>,
    app: usize,
    /// The one number of which everything is, where a gateway delivers.
    only: Option<WhatsAppNumberId>,
}

impl Vouched {
    /// The number that Meta knows by this, if the signature speaks for it.
    pub(crate) fn number(&self, phone_number_id: &str) -> Option<&WhatsAppNumberId> {
        match &self.only {
            Some(number) => Some(number),
            None => self.book.apps[self.app].numbers.get(phone_number_id),
        }
    }
}

impl Apps {
    /// Whom this signature of this body speaks for. `None`: nobody.
    pub(crate) async fn vouched(
        &self,
        shared: &Shared,
        number: Option<&WhatsAppNumberId>,
        signature: &str,
        body: &[u8],
    ) -> Result<Option<Vouched>, DbError> {
        let look = |book: &Arc<Book>| book.look(number, signature, body);
        self.look(shared, look).await
    }

    /// Whether this is the verify token of the number, or of any. One that was replaced is none from then on.
    pub(crate) async fn verifies(
        &self,
        shared: &Shared,
        number: Option<&WhatsAppNumberId>,
        token: &str,
    ) -> Result<bool, DbError> {
        let asked = Instant::now();
        let hash = sha256(token);
        let look = |book: &Arc<Book>| book.verifies(number, &hash).then_some(());
        if self.look(shared, look).await?.is_none() {
            return Ok(false);
        }
        // It may have been replaced meanwhile. Only who knows a token gets as far: rubbish does not have everything read anew.
        let (_, now) = self.book(shared, |at| at >= asked).await?;
        Ok(now.verifies(number, &hash))
    }

    /// Has everything read anew: what was read names a number that is gone.
    pub(crate) fn forget(&self) {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Looks in what was read last, and in what there is now where nothing is found in that.
    async fn look<T>(
        &self,
        shared: &Shared,
        look: impl Fn(&Arc<Book>) -> Option<T>,
    ) -> Result<Option<T>, DbError> {
        let (at, book) = self.book(shared, |at| at.elapsed() < GOOD_FOR).await?;
        if let Some(found) = look(&book) {
            return Ok(Some(found));
        }
        if at.elapsed() < PATIENCE {
            return Ok(None);
        }
        let (_, book) = self.book(shared, |at| at.elapsed() < PATIENCE).await?;
        Ok(look(&book))
    }

    /// What was read when it is good, or what there is now.
    async fn book(
        &self,
        shared: &Shared,
        is_good: impl Fn(Instant) -> bool,
    ) -> Result<(Instant, Arc<Book>), DbError> {
        let known = || {
            let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            read.clone().filter(|(at, _)| is_good(*at))
        };
        if let Some(known) = known() {
            return Ok(known);
        }
        let _reading = self.reading.lock().await;
        if let Some(known) = known() {
            return Ok(known);
        }
        let at = Instant::now();
        let book = Arc::new(Book::of(shared, number::secrets(&shared.db).await?));
        let beyond = book.metas().skip(MOST).count();
        if self.told.swap(beyond, Ordering::Relaxed) != beyond && beyond > 0 {
            tracing::warn!(
                beyond,
                "there are more apps than the address of all numbers on WhatsApp is good for; the last ones must deliver to the addresses of their numbers"
            );
        }
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        *read = Some((at, Arc::clone(&book)));
        Ok((at, book))
    }
}

impl Book {
    fn of(shared: &Shared, all: Vec<Secrets>) -> Self {
        let mut book = Self::default();
        let mut known: HashMap<String, usize> = HashMap::new();
        let believed = all.into_iter();
        let believed = believed.filter(|one| shared.settings.publishers.include(&one.publisher));
        for Secrets {
            id,
            publisher,
            phone_number_id,
            app_secret,
            verify_token_hash,
        } in believed
        {
            let place = app_secret_place(&publisher, &id);
            let Ok(secret) = shared.keys.open(app_secret.sealed(), &place) else {
                tracing::warn!(number.id = %id, "the secret of a number on WhatsApp does not open");
                continue;
            };
            let app = *known
                .entry(secret.expose_secret().to_owned())
                .or_insert_with(|| {
                    book.apps.push(App {
                        signer: Signer::new(&secret),
                        numbers: HashMap::new(),
                    });
                    book.apps.len() - 1
                });
            book.numbers
                .insert(id.clone(), (app, phone_number_id.is_none()));
            if let Some(phone_number_id) = phone_number_id {
                book.apps[app].numbers.insert(phone_number_id, id.clone());
            }
            book.verify.push((id, verify_token_hash));
        }
        book
    }

    /// The apps of Meta's numbers.
    fn metas(&self) -> impl Iterator<Item = usize> {
        let all = self.apps.iter().enumerate();
        all.filter(|(_, app)| !app.numbers.is_empty())
            .map(|(at, _)| at)
    }

    fn look(
        self: &Arc<Self>,
        number: Option<&WhatsAppNumberId>,
        signature: &str,
        body: &[u8],
    ) -> Option<Vouched> {
        let holds = |app: &usize| self.apps[*app].signer.holds(signature, body);
        let vouched = |app, only| Vouched {
            book: Arc::clone(self),
            app,
            only,
        };
        let Some(number) = number else {
            let app = self.metas().take(MOST).find(holds)?;
            return Some(vouched(app, None));
        };
        let (app, by_gateway) = self.numbers.get(number)?;
        let only = by_gateway.then(|| number.clone());
        holds(app).then(|| vouched(*app, only))
    }

    fn verifies(&self, number: Option<&WhatsAppNumberId>, hash: &str) -> bool {
        let meant = self.verify.iter();
        let mut meant = meant.filter(|(id, _)| number.is_none_or(|number| number == id));
        meant.any(|(_, known)| known.as_bytes().ct_eq(hash.as_bytes()).into())
    }
}
