//! The rules of webhooks as plain values and pure functions: what may exist, who gets what, what
//! happens next. No SQL, no Redis, no HTTP, no hidden clock or randomness.

pub mod address_policy;
pub mod app;
pub mod attempt;
pub mod audit;
pub mod catalog;
pub mod clock;
pub mod delivery;
pub mod dialect;
pub mod endpoint;
pub mod error;
pub mod event;
pub mod fanout;
pub mod id;
pub mod merchant;
pub mod objects;
pub mod pause;
pub mod rate;
pub mod redaction;
pub mod retry;
pub mod retry_job;
pub mod secret;
pub mod shard;
pub mod signing;
pub mod spelling;
pub mod stats;
pub mod tenancy;
pub mod trigger;
