//! How many streams are open: of one caller, and of this process.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use crate::problem::{ApiError, Slug};

/// Streams of one caller: a few windows.
const PER_CALLER: usize = 10;
/// Streams of this process: each asks the database once a second.
const ALL: usize = 200;
/// When to try again, in seconds.
const LATER: u32 = 10;

/// Counts open streams.
#[derive(Debug, Default)]
pub(crate) struct Streams(Mutex<HashMap<Uuid, usize>>);

/// An open stream, until it is dropped.
#[derive(Debug)]
pub(crate) struct OpenStream {
    streams: Arc<Streams>,
    caller: Uuid,
}

impl Streams {
    /// A place for one more.
    ///
    /// Errors: 429 when the caller has as many as they may, 503 when this process has.
    pub(crate) fn open(self: &Arc<Self>, caller: Uuid) -> Result<OpenStream, ApiError> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.values().sum::<usize>() >= ALL {
            return Err(ApiError::of(Slug::TemporaryReducedCapacity).retry_after(LATER));
        }
        let count = open.entry(caller).or_default();
        if *count >= PER_CALLER {
            let detail = format!("There may be {PER_CALLER} open streams of one caller.");
            return Err(ApiError::new(Slug::QuotaExceeded, detail).retry_after(LATER));
        }
        *count += 1;
        Ok(OpenStream {
            streams: Arc::clone(self),
            caller,
        })
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let mut open = self
            .streams
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = open.entry(self.caller) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
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
        let mut open: Vec<_> = (0..PER_CALLER)
            .map(|_| streams.open(Uuid::nil()).unwrap())
            .collect();
        assert_eq!(
            streams.open(Uuid::nil()).unwrap_err().slug,
            Slug::QuotaExceeded
        );
        assert!(streams.open(Uuid::max()).is_ok());
        open.pop();
        assert!(streams.open(Uuid::nil()).is_ok());
    }

    #[test]
    fn all_together_have_so_many() {
        let streams = Arc::<Streams>::default();
        let open: Vec<_> = (0..ALL)
            .map(|number| streams.open(Uuid::from_u128(number as u128)).unwrap())
            .collect();
        let refused = streams.open(Uuid::max()).unwrap_err();
        assert_eq!(refused.slug, Slug::TemporaryReducedCapacity);
        drop(open);
        assert!(streams.open(Uuid::max()).is_ok());
    }
}
