//! How many streams are open: of one caller, and of this process.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::problem::{ApiError, Slug};

/// Streams of one caller: a few windows.
const PER_CALLER: usize = 10;
/// Streams about one merchant, whoever's they are.
const PER_MERCHANT: usize = 30;
/// Streams that look at the log at once.
const LOOKS: usize = 4;
/// Streams of this process: each asks the database once a second.
const ALL: usize = 200;
/// When to try again, in seconds.
const LATER: u32 = 10;

/// Counts open streams.
#[derive(Debug)]
pub(crate) struct Streams {
    open: Mutex<Open>,
    /// Turns at the database.
    pub(crate) looks: Semaphore,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    /// By caller, and by merchant.
    by: HashMap<Uuid, usize>,
}

/// An open stream, until it is dropped.
#[derive(Debug)]
pub(crate) struct OpenStream {
    streams: Arc<Streams>,
    of: Vec<Uuid>,
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            open: Mutex::default(),
            looks: Semaphore::new(LOOKS),
        }
    }
}

impl Streams {
    /// A place for one more stream of this caller, about this merchant where it is about one.
    ///
    /// Errors: 429 when the caller or the merchant has as many as they may, 503 when this process has.
    pub(crate) fn open(
        self: &Arc<Self>,
        caller: Uuid,
        merchant: Option<Uuid>,
    ) -> Result<OpenStream, ApiError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.all >= ALL {
            return Err(ApiError::of(Slug::TemporaryReducedCapacity).retry_after(LATER));
        }
        let limits = [
            (Some(caller), PER_CALLER, "caller"),
            (merchant, PER_MERCHANT, "merchant"),
        ];
        for (id, limit, whose) in limits {
            let count = id.and_then(|id| open.by.get(&id)).copied().unwrap_or(0);
            if count >= limit {
                let detail = format!("There may be {limit} open streams of one {whose}.");
                return Err(ApiError::new(Slug::QuotaExceeded, detail).retry_after(LATER));
            }
        }
        let of: Vec<Uuid> = [Some(caller), merchant].into_iter().flatten().collect();
        open.all += 1;
        for id in &of {
            *open.by.entry(*id).or_default() += 1;
        }
        Ok(OpenStream {
            streams: Arc::clone(self),
            of,
        })
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let mut open = self
            .streams
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        open.all -= 1;
        for id in &self.of {
            if let Entry::Occupied(mut count) = open.by.entry(*id) {
                *count.get_mut() -= 1;
                if *count.get() == 0 {
                    count.remove();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_has_ten_and_a_closed_one_makes_room() {
        let streams = Arc::<Streams>::default();
        let open = |caller| streams.open(caller, None);
        let mut all: Vec<_> = (0..PER_CALLER)
            .map(|_| open(Uuid::nil()).unwrap())
            .collect();
        assert_eq!(open(Uuid::nil()).unwrap_err().slug, Slug::QuotaExceeded);
        assert!(open(Uuid::max()).is_ok());
        all.pop();
        assert!(open(Uuid::nil()).is_ok());
    }

    #[test]
    fn a_merchant_with_many_keys_leaves_room_for_others() {
        let streams = Arc::<Streams>::default();
        let open = |caller, merchant| {
            streams.open(Uuid::from_u128(caller), Some(Uuid::from_u128(merchant)))
        };
        let all: Vec<_> = (10..10 + PER_MERCHANT as u128)
            .map(|caller| open(caller, 1).unwrap())
            .collect();
        assert_eq!(open(9, 1).unwrap_err().slug, Slug::QuotaExceeded);
        assert!(open(9, 2).is_ok());
        drop(all);
        assert!(open(9, 1).is_ok());
    }

    #[test]
    fn all_together_have_so_many() {
        let streams = Arc::<Streams>::default();
        let open = |number| streams.open(Uuid::from_u128(number), None);
        let all: Vec<_> = (0..ALL as u128)
            .map(|number| open(number).unwrap())
            .collect();
        let refused = open(u128::MAX).unwrap_err();
        assert_eq!(refused.slug, Slug::TemporaryReducedCapacity);
        drop(all);
        assert!(open(u128::MAX).is_ok());
    }
}
