//! The product from the outside, over REST and real HTTP, each case once in either mode.
//!
//! Hours are made short by settings: a delivery of any dialect is retried after 100, 200 and 300 ms and an
//! attempt may take 1 s, unless a case says otherwise. A name that begins with `contract_` names the lines of
//! `docs/contract.md` that it proves.

/// Makes two tests of each case, one in each mode.
macro_rules! in_both_modes {
    ($($case:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test] async fn $case() { super::$case(testkit::server::Mode::Embedded).await; })+
        }
        mod cluster {
            $(#[tokio::test] async fn $case() { super::$case(testkit::server::Mode::Cluster).await; })+
        }
    };
}
pub(crate) use in_both_modes;

mod acknowledgement;
mod activities;
mod addresses;
mod apps;
mod attempt_log;
mod bad_requests;
mod batching;
mod carthook;
mod catalog;
mod dialects;
mod disabling;
mod ending;
mod endpoint_checks;
mod express;
mod fan_out;
mod flashy;
mod golden;
mod live;
mod manual_retry;
mod pauses;
mod publishing;
mod request;
mod retries;
mod rotation;
mod schema_mode;
mod secrets;
mod signatures;
mod simulate;
pub(crate) mod stage;
mod standard;
mod stats;
mod test_send;
mod timelines;
mod timers;
mod uninstalling;
