//! Proves that the test kit does what tests rely on.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod postgres;
mod receiver;
mod redis;
mod test_services;
mod tls;
