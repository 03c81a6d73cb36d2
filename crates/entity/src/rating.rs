use sea_orm::{DeriveActiveEnum, EnumIter};

/// A verdict on a message: 1 is up, 0 is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Rating {
    /// Not helpful.
    #[sea_orm(num_value = 0)]
    Down,
    /// Helpful.
    #[sea_orm(num_value = 1)]
    Up,
}
