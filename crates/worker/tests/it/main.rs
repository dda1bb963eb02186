//! The worker against real receivers.

mod delivers;
mod outbound;
