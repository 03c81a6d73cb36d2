use std::fmt;

use sea_orm::DeriveValueType;

/// A sealed secret as it stands in its column: readable only through the key ring, and no output type of any API.
///
/// It has no `Serialize` and no `OutputType`, and its `Debug` says nothing, so that it cannot leave by accident:
///
/// ```compile_fail
/// fn leaves<T: std::fmt::Display>(_: T) {}
/// leaves(agentry_entity::SealedColumn::new(String::from("v1.a.b")));
/// ```
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub struct SealedColumn(String);

impl SealedColumn {
    /// Wraps a text that is sealed already.
    #[must_use]
    pub const fn new(sealed: String) -> Self {
        Self(sealed)
    }

    /// The sealed text, for the key ring to open.
    #[must_use]
    pub fn sealed(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SealedColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedColumn(…)")
    }
}
