//! Both queues against one suite, and the one over Redis against a Redis that fails.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what a test needs and does not get fails it"
)]

mod counts;
mod embedded;
mod faulty;
mod redis;
mod redis_outage;
mod scripts;
mod suite;
