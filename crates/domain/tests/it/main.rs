//! The rules of triggers at work: whole visits in virtual time, and random ones against a model of the contract.
#![expect(
    clippy::unwrap_used,
    reason = "what a test needs and does not get fails it"
)]

mod model;
mod property;
mod scene;
mod triggers;
