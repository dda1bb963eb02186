//! A bounded buffer that takes whole batches, never blocks the one who fills it, and wakes one reader.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// First in, first out; what does not fit is refused. Any number of writers, one reader.
#[derive(Debug)]
pub(crate) struct Buffer<T> {
    items: Mutex<VecDeque<T>>,
    filled: Notify,
    capacity: usize,
}

impl<T> Buffer<T> {
    /// An empty buffer for `capacity` items. Memory is taken only as it fills.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            items: Mutex::default(),
            filled: Notify::new(),
            capacity,
        }
    }

    /// Adds the items and wakes the reader. Returns how many did not fit.
    pub(crate) fn push(&self, mut items: impl Iterator<Item = T>) -> usize {
        {
            let mut held = self.lock();
            let room = self.capacity.saturating_sub(held.len());
            held.extend(items.by_ref().take(room));
        }
        self.filled.notify_one();
        items.count()
    }

    /// Waits until it holds something. May be cancelled.
    pub(crate) async fn filled(&self) {
        while self.lock().is_empty() {
            self.filled.notified().await;
        }
    }

    /// Takes the oldest items, at most `limit`. Memory of a burst is given back.
    pub(crate) fn take(&self, limit: usize) -> Vec<T> {
        let mut held = self.lock();
        let count = limit.min(held.len());
        let taken = held.drain(..count).collect();
        if held.is_empty() {
            held.shrink_to(4 * limit);
        }
        taken
    }

    /// How many more items fit.
    pub(crate) fn room(&self) -> usize {
        self.capacity.saturating_sub(self.lock().len())
    }

    /// Keeps only the items that `wanted` names. Returns how many went.
    pub(crate) fn retain(&self, wanted: impl FnMut(&T) -> bool) -> usize {
        let mut held = self.lock();
        let before = held.len();
        held.retain(wanted);
        before - held.len()
    }

    /// A panic elsewhere cannot leave the list half changed, so a poisoned lock is used on.
    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_and_counted() {
        let buffer = Buffer::new(3);
        assert_eq!(buffer.push([1, 2].into_iter()), 0);
        assert_eq!(buffer.push([3, 4, 5].into_iter()), 2);
        assert_eq!(buffer.room(), 0);
        assert_eq!(buffer.take(2), [1, 2]);
        assert_eq!(buffer.push([6].into_iter()), 0);
        assert_eq!(buffer.retain(|item| *item != 3), 1);
        assert_eq!(buffer.take(9), [6]);
    }

    #[tokio::test]
    async fn a_reader_that_waits_is_woken() {
        let buffer = std::sync::Arc::new(Buffer::new(1));
        let reader = tokio::spawn({
            let buffer = std::sync::Arc::clone(&buffer);
            async move {
                buffer.filled().await;
                buffer.take(1)
            }
        });
        tokio::task::yield_now().await;
        buffer.push([7].into_iter());
        assert_eq!(reader.await.unwrap(), [7]);
    }
}
