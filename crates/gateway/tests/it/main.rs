//! The use cases on both databases, with the queue of one process.
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

mod deliveries;
mod endpoints;
mod publish;
mod repeats;
mod retry_jobs;
mod triggers;
mod world;
