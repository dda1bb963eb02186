//! Storage on both databases: every case runs on a SQLite file and on PostgreSQL.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what a test needs and does not get fails it"
)]

/// Makes a test of each case on each database.
macro_rules! on_both {
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                super::$case(crate::world::World::sqlite().await).await;
            })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                super::$case(crate::world::World::postgres().await).await;
            })*
        }
    };
}

mod apps;
mod claims;
mod configuration;
mod hot_path;
mod ingest;
mod jobs;
mod log;
mod retention;
mod retry_jobs;
mod schema;
mod settle;
mod sqlite_file;
mod stats;
mod triggers;
mod world;
