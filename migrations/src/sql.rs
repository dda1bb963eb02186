//! Runs a list of statements, spelled for the database at hand.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

/// The column types that differ between the databases.
struct Types {
    id: &'static str,
    bytes: &'static str,
}

/// Runs the statements of `script`, separated by `;`. `{id}` and `{bytes}` become the database's own
/// types; lines that start with `--pg` or `--lite` belong to that database alone.
///
/// Errors: the first statement that the database refuses.
pub(crate) async fn run(manager: &SchemaManager<'_>, script: &str) -> Result<(), DbErr> {
    let (types, mine, others) = match manager.get_database_backend() {
        DatabaseBackend::Sqlite => (
            Types {
                id: "blob",
                bytes: "blob",
            },
            "--lite",
            "--pg",
        ),
        _ => (
            Types {
                id: "uuid",
                bytes: "bytea",
            },
            "--pg",
            "--lite",
        ),
    };
    let text: String = script
        .lines()
        .filter(|line| !line.trim_start().starts_with(others))
        .map(|line| line.trim_start().strip_prefix(mine).unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n");
    let text = text
        .replace("{id}", types.id)
        .replace("{bytes}", types.bytes);
    for statement in text
        .split(";\n")
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        manager
            .get_connection()
            .execute_unprepared(statement)
            .await?;
    }
    Ok(())
}

/// Declares a migration that runs one script.
macro_rules! script {
    ($name:literal, $script:expr) => {
        use sea_orm_migration::prelude::*;

        /// This step.
        pub(crate) struct Migration;

        impl MigrationName for Migration {
            fn name(&self) -> &'static str {
                $name
            }
        }

        #[async_trait::async_trait]
        impl MigrationTrait for Migration {
            fn use_transaction(&self) -> Option<bool> {
                Some(true)
            }

            async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
                crate::sql::run(manager, $script).await
            }
        }
    };
}
pub(crate) use script;
