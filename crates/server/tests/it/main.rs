//! What only the whole process shows.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod architecture;
mod bad_inputs;
mod config;
mod e2e;
mod openapi;
mod process;
mod resilience;
