//! The database's history.
//!
//! One file a migration, applied in order by the owner of the database and never edited once released.
//! The one rule: a table with an `organization_id` ends its migration in [`rls::protect`], so that it is
//! born with row security on, forced, and one restrictive policy that names the tenant.
//!
//! To add a table: a new `mNNNN_noun.rs` with `UP` and `DOWN`, and its line in [`Migrator::migrations`].
//! Statements are plain SQL on purpose: policies, grants and triggers have no builder, and a history that
//! reads entities would change when they do.

use sea_orm_migration::prelude::*;

mod m0001_identity;
mod m0002_auth_tables;
mod m0003_auth_superset;
mod m0004_personal_organizations;
mod m0005_auth_functions;
mod m0006_rate_limits;
mod m0007_agents;
mod m0008_api_connections;
mod m0009_agent_api_connections;
mod m0010_conversations;
mod m0011_agent_messages;
mod m0012_agent_feedback;
mod m0013_audit_events;
mod m0014_idempotency_keys;
mod m0015_credentials;
mod m0016_api_keys;
mod m0017_organizations;
mod m0018_invitations;
mod m0019_profile;
mod m0020_verification;
mod m0021_user_profiles;
mod m0022_audit;
mod m0025_departures;
mod m0026_bans_and_credentials;
mod m0030_entity_types;
mod m0031_templates;
mod m0032_template_installs;
mod m0033_first_memberships;
mod m0035_template_parts;
mod m0040_runs;
mod m0041_agent_versions;
mod m0042_usage;
mod m0043_tools;
mod m0044_talks;
mod m0045_effective_agents;
mod m0046_streams;
mod m0050_whatsapp_links;
mod m0051_whatsapp;
pub mod rls;
mod run;

pub use run::{MigrationError, MigrationStatus, admit, down, names, status, up};

/// Applies and reverts the migrations, in order. Run it as the owner of the database, never as the service.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_identity::Migration),
            Box::new(m0002_auth_tables::Migration),
            Box::new(m0003_auth_superset::Migration),
            Box::new(m0004_personal_organizations::Migration),
            Box::new(m0005_auth_functions::Migration),
            Box::new(m0006_rate_limits::Migration),
            Box::new(m0007_agents::Migration),
            Box::new(m0008_api_connections::Migration),
            Box::new(m0009_agent_api_connections::Migration),
            Box::new(m0010_conversations::Migration),
            Box::new(m0011_agent_messages::Migration),
            Box::new(m0012_agent_feedback::Migration),
            Box::new(m0013_audit_events::Migration),
            Box::new(m0014_idempotency_keys::Migration),
            Box::new(m0015_credentials::Migration),
            Box::new(m0016_api_keys::Migration),
            Box::new(m0017_organizations::Migration),
            Box::new(m0018_invitations::Migration),
            Box::new(m0019_profile::Migration),
            Box::new(m0020_verification::Migration),
            Box::new(m0021_user_profiles::Migration),
            Box::new(m0022_audit::Migration),
            Box::new(m0025_departures::Migration),
            Box::new(m0026_bans_and_credentials::Migration),
            Box::new(m0030_entity_types::Migration),
            Box::new(m0031_templates::Migration),
            Box::new(m0032_template_installs::Migration),
            Box::new(m0033_first_memberships::Migration),
            Box::new(m0035_template_parts::Migration),
            Box::new(m0040_runs::Migration),
            Box::new(m0041_agent_versions::Migration),
            Box::new(m0042_usage::Migration),
            Box::new(m0043_tools::Migration),
            Box::new(m0044_talks::Migration),
            Box::new(m0045_effective_agents::Migration),
            Box::new(m0046_streams::Migration),
            Box::new(m0050_whatsapp_links::Migration),
            Box::new(m0051_whatsapp::Migration),
        ]
    }
}

/// Declares a migration that runs `UP` (and then protects its tenant tables) or `DOWN`, both plain SQL in the same file.
macro_rules! sql_migration {
    ($name:literal $(, protect: [$($table:literal),+])?) => {

        #[derive(Debug)]
        pub(crate) struct Migration;

        impl sea_orm_migration::MigrationName for Migration {
            fn name(&self) -> &'static str {
                $name
            }
        }

        #[async_trait::async_trait]
        impl sea_orm_migration::MigrationTrait for Migration {
            async fn up(&self, manager: &sea_orm_migration::SchemaManager) -> Result<(), sea_orm_migration::DbErr> {
                use sea_orm_migration::sea_orm::ConnectionTrait as _;
                manager.get_connection().execute_unprepared(UP).await?;
                $($(crate::rls::protect(manager, $table).await?;)+)?
                Ok(())
            }

            async fn down(&self, manager: &sea_orm_migration::SchemaManager) -> Result<(), sea_orm_migration::DbErr> {
                use sea_orm_migration::sea_orm::ConnectionTrait as _;
                manager.get_connection().execute_unprepared(DOWN).await?;
                Ok(())
            }
        }
    };
}
pub(crate) use sql_migration;
