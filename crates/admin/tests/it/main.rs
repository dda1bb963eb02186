//! The HTTP side as a client sees it: a real server over a temporary database.

#![expect(
    clippy::unwrap_used,
    reason = "what is not there fails the test that wants it"
)]

mod apps_keys;
mod audit;
mod auth;
mod isolation;
mod limits;
mod notices;
mod openapi;
mod people;
mod problems;
mod resources;
mod retry_jobs;
mod running;
mod serving;
