//! Does the work that is due: deliveries, retries, timers, recovery.

pub mod outbound;
