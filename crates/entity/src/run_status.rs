use sea_orm::{DeriveActiveEnum, EnumIter};

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum RunStatus {
    /// It waits for a worker, or for the run before it in its conversation.
    #[sea_orm(string_value = "queued")]
    Queued,
    /// A worker is at it.
    #[sea_orm(string_value = "running")]
    Running,
    /// The reply is there.
    #[sea_orm(string_value = "completed")]
    Completed,
    /// It ended without a whole reply.
    #[sea_orm(string_value = "failed")]
    Failed,
    /// Somebody ended it.
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
}
