//! The worker against real receivers.

mod outbound;
