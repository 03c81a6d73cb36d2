use sea_orm::{DeriveActiveEnum, EnumIter};

/// Who speaks in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum MessageRole {
    /// The person.
    #[sea_orm(string_value = "user")]
    User,
    /// The agent.
    #[sea_orm(string_value = "assistant")]
    Assistant,
    /// An instruction that is neither's.
    #[sea_orm(string_value = "system")]
    System,
    /// The result of a tool.
    #[sea_orm(string_value = "tool")]
    Tool,
}
