//! What tests need of the outside world, as real things on this machine.
//!
//! Name servers, certificate authorities, receivers, `PostgreSQL` and Redis servers, all private to the test that
//! starts them and ended with it. A dev-dependency only, used from the `tests/` folders of the other crates.
//!
//! Everything here panics when the machine does not give what was asked for (a port, a program, a folder): that
//! fails the test that asked, which is the one useful answer.
#![expect(
    clippy::expect_used,
    reason = "a broken environment fails the test that needs it"
)]
#![expect(
    clippy::missing_panics_doc,
    reason = "said once for the whole crate, above"
)]

pub mod bench;
pub mod clock;
pub mod conformance;
pub mod contents;
pub mod dns;
pub mod events;
pub mod fixtures;
pub mod leaks;
pub mod ledger;
pub mod mailbox;
pub mod postgres;
mod process;
pub mod receiver;
pub mod redis;
pub mod rest;
pub mod server;
pub mod size;
pub mod tls;
