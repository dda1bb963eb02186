//! What the queue counts.

use metrics::{counter, gauge};

/// Stubs taken in by `tell`.
pub(crate) fn told(stubs: usize) {
    if stubs > 0 {
        counter!("hookyard_queue_told_total").increment(stubs as u64);
    }
}

/// Stubs lost on the way, by reason: the safety poll finds their jobs.
pub(crate) fn dropped(stubs: usize, reason: &'static str) {
    if stubs > 0 {
        counter!("hookyard_queue_dropped_total", "reason" => reason).increment(stubs as u64);
    }
}

/// Stubs whose time came.
pub(crate) fn popped(stubs: usize) {
    if stubs > 0 {
        counter!("hookyard_queue_popped_total").increment(stubs as u64);
    }
}

/// Whether messages are believed to arrive: 1 or 0.
pub(crate) fn up(is_up: bool) {
    gauge!("hookyard_queue_up").set(f64::from(u8::from(is_up)));
}
