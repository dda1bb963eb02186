//! So many in a window, for each subject: logins of an account, test sends to an endpoint.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use moka::sync::Cache;

use crate::problem::{ApiError, Slug};

/// Subjects watched at once; the least used are forgotten first.
const WATCHED: u64 = 100_000;

/// Counts in fixed windows that begin with a subject's first entry.
pub(crate) struct Throttle {
    limit: u32,
    window: Duration,
    counts: Cache<u128, Arc<Window>>,
}

struct Window {
    began: Instant,
    count: AtomicU32,
}

/// An entry that counts, unless it is given back.
pub(crate) struct Entry(Arc<Window>);

impl Throttle {
    /// `limit` entries of a subject in each `window`.
    pub(crate) fn new(limit: u32, window: Duration) -> Self {
        let counts = Cache::builder()
            .max_capacity(WATCHED)
            .time_to_live(window)
            .build();
        Self {
            limit,
            window,
            counts,
        }
    }

    /// Counts an entry.
    ///
    /// Errors: 429 with the time to the end of the window.
    pub(crate) fn enter(&self, subject: u128) -> Result<Entry, ApiError> {
        let window = self.counts.get_with(subject, || {
            Arc::new(Window {
                began: Instant::now(),
                count: AtomicU32::new(0),
            })
        });
        let entered = window
            .count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
                (count < self.limit).then_some(count + 1)
            });
        if entered.is_ok() {
            return Ok(Entry(window));
        }
        let left = self.window.saturating_sub(window.began.elapsed()).as_secs() + 1;
        Err(ApiError::of(Slug::QuotaExceeded).retry_after(u32::try_from(left).unwrap_or(u32::MAX)))
    }
}

impl Entry {
    /// It does not count after all.
    pub(crate) fn give_back(self) {
        self.0.count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_stopped_at_its_limit_and_others_are_not() {
        let throttle = Throttle::new(2, Duration::from_mins(10));
        for _ in 0..5 {
            throttle.enter(1).unwrap().give_back();
        }
        assert!(throttle.enter(1).is_ok());
        assert!(throttle.enter(1).is_ok());
        let refused = throttle.enter(1).err().unwrap();
        assert_eq!(refused.slug, Slug::QuotaExceeded);
        assert!((590..=601).contains(&refused.retry_after_seconds.unwrap()));
        assert!(throttle.enter(2).is_ok());
    }
}
