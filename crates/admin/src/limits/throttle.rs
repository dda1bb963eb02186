//! So many in a window, for each subject: wrong passwords of an account, wrong credentials from an address.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use domain::rate::Subject;
use moka::sync::Cache;

use super::SharedCounts;
use crate::problem::{ApiError, Slug};

/// Subjects watched at once; the least used are forgotten first.
const WATCHED: u64 = 100_000;

/// Counts in fixed windows that begin with a subject's first entry: in this process, and beside that together with
/// other processes where there are shared counts, so that an outage of those opens no new window.
pub(crate) struct Throttle {
    of: &'static str,
    limit: u32,
    window: Duration,
    counts: Cache<u128, Arc<Window>>,
    shared: Option<Arc<dyn SharedCounts>>,
}

struct Window {
    began: Instant,
    count: AtomicU32,
}

/// An entry that counts, unless it is given back.
pub(crate) struct Entry {
    here: Arc<Window>,
    shared: Option<(Arc<dyn SharedCounts>, Subject)>,
}

impl Throttle {
    /// `limit` entries of a subject in each `window`, counted by this process alone.
    pub(crate) fn new(of: &'static str, limit: u32, window: Duration) -> Self {
        let counts = Cache::builder()
            .max_capacity(WATCHED)
            .time_to_live(window)
            .build();
        Self {
            of,
            limit,
            window,
            counts,
            shared: None,
        }
    }

    /// The same, counted together with other processes.
    pub(crate) fn sharing(self, shared: Option<Arc<dyn SharedCounts>>) -> Self {
        Self { shared, ..self }
    }

    /// Counts an entry.
    ///
    /// Errors: 429 with the time to the end of the window.
    pub(crate) async fn enter(&self, subject: u128) -> Result<Entry, ApiError> {
        let here = self.enter_here(subject).map_err(too_many)?;
        let mut entry = Entry { here, shared: None };
        let Some(shared) = &self.shared else {
            return Ok(entry);
        };
        let subject = Subject {
            of: self.of,
            id: subject,
        };
        match shared.enter(subject, self.limit, self.window).await {
            Some(Ok(())) => entry.shared = Some((Arc::clone(shared), subject)),
            Some(Err(left)) => {
                entry.give_back().await;
                return Err(too_many(left));
            }
            None => {}
        }
        Ok(entry)
    }

    /// Counts in this process, or says how long the window goes on.
    fn enter_here(&self, subject: u128) -> Result<Arc<Window>, Duration> {
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
        match entered {
            Ok(_) => Ok(window),
            Err(_) => Err(self.window.saturating_sub(window.began.elapsed())),
        }
    }
}

fn too_many(left: Duration) -> ApiError {
    let seconds = u32::try_from(left.as_secs() + 1).unwrap_or(u32::MAX);
    ApiError::of(Slug::QuotaExceeded).retry_after(seconds)
}

impl Entry {
    /// It does not count after all.
    pub(crate) async fn give_back(self) {
        self.here.count.fetch_sub(1, Ordering::Relaxed);
        if let Some((shared, subject)) = self.shared {
            shared.leave(subject).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_subject_is_stopped_at_its_limit_and_others_are_not() {
        let throttle = Throttle::new("test", 2, Duration::from_mins(10));
        for _ in 0..5 {
            throttle.enter(1).await.unwrap().give_back().await;
        }
        assert!(throttle.enter(1).await.is_ok());
        assert!(throttle.enter(1).await.is_ok());
        let refused = throttle.enter(1).await.err().unwrap();
        assert_eq!(refused.slug, Slug::QuotaExceeded);
        assert!((590..=601).contains(&refused.retry_after_seconds.unwrap()));
        assert!(throttle.enter(2).await.is_ok());
    }
}
