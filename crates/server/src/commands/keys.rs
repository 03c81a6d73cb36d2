//! `agentry keys rotate`: every stored secret under the first key of the ring.

use agentry_crypto::KeyRing;
use agentry_db::rotation::{self, Rotation};

use super::{CommandError, say};
use crate::app::AppError;
use crate::cli::KeysAction;
use crate::store::Store;

pub(super) async fn run(action: &KeysAction) -> Result<(), CommandError> {
    let KeysAction::Rotate { verify, config } = action;
    let store = Store::open_beside(config).await?;
    let done = rotate(&store, *verify).await;
    store.close().await?;
    report(&done?, *verify)
}

async fn rotate(store: &Store, verify: bool) -> Result<Rotation, CommandError> {
    let ring = KeyRing::parse(&store.secrets.encryption_keys).map_err(AppError::from)?;
    let owner = store.owner()?;
    Ok(if verify {
        rotation::verify(owner, &ring).await?
    } else {
        rotation::reseal(owner, &ring).await?
    })
}

fn report(rotation: &Rotation, verify: bool) -> Result<(), CommandError> {
    let Rotation {
        resealed,
        already,
        pending,
        unreadable,
        lost_races,
    } = rotation;
    if verify {
        say(&format!(
            "{already} keys open under the first key of the ring, {pending} under another."
        ));
    } else {
        say(&format!(
            "{resealed} keys sealed anew under the first key of the ring, {already} were already."
        ));
    }
    if *lost_races > 0 {
        say(&format!(
            "{lost_races} changed meanwhile; run it again to look at them."
        ));
    }
    for (organization, what, id) in unreadable {
        say(&format!(
            "unreadable: {what} {id} of organisation {organization}"
        ));
    }
    if unreadable.is_empty() {
        Ok(())
    } else {
        Err(CommandError::Unreadable(unreadable.len()))
    }
}
