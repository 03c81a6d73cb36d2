use sea_orm::{DeriveActiveEnum, EnumIter};

/// What came of a call of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum ToolOutcome {
    /// The client carried it out.
    #[sea_orm(string_value = "result")]
    Result,
    /// The client tried to.
    #[sea_orm(string_value = "error")]
    Error,
    /// The user did not let it.
    #[sea_orm(string_value = "denied")]
    Denied,
}
