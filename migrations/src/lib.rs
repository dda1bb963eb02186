//! The schema in ordered steps, embedded in the binary. Forward only; a step that has run is never
//! edited. Each file says why it exists in its first comment.

use sea_orm_migration::prelude::*;

mod m0001_configuration;
mod m0002_people;
mod m0003_hot_tables;
mod m0004_apps;
mod m0005_triggers;
mod m0006_batches;
mod m0007_retry_jobs;
mod m0008_audit;
mod m0010_keys_of_apps;
mod m0011_people;
mod m0012_stats;
mod m0013_pauses;
mod m0014_key_prefixes;
mod m0015_ops;
mod sql;

/// All steps in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_configuration::Migration),
            Box::new(m0002_people::Migration),
            Box::new(m0003_hot_tables::Migration),
            Box::new(m0004_apps::Migration),
            Box::new(m0005_triggers::Migration),
            Box::new(m0006_batches::Migration),
            Box::new(m0007_retry_jobs::Migration),
            Box::new(m0008_audit::Migration),
            Box::new(m0010_keys_of_apps::Migration),
            Box::new(m0011_people::Migration),
            Box::new(m0012_stats::Migration),
            Box::new(m0013_pauses::Migration),
            Box::new(m0014_key_prefixes::Migration),
            Box::new(m0015_ops::Migration),
        ]
    }
}
