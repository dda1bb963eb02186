//! Group commit: collects what waits and hands it on in paced batches. At low load a batch starts at
//! once; under load pacing makes batches, and batches make statements and commits cheap.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// Pieces that start a batch whatever the pace.
pub const MOST: usize = 256;

/// Collects batches from a channel.
#[derive(Debug)]
pub struct Collector<T> {
    waiting: mpsc::Receiver<T>,
    name: &'static str,
    pace: Duration,
    last: Option<Instant>,
}

impl<T> Collector<T> {
    /// Collects from `waiting`. Two batches begin at least `pace` apart, unless [`MOST`] pieces wait.
    /// `name` labels the batch metrics.
    pub const fn new(waiting: mpsc::Receiver<T>, name: &'static str, pace: Duration) -> Self {
        Self {
            waiting,
            name,
            pace,
            last: None,
        }
    }

    /// Adds the next batch to `batch`, which may hold left-overs. False when the channel has ended and
    /// nothing is left.
    pub async fn next(&mut self, batch: &mut Vec<T>) -> bool {
        if batch.is_empty() && self.waiting.recv_many(batch, MOST).await == 0 {
            return false;
        }
        let due = self.last.map_or_else(Instant::now, |last| last + self.pace);
        while batch.len() < MOST {
            let room = MOST - batch.len();
            match timeout_at(due, self.waiting.recv_many(batch, room)).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
        self.last = Some(Instant::now());
        metrics::counter!("hookyard_batches_total", "batcher" => self.name).increment(1);
        metrics::counter!("hookyard_batch_rows_total", "batcher" => self.name)
            .increment(batch.len() as u64);
        true
    }

    /// Adds everything that waits at this moment, whatever the pace.
    pub fn take_waiting(&mut self, batch: &mut Vec<T>) {
        while let Ok(piece) = self.waiting.try_recv() {
            batch.push(piece);
        }
    }

    /// Refuses what is sent from now on; what waits is still collected.
    pub fn close(&mut self) {
        self.waiting.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_piece_starts_a_batch_at_once() {
        let (send, waiting) = mpsc::channel(8);
        let mut collector = Collector::new(waiting, "test", Duration::from_millis(10));
        send.send(1).await.unwrap();
        let began = Instant::now();
        let mut batch = Vec::new();
        assert!(collector.next(&mut batch).await);
        assert_eq!((batch, began.elapsed()), (vec![1], Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_batch_waits_for_its_pace() {
        let (send, waiting) = mpsc::channel(8);
        let mut collector = Collector::new(waiting, "test", Duration::from_millis(10));
        let mut batch = Vec::new();
        send.send(1).await.unwrap();
        assert!(collector.next(&mut batch).await);
        let began = Instant::now();
        batch.clear();
        send.send(2).await.unwrap();
        send.send(3).await.unwrap();
        assert!(collector.next(&mut batch).await);
        assert_eq!(batch, [2, 3]);
        assert!(began.elapsed() >= Duration::from_millis(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_batch_does_not_wait() {
        let (send, waiting) = mpsc::channel(2 * MOST);
        let mut collector = Collector::new(waiting, "test", Duration::from_secs(10));
        for round in 0..2 {
            for piece in 0..MOST {
                send.send(piece).await.unwrap();
            }
            let began = Instant::now();
            let mut batch = Vec::new();
            assert!(collector.next(&mut batch).await, "{round}");
            assert_eq!((batch.len(), began.elapsed()), (MOST, Duration::ZERO));
        }
        drop(send);
        assert!(!collector.next(&mut Vec::new()).await);
    }
}
