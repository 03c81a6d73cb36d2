use sea_orm::{DeriveActiveEnum, EnumIter};

/// Who in the organisation may see a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Visibility {
    /// Its owner, and for agents the organisation's admins.
    #[sea_orm(string_value = "private")]
    Private,
    /// Every member.
    #[sea_orm(string_value = "organization")]
    Organization,
}
